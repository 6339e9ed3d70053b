// furrow/kernels/elementwise/integer.hpp
//
// Division, bits and powers of integers, and their specification.
//
//   floor_divide  floor(x / y)          remainder  x - y*floor(x / y): the sign of y, as Python's %
//   fmod          x - y*trunc(x / y): the sign of x, as C's %
//
// Zero     x // 0, x % 0 and fmod(x, 0) are 0, as NumPy gives
// Wrap     the most negative number // -1 is itself; its remainder is 0
// Shifts   by the width or more, or by a negative count: 0, and for a negative x shifted to the
//          right -1, as NumPy. Shifting to the left wraps
// Power    wraps; x^0 is 1; negative powers are cut off towards zero, as C's division: those of 1
//          and -1 are 1 and -1 or 1, all others (of 0, too) 0. NumPy throws there
// Divide   of integers gives f64, both converted first: x / 0 is an infinity or NaN
#pragma once

#include <type_traits>

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class IntegerOp : std::uint8_t {
  floor_divide,
  remainder,
  fmod,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift,
  invert,
  true_divide,
  power,
  end_of_list,
};

/// Arithmetic that wraps: in the unsigned type, of 32 bits at least.
template <class T>
using WrappingType = std::conditional_t<(sizeof(T) < 8), std::uint32_t, std::uint64_t>;

template <class T>
struct Division {
  using W = WrappingType<T>;
  static T quotient(T x, T y) noexcept {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (y == -1) return static_cast<T>(W(0) - static_cast<W>(x));
    }
    return static_cast<T>(x / y);
  }
  static T fmod(T x, T y) noexcept {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (y == -1) return 0;
    }
    return static_cast<T>(x % y);
  }
  static bool rounds_down(T r, T y) noexcept { return r != 0 && (r < 0) != (y < 0); }
  static T floor(T x, T y) noexcept {
    return static_cast<T>(quotient(x, y) - (rounds_down(fmod(x, y), y) ? 1 : 0));
  }
  static T remainder(T x, T y) noexcept {
    const T r = fmod(x, y);
    return rounds_down(r, y) ? static_cast<T>(r + y) : r;
  }
};

template <IntegerOp O, class T>
struct IntegerSpec {
  static T of(T x, T y) noexcept {
    using Op = IntegerOp;
    using W = WrappingType<T>;
    // A count that is negative is a huge one.
    [[maybe_unused]] constexpr W width = sizeof(T) * 8;
    if constexpr (O == Op::floor_divide) return Division<T>::floor(x, y);
    if constexpr (O == Op::remainder) return Division<T>::remainder(x, y);
    if constexpr (O == Op::fmod) return Division<T>::fmod(x, y);
    if constexpr (O == Op::bitwise_and) return static_cast<T>(x & y);
    if constexpr (O == Op::bitwise_or) return static_cast<T>(x | y);
    if constexpr (O == Op::bitwise_xor) return static_cast<T>(x ^ y);
    if constexpr (O == Op::left_shift) {
      const W count = static_cast<W>(y);
      const W shifted = static_cast<W>(x) << (count & (sizeof(W) * 8 - 1));
      return static_cast<T>(count < width ? shifted : W(0));
    }
    if constexpr (O == Op::right_shift) {
      const W count = static_cast<W>(y);
      return static_cast<T>(x >> (count < width ? count : width - 1) >> (count < width ? 0 : 1));
    }
  }
};

template <class T>
struct IntegerSpec<IntegerOp::invert, T> {
  static T of(T x) noexcept {
    if constexpr (std::is_same_v<T, bool>) {
      return !x;
    } else {
      return static_cast<T>(~x);
    }
  }
};

template <class T>
struct IntegerSpec<IntegerOp::true_divide, T> {
  static double of(T x, T y) noexcept { return static_cast<double>(x) / static_cast<double>(y); }
};

template <class T>
struct IntegerSpec<IntegerOp::power, T> {
  static T of(T x, T y) noexcept {
    using W = WrappingType<T>;
    if constexpr (std::is_signed_v<T>) {
      if (y < 0) return x == 1 || (x == -1 && y % 2 == 0) ? T(1) : x == -1 ? T(-1) : T(0);
    }
    W product = 1;
    W square = static_cast<W>(x);
    for (auto left = static_cast<W>(y); left != 0; left >>= 1U) {
      if ((left & 1U) != 0) product *= square;
      square *= square;
    }
    return static_cast<T>(product);
  }
};

using IntegerTable = MapTable<IntegerOp>;
const IntegerTable* resolve_integer(std::size_t slot) noexcept;
/// For packed operands, of the target in use.
MapFunction integer_packed(IntegerOp op, Dtype dtype) noexcept;

/// The group, for TypedKernels.
struct Integers {
  using Op = IntegerOp;
  template <Op O, class T>
  using Spec = IntegerSpec<O, T>;
  template <Op O, class T>
  static MapFunction packed() noexcept {
    return integer_packed(O, dtype_of<T>);
  }
};

}  // namespace furrow::kernels
