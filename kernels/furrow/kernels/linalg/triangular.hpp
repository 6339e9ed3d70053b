// furrow/kernels/linalg/triangular.hpp
//
// Triangular systems and the Cholesky factorisation.    L X = B        A = L L^T
//
//   std::vector<double> room(triangular_scratch<double>(n, std::max(n, m)));
//   auto minor = cholesky<double>(Serial{}, row_major<const double>(a.data(), n, n),
//                                 row_major(l.data(), n, n), room.data());    // 0: done
//   solve_lower<double>(Serial{}, row_major<const double>(l.data(), n, n), false,
//                       row_major<const double>(b.data(), n, m), row_major(x.data(), n, m),
//                       room.data());
//
// Shape   L and A are n x n, B and X n x m; any strides
// Types   f32, f64
// Order   blocks of 128, each from the finished ones before it (left-looking): the same bits for
//         any executor, and on every target with fused multiply-add
// Error   backward stable: |L X - B| <= c n eps |L||X|, |A - L L^T| <= c n eps |L||L^T|
// Memory  X overlaps neither L nor B, L not A; scratch as said below
// Source  Golub and Van Loan, "Matrix Computations", 4th ed., 3.1 and 4.2; Higham, "Accuracy and
//         Stability of Numerical Algorithms", 2nd ed., 8 and 10
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/linalg/gemm.hpp>
#include <furrow/kernels/linalg/matrix.hpp>

namespace furrow::kernels {

namespace detail {

inline constexpr std::int64_t triangle_side = 128;
inline constexpr std::int64_t triangle_strip = 64;

/// X of L X = B for one block: L at most triangle_side, at most triangle_strip columns of X.
template <class T>
void solve_strip(Matrix<const T> l, bool unit, Matrix<const T> b, Matrix<T> x) noexcept;

/// The lower factor of one block, at most triangle_side; zeros above. The result is 0, or the order
/// of the first leading minor that is not positive.
template <class T>
std::int64_t cholesky_block(Matrix<const T> a, Matrix<T> l) noexcept;

template <class T, class Each>
void solve_block(const Each& each, Matrix<const T> l, bool unit, Matrix<const T> b, Matrix<T> x) {
  each(divide_up(x.columns, triangle_strip), [=](std::int64_t task) {
    const std::int64_t column = task * triangle_strip;
    const std::int64_t count = std::min(triangle_strip, x.columns - column);
    solve_strip<T>(l, unit, b.block(0, column, b.rows, count), x.block(0, column, x.rows, count));
  });
}

}  // namespace detail

/// Elements of scratch: of solve_lower for n x m, of cholesky with m = n.
template <class T>
std::size_t triangular_scratch(std::int64_t n, std::int64_t m) noexcept {
  return static_cast<std::size_t>(detail::triangle_side * (m + 1)) +
         gemm_scratch<T>(m, detail::triangle_side, n);
}

/// L X = B with L lower triangular (what lies above its diagonal is not read; with `unit` neither
/// is the diagonal, which counts as ones). Upper triangles: reverse both axes of U and the rows of
/// B and X. A zero on the diagonal gives infinities and NaN, as dividing does.
template <class T, class Each>
void solve_lower(const Each& each, Matrix<const T> l, bool unit, Matrix<const T> b, Matrix<T> x,
                 T* scratch) {
  using detail::triangle_side;
  for (std::int64_t i = 0; i < l.rows; i += triangle_side) {
    const std::int64_t side = std::min(triangle_side, l.rows - i);
    Matrix<const T> rest = b.block(i, 0, side, b.columns);
    if (i > 0) {
      const Matrix<T> to = row_major(scratch, side, x.columns);
      gemm<T>(each, T(-1), l.block(i, 0, side, i), x.block(0, 0, i, x.columns), T(1), rest, to,
              scratch + triangle_side * x.columns);
      rest = to;
    }
    detail::solve_block<T>(each, l.block(i, i, side, side), unit, rest,
                           x.block(i, 0, side, x.columns));
  }
}

/// Reads the lower triangle of A; L gets zeros above its diagonal. The result is 0, or the order of
/// the first leading minor of A that is not positive (L is then of no use).
template <class T, class Each>
std::int64_t cholesky(const Each& each, Matrix<const T> a, Matrix<T> l, T* scratch) {
  using detail::triangle_side;
  const std::int64_t n = a.rows;
  for (std::int64_t j = 0; j < n; j += triangle_side) {
    const std::int64_t side = std::min(triangle_side, n - j);
    Matrix<const T> rest = a.block(j, j, n - j, side);
    if (j > 0) {
      const Matrix<T> to{scratch, n - j, side, 1, n - j};
      gemm<T>(each, T(-1), l.block(j, 0, n - j, j), l.block(j, 0, side, j).transposed(), T(1), rest,
              to, scratch + triangle_side * (n + 1));
      rest = to;
    }
    // One block and one number: the executor runs it like any step, somewhere.
    T* status = scratch + triangle_side * n;
    each(1, [=](std::int64_t) {
      *status = static_cast<T>(
          detail::cholesky_block<T>(rest.block(0, 0, side, side), l.block(j, j, side, side)));
    });
    if (*status != T(0)) return j + static_cast<std::int64_t>(*status);
    // L(i, j) L(j, j)^T = rest(i): a triangular system for the transposed.
    detail::solve_block<T>(each, l.block(j, j, side, side), false,
                           rest.block(side, 0, n - j - side, side).transposed(),
                           l.block(j + side, j, n - j - side, side).transposed());
    each(side, [=](std::int64_t row) {
      for (std::int64_t k = j + side; k < n; ++k) l(j + row, k) = T(0);
    });
  }
  return 0;
}

}  // namespace furrow::kernels
