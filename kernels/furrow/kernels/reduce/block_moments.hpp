// furrow/kernels/reduce/block_moments.hpp
//
// Central moments of a block of numbers that lies in the first-level cache, in two passes.
//
//   mean = Σ x / n     m_k = Σ (x - mean)^k, k = 2, 3, 4     c = Σ (x - mean_x) (y - mean_y)
//
// Shape   contiguous f64, at least one; a few hundred, so that the second pass finds them in cache
// Order   16 virtual lanes, folded in halves: the same bits on every target with fused multiply-add
// Error   of m_k: that of the lanes' sums of the powers; no cancellation, for the mean is
//         subtracted first
// NaN     and infinities: `mean` is not finite, and the rest means nothing
// Source  merging what blocks leave: Pébay, Sandia report SAND2008-6212 (montecarlo/record.cpp)
#pragma once

#include <cstddef>

namespace furrow::kernels {

struct BlockMoments {
  double mean, m2, m3, m4, min, max;
};

BlockMoments block_moments(const double* x, std::size_t count) noexcept;
double block_comoment(const double* x, double mean_x, const double* y, double mean_y,
                      std::size_t count) noexcept;

/// What each target has.
struct BlockMomentsTable {
  BlockMoments (*moments)(const double*, std::size_t) noexcept;
  double (*comoment)(const double*, double, const double*, double, std::size_t) noexcept;
};
const BlockMomentsTable* resolve_block_moments(std::size_t slot) noexcept;

}  // namespace furrow::kernels
