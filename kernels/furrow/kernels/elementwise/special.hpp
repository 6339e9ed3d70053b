// furrow/kernels/elementwise/special.hpp
//
// Error functions, normal distribution, gamma function on contiguous memory.     out[i] = f(x[i])
//
// Shape   all spans have the same length
// Types   f32 and f64
// Memory  out may be one of the inputs, but not overlap it otherwise; nothing is allocated
// Order   element i depends on the inputs' element i alone: any split gives the same bits
// Error   the table of README.md, checked in tests/kernels/special_accuracy_test.cpp
// Special C's Annex F; NaN gives NaN
// Strided operands at run time: registry.hpp.
#pragma once

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/elementwise/special_entries.hpp>

namespace furrow::kernels {

template <Float T>
void erf(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::erf, T>(out, {x}, {});
}
template <Float T>
void erfc(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::erfc, T>(out, {x}, {});
}
/// The standard normal distribution function.
template <Float T>
void ndtr(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::ndtr, T>(out, {x}, {});
}

/// Its inverse: the quantile of the standard normal distribution.
template <Float T>
void ndtri(Input<T> p, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::ndtri, T>(out, {p}, {});
}
/// The gamma function.
template <Float T>
void tgamma(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::tgamma, T>(out, {x}, {});
}
/// ln |gamma(x)|.
template <Float T>
void lgamma(Input<T> x, std::span<T> out) noexcept {
  detail::map_spans<SpecialOp::lgamma, T>(out, {x}, {});
}

}  // namespace furrow::kernels
