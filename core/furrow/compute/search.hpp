// furrow/compute/search.hpp
//
// Where values belong in a sorted array, on an engine's workers.
//
//   auto at = furrow::searchsorted(engine, sorted, values);       // shape of values
//   auto bin = furrow::digitize(engine, x, edges);
//
// Order   of sort(): NaN last, equal to NaN; -0 equal to +0
// Types   all real dtypes, both arrays the same
// Errors  TypeMismatch, ShapeMismatch (sorted has not rank 1), InvalidArgument (bins not
//         monotonic): before anything is written. That `sorted` is sorted is not checked, as in
//         NumPy
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/sort/search.hpp>

namespace furrow {

using kernels::Side;

/// left: sorted[i-1] < v <= sorted[i]; right: sorted[i-1] <= v < sorted[i].
Array<std::int64_t> searchsorted(Engine& engine, const AnyArray& sorted, const AnyArray& values,
                                 Side side = Side::left);

/// The bin of each element: bins[i-1] <= x < bins[i] for bins that increase, and bins[i-1] > x >=
/// bins[i] for bins that decrease; with `right`, the bin's other end is closed. NumPy's digitize.
Array<std::int64_t> digitize(Engine& engine, const AnyArray& x, const AnyArray& bins,
                             bool right = false);

}  // namespace furrow
