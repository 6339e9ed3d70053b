// furrow/kernels/elementwise/elementwise.hpp
//
// Elementwise kernels called directly on contiguous memory.        out[i] = f(x[i], y[i], …)
//
// Shape   all spans have the same length
// Types   f32 and f64 for all; integers wrap as in NumPy where listed; c64 and c128 for fill, copy,
//         scale, add, subtract, multiply, divide, negate, abs (into reals); every dtype for fill,
//         copy; casts: cast.hpp
// Memory  out may be one of the inputs, but not overlap it otherwise; nothing is allocated
// Order   element i depends on the inputs' element i alone: any split gives the same bits
// Error   correctly rounded, but for exp, log, sin, cos: 1.0 ULP (tests/kernels/accuracy_test.cpp)
// NaN     propagates; its sign and payload are not specified
// Strided operands and other dtypes at run time: registry.hpp.
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include <furrow/kernels/elementwise/complex.hpp>
#include <furrow/kernels/elementwise/entries.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow::kernels {

template <class T>
concept Float = std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept Real = Float<T> ||(std::integral<T> && !std::same_as<T, bool> && Element<T>);
template <class T>
concept ComplexNumber = std::same_as<T, c64> || std::same_as<T, c128>;
template <class T>
concept Number = Real<T> || ComplexNumber<T>;

namespace detail {

/// O is an operation of any group; its elementwise_function is found by the type.
template <auto O, class T>
void map_spans(std::span<T> out, std::initializer_list<std::span<const T>> in,
               std::initializer_list<T> parameters) noexcept {
  MapCall call{};
  call.out = out.data();
  call.out_stride = 1;
  call.count = out.size();
  std::size_t k = 0;
  for (const auto& operand : in) {
    call.in[k] = operand.data();
    call.in_stride[k++] = 1;
  }
  k = 0;
  for (const T value : parameters) call.parameters[k++] = scalar_of(value);
  static const MapFunction function = elementwise_function(O, dtype_of<T>);
  function(call);
}

}  // namespace detail

/// A parameter that does not take part in deducing T: scale(2, x, out) works for any x.
template <class T>
using Constant = std::type_identity_t<T>;
template <class T>
using Input = std::span<const std::type_identity_t<T>>;

template <Element T>
void fill(std::span<T> out, Constant<T> value) noexcept {
  detail::map_spans<ElementwiseOp::fill, T>(out, {}, {value});
}

/// out = a*x
template <Number T>
void scale(Constant<T> a, Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::scale, T>(out, {x}, {a});
}

/// out = a*x + b, rounded once
template <Real T>
void affine(Constant<T> a, Input<T> x, Constant<T> b, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::affine, T>(out, {x}, {a, b});
}

/// out = a*x + b*y
template <Real T>
void axpby(Constant<T> a, Input<T> x, Constant<T> b, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::axpby, T>(out, {x, y}, {a, b});
}

/// out = x*y + z, rounded once
template <Float T>
void fma(Input<T> x, Input<T> y, Input<T> z, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::fma, T>(out, {x, y, z}, {});
}

template <Number T>
void add(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::add, T>(out, {x, y}, {});
}
template <Number T>
void subtract(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::subtract, T>(out, {x, y}, {});
}
template <Number T>
void multiply(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::multiply, T>(out, {x, y}, {});
}
template <class T>
requires Float<T> || ComplexNumber<T>
void divide(Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::divide, T>(out, {x, y}, {});
}

template <Number T>
void negate(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::negate, T>(out, {x}, {});
}
/// The most negative integer is its own absolute value.
template <Real T>
void abs(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::abs, T>(out, {x}, {});
}
/// Of complex numbers: abs<double>(x, out) with x of c128
template <Float P>
void abs(Input<std::complex<P>> x, std::span<P> out) noexcept {
  MapCall call{};
  call.out = out.data();
  call.in[0] = x.data();
  call.out_stride = call.in_stride[0] = 1;
  call.count = out.size();
  complex_packed(ComplexOp::abs, dtype_of<std::complex<P>>)(call);
}
/// out = min(max(x, low), high); a NaN bound makes every result NaN
template <Real T>
void clip(Input<T> x, Constant<T> low, Constant<T> high, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::clip, T>(out, {x}, {low, high});
}
template <Float T>
void sqrt(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::sqrt, T>(out, {x}, {});
}
template <Float T>
void exp(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::exp, T>(out, {x}, {});
}
template <Float T>
void log(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::log, T>(out, {x}, {});
}
template <Float T>
void sin(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::sin, T>(out, {x}, {});
}
template <Float T>
void cos(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<ElementwiseOp::cos, T>(out, {x}, {});
}

}  // namespace furrow::kernels
