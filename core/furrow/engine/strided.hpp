// furrow/engine/strided.hpp
//
// Between an operand with strides and a packed tile: elements first .. first+count-1 in C order.
//
// Speed   an axis of stride 1 is copied run by run; others element by element. A kernel reads and
//         writes long runs in place (long_run)
// Alias   packed memory and operand do not overlap
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/engine/layout.hpp>

namespace furrow::engine {

/// True when the operand's elements lie without holes in C order: a tile is a pointer into it.
inline bool is_packed(const OperandLayout& operand) noexcept {
  return operand.shape.ndim() == 0 || (operand.shape.ndim() == 1 && operand.strides[0] == 1);
}

/// True when all elements are one and the same: a scalar, or an array of one element broadcast.
inline bool is_repeated(const OperandLayout& operand) noexcept {
  return operand.shape.ndim() == 1 && operand.strides[0] == 0;
}

/// Elements in a row along the last axis, where a kernel can work in place on them: 0 when they are
/// not side by side, or too few to pay for a call of their own.
inline std::int64_t long_run(const OperandLayout& operand) noexcept {
  constexpr std::int64_t run_bytes_min = 512;
  const std::size_t ndim = operand.shape.ndim();
  if (ndim < 2 || operand.strides[ndim - 1] != 1) return 0;
  const std::int64_t run = operand.shape[ndim - 1];
  return run * static_cast<std::int64_t>(operand.item_bytes) >= run_bytes_min ? run : 0;
}

/// A tile of at most `tile` elements that is whole rows, or a whole part of one, where the operand
/// has rows of the kind of long_run: the border of a tile should cut no run in two.
inline std::int64_t tile_of_rows(const OperandLayout& operand, std::int64_t tile) noexcept {
  const std::int64_t row = long_run(operand);
  if (row == 0) return tile;
  if (row <= tile) return tile / row * row;
  const std::int64_t parts = (row + tile - 1) / tile;
  return row % parts == 0 ? row / parts : tile;
}

/// Address of the element with C-order index `index`.
void* element_at(const OperandLayout& operand, std::int64_t index) noexcept;

inline void* packed_tile(const OperandLayout& operand, std::int64_t first) noexcept {
  return reinterpret_cast<void*>(operand.address +
                                 static_cast<std::uint64_t>(first) * operand.item_bytes);
}

void gather(const OperandLayout& operand, std::int64_t first, std::size_t count,
            void* packed) noexcept;
void scatter(const OperandLayout& operand, std::int64_t first, std::size_t count,
             const void* packed) noexcept;

}  // namespace furrow::engine
