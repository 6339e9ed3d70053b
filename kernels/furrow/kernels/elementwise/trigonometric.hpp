// furrow/kernels/elementwise/trigonometric.hpp
//
// The tangent and the inverse trigonometric functions on contiguous memory.      out[i] = f(x[i])
//
// Shape   all spans have the same length
// Types   f32 and f64
// Memory  out may be one of the inputs, but not overlap it otherwise; nothing is allocated
// Order   element i depends on the inputs' element i alone: any split gives the same bits
// Error   the table of README.md, checked in tests/kernels/special_accuracy_test.cpp
// Special C's Annex F: NaN outside [-1, 1] for asin and acos; zeros keep their sign
// sin, cos: elementwise.hpp. Strided operands at run time: registry.hpp.
#pragma once

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/elementwise/trigonometric_entries.hpp>

namespace furrow::kernels {

template <Float T>
void tan(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<TrigonometricOp::tan, T>(out, {x}, {});
}
template <Float T>
void asin(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<TrigonometricOp::asin, T>(out, {x}, {});
}
template <Float T>
void acos(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<TrigonometricOp::acos, T>(out, {x}, {});
}
template <Float T>
void atan(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<TrigonometricOp::atan, T>(out, {x}, {});
}
/// The angle of the point (x, y), with C's table of zeros and infinities.
template <Float T>
void atan2(Input<T> y, Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<TrigonometricOp::atan2, T>(out, {y, x}, {});
}

}  // namespace furrow::kernels
