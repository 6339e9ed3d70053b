// furrow/kernels/stencil/moving.hpp
//
// Means of the elements in a window that moves along an axis.
//                                                  out[i] = (x[i - o] + … + x[i - o + w-1]) / w
//
//   kernels::moving_average<double>(kernels::Serial{}, x, 20, out, scratch);       // valid, 1-D
//
// Shape   lines of n positions with `inner` elements each, packed: any axis of a C-ordered array
// Types   f32, f64; summed in f64
// Order   no running sum, which would drift and carry a NaN to the end: each window is a tree of
//         its own. Sums of 2, 4, 8 … neighbours are made from each other, and a window is put
//         together from them, the smaller first; windows above 1024: from sums of 1024. A function
//         of the window alone, so that equal windows have equal means, wherever they are
// Error   (2 log2(w) + 2) eps Σ|x in the window| / w, eps = 2^-53; f32: rounded once more
// NaN     goes to the windows that it is in, and to no other; so do infinities
// Memory  out does not overlap x. Scratch above a window of 1024: moving_scratch doubles
// Source  doubling: Hillis and Steele, "Data parallel algorithms", 1986
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/stencil/boundary.hpp>

namespace furrow::kernels {

/// Sums of windows up to here are made in one pass.
inline constexpr std::int64_t moving_window_max = 1024;

/// One pass over all lines. Trivially copyable. In and Out are float or double.
template <class In, class Out>
struct MovingPass {
  PaddedLine<In> in;      // the first line
  std::int64_t inner;     // elements from a position to the next
  std::int64_t in_line;   // elements from a line to the next
  std::int64_t in_first;  // where the first output's window begins, in elements; may be < 0
  Out* out;
  std::int64_t out_line;
  std::int64_t out_size;  // elements of a line
  std::int64_t lines;
  std::int64_t window;  // 1 to moving_window_max
  const double* more;   // added to the sums, laid out as the output; or null
  double divisor;

  std::int64_t steps() const noexcept;
};

template <class In, class Out>
void moving_step(const MovingPass<In, Out>& pass, std::int64_t step) noexcept;

/// What is asked.
template <class T>
struct MovingArrays {
  const T* in;
  T* out;
  std::int64_t lines;
  std::int64_t n;      // positions of a line of x
  std::int64_t out_n;  // and of the output; n - window + 1 without a boundary
  std::int64_t inner;
  std::int64_t window;
  std::int64_t origin;  // positions of the window before the output's
  Boundary boundary;    // not absent
  T value;
};

namespace detail {

/// Elements of a line of the sums of `window` that an output of so many elements needs, when they
/// are put together from sums of moving_window_max.
constexpr std::int64_t moving_sums(std::int64_t out_size, std::int64_t window,
                                   std::int64_t inner) noexcept {
  return out_size + (window / moving_window_max - 1) * moving_window_max * inner;
}

template <class Each, class In, class Out>
void moving(Each each, MovingPass<In, Out> pass, double* scratch) {
  const std::int64_t window = pass.window;
  if (window <= moving_window_max) {
    each(pass.steps(), [pass](std::int64_t i) { moving_step(pass, i); });
    return;
  }
  // Sums of 1024 neighbours; sums of so many of these, 1024 positions apart; and the rest.
  const std::int64_t inner = pass.inner;
  const std::int64_t size = moving_sums(pass.out_size, window, inner);
  double* const blocks = scratch;
  double* const sums = blocks + pass.lines * size;
  MovingPass<In, double> first = {pass.in, inner, pass.in_line, pass.in_first,     blocks,
                                  size,    size,  pass.lines,   moving_window_max, nullptr,
                                  1};
  each(first.steps(), [first](std::int64_t i) { moving_step(first, i); });
  const std::int64_t apart = moving_window_max * inner;
  const std::int64_t count = window / moving_window_max;
  const std::int64_t rest = window % moving_window_max;
  const PaddedLine<double> line = {blocks, size, 1, Boundary::constant, 0.0};
  if (rest == 0) {
    moving(each,
           MovingPass<double, Out>{line, apart, size, 0, pass.out, pass.out_line, pass.out_size,
                                   pass.lines, count, pass.more, pass.divisor},
           sums);
    return;
  }
  moving(each,
         MovingPass<double, double>{line, apart, size, 0, sums, pass.out_size, pass.out_size,
                                    pass.lines, count, nullptr, 1},
         sums + pass.lines * pass.out_size);
  MovingPass<In, Out> last = pass;
  last.in_first += count * apart;
  last.window = rest;
  last.more = sums;
  each(last.steps(), [last](std::int64_t i) { moving_step(last, i); });
}

}  // namespace detail

/// Doubles of scratch.
constexpr std::int64_t moving_scratch(std::int64_t lines, std::int64_t out_size,
                                      std::int64_t window, std::int64_t inner) noexcept {
  std::int64_t total = 0;
  for (; window > moving_window_max; window /= moving_window_max) {
    total += lines * (detail::moving_sums(out_size, window, inner) + out_size);
    inner *= moving_window_max;
  }
  return total;
}

/// REQUIRES: lines, n, out_n, inner, window >= 1; scratch of moving_scratch(lines, out_n * inner,
/// window, inner).
template <class Each, class T>
void moving_average(Each each, const MovingArrays<T>& x, double* scratch) {
  const std::int64_t size = x.out_n * x.inner;
  const PaddedLine<T> line = {x.in, x.n, x.inner, x.boundary, x.value};
  detail::moving(each,
                 MovingPass<T, T>{line, x.inner, x.n * x.inner, -x.origin * x.inner, x.out, size,
                                  size, x.lines, x.window, nullptr, static_cast<double>(x.window)},
                 scratch);
}

/// One line, whole windows only. REQUIRES: 1 <= window <= x.size(), out.size() == x.size() - window
/// + 1, scratch of moving_scratch(1, out.size(), window, 1).
template <class T, class Each>
void moving_average(Each each, std::span<const T> x, std::int64_t window, std::span<T> out,
                    std::span<double> scratch) {
  moving_average(
      each,
      MovingArrays<T>{x.data(), out.data(), 1, static_cast<std::int64_t>(x.size()),
                      static_cast<std::int64_t>(out.size()), 1, window, 0, Boundary::constant, T{}},
      scratch.data());
}

}  // namespace furrow::kernels
