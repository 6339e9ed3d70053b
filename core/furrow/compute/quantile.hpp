// furrow/compute/quantile.hpp
//
// Quantiles, medians and different elements, on an engine's workers.
//
//   auto q = furrow::quantile(engine, x, {0.05, 0.5, 0.95});           // of all: shape (3)
//   auto r = furrow::quantile(engine, x, {0.5}, {.axis = 0});          // shape (1, rest)
//   double m = furrow::median(engine, x)();                            // rank 0
//   auto u = furrow::unique(engine, x);                                // u.values, u.counts
//
// Types   all real dtypes; quantiles are f64
// NaN     gives NaN, or is left out; the methods are NumPy's (kernels/sort/quantile.hpp)
// Errors  TypeMismatch, InvalidArgument (q outside of [0, 1], an axis, no elements), ShapeMismatch:
//         before anything is written. x is never changed
#pragma once

#include <cstdint>
#include <vector>

#include <furrow/compute/lanes.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/kernels/sort/quantile.hpp>

namespace furrow {

using kernels::QuantileMethod;

struct QuantileOptions {
  compute::Axis axis{};  // none: of all elements
  QuantileMethod method = QuantileMethod::linear;
  bool ignore_nan = false;
};

/// Shape: (count of q, x's without the axis).
Array<double> quantile(Engine& engine, const AnyArray& x, const std::vector<double>& q,
                       const QuantileOptions& options = {});

/// The same with q in percent.
Array<double> percentile(Engine& engine, const AnyArray& x, const std::vector<double>& percent,
                         const QuantileOptions& options = {});

/// Shape: x's without the axis; `method` is not looked at.
Array<double> median(Engine& engine, const AnyArray& x, const QuantileOptions& options = {});

struct Unique {
  AnyArray values;             // of x's dtype, ascending
  Array<std::int64_t> counts;  // as many
  Array<std::int64_t>
      inverse;  // x's shape: x[i] = values[inverse[i]]; not valid() unless asked for
};

struct UniqueOptions {
  bool inverse = false;
};

/// The different elements of all of x. Zero is +0, NaN comes once and last.
Unique unique(Engine& engine, const AnyArray& x, const UniqueOptions& options = {});

}  // namespace furrow
