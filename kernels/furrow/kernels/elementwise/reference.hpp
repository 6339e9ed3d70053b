// furrow/kernels/elementwise/reference.hpp
//
// The specification of the elementwise kernels: plain scalar C++, one element at a time. The SIMD
// code gives the same bits, except for exp, log, sin and cos (within the stated error of the exact
// value; libm serves as the reference here) and multiply-adds on targets without a fused one.
#pragma once

#include <cmath>

#include <furrow/kernels/elementwise/entries.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow::kernels {

/// Wrapping integer arithmetic through the unsigned type; plain arithmetic for the others.
template <class T>
struct Wrapping {
  static T multiply(T x, T y) noexcept {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(y));
    } else if constexpr (std::is_floating_point_v<T>) {
      return x * y;
    } else {
      return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
    }
  }
  static T add(T x, T y) noexcept {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(x) + static_cast<std::uint64_t>(y));
    } else {
      return x + y;
    }
  }
  static T subtract(T x, T y) noexcept {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(y));
    } else {
      return x - y;
    }
  }
  /// x * y + z, rounded once.
  static T multiply_add(T x, T y, T z) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fma(x, y, z);
    } else {
      return add(multiply(x, y), z);
    }
  }
};

template <class T>
T reference_clip(T x, T low, T high) noexcept {
  if (low != low) return low;
  if (high != high) return high;
  const T raised = x < low ? low : x;
  return raised > high ? high : raised;
}

/// One element of an operation. `p` are the parameters, x, y, z the inputs it has.
template <ElementwiseOp O, class T>
T reference_element(const Scalar* p, T x, T y, T z) noexcept {
  using Op = ElementwiseOp;
  using W = Wrapping<T>;
  if constexpr (O == Op::fill) return element_of<T>(p[0]);
  if constexpr (O == Op::scale) return W::multiply(element_of<T>(p[0]), x);
  if constexpr (O == Op::affine) {
    return W::multiply_add(element_of<T>(p[0]), x, element_of<T>(p[1]));
  }
  if constexpr (O == Op::axpby) {
    return W::multiply_add(element_of<T>(p[0]), x, W::multiply(element_of<T>(p[1]), y));
  }
  if constexpr (O == Op::fma) return W::multiply_add(x, y, z);
  if constexpr (O == Op::add) return W::add(x, y);
  if constexpr (O == Op::subtract) return W::subtract(x, y);
  if constexpr (O == Op::multiply) return W::multiply(x, y);
  if constexpr (O == Op::divide) return x / y;
  if constexpr (O == Op::negate) {
    if constexpr (std::is_integral_v<T>) return W::subtract(T(0), x);
    return static_cast<T>(-x);
  }
  if constexpr (O == Op::abs) {
    if constexpr (std::is_floating_point_v<T>)
      return std::fabs(x);
    else
      return x < T(0) ? W::subtract(T(0), x) : x;
  }
  if constexpr (O == Op::clip) {
    return reference_clip(x, element_of<T>(p[0]), element_of<T>(p[1]));
  }
  if constexpr (O == Op::sqrt) return std::sqrt(x);
  if constexpr (O == Op::exp) return std::exp(x);
  if constexpr (O == Op::log) return std::log(x);
  if constexpr (O == Op::sin) return std::sin(x);
  if constexpr (O == Op::cos) return std::cos(x);
}

}  // namespace furrow::kernels
