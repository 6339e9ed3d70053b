// furrow/compute/stencil.hpp
//
// Weighted sums of neighbours of arrays on an engine's workers: convolution, correlation, stencils,
// moving averages.
//
//   furrow::convolve(engine, x, w, out, {.mode = Overlap::same, .axis = 0});
//   furrow::stencil(engine, image, weights, image, {.boundary = Boundary::nearest});  // in place
//   auto mean = furrow::moving_average(engine, prices, 20, {.axis = 0});
//
// Shape   convolve, correlate: one axis, with weights of one axis; out has x's shape but for that
//         axis: n + w - 1 (full), n (same, w <= n) or n - w + 1 (valid, w <= n)
//         stencil: weights with as many axes as x, centred on their element w/2; out as x
//         moving_average: n - w + 1, or n with a boundary (the window begins w/2 before)
//         any strides
// Types   out and weights as x: f32 f64 i32 i64 u32 u64 (integers wrap); moving_average: f32 f64
// Names   numpy.convolve, numpy.correlate along an axis (weights never change place with x);
//         scipy.ndimage.correlate, convolve (backwards), uniform_filter1d
// Bits    the same for any number of workers, and those of kernels::stencil and moving_average
//         (kernels/stencil/stencil.hpp, moving.hpp: order, error bounds, NaN)
// Crash   exactly once: a worker may be killed at any instant, in place too
// Memory  in place: a copy of the result; x whose last axis is not packed: a copy of x
// Errors  before anything is written: TypeMismatch, ShapeMismatch, InvalidArgument (no weights,
//         weights longer than x, no such axis, overlap), PermissionDenied (out is read-only)
#pragma once

#include <cstdint>
#include <optional>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/stencil/stencil.hpp>

namespace furrow {

using kernels::Boundary;
using kernels::Overlap;

struct ConvolveOptions {
  Overlap mode = Overlap::full;
  std::int64_t axis = -1;
};
struct CorrelateOptions {
  Overlap mode = Overlap::valid;
  std::int64_t axis = -1;
};

void convolve(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
              const ConvolveOptions& options);
AnyArray convolve(Engine& engine, const AnyArray& x, const AnyArray& weights,
                  const ConvolveOptions& options = {});

void correlate(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
               const CorrelateOptions& options);
AnyArray correlate(Engine& engine, const AnyArray& x, const AnyArray& weights,
                   const CorrelateOptions& options = {});

struct StencilOptions {
  Boundary boundary = Boundary::reflect;
  double value = 0;        // beyond the ends, for Boundary::constant
  bool backwards = false;  // weights from the last to the first: convolution
};

void stencil(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
             const StencilOptions& options = {});

struct MovingOptions {
  std::int64_t axis = -1;
  std::optional<Boundary> boundary = {};  // none: whole windows only
  double value = 0;                       // beyond the ends, for Boundary::constant
};

void moving_average(Engine& engine, const AnyArray& x, std::int64_t window, const AnyArray& out,
                    const MovingOptions& options);
AnyArray moving_average(Engine& engine, const AnyArray& x, std::int64_t window,
                        const MovingOptions& options = {});

}  // namespace furrow
