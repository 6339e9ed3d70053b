// furrow/kernels/quasi/halton.hpp
//
// Halton's points: point n, dimension d -> u in (0, 1), the digits of n in the d-th prime base p
// mirrored at the point; scrambled by random linear permutations of each digit, or not.
//
//   u = (π_0(n_0) p^(K-1) + π_1(n_1) p^(K-2) + … + π_(K-1)(n_(K-1)) + 1/2) / p^K,  p^K <= 2^52
//   π_k(x) = a_k x + b_k modulo p,  a_k != 0: Matoušek's linear scrambling, which has the variance
//   of independent random permutations (each pair of digits goes to any other pair as likely)
//
// Points  in the order of n; any number of them is a good set, not only powers of two. With 2^m
//         points Sobol is better: base p needs p points to fill its line once, and dimension 100
//         has p = 547
// Random  as sobol.hpp: a key (seed, number), uniform points, R numbers give R unbiased estimates
// Size    3,667 dimensions (primes up to 34,313); a dimension repeats after p^K points, 2^36 or
// more Bits    integers in doubles and one division, correctly rounded: the same on every target
// Source  Halton (1960); Matoušek, "On the L2-discrepancy for anchored boxes", J. Complexity 14
//         (1998); Owen, "A randomized Halton algorithm in R" (2017)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/quasi/sobol.hpp>

namespace furrow::kernels {

inline constexpr std::size_t halton_dimensions = 3667;
inline constexpr std::size_t halton_digits_max = 52;
inline constexpr double halton_points_max = 0x1p51;

/// One dimension of one randomisation, prepared once: 872 bytes.
struct HaltonDimension {
  double base;
  double inverse;  // 1 / base, rounded
  double cells;    // base^digits
  std::size_t digits;
  double factor[halton_digits_max];
  double shift[halton_digits_max];
  std::uint64_t flip;  // base 2: all shifts in one, the first in bit 51
};

/// The d-th prime, 2 for dimension 0. REQUIRES: dimension < halton_dimensions.
std::uint32_t halton_base(std::size_t dimension) noexcept;

/// Scrambled when there is a key (Scrambling::owen and ::shift; a shift has all factors 1).
HaltonDimension halton_dimension(std::size_t dimension, Scrambling scrambling = Scrambling::none,
                                 QuasiKey key = {}) noexcept;

/// x modulo p for whole 0 <= x < 2^51; x becomes the quotient. (x + 1/2)/p is 1/2p away from whole
/// numbers, and computed to 2^-52 of itself.
constexpr double halton_split(double& x, double p, double inverse) noexcept {
  const auto quotient = static_cast<double>(static_cast<std::uint64_t>((x + 0.5) * inverse));
  const double rest = x - quotient * p;
  x = quotient;
  return rest;
}

/// Point n. REQUIRES: point < 2^51.
constexpr double halton(std::uint64_t point, const HaltonDimension& at) noexcept {
  if (at.base == 2) return open_unit(reverse_bits(point) ^ at.flip << 12);
  auto n = static_cast<double>(point);
  double mirrored = 0;
  for (std::size_t k = 0; k < at.digits; ++k) {
    const double digit = halton_split(n, at.base, at.inverse);
    double moved = digit * at.factor[k] + at.shift[k];
    mirrored = mirrored * at.base + halton_split(moved, at.base, at.inverse);
  }
  return (mirrored + 0.5) / at.cells;
}

/// Where a run of points stands.
struct HaltonAt {
  std::uint64_t first_point = 0;
  std::size_t dimension = 0;
  Scrambling scrambling = Scrambling::owen;
  QuasiRandomisation randomisation = {};
};

/// out[i] = u of point first_point + i, with the bits of halton().
void halton_uniform(std::span<double> out, const HaltonAt& at) noexcept;

}  // namespace furrow::kernels
