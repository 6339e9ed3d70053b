// furrow/kernels/expression/chain.hpp
//
// Several cheap operations as one: the value goes from each to the next in SIMD registers, eight
// vectors at a time, instead of through a block in the first-level cache. ((x/2 + y)*x - y)*x is
// one pass with four loads, not four passes with a store each.
//
// Which   f32 and f64: add, subtract, multiply, divide, scale, affine, negate, abs, sqrt; each
//         result read by the next operation alone
// Bits    those of the kernels: the same operation on each element, nothing contracted
// In place the output may be any of the operands, but not overlap one otherwise
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

/// What becomes of the value v, with the operand's element m or the parameters a and b.
enum class Link : std::uint8_t {
  none,           // no link of a chain
  add,            // v + m
  subtract,       // v - m
  subtract_from,  // m - v
  multiply,       // v * m
  divide,         // v / m
  divide_into,    // m / v
  square,         // v * v
  scale,          // a * v
  affine,         // a * v + b, rounded once where the target can
  negate,
  abs,
  sqrt,
};

struct ChainStep {
  Link link;
  const void* operand;       // packed; null where the link takes none
  const Scalar* parameters;  // likewise
};

struct ChainCall {
  const void* start;  // the first value, packed
  void* out;
  std::size_t count;
  bool streaming;  // write past the caches (stream_fence follows)
  std::span<const ChainStep> steps;
  std::span<const void* const> memory;  // operands to fetch ahead of, each once
};

/// The link that a kernel is when its operand `position` is the value; none where it is no link.
Link link_of(const Kernel& kernel, const Variant& variant, std::size_t position) noexcept;

/// REQUIRES: dtype is f32 or f64.
void run_chain(Dtype dtype, const ChainCall& call) noexcept;

namespace detail {
struct ChainTable {
  void (*f32)(const ChainCall& call) noexcept;
  void (*f64)(const ChainCall& call) noexcept;
};
}  // namespace detail

}  // namespace furrow::kernels::expression
