// furrow/kernels/expression/literal.hpp
//
// Integers of the text, computed as Python computes them: 2**64 - 1 is the number that it says, or
// an error, and never what is left of it in 64 bits.
//
// Which    literals, and + - * // % ** << >> & | ^ ~ abs square of those; the results are literals
//          again. What was converted (u64(3)) has a dtype, and wraps as NumPy's numbers do.
// Results  i64, or u64 where that is too small: what the result, typed out, would be
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <furrow/kernels/expression/graph.hpp>

namespace furrow::kernels::expression {

/// What the scanner says of a number typed out, and the compiler of one computed.
inline constexpr const char* literal_too_large =
    "an integer of more than 64 bits (write it as a real number)";

struct Literal {
  enum class Kind {
    none,   // no integer (7/2), or not known here: as any other call
    value,  // `dtype` and `value`
    large,  // needs more than 64 bits
  };
  Kind kind = Kind::none;
  Dtype dtype = Dtype::none;
  Scalar value{};
};

/// `function` of these constants, which are i64 or u64.
Literal literal_of(std::string_view function, std::span<const Vertex> operands) noexcept;

/// A constant that `to` holds: integers within its range, reals that are whole for an integer, and
/// for a real what is not rounded to an infinity.
bool holds_value(Dtype to, const Vertex& constant) noexcept;

}  // namespace furrow::kernels::expression
