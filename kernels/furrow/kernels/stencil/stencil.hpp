// furrow/kernels/stencil/stencil.hpp
//
// Weighted sums of neighbours.        out[i] = Σ w[t] x[i - origin + t]       (over all axes)
//
//   std::vector<double> y(x.size() + w.size() - 1);
//   kernels::convolve<double>(kernels::Serial{}, x, w, y, kernels::Overlap::full);
//   kernels::stencil(each, kernels::plan_stencil<float>(arrays));          // N-d, any executor
//
// Kinds   correlation as it stands, convolution with the weights read backwards; numpy.correlate,
//         numpy.convolve (boundary absent), scipy.ndimage.correlate, convolve (the other ones)
// Shape   1 to 8 axes; weights have as many; x's last axis is packed, all other strides are free
// Types   f32 f64, and i32 i64 u32 u64, which wrap
// Order   one multiply-add after the other, in C order of x's neighbours, from +0: a function of
//         the weights' shape alone, not of place, cut, executor or SIMD target
// Error   (taps + 1) eps Σ|w x|, eps = 2^-53 or 2^-24; integers exact
// NaN     goes to the outputs that it is a neighbour of, also where its weight is 0
// Memory  out does not overlap x: every output's neighbours are read from the array as it was
// Source  the definition
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/stencil/boundary.hpp>

namespace furrow::kernels {

inline constexpr std::size_t stencil_axes_max = 8;

/// What is asked. Strides count elements.
template <class T>
struct StencilArrays {
  const T* in;
  T* out;
  const T* weights;  // packed
  std::span<const std::int64_t> in_shape;
  std::span<const std::int64_t> in_strides;
  std::span<const std::int64_t> out_shape;
  std::span<const std::int64_t> out_strides;
  std::span<const std::int64_t> weight_shape;
  std::span<const std::int64_t> origin;
  Boundary boundary;
  T value;         // beyond the ends, for Boundary::constant
  bool backwards;  // weights from the last to the first: convolution
};

/// An axis of a plan.
struct StencilAxis {
  std::int64_t in;
  std::int64_t out;
  std::int64_t taps;
  std::int64_t origin;
  std::int64_t in_stride;
  std::int64_t out_stride;
};

/// A stencil made ready and cut into steps. Trivially copyable.
template <class T>
struct StencilPlan {
  const T* in;
  T* out;
  const T* first_weight;     // in the order of use
  std::int64_t weight_step;  // 1 or -1
  Boundary boundary;
  T value;
  bool finite;  // all weights: then an absent neighbour may count as a zero
  std::size_t outer_count;
  StencilAxis outer[stencil_axes_max];
  StencilAxis last;     // its positions are groups of `inner` elements, packed
  std::int64_t inner;   // elements between two taps of the last axis
  std::int64_t rows;    // of the output: all positions of the outer axes
  std::int64_t blocks;  // of a row
  std::int64_t rows_of_step;
  std::int64_t blocks_of_step;
  std::int64_t row_groups;
  std::int64_t block_groups;

  std::int64_t steps() const noexcept { return row_groups * block_groups; }
};

/// Elements of the output that are computed side by side.
inline constexpr std::int64_t stencil_block_elements = 2048;

/// REQUIRES: 1 to 8 axes everywhere, extents >= 1, in_strides.back() == 1 or one position on the
/// last axis. T is float, double, or an integer of 32 or 64 bits.
template <class T>
StencilPlan<T> plan_stencil(const StencilArrays<T>& arrays) noexcept;

/// One part of the output.
template <class T>
void stencil_step(const StencilPlan<T>& plan, std::int64_t step) noexcept;

template <class Each, class T>
void stencil(Each each, const StencilPlan<T>& plan) {
  each(plan.steps(), [plan](std::int64_t step) { stencil_step(plan, step); });
}

/// NumPy's modes: every overlap, as many as x has, only whole overlaps.
enum class Overlap : std::uint8_t { full, same, valid };

constexpr std::int64_t overlap_size(Overlap mode, std::int64_t n, std::int64_t taps) noexcept {
  return mode == Overlap::full ? n + taps - 1 : mode == Overlap::same ? n : n - taps + 1;
}
/// Where the first output's first tap is, before x's begin.
constexpr std::int64_t overlap_origin(Overlap mode, std::int64_t taps) noexcept {
  return mode == Overlap::full ? taps - 1 : mode == Overlap::same ? taps / 2 : 0;
}

namespace detail {
template <class Each, class T>
void overlap(Each each, std::span<const T> x, std::span<const T> weights, std::span<T> out,
             Overlap mode, bool backwards) {
  const std::int64_t n[] = {static_cast<std::int64_t>(x.size())};
  const std::int64_t taps[] = {static_cast<std::int64_t>(weights.size())};
  const std::int64_t size[] = {static_cast<std::int64_t>(out.size())};
  const std::int64_t stride[] = {1};
  const std::int64_t origin[] = {overlap_origin(mode, taps[0])};
  const StencilArrays<T> arrays = {x.data(), out.data(), weights.data(), n,      stride,
                                   size,     stride,     taps,           origin, Boundary::absent,
                                   T{},      backwards};
  stencil(each, plan_stencil(arrays));
}
}  // namespace detail

/// numpy.convolve(x, weights, mode). REQUIRES: x and weights are not empty; unless full, weights
/// are not longer than x; out has overlap_size elements.
template <class T, class Each>
void convolve(Each each, std::span<const T> x, std::span<const T> weights, std::span<T> out,
              Overlap mode) {
  detail::overlap(each, x, weights, out, mode, true);
}
/// numpy.correlate(x, weights, mode).
template <class T, class Each>
void correlate(Each each, std::span<const T> x, std::span<const T> weights, std::span<T> out,
               Overlap mode) {
  detail::overlap(each, x, weights, out, mode, false);
}

}  // namespace furrow::kernels
