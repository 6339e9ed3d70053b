// furrow/kernels/elementwise/entries.hpp
//
// The basic elementwise operations and the tables in which each SIMD target lists its functions.
//
// Operations come in groups, each with an enumeration, a table per SIMD file, a file of descriptors
// and a line in registry.cpp. This is the first group; the others have an *_entries.hpp of their
// own.
#pragma once

#include <array>
#include <cstddef>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

enum class ElementwiseOp : std::uint8_t {
  fill,
  scale,
  affine,
  axpby,
  fma,
  add,
  subtract,
  multiply,
  divide,
  negate,
  abs,
  clip,
  sqrt,
  exp,
  log,
  sin,
  cos,
  end_of_list,
};

constexpr std::size_t input_count_of(ElementwiseOp op) noexcept {
  switch (op) {
    case ElementwiseOp::fill: return 0;
    case ElementwiseOp::fma: return 3;
    case ElementwiseOp::axpby:
    case ElementwiseOp::add:
    case ElementwiseOp::subtract:
    case ElementwiseOp::multiply:
    case ElementwiseOp::divide: return 2;
    default: return 1;
  }
}

/// Functions for packed operands by operation and dtype; null where a file has no such kernel. The
/// operations of a group are an enumeration that ends in end_of_list.
template <class Op>
struct MapTable {
  static constexpr std::size_t dtypes = 15;
  std::array<MapFunction, static_cast<std::size_t>(Op::end_of_list) * dtypes> packed{};

  constexpr MapFunction& at(Op op, Dtype dtype) noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
  constexpr MapFunction at(Op op, Dtype dtype) const noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
};
using ElementwiseTable = MapTable<ElementwiseOp>;

/// One per SIMD file: floating-point arithmetic, integers and complex, transcendental functions.
const ElementwiseTable* resolve_arithmetic(std::size_t slot) noexcept;
const ElementwiseTable* resolve_plain(std::size_t slot) noexcept;
const ElementwiseTable* resolve_math(std::size_t slot) noexcept;

/// The function the registry lists: any strides, the target in use. Null when there is none.
MapFunction elementwise_function(ElementwiseOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
