// furrow/kernels/sort/histogram.cpp
//
// One block of a histogram: bins for a chunk of elements, by plain loops that the compiler
// vectorises for each SIMD target, then one addition for each element.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/sort/histogram.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <array>
#include <cstring>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/sort/histogram.hpp>

#ifndef FURROW_KERNELS_SORT_HISTOGRAM_TABLE_
#define FURROW_KERNELS_SORT_HISTOGRAM_TABLE_
namespace furrow::kernels {
struct HistogramTable {
  std::array<void (*)(const Histogram&, std::int64_t block), 13> block{};
};
}  // namespace furrow::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

inline constexpr std::int64_t chunk = 512;
inline constexpr std::int64_t small_bins = 2048;

template <class T>
double to_double(T x) noexcept {
  return static_cast<double>(x);
}

/// NumPy's estimate and its correction by one, against the edges themselves.
void find_uniform(const Histogram& h, const double* HWY_RESTRICT x,
                  std::int32_t* HWY_RESTRICT bin) noexcept {
  const double low = h.low;
  const double high = h.high;
  const auto bins = static_cast<std::int32_t>(h.bins);
  const double step = (high - low) / static_cast<double>(bins);
  const double norm = static_cast<double>(bins) / (high - low);
  for (std::int64_t i = 0; i < chunk; ++i) {
    const bool inside = (x[i] >= low) & (x[i] <= high);
    const double here = inside ? x[i] : low;
    auto at = static_cast<std::int32_t>((here - low) * norm);
    at = at > bins - 1 ? bins - 1 : at;
    const double offset = static_cast<double>(at) * step;
    at -= here < offset + low ? 1 : 0;
    const double next = static_cast<double>(at + 1) * step;
    at += ((here >= next + low) & (at != bins - 1)) ? 1 : 0;
    bin[i] = inside ? at : bins;
  }
}

void find_edges(const Histogram& h, const double* HWY_RESTRICT x,
                std::int32_t* HWY_RESTRICT bin) noexcept {
  constexpr std::int64_t together = 32;
  const double* HWY_RESTRICT const edges = h.edges;
  const double last = edges[h.bins];
  for (std::int64_t i = 0; i < chunk; i += together) {
    std::int32_t at[together] = {};
    auto left = static_cast<std::int32_t>(h.bins + 1);
    while (left > 1) {
      const std::int32_t half = left / 2;
      for (std::int64_t k = 0; k < together; ++k) {
        at[k] += edges[at[k] + half - 1] <= x[i + k] ? half : 0;
      }
      left -= half;
    }
    for (std::int64_t k = 0; k < together; ++k) {
      // The edges that are not above x, less one.
      std::int32_t below = at[k] + (edges[at[k]] <= x[i + k] ? 1 : 0) - 1;
      below = x[i + k] == last ? static_cast<std::int32_t>(h.bins) - 1 : below;
      const bool inside = (below >= 0) & (x[i + k] <= last);
      bin[i + k] = inside ? below : static_cast<std::int32_t>(h.bins);
    }
  }
}

template <class T>
void find_bins(const Histogram& h, const T* in, std::int64_t count, std::int32_t* bin) noexcept {
  if (h.binning == Binning::index) {
    for (std::int64_t i = 0; i < count; ++i) {
      bin[i] = static_cast<std::int32_t>(to_double(in[i]));
    }
    return;
  }
  alignas(64) double x[chunk];
  for (std::int64_t i = 0; i < count; ++i) x[i] = to_double(in[i]);
  for (std::int64_t i = count; i < chunk; ++i) x[i] = 0;
  h.binning == Binning::uniform ? find_uniform(h, x, bin) : find_edges(h, x, bin);
}

