// furrow/kernels/registry.cpp
//
// The list. A family, or a kernel with a folder of its own, is one line in `lists`.
#include <furrow/kernels/registry.hpp>

#include <algorithm>
#include <array>
#include <atomic>

#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/finance/descriptors.hpp>
#include <furrow/kernels/random/descriptors.hpp>
#include <furrow/kernels/reduce/descriptors.hpp>

namespace furrow::kernels {
namespace {

constexpr std::span<const Kernel> (*lists[])() noexcept = {
    elementwise_kernels, exponential_kernels, trigonometric_kernels, special_kernels,
    integer_kernels,     compare_kernels,     select_kernels,        cast_kernels,
    finance_kernels,     reduce_kernels,      random_kernels,
};

constexpr std::size_t kernels_max = 256;

struct List {
  std::array<Kernel, kernels_max> kernels{};
  // Released after the entries it counts, so that readers see whole ones.
  std::atomic<std::size_t> count = 0;

  void append(const Kernel& kernel) noexcept {
    const std::size_t at = count.load(std::memory_order_relaxed);
    kernels[at] = kernel;
    count.store(at + 1, std::memory_order_release);
  }

  List() noexcept {
    for (const auto list : lists) {
      for (const Kernel& kernel : list()) append(kernel);
    }
  }
};

List& the_list() noexcept {
  static List list;
  return list;
}

}  // namespace

std::span<const Kernel> all() noexcept {
  const List& list = the_list();
  return {list.kernels.data(), list.count.load(std::memory_order_acquire)};
}

bool add(std::span<const Kernel> kernels) noexcept {
  if (all().size() + kernels.size() > kernels_max) return false;
  for (const Kernel& kernel : kernels) {
    if (find(kernel.name) != nullptr) return false;
  }
  for (const Kernel& kernel : kernels) the_list().append(kernel);
  return true;
}

const Kernel* find(std::string_view name) noexcept {
  if (name == "count") name = "count_nonzero";
  if (name == "product") name = "prod";
  const auto kernels = all();
  const auto found = std::find_if(kernels.begin(), kernels.end(),
                                  [&](const Kernel& kernel) { return kernel.name == name; });
  return found != kernels.end() ? &*found : nullptr;
}

const Variant* find_variant(const Kernel& kernel, std::span<const Dtype> in, Dtype out) noexcept {
  if (in.size() != kernel.input_count) return nullptr;
  for (const Variant& variant : kernel.variants) {
    const bool same_inputs = std::equal(in.begin(), in.end(), variant.in);
    if (same_inputs && (out == Dtype::none || out == variant.out)) return &variant;
  }
  return nullptr;
}

void combine_tree(const ReduceFunctions& functions, void* partials, std::size_t count) noexcept {
  auto* bytes = static_cast<std::byte*>(partials);
  for (std::size_t step = 1; step < count; step *= 2) {
    for (std::size_t left = 0; left + step < count; left += 2 * step) {
      std::byte* at = bytes + left * functions.partial_bytes;
      functions.combine(at, at + step * functions.partial_bytes, at);
    }
  }
}

}  // namespace furrow::kernels
