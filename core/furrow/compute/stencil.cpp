// furrow/compute/stencil.cpp
#include <furrow/compute/stencil.hpp>

#include <fmt/format.h>

#include <cmath>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/stencil/moving.hpp>

namespace furrow {
namespace {

using compute::OnEngine;
using Extents = std::span<const std::int64_t>;

/// Multiply-adds that are sooner done here than by workers.
constexpr std::int64_t small_work = 1 << 14;

void check_dtypes(const AnyArray& x, const AnyArray& other, std::string_view role,
                  std::string_view what) {
  if (other.dtype() == x.dtype()) return;
  throw TypeMismatch(fmt::format("{}: the array holds {} and the {} {}; the two must be the same",
                                 what, dtype_name(x.dtype()), role, dtype_name(other.dtype())));
}

void check_shape(const AnyArray& out, const Shape& wanted, std::string_view what) {
  if (out.shape() == wanted) return;
  throw ShapeMismatch(fmt::format("{}: the result has shape {}, the output {}", what,
                                  to_string(wanted), to_string(out.shape())));
}

/// Calls f(T{}) with the type of the elements. Throws TypeMismatch.
template <class F>
void with_type(const AnyArray& x, std::string_view what, F f) {
  switch (x.dtype()) {
    case Dtype::f32: return f(float{});
    case Dtype::f64: return f(double{});
    case Dtype::i32: return f(std::int32_t{});
    case Dtype::i64: return f(std::int64_t{});
    case Dtype::u32: return f(std::uint32_t{});
    case Dtype::u64: return f(std::uint64_t{});
    default:
      throw TypeMismatch(fmt::format(
          "{} takes f32, f64, i32, i64, u32 and u64, and the array holds {}; cast it first", what,
          dtype_name(x.dtype())));
  }
}

/// Throws unless the value beyond the ends is an element of x's dtype.
void check_value(const AnyArray& x, Boundary boundary, double value, std::string_view what) {
  if (boundary == Boundary::absent) {
    throw InvalidArgument(
        fmt::format("{}: absent neighbours are for convolve and correlate; pass constant, nearest, "
                    "wrap, reflect or mirror",
                    what));
  }
  if (boundary != Boundary::constant) return;
  with_type(x, what, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      const double low = static_cast<double>(std::numeric_limits<T>::min());
      const double high = std::ldexp(1.0, std::numeric_limits<T>::digits);
      if (value >= low && value < high && std::trunc(value) == value) return;
      throw InvalidArgument(fmt::format("{}: {} beyond the ends is no element of {}", what, value,
                                        dtype_name(x.dtype())));
    }
  });
}

/// Where the result goes: out, or, where that is x itself, a scratch that is copied there.
template <class F>
void through(Engine& engine, const AnyArray& x, const AnyArray& out, F f) {
  if (!compute::shares_memory(out, x)) return f(out);
  const AnyArray result = AnyArray::temporary(out.dtype(), out.shape());
  f(result);
  engine.apply_to_async("copy", out, {&result, 1}).get();
}

struct Places {
  Extents weight_shape;
  Extents origin;
  Boundary boundary;
  double value;
  bool backwards;
};

void run(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
         const Places& places, std::string_view what) {
  const engine::Writing writing(engine, out);
  // The weights are copied: they may overlap the output.
  const AnyArray own = AnyArray::temporary(weights.dtype(), weights.shape());
  engine.apply_to_async("copy", own, {&weights, 1}).get();
  const bool is_packed = x.strides()[x.ndim() - 1] == 1 || x.extent(x.ndim() - 1) == 1;
  const AnyArray from = is_packed ? x : compute::packed(engine, x);
  through(engine, x, out, [&](const AnyArray& to) {
    with_type(x, what, [&](auto zero) {
      using T = decltype(zero);
      const kernels::StencilArrays<T> arrays = {static_cast<const T*>(from.data()),
                                                static_cast<T*>(to.data()),
                                                static_cast<const T*>(own.data()),
                                                from.shape().span(),
                                                from.strides().span(),
                                                to.shape().span(),
                                                to.strides().span(),
                                                places.weight_shape,
                                                places.origin,
                                                places.boundary,
                                                static_cast<T>(places.value),
                                                places.backwards};
      const auto plan = kernels::plan_stencil(arrays);
      if (to.size() <= small_work / own.size()) {
        kernels::stencil(kernels::Serial{}, plan);
      } else {
        kernels::stencil(OnEngine{engine}, plan);
      }
    });
  });
}

/// One axis of x is as long as the overlaps with the weights.
struct Line {
  std::size_t axis;
  Shape out;
};

