// furrow/kernels/elementwise/complex.hpp
//
// Quotients and magnitudes of complex numbers, and their specification.
//
//   divide      x / y = ((a + b r) s, (b - a r) s) with r = d/c, s = 1/(c + d r)   for |c| >= |d|,
//               where x = a + bi and y = c + di; the same with the parts exchanged otherwise
//   reciprocal  1 / x, in the same way
//   abs         sqrt(a*a + b*b), without overflow in between
//
// Types   c64, c128; abs gives f32, f64
// Error   divide, reciprocal: 4 eps of the result's magnitude, eps = 2^-52 or 2^-23, as long as no
//         intermediate number underflows: r has 1 rounding and is 1 at most, s has 3, the products
//         and sums 3 besides · abs: that of hypot
// Zero    x / 0 is (a / 0, b / 0), as NumPy: infinities and NaN
// NaN     abs of an infinite part is infinite, whatever the other is; else NaN propagates
// Bits    those of NumPy's quotients, on every target: nothing is fused
// Source  R. Smith, "Algorithm 116: Complex division", Comm. ACM 5 (1962)
#pragma once

#include <cmath>
#include <limits>

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class ComplexOp : std::uint8_t { divide, reciprocal, abs, end_of_list };

template <ComplexOp O, class T>
struct ComplexSpec;

template <class P>
struct ComplexSpec<ComplexOp::divide, std::complex<P>> {
  using T = std::complex<P>;
  static T of(T x, T y) noexcept {
    const P a = x.real();
    const P b = x.imag();
    const P c = y.real();
    const P d = y.imag();
    if (c == 0 && d == 0) return {a / std::fabs(c), b / std::fabs(c)};
    if (std::fabs(c) >= std::fabs(d)) {
      const P r = d / c;
      const P s = 1 / (c + d * r);
      return {(a + b * r) * s, (b - a * r) * s};
    }
    const P r = c / d;
    const P s = 1 / (d + c * r);
    return {(a * r + b) * s, (b * r - a) * s};
  }
};

template <class P>
struct ComplexSpec<ComplexOp::reciprocal, std::complex<P>> {
  using T = std::complex<P>;
  static T of(T x) noexcept {
    const P a = x.real();
    const P b = x.imag();
    if (std::fabs(b) <= std::fabs(a)) {
      const P r = b / a;
      const P q = a + b * r;
      return {1 / q, -r / q};
    }
    const P r = a / b;
    const P q = a * r + b;
    return {r / q, -1 / q};
  }
};

template <class P>
struct ComplexSpec<ComplexOp::abs, std::complex<P>> {
  static P of(std::complex<P> x) noexcept {
    const bool infinite = std::isinf(x.real()) || std::isinf(x.imag());
    return infinite ? std::numeric_limits<P>::infinity() : std::hypot(x.real(), x.imag());
  }
};

using ComplexTable = MapTable<ComplexOp>;
const ComplexTable* resolve_complex(std::size_t slot) noexcept;
/// For packed operands, of the target in use.
MapFunction complex_packed(ComplexOp op, Dtype dtype) noexcept;

/// The group, for TypedKernels: its variants stand beside those of the kernels of these names.
struct ComplexNumbers {
  using Op = ComplexOp;
  template <Op O, class T>
  using Spec = ComplexSpec<O, T>;
  template <Op O, class T>
  static MapFunction packed() noexcept {
    return complex_packed(O, dtype_of<T>);
  }
};

}  // namespace furrow::kernels
