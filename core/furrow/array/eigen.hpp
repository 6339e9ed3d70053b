// furrow/array/eigen.hpp
//
// Arrays and views as Eigen sees them: maps of the same memory, no copy.
//
//   as_eigen(v)         rank 0 to 2, any strides; rank 1 is a column, rank 2 rows by columns
//   as_eigen_vector(v)  rank 1 without gaps: a vector that Eigen computes with SIMD
//   as_eigen_matrix(v)  rank 2 whose rows have no gaps: row-major, with SIMD along the rows
//   as_eigen_flat(v)    any rank without gaps: all elements as an Eigen::Array, for
//   coefficient-wise
//                       work
//
// Types   every element type; Eigen itself computes with all but bool and f16
// Const   a View<const T> gives a map to read only: pass `array.cview()` for an array that is
//         attached read-only, where a write would end the process
// Errors  ShapeMismatch when the rank or the strides are not what the function takes
// Life    a map keeps nothing alive, as a view does
// Needs   Eigen 3.4; this header is the only one that includes it
#pragma once

#include <Eigen/Core>
#include <string>
#include <type_traits>

#include <furrow/array/array.hpp>
#include <furrow/array/view.hpp>

namespace furrow {
namespace detail {

template <class T, class Plain>
using eigen_const = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;

template <class T>
using EigenMatrix = eigen_const<
    T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
template <class T>
using EigenVector = eigen_const<T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>>;
template <class T>
using EigenFlat = eigen_const<T, Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>>;

[[noreturn]] inline void throw_eigen(const Shape& shape, const char* wanted) {
  throw ShapeMismatch("a view of shape " + to_string(shape) + " is not " + wanted);
}

}  // namespace detail

/// Any strides, negative ones too.
template <class T>
auto as_eigen(View<T> view) {
  using AnyStrides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  const Shape& shape = view.shape();
  if (shape.ndim() > 2)
    detail::throw_eigen(shape, "of rank 2 or less, which Eigen's matrices are (slice it first)");
  const Eigen::Index rows = shape.ndim() > 0 ? shape[0] : 1;
  const Eigen::Index columns = shape.ndim() > 1 ? shape[1] : 1;
  // Eigen calls the stride between rows of a row-major matrix the outer one.
  const AnyStrides strides(shape.ndim() > 0 ? view.strides()[0] : 1,
                           shape.ndim() > 1 ? view.strides()[1] : 1);
  return Eigen::Map<detail::EigenMatrix<T>, Eigen::Unaligned, AnyStrides>(view.data(), rows,
                                                                          columns, strides);
}

template <class T>
auto as_eigen_vector(View<T> view) {
  if (view.ndim() != 1 || !view.is_contiguous())
    detail::throw_eigen(view.shape(), "of rank 1 without gaps (as_eigen takes any strides)");
  return Eigen::Map<detail::EigenVector<T>>(view.data(), view.extent(0));
}

template <class T>
auto as_eigen_matrix(View<T> view) {
  if (view.ndim() != 2 || (view.extent(1) > 1 && view.strides()[1] != 1))
    detail::throw_eigen(view.shape(),
                        "of rank 2 with rows without gaps (as_eigen takes any strides)");
  return Eigen::Map<detail::EigenMatrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>(
      view.data(), view.extent(0), view.extent(1), Eigen::OuterStride<>(view.strides()[0]));
}

template <class T>
auto as_eigen_flat(View<T> view) {
  if (!view.is_contiguous())
    detail::throw_eigen(view.shape(), "without gaps (as_eigen takes any strides)");
  return Eigen::Map<detail::EigenFlat<T>>(view.data(), view.size());
}

// The same for arrays.
template <Element T>
auto as_eigen(const Array<T>& array) {
  return as_eigen(array.view());
}
template <Element T>
auto as_eigen_vector(const Array<T>& array) {
  return as_eigen_vector(array.view());
}
template <Element T>
auto as_eigen_matrix(const Array<T>& array) {
  return as_eigen_matrix(array.view());
}
template <Element T>
auto as_eigen_flat(const Array<T>& array) {
  return as_eigen_flat(array.view());
}

}  // namespace furrow
