// furrow/kernels/expression/promotion.cpp
#include <furrow/kernels/expression/promotion.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace furrow::kernels::expression {
namespace {

// Kinds for "same_kind": bool, unsigned, signed, float, complex.
int kind_of(Dtype dtype) noexcept {
  if (is_complex(dtype)) return 4;
  if (is_real_float(dtype)) return 3;
  if (is_signed_integer(dtype)) return 2;
  return is_unsigned_integer(dtype) ? 1 : 0;
}

// Kinds for scalars: bool, integer, inexact.
int category_of(Dtype dtype) noexcept {
  if (is_complex(dtype) || is_real_float(dtype)) return 2;
  return is_integer(dtype) ? 1 : 0;
}

Dtype signed_of(Dtype dtype) noexcept {
  return static_cast<Dtype>(static_cast<std::uint32_t>(dtype) - 4);
}
static_assert(static_cast<int>(Dtype::u8) - static_cast<int>(Dtype::i8) == 4 &&
              static_cast<int>(Dtype::u64) - static_cast<int>(Dtype::i64) == 4);

// Bytes of a float (of each part of a complex number) that holds all integers of so many bytes, as
// NumPy sees it.
std::size_t float_bytes_for(std::size_t integer_bytes) noexcept {
  return std::min<std::size_t>(8, 2 * integer_bytes);
}

Dtype least_unsigned(std::uint64_t value) noexcept {
  if (value <= 0xff) return Dtype::u8;
  if (value <= 0xffff) return Dtype::u16;
  return value <= 0xffffffff ? Dtype::u32 : Dtype::u64;
}

Dtype least_negative(std::int64_t value) noexcept {
  if (value >= -0x80) return Dtype::i8;
  if (value >= -0x8000) return Dtype::i16;
  return value >= -0x80000000LL ? Dtype::i32 : Dtype::i64;
}

bool holds_f32(double value) noexcept { return value > -3.4e38 && value < 3.4e38; }

Dtype least_float(Dtype dtype, double value) noexcept {
  if ((value > -65000 && value < 65000) || !std::isfinite(value)) return Dtype::f16;
  if (dtype == Dtype::f64 && !holds_f32(value)) return Dtype::f64;
  return dtype == Dtype::f16 ? Dtype::f16 : Dtype::f32;
}

Dtype promote_small(Least a, Least b) noexcept {
  if (a.small && !b.small && is_signed_integer(b.dtype)) a.dtype = signed_of(a.dtype);
  if (b.small && !a.small && is_signed_integer(a.dtype)) b.dtype = signed_of(b.dtype);
  return promote(a.dtype, b.dtype);
}

}  // namespace

std::size_t rank_of(Dtype dtype) noexcept {
  return static_cast<std::size_t>(std::find(std::begin(dtype_order), std::end(dtype_order), dtype) -
                                  std::begin(dtype_order));
}

bool can_cast_safely(Dtype from, Dtype to) noexcept {
  if (from == to || from == Dtype::bool_) return true;
  const std::size_t a = item_bytes(from);
  const std::size_t b = item_bytes(to);
  if (is_complex(from)) return is_complex(to) && b >= a;
  if (is_real_float(from)) {
    return (is_real_float(to) && b >= a) || (is_complex(to) && b / 2 >= a);
  }
  if (is_real_float(to)) return b >= float_bytes_for(a);
  if (is_complex(to)) return b / 2 >= float_bytes_for(a);
  if (is_unsigned_integer(from)) return is_integer(to) && (is_signed_integer(to) ? b > a : b >= a);
  return is_signed_integer(to) && b >= a;
}

bool can_cast_same_kind(Dtype from, Dtype to) noexcept {
  return can_cast_safely(from, to) || kind_of(from) <= kind_of(to);
}

Dtype promote(Dtype a, Dtype b) noexcept {
  for (const Dtype dtype : dtype_order) {
    if (can_cast_safely(a, dtype) && can_cast_safely(b, dtype)) return dtype;
  }
  return Dtype::c128;
}

Least least_dtype(Dtype dtype, const Scalar& value) noexcept {
  if (is_signed_integer(dtype) && value.i64 < 0) return {least_negative(value.i64), false};
  if (is_integer(dtype)) {
    const Dtype least = least_unsigned(value.u64);
    const std::uint64_t half = std::uint64_t{1} << (8 * item_bytes(least) - 1);
    return {least, value.u64 < half};
  }
  if (is_real_float(dtype)) return {least_float(dtype, value.f64), false};
  if (dtype == Dtype::c128 && holds_f32(value.c128[0]) && holds_f32(value.c128[1])) {
    return {Dtype::c64, false};
  }
  return {dtype, false};
}

bool scalars_by_value(std::span<const Operand> operands) noexcept {
  int scalars = -1;
  int arrays = -1;
  for (const Operand& operand : operands) {
    int& highest = operand.scalar != nullptr ? scalars : arrays;
    highest = std::max(highest, category_of(operand.dtype));
  }
  return scalars >= 0 && arrays >= 0 && scalars <= arrays;
}

Dtype result_type(std::span<const Operand> operands) noexcept {
  const bool by_value = scalars_by_value(operands);
  Least result{Dtype::none, false};
  for (const Operand& operand : operands) {
    const Least next = by_value && operand.scalar != nullptr
                           ? least_dtype(operand.dtype, *operand.scalar)
                           : Least{operand.dtype, false};
    if (result.dtype == Dtype::none) {
      result = next;
    } else {
      result = {promote_small(result, next), result.small && next.small};
    }
  }
  return result.dtype;
}

bool can_cast_safely(const Operand& operand, Dtype to, bool by_value) noexcept {
  if (!by_value || operand.scalar == nullptr) return can_cast_safely(operand.dtype, to);
  const Least least = least_dtype(operand.dtype, *operand.scalar);
  const bool as_signed = least.small && is_signed_integer(to);
  return can_cast_safely(as_signed ? signed_of(least.dtype) : least.dtype, to);
}

}  // namespace furrow::kernels::expression
