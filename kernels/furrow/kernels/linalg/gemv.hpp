// furrow/kernels/linalg/gemv.hpp
//
// Product of a matrix and a vector.                     out = A x
//
// Shape   A is m x n, x has n elements, out m; any strides
// Types   f32, f64
// Order   rows contiguous: each element is the dot product of the reduce family (16 lanes, tiles, a
//         tree); columns contiguous: blocks of 64 columns in order of index, the blocks' sums
//         added in order, parts of 8192 columns in a tree. The same bits for any executor, and on
//         every target with fused multiply-add
// Error   (132 + log2(n)) eps |A||x|
// Memory  out overlaps no operand; gemv_scratch elements of scratch
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/linalg/matrix.hpp>

namespace furrow::kernels {

namespace detail {

/// out[i] = A(i, :) x, for each row of A.
template <class T>
void gemv_rows(Matrix<const T> a, const T* x, std::int64_t x_stride, T* out,
               std::int64_t out_stride) noexcept;
/// out = A x with vectors along the rows, which are contiguous; at most gemv_strip of them.
template <class T>
void gemv_columns(Matrix<const T> a, const T* x, std::int64_t x_stride, T* out) noexcept;
inline constexpr std::int64_t gemv_strip = 512;
inline constexpr std::int64_t gemv_part = 8192;

/// out[0 .. count) = the sum of partials [begin, end), `apart` elements apart, halved again and
/// again: reads only. count <= 64.
template <class T>
void sum_partials(const T* partials, std::int64_t apart, std::int64_t begin, std::int64_t end,
                  std::int64_t count, T* out) noexcept {
  if (end - begin == 1) {
    std::copy_n(partials + begin * apart, count, out);
    return;
  }
  const std::int64_t middle = begin + (end - begin + 1) / 2;
  std::array<T, 64> right;
  sum_partials(partials, apart, begin, middle, count, out);
  sum_partials(partials, apart, middle, end, count, right.data());
  for (std::int64_t i = 0; i < count; ++i) out[i] += right[static_cast<std::size_t>(i)];
}

}  // namespace detail

template <class T>
std::size_t gemv_scratch(std::int64_t m, std::int64_t n) noexcept {
  return static_cast<std::size_t>(
      m * std::max<std::int64_t>(1, detail::divide_up(n, detail::gemv_part)));
}

template <class T, class Each>
void gemv(const Each& each, Matrix<const T> a, const T* x, std::int64_t x_stride, T* out,
          std::int64_t out_stride, T* scratch) {
  using namespace detail;  // NOLINT: the names above
  if (a.row_stride != 1 || a.column_stride == 1 || a.rows < 8) {
    // About 64 KiB of A a task.
    const std::int64_t rows =
        std::max<std::int64_t>(1, 65536 / sizeof(T) / std::max<std::int64_t>(1, a.columns));
    return each(divide_up(a.rows, rows), [=](std::int64_t task) {
      const std::int64_t begin = task * rows;
      const std::int64_t count = std::min(rows, a.rows - begin);
      gemv_rows<T>(a.block(begin, 0, count, a.columns), x, x_stride, out + begin * out_stride,
                   out_stride);
    });
  }
  const std::int64_t parts = std::max<std::int64_t>(1, divide_up(a.columns, gemv_part));
  const std::int64_t strips = divide_up(a.rows, gemv_strip);
  each(parts * strips, [=](std::int64_t task) {
    const std::int64_t row = task % strips * gemv_strip;
    const std::int64_t column = task / strips * gemv_part;
    const std::int64_t columns = std::min(gemv_part, a.columns - column);
    gemv_columns<T>(a.block(row, column, std::min(gemv_strip, a.rows - row), columns),
                    x + column * x_stride, x_stride, scratch + task / strips * a.rows + row);
  });
  each(divide_up(a.rows, 64), [=](std::int64_t task) {
    std::array<T, 64> sum;
    const std::int64_t row = task * 64;
    const std::int64_t count = std::min<std::int64_t>(64, a.rows - row);
    sum_partials(scratch + row, a.rows, 0, parts, count, sum.data());
    for (std::int64_t i = 0; i < count; ++i) {
      out[(row + i) * out_stride] = sum[static_cast<std::size_t>(i)];
    }
  });
}

}  // namespace furrow::kernels
