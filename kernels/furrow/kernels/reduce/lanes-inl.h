// furrow/kernels/reduce/lanes-inl.h
//
// The 16 virtual lanes of f64 in which floating-point reductions of one tile accumulate, whatever
// the register width: element i goes to lane i % 16, the tail is padded with what changes nothing,
// and the lanes are folded in halves. So every target adds in the same order.
//
// Memory  a call that says `stream` fetches 4 KiB ahead of itself, across the tile's end: hardware
//         prefetchers lose the pace where one tile is folded and the next begins (measured with
//         two cores on DRAM: 0.85 of a plain loop without, 1.0 with)
#if defined(FURROW_KERNELS_REDUCE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_REDUCE_LANES_INL_H_
#undef FURROW_KERNELS_REDUCE_LANES_INL_H_
#else
#define FURROW_KERNELS_REDUCE_LANES_INL_H_
#endif

#include <algorithm>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>
#include <furrow/kernels/registry.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;
constexpr std::size_t lanes = hn::MaxLanes(D{});
constexpr std::size_t registers = lanes_virtual / lanes;

template <class T>
HWY_INLINE V load_f64(const T* p) noexcept {
  const D d;
  if constexpr (std::is_same_v<T, double>) {
    return hn::LoadU(d, p);
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), p));
  }
}

/// The lanes of one register, folded in halves until `Left` of them are left, in `out`.
template <std::size_t Left, class Tag, class Vector, class Op, class T>
HWY_INLINE void fold_register(Tag d, Vector v, T* out, [[maybe_unused]] Op op) noexcept {
  if constexpr (hn::MaxLanes(Tag{}) == Left) {
    hn::StoreU(v, d, out);
  } else {
#if HWY_TARGET != HWY_SCALAR  // which has one lane, and no halves
    const hn::Half<Tag> half;
    fold_register<Left>(half, op(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), out, op);
#endif
  }
}

struct Plus {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::Add(x, y);
  }
};
struct Times {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::Mul(x, y);
  }
};

/// 16 accumulators.
struct Lanes {
  V part[registers];

  explicit HWY_INLINE Lanes(double start) noexcept {
    for (V& v : part) v = hn::Set(D{}, start);
  }

  template <std::size_t Left, class Op>
  HWY_INLINE void fold_to(double* out, Op op) const noexcept {
    V v[registers];
    for (std::size_t r = 0; r < registers; ++r) v[r] = part[r];
    std::size_t count = registers;
    for (; count > 1 && count * lanes > Left; count /= 2) {
      for (std::size_t r = 0; r < count / 2; ++r) v[r] = op(v[r], v[r + count / 2]);
    }
    if constexpr (lanes >= Left) {
      fold_register<Left>(D{}, v[0], out, op);
    } else {
      for (std::size_t r = 0; r < Left / lanes; ++r) hn::StoreU(v[r], D{}, out + r * lanes);
    }
  }
  template <class Op>
  HWY_INLINE double fold(Op op) const noexcept {
    double result;
    fold_to<1>(&result, op);
    return result;
  }
  HWY_INLINE double fold() const noexcept { return fold(Plus{}); }
};

/// The last, incomplete group of 16, padded.
template <class T>
struct Tail {
  alignas(64) T values[lanes_virtual];

  Tail(const T* x, std::size_t count, T padding) noexcept {
    std::fill(std::begin(values), std::end(values), padding);
    std::copy(x, x + count, values);
  }
};

