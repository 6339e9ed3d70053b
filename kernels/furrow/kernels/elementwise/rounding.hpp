// furrow/kernels/elementwise/rounding.hpp
//
// Rounding to integers, and division with remainder of reals, and their specification.
//
//   floor, ceil, trunc, rint     to -inf, to +inf, to zero, to the nearest (ties to even); -0 stays
//   fmod          x - y*trunc(x/y), exact, the sign of x; NaN for y = 0 and for infinite x
//   remainder     the same with floor and the sign of y, as Python's %: where the signs differ y is
//                 added, with one rounding
//   floor_divide  the integer that belongs to that remainder; x/y for y = 0
//
// Source   the last two are the steps of NumPy's npy_divmod, which are those of CPython's
// float_divmod
#pragma once

#include <cmath>
#include <type_traits>

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class RoundingOp : std::uint8_t {
  floor,
  ceil,
  trunc,
  rint,
  floor_divide,
  remainder,
  fmod,
  end_of_list,
};

template <RoundingOp O, class T>
struct RoundingSpec {
  static T of(T x) noexcept {
    if constexpr (O == RoundingOp::floor) return std::floor(x);
    if constexpr (O == RoundingOp::ceil) return std::ceil(x);
    if constexpr (O == RoundingOp::trunc) return std::trunc(x);
    if constexpr (O == RoundingOp::rint) return std::nearbyint(x);
  }
};

template <class T>
struct RoundingSpec<RoundingOp::fmod, T> {
  static T of(T x, T y) noexcept { return std::fmod(x, y); }
};

template <class T>
struct RoundingSpec<RoundingOp::remainder, T> {
  static T of(T x, T y) noexcept {
    const T r = std::fmod(x, y);
    if (y == 0) return r;
    if (r == 0) return std::copysign(T(0), y);
    return (r < 0) != (y < 0) ? r + y : r;
  }
};

template <class T>
struct RoundingSpec<RoundingOp::floor_divide, T> {
  static T of(T x, T y) noexcept {
    if (y == 0) return x / y;
    const T r = std::fmod(x, y);
    T q = (x - r) / y;
    if (r != 0 && (r < 0) != (y < 0)) q -= 1;
    if (q == 0) return std::copysign(T(0), x / y);
    const T floor = std::floor(q);
    return q - floor > T(0.5) ? floor + 1 : floor;
  }
};

using RoundingTable = MapTable<RoundingOp>;
const RoundingTable* resolve_rounding(std::size_t slot) noexcept;

}  // namespace furrow::kernels
