// furrow/kernels/sort/histogram.hpp
//
// How many elements (or what sum of weights) fall into each bin.
//
//   bin i of n holds x with edges[i] <= x < edges[i+1]; the last one x = edges[n] too
//
//   std::vector<std::byte> room;
//   auto memory = [&](std::size_t bytes) { room.resize(bytes); return room.data(); };
//   std::int64_t counts[10];
//   bool done = histogram<double>(Threads{}, x, 0.0, 1.0, counts, memory);      // 10 equal bins
//   done = histogram<float>(Serial{}, y, edges, counts, memory);                // 11 edges
//
// Edges   uniform: edges[i] = i * ((high - low) / n) + low, each step rounded, edges[n] = high, as
//         NumPy's linspace has it; or given, never decreasing. Always f64, also for f32 data
// Counts  i64, exact: an element is put by comparing it with the edges themselves
// Outside x below the first edge or above the last, and NaN, are in no bin
// Sums    of f64 weights: within a block in order of index, blocks in a fixed binary tree, so the
//         same bits for any number of workers
// Types   all real dtypes, compared as f64 (NumPy's too); bincount: integers and bool
// Cut     at most 128 blocks, each of at least 65536 elements and at least as many as bins
// Memory  blocks * (bins + 1) * 8 bytes
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <furrow/kernels/dtype.hpp>
#include <furrow/kernels/execution.hpp>

namespace furrow::kernels {

enum class Binning : std::uint8_t { uniform, edges, index };

struct Histogram {
  Dtype dtype = Dtype::none;
  const void* in = nullptr;  // packed
  std::int64_t count = 0;
  const double* weights = nullptr;  // packed; null: counts
  Binning binning = Binning::uniform;
  std::int64_t bins = 0;          // below 2^31
  double low = 0;                 // uniform: (high - low) / bins is no denormal, its inverse finite
  double high = 0;                // uniform
  const double* edges = nullptr;  // edges: bins + 1
  void* rows = nullptr;           // [blocks][bins + 1] of i64 or f64; the last is for outsiders

  std::int64_t block_elements() const noexcept {
    const std::int64_t least = std::max<std::int64_t>(65536, bins);
    return std::max(least, (count + 127) / 128);
  }
  std::int64_t blocks() const noexcept {
    return std::max<std::int64_t>(1, (count + block_elements() - 1) / block_elements());
  }
  std::int64_t merges() const noexcept { return (bins + 16383) / 16384; }
};

/// The i-th edge of uniform bins.
inline double uniform_edge(double low, double high, std::int64_t bins, std::int64_t i) noexcept {
  const double step = (high - low) / static_cast<double>(bins);
  const double offset = static_cast<double>(i) * step;  // rounded before the sum
  return i == bins ? high : offset + low;
}

void histogram_block(const Histogram& histogram, std::int64_t block) noexcept;

/// Adds the rows of some bins into `out`: i64, or f64 with weights.
void histogram_merge(const Histogram& histogram, std::int64_t merge, void* out) noexcept;

/// Into `out`: bins of i64, or of f64 with weights. `memory` as in sort.hpp.
template <class Each, class Memory>
void histogram(const Each& each, Histogram histogram, void* out, Memory&& memory) {
  const auto cells = static_cast<std::size_t>(histogram.blocks() * (histogram.bins + 1));
  histogram.rows = memory(cells * 8);
  each(histogram.blocks(), [histogram](std::int64_t block) { histogram_block(histogram, block); });
  each(histogram.merges(),
       [histogram, out](std::int64_t merge) { histogram_merge(histogram, merge, out); });
}

/// Into counts.size() equal bins from `low` to `high`. False, and nothing is written: no bins, or
/// low and high are not finite and apart enough for them.
template <Element T, class Each, class Memory>
[[nodiscard]] bool histogram(const Each& each, std::span<const T> x, double low, double high,
                             std::span<std::int64_t> counts, Memory&& memory) {
  Histogram asked;
  asked.dtype = dtype_of<T>;
  asked.in = x.data();
  asked.count = static_cast<std::int64_t>(x.size());
  asked.bins = static_cast<std::int64_t>(counts.size());
  asked.low = low;
  asked.high = high;
  const double step = (high - low) / static_cast<double>(counts.size());
  const bool known = step >= std::numeric_limits<double>::min() && step - step == 0 &&
                     1 / step <= std::numeric_limits<double>::max();
  if (counts.empty() || !known) return false;
  histogram(each, asked, counts.data(), memory);
  return true;
}

/// Into the bins between edges. False, and nothing is written: one count less than edges is not
/// there, or the edges decrease or hold a NaN.
template <Element T, class Each, class Memory>
[[nodiscard]] bool histogram(const Each& each, std::span<const T> x, std::span<const double> edges,
                             std::span<std::int64_t> counts, Memory&& memory) {
  if (counts.empty() || edges.size() != counts.size() + 1) return false;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!(edges[i] <= edges[i + 1])) return false;
  }
  Histogram asked;
  asked.dtype = dtype_of<T>;
  asked.in = x.data();
  asked.count = static_cast<std::int64_t>(x.size());
  asked.binning = Binning::edges;
  asked.bins = static_cast<std::int64_t>(counts.size());
  asked.edges = edges.data();
  histogram(each, asked, counts.data(), memory);
  return true;
}

}  // namespace furrow::kernels
