// furrow/kernels/elementwise/select.hpp
//
// Operations that choose or take apart and never round, and their specification.
//
// NaN      minimum and maximum give NaN where one operand is; fmin and fmax give the other operand
// Zeros    which of +0 and -0 is the minimum of both is not promised (the same one every time)
// Sign     of +0 and -0 is +0, of NaN is NaN
// where    out = x where the condition is true, else y
#pragma once

#include <type_traits>

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class SelectOp : std::uint8_t {
  minimum,
  maximum,
  fmin,
  fmax,
  sign,
  copysign,
  where,
  real,
  imag,
  conj,
  end_of_list,
};

// No short circuits: all comparisons are made, so that loops vectorise.
template <SelectOp O, class T>
struct SelectSpec {
  static T of(T x, T y) noexcept {
    using Op = SelectOp;
    if constexpr (O == Op::minimum) return ((x <= y) | (x != x)) ? x : y;
    if constexpr (O == Op::maximum) return ((x >= y) | (x != x)) ? x : y;
    if constexpr (O == Op::fmin) return ((x <= y) | (y != y)) ? x : y;
    if constexpr (O == Op::fmax) return ((x >= y) | (y != y)) ? x : y;
    if constexpr (O == Op::copysign) {
      using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
      constexpr Bits sign = Bits{1} << (sizeof(T) * 8 - 1);
      return std::bit_cast<T>((std::bit_cast<Bits>(x) & ~sign) | (std::bit_cast<Bits>(y) & sign));
    }
  }
};

template <class T>
struct SelectSpec<SelectOp::sign, T> {
  static T of(T x) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      const T sign = x > 0 ? T(1) : T(0);
      const T signs = x < 0 ? T(-1) : sign;
      return x != x ? x : signs;
    } else {
      return static_cast<T>((x > 0) - (x < 0));
    }
  }
};

template <class T>
struct SelectSpec<SelectOp::where, T> {
  static T of(bool condition, T x, T y) noexcept { return condition ? x : y; }

  /// The same by bits, for a condition of 1 or 0: no branch, which conditions without a pattern
  /// would mislead, and loops that vectorise.
  static T by_bits(std::uint8_t condition, T x, T y) noexcept {
    if constexpr (is_complex(dtype_of<T>)) {
      using Part = SelectSpec<SelectOp::where, typename T::value_type>;
      return {Part::by_bits(condition, x.real(), y.real()),
              Part::by_bits(condition, x.imag(), y.imag())};
    } else {
      using Wide = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
      using Small = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>;
      using Bits = std::conditional_t<(sizeof(T) >= 4), Wide, Small>;
      const auto mask = static_cast<Bits>(Bits{0} - static_cast<Bits>(condition));
      const auto a = std::bit_cast<Bits>(x);
      const auto b = std::bit_cast<Bits>(y);
      return std::bit_cast<T>(static_cast<Bits>(((a ^ b) & mask) ^ b));
    }
  }
};

template <class P>
struct SelectSpec<SelectOp::real, std::complex<P>> {
  static P of(std::complex<P> x) noexcept { return x.real(); }
};
template <class P>
struct SelectSpec<SelectOp::imag, std::complex<P>> {
  static P of(std::complex<P> x) noexcept { return x.imag(); }
};
template <class P>
struct SelectSpec<SelectOp::conj, std::complex<P>> {
  static std::complex<P> of(std::complex<P> x) noexcept { return {x.real(), -x.imag()}; }
};

using SelectTable = MapTable<SelectOp>;
const SelectTable* resolve_select(std::size_t slot) noexcept;

}  // namespace furrow::kernels
