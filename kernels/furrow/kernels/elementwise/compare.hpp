// furrow/kernels/elementwise/compare.hpp
//
// Operations whose result is a truth value, and their specification.        out[i] = x[i] < y[i]
//
// Order    reals and integers as usual; f16 by value; complex numbers by their real part, equal
//          ones by the imaginary part, as NumPy does
// NaN      is neither less than, nor equal to, nor greater than anything; different from
//          everything. A complex number with a NaN in it is not less than another; x <= y where x <
//          y or where the real parts are equal and the imaginary ones are <=
// Logic    zero is false, everything else is true, NaN included
#pragma once

#include <type_traits>

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class CompareOp : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  logical_not,
  isnan,
  isinf,
  isfinite,
  signbit,
  end_of_list,
};

/// The order of elements. No short circuits: all comparisons are made, so that loops vectorise.
/// Both, and one of them, without a branch: loops vectorise, and conditions without a pattern
/// mislead nobody.
inline bool both(bool x, bool y) noexcept {
  return (static_cast<unsigned>(x) & static_cast<unsigned>(y)) != 0;
}
inline bool either(bool x, bool y) noexcept {
  return (static_cast<unsigned>(x) | static_cast<unsigned>(y)) != 0;
}

template <class T>
struct Order {
  static bool less(T x, T y) noexcept { return x < y; }
  static bool less_equal(T x, T y) noexcept { return x <= y; }
  static bool equal(T x, T y) noexcept { return x == y; }
  static bool nonzero(T x) noexcept { return x != T(0); }
};

template <>
struct Order<f16> {
  static bool less(f16 x, f16 y) noexcept { return both(key(x) < key(y), !either(nan(x), nan(y))); }
  static bool less_equal(f16 x, f16 y) noexcept {
    return both(key(x) <= key(y), !either(nan(x), nan(y)));
  }
  static bool equal(f16 x, f16 y) noexcept {
    return both(key(x) == key(y), !either(nan(x), nan(y)));
  }
  static bool nonzero(f16 x) noexcept { return (x.bits() & 0x7fff) != 0; }
  static bool nan(f16 x) noexcept { return (x.bits() & 0x7fff) > 0x7c00; }

 private:
  /// Sign and magnitude as an integer of the same order; both zeros are 0.
  static int key(f16 x) noexcept {
    const int magnitude = x.bits() & 0x7fff;
    return (x.bits() & 0x8000) != 0 ? -magnitude : magnitude;
  }
};

template <class P>
struct Order<std::complex<P>> {
  using T = std::complex<P>;
  static bool less(T x, T y) noexcept {
    const bool ordered = both(x.imag() == x.imag(), y.imag() == y.imag());
    return either(both(x.real() < y.real(), ordered),
                  both(x.real() == y.real(), x.imag() < y.imag()));
  }
  static bool less_equal(T x, T y) noexcept {
    const bool ordered = both(x.imag() == x.imag(), y.imag() == y.imag());
    return either(both(x.real() < y.real(), ordered),
                  both(x.real() == y.real(), x.imag() <= y.imag()));
  }
  static bool equal(T x, T y) noexcept { return both(x.real() == y.real(), x.imag() == y.imag()); }
  static bool nonzero(T x) noexcept { return either(x.real() != P(0), x.imag() != P(0)); }
};

/// What kind of number the bits of a real are.
template <class T>
struct Classes {
  static bool nan(T x) noexcept { return x != x; }
  static bool infinite(T x) noexcept {
    return either(x == std::numeric_limits<T>::infinity(),
                  x == -std::numeric_limits<T>::infinity());
  }
  static bool finite(T x) noexcept { return x - x == T(0); }
  static bool negative(T x) noexcept {
    using Bits = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
    return std::bit_cast<Bits>(x) < 0;
  }
};

template <>
struct Classes<f16> {
  static bool nan(f16 x) noexcept { return Order<f16>::nan(x); }
  static bool infinite(f16 x) noexcept { return (x.bits() & 0x7fff) == 0x7c00; }
  static bool finite(f16 x) noexcept { return (x.bits() & 0x7fff) < 0x7c00; }
  static bool negative(f16 x) noexcept { return (x.bits() & 0x8000) != 0; }
};

template <class P>
struct Classes<std::complex<P>> {
  using T = std::complex<P>;
  using Part = Classes<P>;
  static bool nan(T x) noexcept { return either(Part::nan(x.real()), Part::nan(x.imag())); }
  static bool infinite(T x) noexcept {
    return either(Part::infinite(x.real()), Part::infinite(x.imag()));
  }
  static bool finite(T x) noexcept { return both(Part::finite(x.real()), Part::finite(x.imag())); }
};

constexpr bool is_unary(CompareOp op) noexcept { return op >= CompareOp::logical_not; }

template <CompareOp O, class T, bool Unary = is_unary(O)>
struct CompareSpec {
  static bool of(T x, T y) noexcept {
    using Op = CompareOp;
    using By = Order<T>;
    if constexpr (O == Op::equal) return By::equal(x, y);
    if constexpr (O == Op::not_equal) return !By::equal(x, y);
    if constexpr (O == Op::less) return By::less(x, y);
    if constexpr (O == Op::less_equal) return By::less_equal(x, y);
    if constexpr (O == Op::greater) return By::less(y, x);
    if constexpr (O == Op::greater_equal) return By::less_equal(y, x);
    if constexpr (O == Op::logical_and) return both(By::nonzero(x), By::nonzero(y));
    if constexpr (O == Op::logical_or) return either(By::nonzero(x), By::nonzero(y));
    if constexpr (O == Op::logical_xor) return By::nonzero(x) != By::nonzero(y);
  }
};

template <CompareOp O, class T>
struct CompareSpec<O, T, true> {
  static bool of(T x) noexcept {
    using Op = CompareOp;
    if constexpr (O == Op::logical_not) return !Order<T>::nonzero(x);
    if constexpr (O == Op::isnan) return Classes<T>::nan(x);
    if constexpr (O == Op::isinf) return Classes<T>::infinite(x);
    if constexpr (O == Op::isfinite) return Classes<T>::finite(x);
    if constexpr (O == Op::signbit) return Classes<T>::negative(x);
  }
};

using CompareTable = MapTable<CompareOp>;
const CompareTable* resolve_compare(std::size_t slot) noexcept;

}  // namespace furrow::kernels
