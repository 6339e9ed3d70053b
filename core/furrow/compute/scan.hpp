// furrow/compute/scan.hpp
//
// Running folds of arrays on an engine's workers: cumulative sum, product, minimum, maximum.
//
//   furrow::cumsum(engine, x);                            // in place; flat, in C order, as NumPy
//   furrow::cumsum(engine, x, out, {.axis = 0});          // down the columns
//   furrow::cummax(engine, x, out, {.axis = -1, .exclusive = true});
//
// Shape   out has x's shape; any strides. Without an axis: all elements in C order as one line
// Types   out of x's dtype, and for sums and products i64 or u64 of integers and bool, f64 of f16
//         and f32 (kernels/scan/scan.hpp has the order of roundings, the error bound and NaN)
// Bits    the same for any number of workers, and those of kernels::scan
// Crash   exactly once: a worker may be killed at any instant, in place too. In place, a window of
//         some MiB goes to scratch and is copied from there, so that no step writes what it reads;
//         a packed array in one line is scanned tile by tile under the engine's undo copies
// Memory  in place: up to 16 MiB of scratch.
//         Flat and not contiguous: one or two copies of x
// Errors  before anything is written: TypeMismatch, ShapeMismatch, InvalidArgument (no such axis,
//         out overlaps x without being x), PermissionDenied (out is read-only)
#pragma once

#include <optional>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/scan/scan.hpp>

namespace furrow {

struct ScanOptions {
  std::optional<std::int64_t> axis = {};  // negative: from the end; none: flat
  bool exclusive = false;                 // without the element itself: 0, x[0], x[0] + x[1], …
};

void scan(Engine& engine, kernels::ScanOp op, const AnyArray& x, const AnyArray& out,
          const ScanOptions& options = {});

inline void cumsum(Engine& engine, const AnyArray& x, const AnyArray& out,
                   const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::sum, x, out, options);
}
inline void cumprod(Engine& engine, const AnyArray& x, const AnyArray& out,
                    const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::product, x, out, options);
}
/// NumPy's minimum.accumulate and maximum.accumulate.
inline void cummin(Engine& engine, const AnyArray& x, const AnyArray& out,
                   const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::min, x, out, options);
}
inline void cummax(Engine& engine, const AnyArray& x, const AnyArray& out,
                   const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::max, x, out, options);
}

// In place.
inline void cumsum(Engine& engine, const AnyArray& x, const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::sum, x, x, options);
}
inline void cumprod(Engine& engine, const AnyArray& x, const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::product, x, x, options);
}
inline void cummin(Engine& engine, const AnyArray& x, const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::min, x, x, options);
}
inline void cummax(Engine& engine, const AnyArray& x, const ScanOptions& options = {}) {
  scan(engine, kernels::ScanOp::max, x, x, options);
}

}  // namespace furrow
