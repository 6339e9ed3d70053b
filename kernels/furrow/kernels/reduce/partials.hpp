// furrow/kernels/reduce/partials.hpp
//
// The partial results of reductions and how two of them combine: scalar code, compiled once, so
// that the bits do not depend on the SIMD target.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace furrow::kernels {

struct alignas(16) RealPartial {
  double value;
};

struct alignas(16) SignedPartial {
  std::int64_t value;
};

struct alignas(16) UnsignedPartial {
  std::uint64_t value;
};

struct alignas(16) ComplexPartial {
  double real;
  double imaginary;
};

inline ComplexPartial combine_products(const ComplexPartial& x, const ComplexPartial& y) noexcept {
  return {x.real * y.real - x.imaginary * y.imaginary, x.real * y.imaginary + x.imaginary * y.real};
}
/// The product of 16 lanes, folded in halves. Not inline: within a SIMD file g++ 12 would fuse it.
ComplexPartial fold_complex_product(double (&real)[16], double (&imaginary)[16]) noexcept;

/// Count, mean and M2 = sum of (x - mean)^2. The mean is a sum of two doubles: with only one, an
/// offset of the data (1e9 + noise) would round away the distances between the tiles' means.
struct alignas(16) MomentsPartial {
  double mean;
  double mean_low;
  double m2;
  std::uint64_t count;
};

/// A value and where it was first seen.
template <class V>
struct alignas(16) PlacePartial {
  V value;
  std::uint64_t index;
};

/// sum * 4^scale is a sum of squares, scale one of -600, 0, 600: squares that would overflow or
/// underflow are taken of x * 2^-scale. A sum of 0 has any scale.
struct alignas(16) NormPartial {
  double sum;
  std::int64_t scale;
};
inline constexpr std::int64_t norm_scale = 600;
inline constexpr double norm_up = 0x1p600;
inline constexpr double norm_down = 0x1p-600;
/// A tile's plain sum of squares is kept when it lies between these: then nothing overflowed, and
/// what underflowed is below one part in 2^100.
inline constexpr double norm_least = 0x1p-900;
inline constexpr double norm_most = 0x1p900;

inline NormPartial combine_norms(NormPartial left, NormPartial right) noexcept {
  const double both = left.sum + right.sum;
  if (left.sum == 0 || !(both - both == 0)) return left.sum == 0 ? right : NormPartial{both, 0};
  if (right.sum == 0) return left;
  if (left.scale < right.scale) {
    const NormPartial other = left;
    left = right;
    right = other;
  }
  for (std::int64_t s = right.scale; s < left.scale; s += norm_scale) {
    right.sum = right.sum * norm_down * norm_down;
  }
  return {left.sum + right.sum, left.scale};
}

/// high + low = mean + correction, exactly if that is possible (Knuth's two-sum). A correction that
/// is not finite leaves the mean as it is: infinite or NaN, as in NumPy.
inline MomentsPartial make_moments(double mean, double correction, double m2,
                                   std::uint64_t count) noexcept {
  if (!(correction - correction == 0)) return {mean, 0, m2, count};
  const double high = mean + correction;
  const double part = high - mean;
  const double low = (mean - (high - part)) + (correction - part);
  return {high, low - low == 0 ? low : 0, m2, count};
}

/// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979, eq. 2.1: no cancellation, whatever the two counts are.
inline MomentsPartial combine_moments(const MomentsPartial& left,
                                      const MomentsPartial& right) noexcept {
  if (left.count == 0) return right;
  if (right.count == 0) return left;
  const std::uint64_t count = left.count + right.count;
  const double share = static_cast<double>(right.count) / static_cast<double>(count);
  // Two infinite means are equal, not NaN apart.
  const double apart = left.mean == right.mean ? 0 : right.mean - left.mean;
  const double delta = apart + (right.mean_low - left.mean_low);
  const double m2 = left.m2 + right.m2 + delta * (delta * share * static_cast<double>(left.count));
  if (delta - delta == 0) return make_moments(left.mean, left.mean_low + delta * share, m2, count);
  // Infinite means, and distances that overflow, take the road that has no difference.
  return {left.mean * (1 - share) + right.mean * share, 0, m2, count};
}

/// The lesser (greater) of two, and NaN as soon as one is NaN.
inline double lesser(double x, double y) noexcept { return x < y || x != x ? x : y; }
inline double greater(double x, double y) noexcept { return x > y || x != x ? x : y; }

/// The lesser (greater) of two; of a NaN and a number the number.
inline double lesser_number(double x, double y) noexcept { return x < y || y != y ? x : y; }
inline double greater_number(double x, double y) noexcept { return x > y || y != y ? x : y; }

/// The earlier of two places stays, unless the later one is strictly better; NaN is best.
template <bool Greatest, class V>
PlacePartial<V> better_place(const PlacePartial<V>& left, const PlacePartial<V>& right) noexcept {
  const bool later = Greatest ? right.value > left.value : right.value < left.value;
  const bool first_nan = right.value != right.value && left.value == left.value;
  return later || first_nan ? right : left;
}

/// Where no number was seen yet: the index of a place among NaN alone.
inline constexpr std::uint64_t no_place = ~std::uint64_t{0};

/// The same, where NaN is passed over: any number is better.
template <bool Greatest>
PlacePartial<double> better_number_place(const PlacePartial<double>& left,
                                         const PlacePartial<double>& right) noexcept {
  const bool later = Greatest ? right.value > left.value : right.value < left.value;
  return later || left.value != left.value ? right : left;
}

/// Lanes of a sum: 2 AVX-512 registers, 4 of AVX2, 8 of 128 bits. The sum of a tile is that of 16
/// sums of every 16th element, folded in halves.
inline constexpr std::size_t lanes_virtual = 16;

template <class T>
T fold_sum(std::array<T, lanes_virtual>& lane) noexcept {
  for (std::size_t half = lanes_virtual / 2; half != 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}

/// Combines partials that arrive in order of index, in the tree of combine_tree, keeping one
/// partial per level: level k holds the combination of 2^k of them or nothing.
template <class Partial, std::size_t Levels, class Combine>
class TreeCounter {
 public:
  explicit TreeCounter(Combine combine) noexcept : combine_(combine) {}

  void add(Partial partial) noexcept {
    std::size_t level = 0;
    for (; (count_ >> level & 1) != 0; ++level) {
      combine_(levels_[level], partial, partial);
    }
    levels_[level] = partial;
    ++count_;
  }

  /// REQUIRES: something was added.
  Partial total() noexcept {
    std::size_t level = 0;
    while ((count_ >> level & 1) == 0) ++level;
    Partial total = levels_[level];
    for (++level; count_ >> level != 0; ++level) {
      if ((count_ >> level & 1) != 0) combine_(levels_[level], total, total);
    }
    return total;
  }

 private:
  Combine combine_;
  std::size_t count_ = 0;
  std::array<Partial, Levels> levels_;
};

}  // namespace furrow::kernels