/// The partial of a call of any length, cut into tiles: one(first, count) of each tile, combined by
/// index as combine_tree does. Tiles of the tree's two halves are folded side by side, as far as
/// both(first, second, partials) can: the hardware fetches two places in memory faster than one
/// (measured from DRAM: 5 to 10 % less time).
template <bool Pairs, class T, class One, class Both, class Combine>
HWY_INLINE double fold_tiles(std::size_t count, One one, [[maybe_unused]] Both both,
                             Combine combine) noexcept {
  constexpr std::size_t elements = tile_elements(sizeof(T));
  if (count <= elements) return one(0, count);
  const std::size_t tiles = (count + elements - 1) / elements;
  std::size_t half = 1;
  while (2 * half < tiles) half *= 2;
  double levels[2][64];
  // Level k of a half holds the combination of 2^k tiles that wait for as many more.
  const auto add = [&](double(&level)[64], std::size_t before, double partial) HWY_ATTR {
    std::size_t k = 0;
    for (; (before >> k & 1) != 0; ++k) partial = combine(level[k], partial);
    level[k] = partial;
  };
  const auto total = [&](const double(&level)[64], std::size_t added) HWY_ATTR {
    std::size_t k = 0;
    while ((added >> k & 1) == 0) ++k;
    double sum = level[k];
    for (++k; added >> k != 0; ++k) {
      if ((added >> k & 1) != 0) sum = combine(level[k], sum);
    }
    return sum;
  };
  const std::size_t whole = Pairs ? count / elements : 0;
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t j = half + i;
    if constexpr (Pairs) {
      if (j < whole) {
        double partial[2];
        both(i * elements, j * elements, partial);
        add(levels[0], i, partial[0]);
        add(levels[1], i, partial[1]);
        continue;
      }
    }
    add(levels[0], i, one(i * elements, elements));
  }
  for (std::size_t j = std::max(half, whole); j < tiles; ++j) {
    add(levels[1], j - half, one(j * elements, std::min(elements, count - j * elements)));
  }
  return combine(total(levels[0], half), total(levels[1], tiles - half));
}

constexpr std::size_t ahead_bytes = 4096;

/// Fetches what lies 4 KiB behind the group of 16 at `x`.
template <class T>
HWY_INLINE void fetch_ahead(const T* x) noexcept {
  const char* const line = reinterpret_cast<const char*>(x) + ahead_bytes;
  for (std::size_t at = 0; at < lanes_virtual * sizeof(T); at += 64) hwy::Prefetch(line + at);
}

/// Calls step(pointer) on each group of 16 elements.
template <class T, class Step>
HWY_INLINE void for_groups(const T* x, std::size_t count, T padding, bool stream,
                           Step step) noexcept {
  std::size_t i = 0;
  if (stream) {
    for (; i + lanes_virtual <= count; i += lanes_virtual) {
      fetch_ahead(x + i);
      step(x + i);
    }
  }
  for (; i + lanes_virtual <= count; i += lanes_virtual) step(x + i);
  if (i == count) return;
  const Tail<T> tail(x + i, count - i, padding);
  step(tail.values);
}

/// Adds a group of 16.
template <class T>
HWY_INLINE void add_group(Lanes& total, const T* group) noexcept {
  for (std::size_t r = 0; r < registers; ++r) {
    total.part[r] = hn::Add(total.part[r], load_f64(group + r * lanes));
  }
}

template <class T>
HWY_INLINE Lanes sum_lanes(const T* x, std::size_t count, bool stream) noexcept {
  Lanes total(0.0);
  for_groups(x, count, T(0), stream, [&](const T* group) HWY_ATTR { add_group(total, group); });
  return total;
}

/// Two passes over elements that lie in L1: the mean, then M2 about it with the correction for the
/// mean's rounding (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983).
HWY_INLINE MomentsPartial moments(const double* x, std::size_t count, bool stream) noexcept {
  const auto n = static_cast<double>(count);
  const double mean = sum_lanes(x, count, stream).fold() / n;
  const V center = hn::Set(D{}, mean);
  Lanes squares(0.0);
  Lanes rest(0.0);
  for_groups(x, count, mean, stream, [&](const double* group) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      const V distance = hn::Sub(load_f64(group + r * lanes), center);
      squares.part[r] = hn::MulAdd(distance, distance, squares.part[r]);
      rest.part[r] = hn::Add(rest.part[r], distance);
    }
  });
  const double correction = rest.fold();
  const double m2 = squares.fold() - correction * correction / n;
  return make_moments(mean, correction / n, m2 < 0 ? 0 : m2, count);
}

/// Moments are taken of so many elements at a time, whatever their width.
constexpr std::size_t moments_elements = reduce_tile_bytes / sizeof(double);

inline void combine_in_place(const MomentsPartial& left, const MomentsPartial& right,
                             MomentsPartial& out) noexcept {
  out = combine_moments(left, right);
}

using MomentsTree = TreeCounter<MomentsPartial, 8, decltype(&combine_in_place)>;

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif
