// furrow/kernels/stencil/boundary.hpp
//
// What stands beyond the ends of an axis, by SciPy's names (scipy.ndimage), here for a b c d:
//
//   constant   k k k k | a b c d | k k k k     NumPy's pad: constant
//   nearest    a a a a | a b c d | d d d d                  edge
//   wrap       a b c d | a b c d | a b c d                  wrap
//   reflect    d c b a | a b c d | d c b a                  symmetric
//   mirror     . d c b | a b c d | c b a .                  reflect
//   absent     nothing: taps that fall there are left out; numpy.convolve and numpy.correlate
//
// Size    any distance beyond the ends, any extent from 1 on
#pragma once

#include <algorithm>
#include <cstdint>

namespace furrow::kernels {

enum class Boundary : std::uint8_t { constant, nearest, wrap, reflect, mirror, absent };

/// The position that stands for position i of an axis with n elements, or -1: none does.
constexpr std::int64_t position_at(Boundary boundary, std::int64_t i, std::int64_t n) noexcept {
  if (i >= 0 && i < n) return i;
  const auto folded = [i](std::int64_t period) {
    const std::int64_t rest = i % period;
    return rest < 0 ? rest + period : rest;
  };
  switch (boundary) {
    case Boundary::nearest: return i < 0 ? 0 : n - 1;
    case Boundary::wrap: return folded(n);
    case Boundary::reflect: {
      const std::int64_t at = folded(2 * n);
      return std::min(at, 2 * n - 1 - at);
    }
    case Boundary::mirror: {
      if (n == 1) return 0;
      const std::int64_t at = folded(2 * n - 2);
      return std::min(at, 2 * n - 2 - at);
    }
    case Boundary::constant:
    case Boundary::absent: break;
  }
  return -1;
}

/// A packed axis of n positions with `inner` elements each, and what stands beyond it.
template <class T>
struct PaddedLine {
  const T* data;
  std::int64_t n;
  std::int64_t inner;
  Boundary boundary;
  T value;  // of constant; 0 for absent

  /// Copies elements [first, first + count) of the line, which may lie beyond its ends.
  template <class To>
  void copy(std::int64_t first, std::int64_t count, To* to) const noexcept {
    const std::int64_t end = first + count;
    const std::int64_t size = n * inner;
    const std::int64_t begin_inside = std::clamp<std::int64_t>(0, first, end);
    const std::int64_t end_inside = std::clamp(size, begin_inside, end);
    copy_outside(first, begin_inside, to);
    std::copy(data + begin_inside, data + end_inside, to + (begin_inside - first));
    copy_outside(end_inside, end, to + (end_inside - first));
  }

 private:
  template <class To>
  void copy_outside(std::int64_t first, std::int64_t end, To* to) const noexcept {
    if (first == end) return;
    // Floor, also below 0. The rest is never divided again: ends are short and many.
    std::int64_t position = first;
    std::int64_t within = 0;
    if (inner != 1) {
      position = first / inner - (first % inner < 0 ? 1 : 0);
      within = first - position * inner;
    }
    for (std::int64_t i = first; i < end; ++position, within = 0) {
      const std::int64_t run = std::min(inner - within, end - i);
      const std::int64_t from = position_at(boundary, position, n);
      if (from < 0) {
        for (std::int64_t k = 0; k < run; ++k) to[k] = static_cast<To>(value);
      } else {
        const T* const begin = data + from * inner + within;
        for (std::int64_t k = 0; k < run; ++k) to[k] = static_cast<To>(begin[k]);
      }
      to += run;
      i += run;
    }
  }
};

}  // namespace furrow::kernels
