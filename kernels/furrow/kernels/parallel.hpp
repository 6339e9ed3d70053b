// furrow/kernels/parallel.hpp
//
// Any kernel of the registry by its name, on spans in one process, shared out by an executor: for
// who wants threads and no workers.
//
//   namespace k = furrow::kernels;
//   bool known = k::map<double>(k::Threads{}, "hypot", out, {x, y});
//   known = k::map<float>(k::Threads{4}, "random_normal", out, {}, {k::Scalar{.u64 = seed}});
//   known = k::map_mixed<double>(k::Threads{}, "where", out, mask, x, y);
//   auto total = k::reduce<double>(k::Threads{}, "sum", {x});           // total->f64[0]
//
// Shape   spans of one length; out may be one of the inputs, but not overlap it otherwise
// Types   one for all inputs, one for out; map_mixed: each its own. The result of a reduction is
//         that of its kernel
// Order   cut by the length alone: the same bits as one call of the kernel, as an engine's workers
//         and for any executor
// Memory  64 KiB of stack for a reduction's partials; nothing is allocated
// Errors  false or nothing, and nothing written: no such kernel, not of these types, unlike
//         lengths, a parameter that has no default left out, parameters without an answer (p = 2),
//         an empty reduction without identity
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {
namespace detail {

inline constexpr std::int64_t map_block = 32 * 1024;
inline constexpr std::int64_t reduce_blocks_max = 1024;

/// Writes the parameters of a call, with defaults for those left out. False: one has none.
bool set_parameters(const Kernel& kernel, Dtype dtype, std::initializer_list<Scalar> given,
                    Scalar* parameters) noexcept;

/// The variant for inputs of one dtype (out Dtype::none: a reduction's); null: there is none.
const Variant* variant_for(std::string_view name, std::size_t inputs, Dtype in, Dtype out) noexcept;

/// Tiles in a block: a power of two, so that blocks are whole branches of combine_tree.
constexpr std::int64_t tiles_in_block(std::int64_t tiles) noexcept {
  std::int64_t block = 1;
  while ((tiles + block - 1) / block > reduce_blocks_max) block *= 2;
  return std::max<std::int64_t>(block, tiles < 64 ? 1 : 16);
}

}  // namespace detail

namespace detail {

/// Runs a whole call by blocks; `in_bytes` are those of an element of each input.
template <class Out, class Executor>
void map_blocks(const Executor& executor, const Variant* variant, const MapCall& whole,
                const std::array<std::size_t, inputs_max>& in_bytes, std::int64_t count) {
  executor((count + map_block - 1) / map_block, [=](std::int64_t i) {
    const std::int64_t first = i * map_block;
    MapCall call = whole;
    call.out = static_cast<Out*>(whole.out) + first;
    for (std::size_t j = 0; j < inputs_max; ++j) {
      if (whole.in[j] == nullptr) continue;
      call.in[j] = static_cast<const std::byte*>(whole.in[j]) +
                   static_cast<std::size_t>(first) * in_bytes[j];
    }
    call.count = static_cast<std::size_t>(std::min(map_block, count - first));
    call.first_index = static_cast<std::uint64_t>(first);
    variant->map(call);
  });
}

}  // namespace detail

/// `T` is the inputs' type, `Out` the output's: map<double, bool>(Threads{}, "less", mask, {x, y}).
template <Element T, Element Out = T, class Executor>
[[nodiscard]] bool map(const Executor& executor, std::string_view name,
                       std::span<std::type_identity_t<Out>> out,
                       std::initializer_list<std::span<const T>> in,
                       std::initializer_list<Scalar> parameters = {}) {
  const Variant* const variant = detail::variant_for(name, in.size(), dtype_of<T>, dtype_of<Out>);
  if (variant == nullptr) return false;
  MapCall whole{};
  if (!detail::set_parameters(*find(name), dtype_of<Out>, parameters, whole.parameters))
    return false;
  if (variant->refusal != nullptr && variant->refusal(whole.parameters) != nullptr) return false;
  std::size_t k = 0;
  for (const std::span<const T>& operand : in) {
    if (operand.size() != out.size()) return false;
    whole.in[k] = operand.data();
    whole.in_stride[k++] = 1;
  }
  whole.out = out.data();
  whole.out_stride = 1;
  const auto count = static_cast<std::int64_t>(out.size());
  detail::map_blocks<Out>(executor, variant, whole, {sizeof(T), sizeof(T), sizeof(T)}, count);
  return true;
}

/// Inputs that differ in type, as a condition does: spans of const elements. No parameters.
template <Element Out, class Executor, Element... In>
[[nodiscard]] bool map_mixed(const Executor& executor, std::string_view name,
                             std::span<std::type_identity_t<Out>> out, std::span<const In>... in) {
  static_assert(sizeof...(In) >= 1 && sizeof...(In) <= inputs_max);
  const Kernel* const kernel = find(name);
  if (kernel == nullptr || kernel->family != Family::elementwise || !kernel->parameters.empty()) {
    return false;
  }
  const Dtype dtypes[] = {dtype_of<In>...};
  const Variant* const variant = find_variant(*kernel, dtypes, dtype_of<Out>);
  if (variant == nullptr || ((in.size() != out.size()) || ...)) return false;
  MapCall whole{};
  whole.out = out.data();
  whole.out_stride = 1;
  std::size_t k = 0;
  ((whole.in[k] = in.data(), whole.in_stride[k++] = 1), ...);
  detail::map_blocks<Out>(executor, variant, whole, {sizeof(In)...},
                          static_cast<std::int64_t>(out.size()));
  return true;
}

template <Element T, class Executor>
[[nodiscard]] std::optional<ReduceResult> reduce(const Executor& executor, std::string_view name,
                                                 std::initializer_list<std::span<const T>> in) {
  const Variant* const variant = detail::variant_for(name, in.size(), dtype_of<T>, Dtype::none);
  if (variant == nullptr) return {};
  const std::span<const T> x = *in.begin();
  const std::span<const T> y = *(in.end() - 1);  // dot's second, or x again
  if (y.size() != x.size()) return {};
  const ReduceFunctions functions = variant->reduce;
  ReduceResult result;
  alignas(16) std::byte partials[detail::reduce_blocks_max * partial_bytes_max];
  if (x.empty()) {
    if (functions.identity == nullptr) return {};
    functions.identity(partials);
    functions.finish(partials, &result);
    return result;
  }
  constexpr auto tile = static_cast<std::int64_t>(reduce_tile_bytes / sizeof(T));
  const auto count = static_cast<std::int64_t>(x.size());
  const std::int64_t tiles = (count + tile - 1) / tile;
  const std::int64_t block = detail::tiles_in_block(tiles) * tile;
  const std::int64_t blocks = (count + block - 1) / block;
  std::byte* const at = partials;
  const T* const data = x.data();
  const T* const second = y.data();
  executor(blocks, [=](std::int64_t i) {
    const std::int64_t first = i * block;
    const ReduceCall call{{data + first, second + first},
                          {1, 1},
                          static_cast<std::size_t>(std::min(block, count - first)),
                          static_cast<std::uint64_t>(first)};
    functions.tile(call, at + static_cast<std::size_t>(i) * functions.partial_bytes);
  });
  combine_tree(functions, partials, static_cast<std::size_t>(blocks));
  functions.finish(partials, &result);
  return result;
}

}  // namespace furrow::kernels
