// furrow/kernels/elementwise/math.hpp
//
// Exponentials, logarithms, hyperbolic functions, powers and roots on contiguous memory:
// out[i] = f(x[i]) or f(x[i], y[i]).
//
// Shape   all spans have the same length
// Types   f32 and f64; square: integers (wrapping), c64 and c128 too; pow: integers;
//         reciprocal: c64 and c128
// Memory  out may be one of the inputs, but not overlap it otherwise; nothing is allocated
// Order   element i depends on the inputs' element i alone: any split gives the same bits
// Error   1.0 ULP at most, but for asinh 1.2; each function's bound is in the table of README.md
//         and checked in tests/kernels/math_accuracy_test.cpp
// NaN     propagates, with C's exceptions: pow(x, 0) = pow(1, y) = 1, hypot(inf, NaN) = inf
// exp, log, sin, cos, sqrt: elementwise.hpp. Strided operands at run time: registry.hpp.
#pragma once

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/elementwise/exponential_entries.hpp>

namespace furrow::kernels {

template <Float T>
void exp2(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::exp2, T>(out, {x}, {});
}
template <Float T>
void expm1(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::expm1, T>(out, {x}, {});
}
template <Float T>
void log2(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::log2, T>(out, {x}, {});
}
template <Float T>
void log10(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::log10, T>(out, {x}, {});
}
template <Float T>
void log1p(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::log1p, T>(out, {x}, {});
}
template <Float T>
void sinh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::sinh, T>(out, {x}, {});
}
template <Float T>
void cosh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::cosh, T>(out, {x}, {});
}
template <Float T>
void tanh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::tanh, T>(out, {x}, {});
}
template <Float T>
void asinh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::asinh, T>(out, {x}, {});
}
template <Float T>
void acosh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::acosh, T>(out, {x}, {});
}
template <Float T>
void atanh(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::atanh, T>(out, {x}, {});
}
template <Float T>
void cbrt(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::cbrt, T>(out, {x}, {});
}
template <class T>
requires Float<T> || ComplexNumber<T>
void reciprocal(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::reciprocal, T>(out, {x}, {});
}
template <Number T>
void square(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::square, T>(out, {x}, {});
}
/// out = x^y, with the special cases of C (Annex F); of integers as integer.hpp says
template <Real T>
void pow(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::pow, T>(out, {x, y}, {});
}
/// out = sqrt(x^2 + y^2), without overflow or underflow in between
template <Float T>
void hypot(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ExponentialOp::hypot, T>(out, {x, y}, {});
}

}  // namespace furrow::kernels
