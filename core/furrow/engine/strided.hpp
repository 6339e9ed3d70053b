// furrow/engine/strided.hpp
//
// Between an operand with strides and a packed tile: elements first .. first+count-1 in C order.
//
// Speed   an axis of stride 1 is copied run by run with memcpy; others element by element
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

inline void* packed_tile(const OperandLayout& operand, std::int64_t first) noexcept {
  return reinterpret_cast<void*>(operand.address +
                                 static_cast<std::uint64_t>(first) * operand.item_bytes);
}

void gather(const OperandLayout& operand, std::int64_t first, std::size_t count,
            void* packed) noexcept;
void scatter(const OperandLayout& operand, std::int64_t first, std::size_t count,
             const void* packed) noexcept;

}  // namespace furrow::engine
