// furrow/compute/sort.hpp
//
// Sorting arrays on an engine's workers.
//
//   furrow::sort(engine, x);                                      // in place, along the last axis
//   furrow::sort(engine, x, {.axis = {}, .descending = true});    // all elements, largest first
//   auto order = furrow::argsort(engine, x);                      // indices, stable
//   furrow::partition(engine, x, {x.size() / 2});                 // the median in its place
//   auto best = furrow::top_k(engine, x, 10);                     // best.values, best.indices
//
// Types   all real dtypes; complex is a TypeMismatch
// Order   NaN last, ascending and descending; -0 before +0 in values, equal to it in argsort
// Bits    a function of the elements alone: the same for any number of workers, after any crash;
//         the sign and payload of a NaN are not kept
// Crash   a worker may be killed at any instant, in place too
// Memory  as much scratch as the array in shared memory, for one pass out and one back
// Errors  TypeMismatch, ShapeMismatch, InvalidArgument (axis, rank, k), PermissionDenied,
//         OutOfSpace: all before anything is written
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <furrow/compute/lanes.hpp>
#include <furrow/engine/engine.hpp>

namespace furrow {

struct SortOptions {
  compute::Axis axis = -1;  // none: all elements in C order, as one lane
  bool descending = false;
};

/// In place.
void sort(Engine& engine, const AnyArray& x, const SortOptions& options = {});
/// Into `out`, of x's dtype and shape, which may be x.
void sort_to(Engine& engine, const AnyArray& out, const AnyArray& x,
             const SortOptions& options = {});

/// The indices along the axis that sort x, stable: NumPy's argsort(kind="stable"). Without an axis
/// they count all elements in C order, and the result has rank 1.
Array<std::int64_t> argsort(Engine& engine, const AnyArray& x, const SortOptions& options = {});
void argsort_to(Engine& engine, const Array<std::int64_t>& out, const AnyArray& x,
                const SortOptions& options = {});

/// In place: the elements of these ranks stand where a sort would put them, none that is larger
/// before and none that is smaller behind. Ranks below 0 count from the end.
void partition(Engine& engine, const AnyArray& x, const std::vector<std::int64_t>& ranks,
               const SortOptions& options = {});

struct TopK {
  AnyArray values;  // of x's dtype
  Array<std::int64_t> indices;
};

struct TopKOptions {
  compute::Axis axis = -1;
  bool largest = true;
};

/// The k largest (or smallest) along the axis, in order; of equal ones the first come first. NaN
/// counts as none: it is taken only where nothing else is left. Throws InvalidArgument unless
/// 0 <= k <= length.
TopK top_k(Engine& engine, const AnyArray& x, std::int64_t k, const TopKOptions& options = {});

}  // namespace furrow
