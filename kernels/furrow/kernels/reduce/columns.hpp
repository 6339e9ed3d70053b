// furrow/kernels/reduce/columns.hpp
//
// One tile of many outputs at once, a vector over the outputs: element i of output j is at
// x[i * row_stride + j]. Each output gets the partial that its elements, gathered, would give.
//
// Which   sum, product, nansum, nanmin, nanmax, norms: f32, f64 (sum: integers too); min, max,
//         count, any, all: integers, bool, f32, f64; argmin, argmax: 32 and 64 bits; mean_variance,
//         nanmean_variance: f64 (the latter gathers columns that hold a NaN)
#pragma once

#include <furrow/kernels/reduce/entries.hpp>

namespace furrow::kernels {

struct ColumnCall {
  const void* x;
  std::ptrdiff_t row_stride;
  std::size_t rows;               // 1 .. a tile's elements
  std::size_t width;              // 1 .. columns_max(op)
  std::uint64_t first_index = 0;  // of the first row: what argmin and argmax count from
};

inline constexpr std::size_t columns_widest = 256;

/// So many that the lanes (moments: the tile itself) stay in cache.
constexpr std::size_t columns_max(ReduceOp op) noexcept {
  const bool moments = op == ReduceOp::mean_variance || op == ReduceOp::nanmean_variance;
  return moments ? 64 : columns_widest;
}

/// Partials are partial_bytes(op) apart.
using ColumnFunction = void (*)(const ColumnCall&, void* partials);

struct ColumnTable {
  std::array<ColumnFunction, static_cast<std::size_t>(ReduceOp::end_of_list) * ReduceTable::dtypes>
      tile{};

  constexpr ColumnFunction& at(ReduceOp op, Dtype dtype) noexcept {
    return tile[static_cast<std::size_t>(op) * ReduceTable::dtypes +
                static_cast<std::size_t>(dtype)];
  }
  constexpr ColumnFunction at(ReduceOp op, Dtype dtype) const noexcept {
    return tile[static_cast<std::size_t>(op) * ReduceTable::dtypes +
                static_cast<std::size_t>(dtype)];
  }
};

const ColumnTable* resolve_reduce_columns(std::size_t slot) noexcept;

/// The target in use; null where there is none.
ColumnFunction column_function(ReduceOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
