// furrow/compute/reduce.hpp
//
// Reductions along any axes, on an engine's workers, by NumPy's names.
//
//   auto m = furrow::mean(engine, x, {.axes = {0, 2}, .keepdims = true, .where = mask});
//   auto s = furrow::stddev(engine, x, {.axes = {-1}, .ddof = 1});
//   furrow::reduce_to(engine, "nanmax", out, x, {.axes = {0}});       // into an array of yours
//   double all = furrow::sum(engine, x)();                            // no axes: all, rank 0
//   auto lengths = furrow::dot(engine, x, y, {.axes = {-1}});
//
// Result  a temporary array without the reduced axes (keepdims: with extent 1)
// Types   sum, prod: as x; integers and (sum) bool in i64 and u64 (wrap) · mean var std: as x;
//         integers and bool in f64 · min max: as x · argmin argmax count_nonzero: i64 · any all:
//         bool · norms: f32 and f64 as x, integers in f64,
//         of complex numbers (norm alone) f32 and f64; sum, prod, mean, dot of those: as x
// Error   floats and f16 accumulate in f64 and are rounded once, at the end: sum and mean within
//         (68 + log2(tiles)) eps Σ|x|, as pairwise, on every axis (NumPy: on the fast one alone)
// NaN     propagates; the nan... forms leave it out: of nothing but NaN nansum gives 0, nanprod 1,
//         the others NaN, as NumPy; of integers they are the plain forms
// Mask    `where`, a bool array of x's shape or one that broadcasts to it. mean, var and std count
//         the chosen elements; argmin and argmax give a place among all, chosen or not
// Empty   sum 0, prod 1, any false, all true, mean NaN; min, max, argmin, argmax, norm_inf of
//         nothing, by shape or by mask, are an error, and nanargmin, nanargmax of nothing but NaN
// Bits    those that the same elements give as a whole array: for any axis, fast or slow, and any
//         number of workers, after any crash (the sign of a zero minimum or maximum aside)
// Memory  the result, and partials of long reductions: below 1 MiB, or 1/100 of x if that is more
// Errors  NotFound (name), TypeMismatch, ShapeMismatch, InvalidArgument, PermissionDenied: all
//         before anything is written
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/reduce/reduce.hpp>

namespace furrow {

struct ReduceOptions {
  std::vector<std::int64_t> axes = {};  // in any order, negative ones from the end; none: all
  bool keepdims = false;
  AnyArray where = {};  // none: every element
  double ddof = 0;      // var, std: divide by count - ddof
};

/// sum prod mean var std min max argmin argmax any all count_nonzero norm norm1 norm2 norm_inf
/// nansum nanprod nanmean nanvar nanstd nanmin nanmax nanargmin nanargmax, by name. norm is norm2.
AnyArray reduce(Engine& engine, std::string_view name, const AnyArray& x,
                const ReduceOptions& options = {});

/// Into `out`, of the result's dtype and shape.
void reduce_to(Engine& engine, std::string_view name, const AnyArray& out, const AnyArray& x,
               const ReduceOptions& options = {});

/// Inner products along axes, Σ x*y: as sum(x*y), with the error of sum and products rounded once
/// with it, in f64. x and y broadcast to one shape, to which axes and the mask belong; integers
/// give i64 or u64, floats their own dtype. Whole arrays of one shape: also engine.dot(x, y).
AnyArray dot(Engine& engine, const AnyArray& x, const AnyArray& y,
             const ReduceOptions& options = {});
void dot_to(Engine& engine, const AnyArray& out, const AnyArray& x, const AnyArray& y,
            const ReduceOptions& options = {});

/// The dtype of the result. Throws NotFound, TypeMismatch.
Dtype reduced_dtype(std::string_view name, Dtype dtype);

namespace compute {

/// What a sum over T is along axes: as T, integers in 64 bits, bool counted in i64.
template <Element T>
using SumAs = std::conditional_t<std::is_same_v<T, bool>, std::int64_t,
                                 std::conditional_t<std::is_integral_v<T>, kernels::SumOf<T>, T>>;

/// What a mean is: integers and bool in f64.
template <Element T>
using MeanAs = std::conditional_t<std::is_integral_v<T>, double, T>;

/// What a norm is: a real number.
template <Element T>
using NormAs = std::conditional_t<std::is_same_v<T, c64>, float,
                                  std::conditional_t<std::is_same_v<T, c128>, double, MeanAs<T>>>;

}  // namespace compute

template <Element T>
Array<compute::SumAs<T>> dot(Engine& engine, const Array<T>& x, const Array<T>& y,
                             const ReduceOptions& options = {}) {
  return dot(engine, AnyArray(x), AnyArray(y), options).template as<compute::SumAs<T>>();
}

// NumPy's std is stddev here: the language has a namespace of that name.
#define FURROW_REDUCTION_NAMED(name, by_name, Result)                                    \
  inline AnyArray name(Engine& engine, const AnyArray& x, const ReduceOptions& o = {}) { \
    return reduce(engine, by_name, x, o);                                                \
  }                                                                                      \
  template <Element T>                                                                   \
  Array<Result> name(Engine& engine, const Array<T>& x, const ReduceOptions& o = {}) {   \
    return reduce(engine, by_name, x, o).template as<Result>();                          \
  }

#define FURROW_REDUCTION(name, Result) FURROW_REDUCTION_NAMED(name, #name, Result)

FURROW_REDUCTION(sum, compute::SumAs<T>)
FURROW_REDUCTION(prod, compute::SumAs<T>)
FURROW_REDUCTION(mean, compute::MeanAs<T>)
FURROW_REDUCTION(var, compute::MeanAs<T>)
FURROW_REDUCTION_NAMED(stddev, "std", compute::MeanAs<T>)
FURROW_REDUCTION(min, T)
FURROW_REDUCTION(max, T)
FURROW_REDUCTION(argmin, std::int64_t)
FURROW_REDUCTION(argmax, std::int64_t)
FURROW_REDUCTION(any, bool)
FURROW_REDUCTION(all, bool)
FURROW_REDUCTION(count_nonzero, std::int64_t)
FURROW_REDUCTION(norm, compute::NormAs<T>)
FURROW_REDUCTION(norm1, compute::MeanAs<T>)
FURROW_REDUCTION(norm_inf, compute::MeanAs<T>)
FURROW_REDUCTION(nansum, compute::SumAs<T>)
FURROW_REDUCTION(nanprod, compute::SumAs<T>)
FURROW_REDUCTION(nanmean, compute::MeanAs<T>)
FURROW_REDUCTION(nanvar, compute::MeanAs<T>)
FURROW_REDUCTION(nanstd, compute::MeanAs<T>)
FURROW_REDUCTION(nanmin, T)
FURROW_REDUCTION(nanmax, T)
FURROW_REDUCTION(nanargmin, std::int64_t)
FURROW_REDUCTION(nanargmax, std::int64_t)

#undef FURROW_REDUCTION
#undef FURROW_REDUCTION_NAMED

}  // namespace furrow
