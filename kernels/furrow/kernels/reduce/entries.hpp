// furrow/kernels/reduce/entries.hpp
//
// The reductions, and the tables in which each SIMD target lists its functions for one tile.
#pragma once

#include <array>
#include <cstddef>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

enum class ReduceOp : std::uint8_t {
  sum,
  product,
  mean_variance,
  min,
  max,
  dot,
  count,
  count_nan,
  argmin,
  argmax,
  any,
  all,
  norm1,
  norm2,
  norm_inf,
  nansum,
  nanprod,
  nanmin,
  nanmax,
  nanmean_variance,
  nanargmin,
  nanargmax,
  end_of_list,
};

constexpr std::size_t input_count_of(ReduceOp op) noexcept { return op == ReduceOp::dot ? 2 : 1; }

/// Reduces 1 to tile_elements packed elements to one partial.
using TileFunction = void (*)(const ReduceCall&, void* partial) noexcept;

constexpr std::size_t tile_elements(std::size_t item_bytes) noexcept {
  return reduce_tile_bytes / item_bytes;
}

struct ReduceTable {
  static constexpr std::size_t dtypes = 15;
  std::array<TileFunction, static_cast<std::size_t>(ReduceOp::end_of_list) * dtypes> tile{};

  constexpr TileFunction& at(ReduceOp op, Dtype dtype) noexcept {
    return tile[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
  constexpr TileFunction at(ReduceOp op, Dtype dtype) const noexcept {
    return tile[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
};

/// One per SIMD file: floating point, products of complex numbers, what is exact in integers, norms
/// and what ignores NaN, and the places of extremes.
const ReduceTable* resolve_reduce_floating(std::size_t slot) noexcept;
const ReduceTable* resolve_reduce_complex(std::size_t slot) noexcept;
const ReduceTable* resolve_reduce_exact(std::size_t slot) noexcept;
const ReduceTable* resolve_reduce_special(std::size_t slot) noexcept;
const ReduceTable* resolve_reduce_places(std::size_t slot) noexcept;

/// What the registry lists: any strides, any count, the target in use. Null when there is none.
const ReduceFunctions* reduce_functions(ReduceOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
