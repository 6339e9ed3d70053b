// furrow/kernels/linalg/matrix.hpp
//
// A matrix in the caller's memory: any strides, counted in elements (also 0 and negative).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace furrow::kernels {

template <class T>
struct Matrix {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;

  T& operator()(std::int64_t i, std::int64_t j) const noexcept {
    return data[i * row_stride + j * column_stride];
  }
  Matrix transposed() const noexcept { return {data, columns, rows, column_stride, row_stride}; }
  Matrix block(std::int64_t row, std::int64_t column, std::int64_t row_count,
               std::int64_t column_count) const noexcept {
    // No arithmetic on an empty block: its place may lie outside.
    if (row_count == 0 || column_count == 0) {
      return {data, row_count, column_count, row_stride, column_stride};
    }
    return {&(*this)(row, column), row_count, column_count, row_stride, column_stride};
  }
  operator Matrix<const T>() const noexcept requires(!std::is_const_v<T>) {
    return {data, rows, columns, row_stride, column_stride};
  }
};

/// Row-major (C order) over contiguous memory.
template <class T>
Matrix<T> row_major(T* data, std::int64_t rows, std::int64_t columns) noexcept {
  return {data, rows, columns, columns, 1};
}

namespace detail {

constexpr std::int64_t divide_up(std::int64_t n, std::int64_t by) noexcept {
  return (n + by - 1) / by;
}

/// Copies blocks of 64 x 64: neither side is walked across its grain for long.
template <class Each, class T>
void copy_matrix(const Each& each, Matrix<const T> from, Matrix<T> to) {
  constexpr std::int64_t side = 64;
  const std::int64_t across = divide_up(from.columns, 4 * side);
  each(divide_up(from.rows, 4 * side) * across, [from, to, across](std::int64_t task) {
    const std::int64_t row = task / across * 4 * side;
    const std::int64_t column = task % across * 4 * side;
    const std::int64_t row_end = std::min(row + 4 * side, from.rows);
    const std::int64_t column_end = std::min(column + 4 * side, from.columns);
    for (std::int64_t i = row; i < row_end; i += side) {
      for (std::int64_t j = column; j < column_end; j += side) {
        for (std::int64_t r = i; r < std::min(i + side, row_end); ++r) {
          for (std::int64_t c = j; c < std::min(j + side, column_end); ++c) to(r, c) = from(r, c);
        }
      }
    }
  });
}

}  // namespace detail
}  // namespace furrow::kernels
