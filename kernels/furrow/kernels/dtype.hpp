// furrow/kernels/dtype.hpp
//
// The element types of furrow: one enumeration, its sizes and names, and the two C++ types
// that the language lacks (f16, and the complex aliases).
//
// Names   NumPy's letters with the width in bits: bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64
//         c64 c128
// Values  the enumerators' numbers are part of the segment format: never change one, only add
// f16     storage and conversion only (IEEE 754 binary16); arithmetic happens in f32 or f64
#pragma once

#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace furrow {

enum class Dtype : std::uint32_t {
  none = 0,
  bool_ = 1,
  i8 = 2,
  i16 = 3,
  i32 = 4,
  i64 = 5,
  u8 = 6,
  u16 = 7,
  u32 = 8,
  u64 = 9,
  f16 = 10,
  f32 = 11,
  f64 = 12,
  c64 = 13,
  c128 = 14,
};

using c64 = std::complex<float>;
using c128 = std::complex<double>;

/// IEEE 754 binary16. Conversions round to nearest even, keep infinities, and keep a NaN a NaN.
class f16 {
 public:
  f16() = default;
  explicit f16(float value) noexcept : bits_(from_float(value)) {}
  explicit f16(double value) noexcept : bits_(from_double(value)) {}
  explicit operator float() const noexcept { return to_float(bits_); }
  explicit operator double() const noexcept { return static_cast<double>(to_float(bits_)); }
  static f16 from_bits(std::uint16_t bits) noexcept {
    f16 result;
    result.bits_ = bits;
    return result;
  }
  std::uint16_t bits() const noexcept { return bits_; }
  friend bool operator==(f16 a, f16 b) noexcept {
    return static_cast<float>(a) == static_cast<float>(b);
  }

 private:
  static std::uint16_t from_float(float value) noexcept;
  static std::uint16_t from_double(double value) noexcept;
  static float to_float(std::uint16_t bits) noexcept;

  std::uint16_t bits_ = 0;
};
static_assert(sizeof(f16) == 2 && std::is_trivially_copyable_v<f16>);

/// Bytes of one element; 0 for Dtype::none and for a number that is no dtype.
constexpr std::size_t item_bytes(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::bool_:
    case Dtype::i8:
    case Dtype::u8: return 1;
    case Dtype::i16:
    case Dtype::u16:
    case Dtype::f16: return 2;
    case Dtype::i32:
    case Dtype::u32:
    case Dtype::f32: return 4;
    case Dtype::i64:
    case Dtype::u64:
    case Dtype::f64:
    case Dtype::c64: return 8;
    case Dtype::c128: return 16;
    case Dtype::none: return 0;
  }
  return 0;
}

/// "f64"; "none" for Dtype::none and for a number that is no dtype.
std::string_view dtype_name(Dtype dtype) noexcept;

/// The dtype of a name ("f64", also NumPy's "float64", "complex128", …); Dtype::none when unknown.
Dtype dtype_of_name(std::string_view name) noexcept;

constexpr bool is_signed_integer(Dtype d) noexcept { return d >= Dtype::i8 && d <= Dtype::i64; }
constexpr bool is_unsigned_integer(Dtype d) noexcept { return d >= Dtype::u8 && d <= Dtype::u64; }
constexpr bool is_integer(Dtype d) noexcept { return d >= Dtype::i8 && d <= Dtype::u64; }
constexpr bool is_real_float(Dtype d) noexcept { return d >= Dtype::f16 && d <= Dtype::f64; }
constexpr bool is_complex(Dtype d) noexcept { return d == Dtype::c64 || d == Dtype::c128; }

namespace detail {
template <class T>
struct DtypeOf {};
template <Dtype D>
using dtype_constant = std::integral_constant<Dtype, D>;
template <>
struct DtypeOf<bool> : dtype_constant<Dtype::bool_> {};
template <>
struct DtypeOf<std::int8_t> : dtype_constant<Dtype::i8> {};
template <>
struct DtypeOf<std::int16_t> : dtype_constant<Dtype::i16> {};
template <>
struct DtypeOf<std::int32_t> : dtype_constant<Dtype::i32> {};
template <>
struct DtypeOf<std::int64_t> : dtype_constant<Dtype::i64> {};
template <>
struct DtypeOf<std::uint8_t> : dtype_constant<Dtype::u8> {};
template <>
struct DtypeOf<std::uint16_t> : dtype_constant<Dtype::u16> {};
template <>
struct DtypeOf<std::uint32_t> : dtype_constant<Dtype::u32> {};
template <>
struct DtypeOf<std::uint64_t> : dtype_constant<Dtype::u64> {};
template <>
struct DtypeOf<f16> : dtype_constant<Dtype::f16> {};
template <>
struct DtypeOf<float> : dtype_constant<Dtype::f32> {};
template <>
struct DtypeOf<double> : dtype_constant<Dtype::f64> {};
template <>
struct DtypeOf<c64> : dtype_constant<Dtype::c64> {};
template <>
struct DtypeOf<c128> : dtype_constant<Dtype::c128> {};
}  // namespace detail

/// The dtype of a C++ element type; does not compile for a type that is no element type.
template <class T>
inline constexpr Dtype dtype_of = detail::DtypeOf<std::remove_cv_t<T>>::value;

template <class T>
concept Element = requires {
  detail::DtypeOf<std::remove_cv_t<T>>::value;
};

/// Calls f(T{}) with a value of the C++ type of `dtype`; REQUIRES: dtype is not Dtype::none.
template <class F>
decltype(auto) visit_dtype(Dtype dtype, F&& f) {
  switch (dtype) {
    case Dtype::bool_: return f(bool{});
    case Dtype::i8: return f(std::int8_t{});
    case Dtype::i16: return f(std::int16_t{});
    case Dtype::i32: return f(std::int32_t{});
    case Dtype::i64: return f(std::int64_t{});
    case Dtype::u8: return f(std::uint8_t{});
    case Dtype::u16: return f(std::uint16_t{});
    case Dtype::u32: return f(std::uint32_t{});
    case Dtype::u64: return f(std::uint64_t{});
    case Dtype::f16: return f(f16{});
    case Dtype::f32: return f(float{});
    case Dtype::c64: return f(c64{});
    case Dtype::c128: return f(c128{});
    case Dtype::f64:
    case Dtype::none: break;
  }
  return f(double{});
}

}  // namespace furrow
