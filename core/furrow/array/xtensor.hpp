// furrow/array/xtensor.hpp
//
// Arrays and views as xtensor sees them: adaptors of the same memory, no copy.
//
//   as_xtensor(v)       any rank, any strides, negative ones too
//   as_xtensor_flat(v)  any rank without gaps: row-major at compile time, so that xtensor can
//                       compute it with SIMD (xsimd) and in one loop
//
// Const   a View<const T> gives an adaptor to read only: pass `array.cview()` for an array that is
//         attached read-only, where a write would end the process
// Errors  ShapeMismatch when as_xtensor_flat meets gaps
// Life    an adaptor keeps nothing alive, as a view does; assigning to it never resizes the array:
//         another shape throws
// Needs   xtensor 0.24; this header is the only one that includes it
#pragma once

#include <cstddef>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>

#include <furrow/array/array.hpp>
#include <furrow/array/view.hpp>

namespace furrow {
namespace detail {

// On the stack up to rank 8, which is all there is.
using XtensorShape = xt::svector<std::size_t, segment::dimensions_max>;
using XtensorStrides = xt::svector<std::ptrdiff_t, segment::dimensions_max>;

}  // namespace detail

template <class T>
auto as_xtensor(View<T> view) {
  const detail::XtensorShape shape(view.shape().begin(), view.shape().end());
  const detail::XtensorStrides strides(view.strides().begin(), view.strides().end());
  return xt::adapt(view.data(), static_cast<std::size_t>(view.size()), xt::no_ownership(), shape,
                   strides);
}

template <class T>
auto as_xtensor_flat(View<T> view) {
  if (!view.is_contiguous())
    throw ShapeMismatch("a view of shape " + to_string(view.shape()) +
                        " has gaps (as_xtensor takes any strides)");
  const detail::XtensorShape shape(view.shape().begin(), view.shape().end());
  return xt::adapt<xt::layout_type::row_major>(view.data(), static_cast<std::size_t>(view.size()),
                                               xt::no_ownership(), shape);
}

// The same for arrays.
template <Element T>
auto as_xtensor(const Array<T>& array) {
  return as_xtensor(array.view());
}
template <Element T>
auto as_xtensor_flat(const Array<T>& array) {
  return as_xtensor_flat(array.view());
}

}  // namespace furrow
