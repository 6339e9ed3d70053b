// furrow/kernels/expression/promotion.hpp
//
// Which dtype an operation on several dtypes has: NumPy 1.24's rules, that is promotion by the
// smallest dtype that holds both, and scalars (numbers in the text, arrays of rank 0) that count by
// their value where an array of at least their kind takes part:
//
//   f32 * 2 -> f32      i8 + 100 -> i8      i8 + 200 -> i16      i32 * 2.5 -> f64      f32 + 1j ->
//   c64
//
// Tested    against numpy.result_type for all pairs of dtypes and scalars around every limit
// Source    NumPy manual, "Array-to-scalar casting" and numpy.result_type, release 1.24
#pragma once

#include <span>

#include <furrow/kernels/dtype.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

/// The order in which NumPy's functions look for a loop.
inline constexpr Dtype dtype_order[] = {
    Dtype::bool_, Dtype::i8,  Dtype::u8,  Dtype::i16, Dtype::u16, Dtype::i32, Dtype::u32,
    Dtype::i64,   Dtype::u64, Dtype::f16, Dtype::f32, Dtype::f64, Dtype::c64, Dtype::c128};

/// Position in dtype_order.
std::size_t rank_of(Dtype dtype) noexcept;

/// numpy.can_cast(from, to, "safe"): every value survives (i64 and u64 go to f64 all the same).
bool can_cast_safely(Dtype from, Dtype to) noexcept;

/// numpy.can_cast(from, to, "same_kind"): safely, or to a dtype of the same or a later kind of
/// bool, unsigned, signed, float, complex.
bool can_cast_same_kind(Dtype from, Dtype to) noexcept;

/// numpy.promote_types: the first dtype of the order that both go to safely.
Dtype promote(Dtype a, Dtype b) noexcept;

/// An operand as promotion sees it.
struct Operand {
  Dtype dtype;
  const Scalar* scalar = nullptr;  // its value when it is a scalar
};

/// numpy.result_type.
Dtype result_type(std::span<const Operand> operands) noexcept;

/// True when the values of scalars count: there is an array, and no scalar is of a later kind
/// (bool, integer, inexact) than all arrays.
bool scalars_by_value(std::span<const Operand> operands) noexcept;

/// Safe casting of one operand; scalars by value when `by_value`.
bool can_cast_safely(const Operand& operand, Dtype to, bool by_value) noexcept;

/// The smallest dtype that holds a scalar. `small`: unsigned, and the signed dtype of that width
/// holds it, too.
struct Least {
  Dtype dtype;
  bool small;
};
Least least_dtype(Dtype dtype, const Scalar& value) noexcept;

}  // namespace furrow::kernels::expression
