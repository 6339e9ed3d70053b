// furrow/kernels/linalg/least_squares.hpp
//
// The triangle of a tall matrix.                        A = Q R
//
//   std::vector<double> r(w * w), room(triangle_of_scratch(n, w));
//   triangle_of(Threads{}, row_major<const double>(a.data(), n, w), r.data(), room.data());
//
// Shape   A is n x w, any strides; R is w x w, upper triangular (with n < w its last rows are 0)
// Types   f64
// Order   blocks of rows by Householder reflections, their triangles two by two in a tree (TSQR):
//         the same bits for any executor
// Error   backward stable, as one Householder factorisation
// Memory  triangle_of_scratch elements of scratch
// Source  Demmel, Grigori, Hoemmen, Langou, "Communication-optimal parallel and sequential QR and
//         LU factorizations", SIAM J. Sci. Comput. 34 (2012)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/linalg/matrix.hpp>

namespace furrow::kernels {

namespace detail {

constexpr std::int64_t least_squares_rows(std::int64_t w) noexcept {
  return std::max<std::int64_t>(4 * w, 2048);
}

/// The triangle of `rows` x `w` numbers in columns, which are overwritten.
void triangle_of_block(double* block, std::int64_t rows, std::int64_t w, double* r) noexcept;

}  // namespace detail

inline std::size_t triangle_of_scratch(std::int64_t n, std::int64_t w) noexcept {
  const std::int64_t blocks = detail::divide_up(n, detail::least_squares_rows(w));
  return static_cast<std::size_t>(std::max(n * w, 2 * blocks * w * w) + 2 * blocks * w * w);
}

/// REQUIRES: n >= 1 and w >= 1. R goes to `r`, w x w, row-major.
template <class Each>
void triangle_of(const Each& each, Matrix<const double> a, double* r, double* scratch) {
  const std::int64_t w = a.columns;
  const std::int64_t rows = detail::least_squares_rows(w);
  std::int64_t count = detail::divide_up(a.rows, rows);
  double* from = scratch;
  double* to = scratch + count * w * w;
  double* work = to + count * w * w;
  each(count, [=](std::int64_t task) {
    const std::int64_t row = task * rows;
    const std::int64_t here = std::min(rows, a.rows - row);
    double* block = work + row * w;
    for (std::int64_t j = 0; j < w; ++j) {
      for (std::int64_t i = 0; i < here; ++i) block[j * here + i] = a(row + i, j);
    }
    detail::triangle_of_block(block, here, w, from + task * w * w);
  });
  while (count > 1) {
    const std::int64_t half = detail::divide_up(count, 2);
    each(half, [=](std::int64_t task) {
      const double* left = from + 2 * task * w * w;
      if (2 * task + 1 == count) {
        std::copy_n(left, w * w, to + task * w * w);
        return;
      }
      const double* right = left + w * w;
      double* block = work + task * 2 * w * w;
      for (std::int64_t j = 0; j < w; ++j) {
        for (std::int64_t i = 0; i < w; ++i) {
          block[j * 2 * w + i] = left[i * w + j];
          block[j * 2 * w + w + i] = right[i * w + j];
        }
      }
      detail::triangle_of_block(block, 2 * w, w, to + task * w * w);
    });
    std::swap(from, to);
    count = half;
  }
  each(1, [=](std::int64_t) { std::copy_n(from, w * w, r); });
}

}  // namespace furrow::kernels
