// furrow/compute/moving_average.cpp
#include <fmt/format.h>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/compute/stencil.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/stencil/moving.hpp>

namespace furrow {
namespace {

constexpr std::string_view what = "moving_average";

struct Window {
  std::size_t axis;
  Shape out;
};

Window check(const AnyArray& x, std::int64_t window, const MovingOptions& options) {
  if (!x.valid()) throw InvalidArgument(fmt::format("{}: an array that holds nothing", what));
  if (x.dtype() != Dtype::f32 && x.dtype() != Dtype::f64) {
    throw TypeMismatch(fmt::format("{} takes f32 and f64, and the array holds {}; cast it first",
                                   what, dtype_name(x.dtype())));
  }
  if (x.ndim() == 0) {
    throw InvalidArgument(fmt::format("{}: the array is one element and has no axis", what));
  }
  Window found{compute::check_axis(x, options.axis, what), x.shape()};
  const std::int64_t n = x.extent(found.axis);
  if (window < 1 || n == 0 || (!options.boundary && window > n)) {
    throw InvalidArgument(fmt::format(
        "{}: a window of {} on an axis of {} elements; pass a window of at least 1, and, without a "
        "boundary, no longer than the axis",
        what, window, n));
  }
  if (options.boundary == Boundary::absent) {
    throw InvalidArgument(
        fmt::format("{}: absent neighbours have no mean; pass another boundary, or none", what));
  }
  if (!options.boundary) found.out[found.axis] = n - window + 1;
  return found;
}

template <class T>
void run(Engine& engine, const AnyArray& x, std::int64_t window, const AnyArray& out,
         std::size_t axis, const MovingOptions& options) {
  std::int64_t lines = 1;
  std::int64_t inner = 1;
  for (std::size_t k = 0; k < axis; ++k) lines *= x.extent(k);
  for (std::size_t k = axis + 1; k < x.ndim(); ++k) inner *= x.extent(k);
  const std::int64_t out_n = out.extent(axis);
  const kernels::MovingArrays<T> arrays = {static_cast<const T*>(x.data()),
                                           static_cast<T*>(out.data()),
                                           lines,
                                           x.extent(axis),
                                           out_n,
                                           inner,
                                           window,
                                           options.boundary ? window / 2 : 0,
                                           options.boundary.value_or(Boundary::constant),
                                           static_cast<T>(options.value)};
  const auto scratch =
      Array<double>::temporary({kernels::moving_scratch(lines, out_n * inner, window, inner)});
  if (x.size() <= 4096 && window <= kernels::moving_window_max) {
    kernels::moving_average(kernels::Serial{}, arrays, scratch.data());
  } else {
    kernels::moving_average(compute::OnEngine{engine}, arrays, scratch.data());
  }
}

void run(Engine& engine, const AnyArray& x, std::int64_t window, const AnyArray& out,
         const Window& found, const MovingOptions& options) {
  if (out.size() == 0) return;
  const engine::Writing writing(engine, out);
  const AnyArray from = compute::packed(engine, x);
  const bool is_apart = !compute::shares_memory(out, from) && out.is_contiguous();
  const AnyArray to = is_apart ? out : AnyArray::temporary(out.dtype(), out.shape());
  if (x.dtype() == Dtype::f32) {
    run<float>(engine, from, window, to, found.axis, options);
  } else {
    run<double>(engine, from, window, to, found.axis, options);
  }
  if (!is_apart) engine.apply_to_async("copy", out, {&to, 1}).get();
}

}  // namespace

void moving_average(Engine& engine, const AnyArray& x, std::int64_t window, const AnyArray& out,
                    const MovingOptions& options) {
  const Window found = check(x, window, options);
  compute::check_valid(out, what);
  if (out.dtype() != x.dtype()) {
    throw TypeMismatch(
        fmt::format("{}: the array holds {} and the output {}; they must be the same", what,
                    dtype_name(x.dtype()), dtype_name(out.dtype())));
  }
  if (!(out.shape() == found.out)) {
    throw ShapeMismatch(fmt::format("{}: the result has shape {}, the output {}", what,
                                    to_string(found.out), to_string(out.shape())));
  }
  compute::check_output(out, x, what);
  run(engine, x, window, out, found, options);
}

AnyArray moving_average(Engine& engine, const AnyArray& x, std::int64_t window,
                        const MovingOptions& options) {
  const Window found = check(x, window, options);
  AnyArray out = AnyArray::temporary(x.dtype(), found.out);
  run(engine, x, window, out, found, options);
  return out;
}

}  // namespace furrow
