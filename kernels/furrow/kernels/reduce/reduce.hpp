// furrow/kernels/reduce/reduce.hpp
//
// Reductions called directly on memory.                            sum(x) = Σ x[i], and the like
//
// Shape   one axis: a contiguous span (any stride and dtype at run time: registry.hpp)
// Types   f16, f32, f64 -> f64; signed -> i64, unsigned and bool -> u64 (wrap, as NumPy);
//         complex -> c128
// Order   tiles of 8 KiB, 16 virtual lanes in each, partials in a binary tree by index: the same
//         bits as the engine gives for the same array, for any number of workers
// Error   sum, dot: (n_lane + 4 + log2(tiles)) eps Σ|terms|, n_lane = 64 f64 (128 f32) elements
// NaN     propagates, also through min and max
// Empty   sum 0, product 1, dot 0, counts 0, mean NaN; min and max need an element
// Source  lanes and tree: pairwise summation (Higham, SIAM J. Sci. Comput. 14, 1993) on a fixed
//         grid; moments: Chan, Golub, LeVeque (1979, 1983)
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include <furrow/kernels/reduce/entries.hpp>

namespace furrow::kernels {

/// The type that a sum over T has.
template <Element T>
using SumOf =
    std::conditional_t<is_complex(dtype_of<T>), c128,
                       std::conditional_t<is_real_float(dtype_of<T>), double,
                                          std::conditional_t<is_signed_integer(dtype_of<T>),
                                                             std::int64_t, std::uint64_t>>>;

struct Moments {
  std::uint64_t count;
  double mean;
  double m2;  // sum of squared distances from the mean

  /// ddof 0: of the population, 1: of a sample.
  double variance(double ddof = 0) const noexcept {
    return m2 / (static_cast<double>(count) - ddof);
  }
};

namespace detail {

template <ReduceOp O, class T>
ReduceResult reduce_spans(std::span<const T> x, std::span<const T> y = {}) noexcept {
  static const ReduceFunctions functions = *reduce_functions(O, dtype_of<T>);
  alignas(16) std::byte partial[partial_bytes_max];
  if (x.empty()) {
    functions.identity(partial);
  } else {
    functions.tile({{x.data(), y.data()}, {1, 1}, x.size(), 0}, partial);
  }
  ReduceResult result;
  functions.finish(partial, &result);
  return result;
}

template <class R>
R value_of(const ReduceResult& result) noexcept {
  if constexpr (std::is_same_v<R, c128>) {
    return {result.f64[0], result.f64[1]};
  } else if constexpr (std::is_same_v<R, double>) {
    return result.f64[0];
  } else if constexpr (std::is_same_v<R, std::int64_t>) {
    return result.i64;
  } else {
    return result.u64;
  }
}

}  // namespace detail

template <Element T>
SumOf<T> sum(std::span<const T> x) noexcept {
  return detail::value_of<SumOf<T>>(detail::reduce_spans<ReduceOp::sum, T>(x));
}

/// Numbers; not bool, f16.
template <Element T>
SumOf<T> product(std::span<const T> x) noexcept {
  return detail::value_of<SumOf<T>>(detail::reduce_spans<ReduceOp::product, T>(x));
}

/// REQUIRES: the same length. Numbers; not bool, f16. Nothing is conjugated.
template <Element T>
SumOf<T> dot(std::span<const T> x, std::span<const T> y) noexcept {
  return detail::value_of<SumOf<T>>(detail::reduce_spans<ReduceOp::dot, T>(x, y));
}

/// Real numbers.
template <Element T>
Moments mean_variance(std::span<const T> x) noexcept {
  const ReduceResult result = detail::reduce_spans<ReduceOp::mean_variance, T>(x);
  return {result.u64, result.f64[0], result.f64[1]};
}

/// REQUIRES: not empty. Real numbers.
template <Element T>
SumOf<T> min(std::span<const T> x) noexcept {
  return detail::value_of<SumOf<T>>(detail::reduce_spans<ReduceOp::min, T>(x));
}

/// REQUIRES: not empty. Real numbers.
template <Element T>
SumOf<T> max(std::span<const T> x) noexcept {
  return detail::value_of<SumOf<T>>(detail::reduce_spans<ReduceOp::max, T>(x));
}

/// The same by NumPy's name.
template <Element T>
SumOf<T> prod(std::span<const T> x) noexcept {
  return product(x);
}

/// First place of the least (greatest) element, or of the first NaN. REQUIRES: not empty.
template <Element T>
std::int64_t argmin(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::argmin, T>(x).i64;
}
template <Element T>
std::int64_t argmax(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::argmax, T>(x).i64;
}

/// Whether an element (every element) is not zero.
template <Element T>
bool any(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::any, T>(x).u64 != 0;
}
template <Element T>
bool all(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::all, T>(x).u64 != 0;
}

/// Sum of absolute values; integers, f32, f64.
template <Element T>
double norm1(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::norm1, T>(x).f64[0];
}
/// Euclidean norm, whose squares neither overflow nor underflow; integers, f32, f64, complex.
template <Element T>
double norm2(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::norm2, T>(x).f64[0];
}
/// Greatest absolute value; integers, f32, f64. REQUIRES: not empty.
template <Element T>
double norm_inf(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::norm_inf, T>(x).f64[0];
}

/// NaN left out; of nothing but NaN as NumPy: 0, 1, NaN, NaN, {0, NaN, 0}. f16 (not nanprod), f32,
/// f64. REQUIRES: nanmin, nanmax: not empty.
template <Element T>
double nansum(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nansum, T>(x).f64[0];
}
template <Element T>
double nanprod(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nanprod, T>(x).f64[0];
}
template <Element T>
double nanmin(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nanmin, T>(x).f64[0];
}
template <Element T>
double nanmax(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nanmax, T>(x).f64[0];
}
template <Element T>
Moments nanmean_variance(std::span<const T> x) noexcept {
  const ReduceResult result = detail::reduce_spans<ReduceOp::nanmean_variance, T>(x);
  return {result.u64, result.f64[0], result.f64[1]};
}
/// First place of the least (greatest) number; -1 when all is NaN. f16, f32, f64.
/// REQUIRES: not empty.
template <Element T>
std::int64_t nanargmin(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nanargmin, T>(x).i64;
}
template <Element T>
std::int64_t nanargmax(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::nanargmax, T>(x).i64;
}

/// Elements that are not zero.
template <Element T>
std::uint64_t count_nonzero(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::count, T>(x).u64;
}
/// The same by its older name.
template <Element T>
std::uint64_t count(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::count, T>(x).u64;
}

/// f16, f32, f64 and complex.
template <Element T>
std::uint64_t count_nan(std::span<const T> x) noexcept {
  return detail::reduce_spans<ReduceOp::count_nan, T>(x).u64;
}

}  // namespace furrow::kernels
