// furrow/kernels/linalg/covariance.hpp
//
// Means and sums of products of deviations:
//
//   C(i, j) = sum over r of (x(r,i) - m(i)) (x(r,j) - m(j))
//
// Shape   x is n observations (rows) of p variables (columns); any strides; C is p x p
// Types   f64
// Order   parts of 2048 observations, combined in a tree: the same bits for any executor, and on
//         every target with fused multiply-add
// Error   two passes: deviations are taken before they are multiplied, so offsets do not cancel
// NaN     in a variable: its row and column of C
// Memory  covariance_scratch elements of scratch
// Source  Chan, Golub, LeVeque, "Algorithms for computing the sample variance", Am. Stat. 37 (1983)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/linalg/gemm.hpp>
#include <furrow/kernels/linalg/gemv.hpp>
#include <furrow/kernels/linalg/matrix.hpp>

namespace furrow::kernels {

namespace detail {

inline constexpr std::int64_t covariance_part = 2048;
/// Up to so many variables each part is packed on the stack.
inline constexpr std::int64_t covariance_narrow = 48;

/// Sums of the columns of at most covariance_part rows: 64 rows in order, these sums in order.
void sum_columns(Matrix<const double> x, double* out) noexcept;
/// The sums of products of one part, p <= covariance_narrow: out is p x p, contiguous.
void comoment_part(Matrix<const double> x, const double* mean, double* out) noexcept;

/// to[i] = factor * the tree sum of `parts` arrays of `count` elements.
template <class Each>
void combine_parts(const Each& each, const double* partials, std::int64_t parts, std::int64_t count,
                   double factor, double* to) {
  each(divide_up(count, 64), [=](std::int64_t task) {
    std::array<double, 64> sum;
    const std::int64_t at = task * 64;
    const std::int64_t here = std::min<std::int64_t>(64, count - at);
    sum_partials(partials + at, count, 0, parts, here, sum.data());
    for (std::int64_t i = 0; i < here; ++i) to[at + i] = sum[static_cast<std::size_t>(i)] * factor;
  });
}

}  // namespace detail

inline std::size_t covariance_scratch(std::int64_t n, std::int64_t p) noexcept {
  const std::int64_t parts = detail::divide_up(n, detail::covariance_part);
  const bool narrow = p <= detail::covariance_narrow;
  const auto sums = static_cast<std::size_t>(parts * (narrow ? p * p : p));
  return narrow ? sums : std::max(sums, gemm_scratch<double>(p, p, n));
}

/// REQUIRES: n >= 1. `mean` has p elements, `out` p x p contiguous; sums are multiplied by
/// `factor`.
template <class Each>
void covariance(const Each& each, Matrix<const double> x, double factor, double* mean, double* out,
                double* scratch) {
  using namespace detail;  // NOLINT: the names above
  const std::int64_t p = x.columns;
  const std::int64_t parts = divide_up(x.rows, covariance_part);
  const auto part = [x](std::int64_t task) {
    const std::int64_t row = task * covariance_part;
    return x.block(row, 0, std::min(covariance_part, x.rows - row), x.columns);
  };
  each(parts, [=](std::int64_t task) { sum_columns(part(task), scratch + task * p); });
  combine_parts(each, scratch, parts, p, 1 / static_cast<double>(x.rows), mean);
  if (p <= covariance_narrow) {
    each(parts,
         [=](std::int64_t task) { comoment_part(part(task), mean, scratch + task * p * p); });
    return combine_parts(each, scratch, parts, p * p, factor, out);
  }
  gemm<double>(each, factor, x.transposed(), x, 0, {}, row_major(out, p, p), scratch, Half::one,
               mean, mean);
}

}  // namespace furrow::kernels
