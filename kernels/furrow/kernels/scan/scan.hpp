// furrow/kernels/scan/scan.hpp
//
// Running folds along one axis.            out[i] = x[0] op x[1] op … op x[i]        (inclusive)
//                                          out[i] = x[0] op … op x[i-1]              (exclusive)
//
//   const std::int64_t shape[] = {n}, stride[] = {1};                     // one line, in place
//   auto plan = plan_scan({x.data(), x.data(), Dtype::f64, Dtype::f64, shape, stride, stride, 0},
//                         ScanOp::sum, false);
//   ScanState state = start_scan(plan);
//   scan_tiles(plan, 0, 0, plan.tiles, &state);
//
// Kinds   sum, product, min, max: NumPy's cumsum, cumprod, minimum.accumulate, maximum.accumulate
// Shape   any strided array; lines run along one axis, each on its own
// Types   out of the input's dtype, all real ones (min, max: bool too); sum and product also
//         integers -> i64 or u64 and f16, f32 -> f64. Integers wrap
// First   of an exclusive scan: 0, 1, the greatest (min) or the least (max) value of the dtype,
//         infinities included; true and false for bool
// Order   a function of the position in the line alone, not of strides, cut, executor or SIMD
//         target. In f64, f16 and f32 too, rounded once at the end. Groups of 16: a binary tree
//         (Sklansky's); 64 groups of a tile: one after the other; tiles: one after the other in two
//         doubles, high + low, so that adding tiles loses nothing that matters:
//             out = high + (low + (groups before + tree in the group))
//         A sum of numbers >= 0 never steps down (each of these steps is monotone)
// Error   sum: 70 eps Σ|x[0..i]| for any length (eps = 2^-53; naive: i eps Σ|x|); product: i eps,
//         relative, if nothing overflows on the way; min, max, integers: exact
// NaN     goes to all that follows, through min and max too
// Memory  out is the input itself (same strides) or does not overlap it
// Source  J. Sklansky, "Conditional-sum addition logic", 1960; two-sum: Knuth, TAOCP 2, 4.2.2;
//         fold, scan of totals, scan: Blelloch, "Prefix sums and their applications", 1990
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <furrow/kernels/dtype.hpp>
#include <furrow/kernels/execution.hpp>

namespace furrow::kernels {

enum class ScanOp : std::uint8_t { sum, product, min, max };

/// Elements of a line that are folded between two roundings to high + low.
inline constexpr std::int64_t scan_tile_elements = 1024;
/// Lines that are side by side and scanned as one where the axis is not the fast one.
inline constexpr std::int64_t scan_columns_max = 256;

/// What a line holds before a tile: the value so far as high + low (f64), or as bits of 64.
struct ScanState {
  std::uint64_t high;
  std::uint64_t low;
};

/// A scan made ready: what is scanned, cut into panels of lines. Trivially copyable.
struct ScanPlan {
  const void* in;
  void* out;
  Dtype in_dtype;
  Dtype out_dtype;
  ScanOp op;
  bool exclusive;
  bool by_columns;      // a panel is scanned across its lines, not along one of them
  bool stream;          // out is large and packed: write around the cache
  std::int64_t rows;    // elements of a line
  std::int64_t in_row;  // strides, in elements
  std::int64_t out_row;
  std::int64_t columns;  // lines side by side
  std::int64_t in_column;
  std::int64_t out_column;
  std::int64_t width;       // columns of a panel (the last of a row of panels may have fewer)
  std::size_t outer_count;  // further axes
  std::int64_t outer[8];
  std::int64_t in_outer[8];
  std::int64_t out_outer[8];
  std::int64_t panels;
  std::int64_t tiles;  // of each line
};

/// An N-d array as a scan sees it.
struct ScanArrays {
  const void* in;
  void* out;
  Dtype in_dtype;
  Dtype out_dtype;
  std::span<const std::int64_t> shape;
  std::span<const std::int64_t> in_strides;
  std::span<const std::int64_t> out_strides;
  std::size_t axis;
};

/// True when `op` goes from one dtype to the other (see Types).
bool scan_takes(ScanOp op, Dtype in, Dtype out) noexcept;

/// REQUIRES: scan_takes, 1 to 8 axes, axis among them, no extent 0.
ScanPlan plan_scan(const ScanArrays& arrays, ScanOp op, bool exclusive) noexcept;

/// Lines in a panel.
std::int64_t scan_width(const ScanPlan& plan, std::int64_t panel) noexcept;

/// What a line holds before its first element.
ScanState start_scan(const ScanPlan& plan) noexcept;

/// The state after a tile with this total.
ScanState advance_scan(const ScanPlan& plan, ScanState state, std::uint64_t total) noexcept;

/// The fold of one tile of each line of a panel: totals[0 .. scan_width).
void fold_tile(const ScanPlan& plan, std::int64_t panel, std::int64_t tile,
               std::uint64_t* totals) noexcept;

/// Scans tiles [begin, end) of a panel and carries its lines' states on. Writes to plan.out, or,
/// when `packed` is given, there: row after row, scan_width elements each.
void scan_tiles(const ScanPlan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end,
                ScanState* states, void* packed = nullptr) noexcept;

/// Copies what scan_tiles wrote to `packed` to plan.out.
void copy_tiles(const ScanPlan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end,
                const void* packed) noexcept;

}  // namespace furrow::kernels