/// Four rows in turn, so that equal neighbours do not wait for each other's addition.
template <class T>
void count_small(const Histogram& h, const T* in, std::int64_t count, std::int64_t* row) noexcept {
  std::uint32_t counts[4][small_bins + 1];
  for (auto& part : counts) std::memset(part, 0, static_cast<std::size_t>(h.bins + 1) * 4);
  alignas(64) std::int32_t bin[chunk] = {};
  // A 32-bit count is emptied long before it could overflow.
  constexpr std::int64_t run = std::int64_t{1} << 30;
  for (std::int64_t begin = 0; begin < count; begin += run) {
    const std::int64_t end = std::min(count, begin + run);
    for (std::int64_t i = begin; i < end; i += chunk) {
      const std::int64_t here = std::min(chunk, end - i);
      find_bins(h, in + i, here, bin);
      std::int64_t k = 0;
      for (; k + 4 <= here; k += 4) {
        ++counts[0][bin[k]];
        ++counts[1][bin[k + 1]];
        ++counts[2][bin[k + 2]];
        ++counts[3][bin[k + 3]];
      }
      for (; k < here; ++k) ++counts[0][bin[k]];
    }
    for (auto& part : counts) {
      for (std::int64_t b = 0; b <= h.bins; ++b) row[b] += part[b];
      std::memset(part, 0, static_cast<std::size_t>(h.bins + 1) * 4);
    }
  }
}

template <class T>
void count_large(const Histogram& h, const T* in, std::int64_t count, std::int64_t* row) noexcept {
  alignas(64) std::int32_t bin[chunk] = {};
  for (std::int64_t i = 0; i < count; i += chunk) {
    const std::int64_t here = std::min(chunk, count - i);
    find_bins(h, in + i, here, bin);
    for (std::int64_t k = 0; k < here; ++k) ++row[bin[k]];
  }
}

template <class T>
void block(const Histogram& h, std::int64_t index) {
  const std::int64_t first = index * h.block_elements();
  const std::int64_t count = std::min(h.block_elements(), h.count - first);
  const T* const in = static_cast<const T*>(h.in) + first;
  void* const cells = static_cast<std::byte*>(h.rows) + index * (h.bins + 1) * 8;
  std::memset(cells, 0, static_cast<std::size_t>(h.bins + 1) * 8);  // f64 zeros as well
  if (h.weights == nullptr) {
    auto* const row = static_cast<std::int64_t*>(cells);
    h.bins <= small_bins ? count_small(h, in, count, row) : count_large(h, in, count, row);
    return;
  }
  auto* const row = static_cast<double*>(cells);
  alignas(64) std::int32_t bin[chunk] = {};
  for (std::int64_t i = 0; i < count; i += chunk) {
    const std::int64_t here = std::min(chunk, count - i);
    find_bins(h, in + i, here, bin);
    const double* const weights = h.weights + first + i;
    for (std::int64_t k = 0; k < here; ++k) row[bin[k]] += weights[k];
  }
}

template <class... Ts>
constexpr HistogramTable make_table() noexcept {
  HistogramTable table;
  ((table.block[static_cast<std::size_t>(dtype_of<Ts>)] = &block<Ts>), ...);
  return table;
}

const HistogramTable* histogram_table() {
  static constexpr HistogramTable table =
      make_table<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                 std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double>();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

namespace {
FURROW_EXPORT_TABLE(HistogramTable, histogram);
}  // namespace

void histogram_block(const Histogram& histogram, std::int64_t block) noexcept {
  static constinit Dispatch<HistogramTable> dispatch(&resolve_histogram);
  dispatch.table().block[static_cast<std::size_t>(histogram.dtype)](histogram, block);
}

void histogram_merge(const Histogram& histogram, std::int64_t merge, void* out) noexcept {
  const std::int64_t blocks = histogram.blocks();
  const std::int64_t row = histogram.bins + 1;
  const std::int64_t end = std::min(histogram.bins, (merge + 1) * 16384);
  for (std::int64_t b = merge * 16384; b < end; ++b) {
    if (histogram.weights == nullptr) {
      const auto* const rows = static_cast<const std::int64_t*>(histogram.rows) + b;
      std::int64_t total = 0;
      for (std::int64_t k = 0; k < blocks; ++k) total += rows[k * row];
      static_cast<std::int64_t*>(out)[b] = total;
      continue;
    }
    const auto* const rows = static_cast<const double*>(histogram.rows) + b;
    double tree[128];
    for (std::int64_t k = 0; k < blocks; ++k) tree[k] = rows[k * row];
    for (std::int64_t width = 1; width < blocks; width *= 2) {
      for (std::int64_t k = 0; k + width < blocks; k += 2 * width) tree[k] += tree[k + width];
    }
    static_cast<double*>(out)[b] = tree[0];
  }
}

}  // namespace furrow::kernels
#endif
