#include <furrow/io/hdf5/convert.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t piece_elements = 1024;

const kernels::Variant* cast(Dtype from, Dtype to) noexcept {
  const kernels::Kernel* const kernel = kernels::find("cast");
  return kernel == nullptr ? nullptr : kernels::find_variant(*kernel, std::array{from}, to);
}

/// Elements in a row in memory, to places `step` elements apart.
class Run {
 public:
  explicit Run(const Conversion& conversion) : conversion_(conversion) {
    const Dtype from = conversion.bfloat16 ? Dtype::f32 : conversion.from;
    if (from != conversion.to) map_ = cast(from, conversion.to)->map;
  }

  void operator()(const std::byte* from, std::size_t count, std::byte* to,
                  std::ptrdiff_t step) const {
    if (!conversion_.bfloat16) return map(from, count, to, step);
    if (map_ == nullptr && step == 1) {
      return kernels::widen_bfloat16({reinterpret_cast<float*>(to), count}, {from, 2 * count});
    }
    std::array<float, piece_elements> piece;
    const auto item = static_cast<std::ptrdiff_t>(item_bytes(conversion_.to));
    for (std::size_t at = 0; at < count; at += piece_elements) {
      const std::size_t part = std::min(piece_elements, count - at);
      std::byte* const place = to + static_cast<std::ptrdiff_t>(at) * step * item;
      kernels::widen_bfloat16({piece.data(), part}, {from + 2 * at, 2 * part});
      if (map_ != nullptr) {
        map(reinterpret_cast<const std::byte*>(piece.data()), part, place, step);
      } else {
        for (std::size_t i = 0; i < part; ++i) {
          reinterpret_cast<float*>(place)[static_cast<std::ptrdiff_t>(i) * step] = piece[i];
        }
      }
    }
  }

 private:
  void map(const std::byte* from, std::size_t count, std::byte* to, std::ptrdiff_t step) const {
    kernels::MapCall call{};
    call.out = to;
    call.out_stride = step;
    call.in[0] = from;
    call.in_stride[0] = 1;
    call.count = count;
    map_(call);
  }

  const Conversion& conversion_;
  kernels::MapFunction map_ = nullptr;  // none: bfloat16 to f32
};

}  // namespace

bool Conversion::possible() const noexcept {
  const Dtype widened = bfloat16 ? Dtype::f32 : from;
  if (is_complex(widened) && !is_complex(to)) return false;
  return widened == to || cast(widened, to) != nullptr;
}

void convert_cell(const Conversion& conversion, const Cell& cell,
                  std::span<const std::byte> elements, std::byte* to, const Strides& strides) {
  const Run convert(conversion);
  const std::size_t from_item = item_bytes(conversion.from);
  const auto to_item = static_cast<std::int64_t>(item_bytes(conversion.to));
  const std::size_t listed = cell.rows != nullptr ? 1 : 0;
  // The inner axes that lie one step after the other in the result.
  std::size_t inner = cell.count.ndim();
  std::int64_t run = 1;
  const std::int64_t step = inner == 0 ? 1 : strides[inner - 1];
  while (inner > listed && strides[inner - 1] == step * run) run *= cell.count[--inner];
  const std::size_t bytes = static_cast<std::size_t>(run) * from_item;
  std::int64_t i = 0;
  for (std::size_t at = 0; at < elements.size(); at += bytes) {
    const std::int64_t element = place_of_run(cell, inner, i++, strides);
    convert(elements.data() + at, static_cast<std::size_t>(run), to + element * to_item, step);
  }
}

}  // namespace furrow::hdf5