Line check_line(const AnyArray& x, const AnyArray& weights, Overlap mode, std::int64_t axis,
                std::string_view what) {
  compute::check_valid(x, what);
  compute::check_valid(weights, what);
  with_type(x, what, [](auto) {});
  check_dtypes(x, weights, "weights", what);
  if (weights.ndim() != 1) {
    throw InvalidArgument(fmt::format("{}: weights of shape {}; pass weights with one axis", what,
                                      to_string(weights.shape())));
  }
  if (x.ndim() == 0) {
    throw InvalidArgument(fmt::format("{}: the array is one element and has no axis", what));
  }
  Line line{compute::check_axis(x, axis, what), x.shape()};
  const std::int64_t n = x.extent(line.axis);
  const std::int64_t taps = weights.size();
  if (taps == 0 || n == 0) {
    throw InvalidArgument(
        fmt::format("{}: {} elements with {} weights; pass at least one of each", what, n, taps));
  }
  if (mode != Overlap::full && taps > n) {
    throw InvalidArgument(
        fmt::format("{}: {} weights along an axis of {} elements, where the mode {} takes no more "
                    "weights than elements; pass the mode full, or exchange the two",
                    what, taps, n, mode == Overlap::same ? "same" : "valid"));
  }
  line.out[line.axis] = kernels::overlap_size(mode, n, taps);
  return line;
}

void run_line(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
              Overlap mode, const Line& line, bool backwards, std::string_view what) {
  compute::check_valid(out, what);
  check_dtypes(x, out, "output", what);
  check_shape(out, line.out, what);
  compute::check_output(out, x, what);
  if (out.size() == 0) return;
  Shape taps = x.shape();
  Shape origin = x.shape();
  for (std::size_t k = 0; k < x.ndim(); ++k) {
    taps[k] = k == line.axis ? weights.size() : 1;
    origin[k] = k == line.axis ? kernels::overlap_origin(mode, weights.size()) : 0;
  }
  run(engine, x, weights, out, {taps.span(), origin.span(), Boundary::absent, 0, backwards}, what);
}

}  // namespace

void convolve(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
              const ConvolveOptions& options) {
  const Line line = check_line(x, weights, options.mode, options.axis, "convolve");
  run_line(engine, x, weights, out, options.mode, line, true, "convolve");
}

AnyArray convolve(Engine& engine, const AnyArray& x, const AnyArray& weights,
                  const ConvolveOptions& options) {
  const Line line = check_line(x, weights, options.mode, options.axis, "convolve");
  AnyArray out = AnyArray::temporary(x.dtype(), line.out);
  run_line(engine, x, weights, out, options.mode, line, true, "convolve");
  return out;
}

void correlate(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
               const CorrelateOptions& options) {
  const Line line = check_line(x, weights, options.mode, options.axis, "correlate");
  run_line(engine, x, weights, out, options.mode, line, false, "correlate");
}

AnyArray correlate(Engine& engine, const AnyArray& x, const AnyArray& weights,
                   const CorrelateOptions& options) {
  const Line line = check_line(x, weights, options.mode, options.axis, "correlate");
  AnyArray out = AnyArray::temporary(x.dtype(), line.out);
  run_line(engine, x, weights, out, options.mode, line, false, "correlate");
  return out;
}

void stencil(Engine& engine, const AnyArray& x, const AnyArray& weights, const AnyArray& out,
             const StencilOptions& options) {
  const std::string_view what = "stencil";
  compute::check_valid(x, what);
  compute::check_valid(weights, what);
  compute::check_valid(out, what);
  with_type(x, what, [](auto) {});
  check_dtypes(x, weights, "weights", what);
  check_dtypes(x, out, "output", what);
  if (x.ndim() == 0 || weights.ndim() != x.ndim()) {
    throw InvalidArgument(fmt::format(
        "{}: weights of shape {} for an array of shape {}; pass weights with as many axes, at "
        "least one",
        what, to_string(weights.shape()), to_string(x.shape())));
  }
  if (weights.size() == 0) {
    throw InvalidArgument(fmt::format("{}: weights of shape {}; pass at least one", what,
                                      to_string(weights.shape())));
  }
  check_shape(out, x.shape(), what);
  check_value(x, options.boundary, options.value, what);
  compute::check_output(out, x, what);
  if (out.size() == 0) return;
  Shape origin = x.shape();
  for (std::size_t k = 0; k < x.ndim(); ++k) {
    origin[k] = (options.backwards ? weights.extent(k) - 1 : weights.extent(k)) / 2;
  }
  run(engine, x, weights, out,
      {weights.shape().span(), origin.span(), options.boundary, options.value, options.backwards},
      what);
}

}  // namespace furrow
