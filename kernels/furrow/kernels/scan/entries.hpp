// furrow/kernels/scan/entries.hpp
//
// Between the parts of the family: what a tile is accumulated in, where a panel lies, and the
// functions that are compiled for each SIMD target.
#pragma once

#include <cstddef>

#include <furrow/kernels/scan/scan.hpp>

namespace furrow::kernels {

/// Elements are widened to this, scanned, and narrowed again.
enum class ScanAccumulator : std::uint8_t { f64, i64, u64 };

ScanAccumulator scan_accumulator(ScanOp op, Dtype in) noexcept;

/// The least or greatest value of an integer dtype or bool, extended to 64 bits.
std::uint64_t extreme_of(Dtype dtype, bool greatest) noexcept;

/// Offsets in elements of a panel's first element, and its lines.
struct ScanPanel {
  std::int64_t in;
  std::int64_t out;
  std::int64_t width;
};

ScanPanel find_panel(const ScanPlan& plan, std::int64_t panel) noexcept;

/// Rows of a group: one binary tree.
inline constexpr std::int64_t scan_group_rows = 16;

/// On accumulators A. "Before" is the fold of the tile's groups so far: it starts with the
/// identity for f64, with the line's value for integers, whose order is free.
template <class A>
struct ScanKernel {
  /// One line, packed; gives what is before the next tile's place. `out` may be `in`.
  A (*line)(const A* in, A* out, std::int64_t count, A high, A low, bool stream);
  A (*fold)(const A* in, std::int64_t count);
  /// `width` lines side by side, packed in rows that are `in_row` and `out_row` apart.
  void (*columns)(const A* in, std::int64_t in_row, A* out, std::int64_t out_row, std::int64_t rows,
                  std::int64_t width, const A* high, const A* low, A* before, bool stream);
  void (*fold_columns)(const A* in, std::int64_t in_row, std::int64_t rows, std::int64_t width,
                       A* before);
};

using ScanLoad = void (*)(const void* from, std::int64_t first, std::int64_t stride,
                          std::int64_t count, void* to);
using ScanStore = void (*)(void* to, std::int64_t first, std::int64_t stride, std::int64_t count,
                           const void* from);

inline constexpr std::size_t dtype_slots = 15;

/// What one SIMD target has.
struct ScanTable {
  ScanKernel<double> f64[4];  // by ScanOp
  ScanKernel<std::int64_t> i64[4];
  ScanKernel<std::uint64_t> u64[4];
  ScanLoad load[dtype_slots];  // by dtype: widens to the accumulator's 64 bits
  ScanStore store[dtype_slots];
};

const ScanTable* resolve_scan(std::size_t slot) noexcept;

}  // namespace furrow::kernels
