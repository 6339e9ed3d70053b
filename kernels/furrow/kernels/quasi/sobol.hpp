// furrow/kernels/quasi/sobol.hpp
//
// Sobol's points with Joe and Kuo's direction numbers: point n, dimension d -> u in (0, 1), reached
// at any n in constant time; scrambled by Owen's nested uniform scrambling or by a digital shift.
//
// Points  the order of Antonov and Saleev (Gray code), as Joe and Kuo publish it and SciPy has it.
//         The first 2^m points are the same set in every order; use 2^m points, the first included.
// Unit    64 bits inside; the upper 52 as (2k+1) 2^-53, philox.hpp's form: never 0 or 1.
//         Unscrambled, point 0 is 2^-53 in each dimension. Points are distinct up to 2^52, u of one
//         dimension too.
// Random  a randomisation is a key (seed, number); each of its points is uniform in the unit cube,
//         so R numbers give R independent unbiased estimates: their spread is the error's measure
// Size    3,667 dimensions; directions are unpacked at the first use of a dimension, 640 bytes each
// Bits    point n of dimension d depends on (n, d, key) alone, integers to the last step: the same
//         on every target, for any split
// Source  Joe, Kuo, SIAM J. Sci. Comput. 30 (2008), new-joe-kuo-6; Owen, "Randomly permuted
//         (t,m,s)-nets and (t,s)-sequences" (1995); Laine, Karras, "Stratified sampling for
//         stochastic transparency" (2011); Burley, "Practical hash-based Owen scrambling", JCGT 9
//         (2020). The steps of scramble_owen are our own: 64 bits, keys in place of constants
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/random/philox.hpp>

namespace furrow::kernels {

inline constexpr std::size_t sobol_dimensions = 3667;

enum class Scrambling : std::uint8_t {
  none,
  shift,  // exclusive or with random digits: keeps the net, breaks what its points have in common
  owen,   // nested: each digit is flipped by the digits before it; error N^-1.5 on smooth functions
};

/// Which randomisation: any two (seed, number) give independent ones.
struct QuasiRandomisation {
  std::uint64_t seed = 0;
  std::uint64_t number = 0;
};

/// What a randomisation is for one dimension: 128 bits of it.
struct QuasiKey {
  std::uint64_t first;
  std::uint64_t second;
};

/// A bijection of 64 bits in which each bit of the input changes each of the output in half of the
/// cases (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

constexpr std::uint64_t reverse_bytes(std::uint64_t x) noexcept {
  x = (x >> 8 & 0x00ff00ff00ff00ff) | (x & 0x00ff00ff00ff00ff) << 8;
  x = (x >> 16 & 0x0000ffff0000ffff) | (x & 0x0000ffff0000ffff) << 16;
  return x >> 32 | x << 32;
}

/// The part of all keys that depends on the randomisation: words of Philox, on a stream that no
/// numbers are drawn from.
constexpr QuasiKey quasi_root(QuasiRandomisation at) noexcept {
  const PhiloxWords words = philox_block(at.seed, 0xffffffffffff0000, at.number);
  return {philox_u64(words, 0), philox_u64(words, 1)};
}

constexpr QuasiKey dimension_key(QuasiKey root, std::uint64_t dimension) noexcept {
  return {mix64(root.first + dimension * 0x9e3779b97f4a7c15),
          mix64(root.second + dimension * 0xd1342543de82ef95)};
}
constexpr QuasiKey quasi_key(QuasiRandomisation at, std::uint64_t dimension) noexcept {
  return dimension_key(quasi_root(at), dimension);
}

// --- digits: 64 of them, the first (worth 1/2) in bit 0
// -------------------------------------------

/// One dimension. A point's digits are the exclusive or of the directions of its Gray code's bits.
struct SobolDirections {
  std::uint64_t of_first[16];  // the digits of points 0 … 15
  std::uint64_t of_bit[64];    // of bit k of the Gray code
};

/// REQUIRES: dimension < sobol_dimensions. Threads may ask at once; there is no lock.
const SobolDirections& sobol_directions(std::size_t dimension) noexcept;

constexpr std::uint64_t gray_code(std::uint64_t n) noexcept { return n ^ n >> 1; }

/// The digits of points 16*sixteen … 16*sixteen + 15 but for of_first: those of the first of them.
inline std::uint64_t sobol_sixteen(const SobolDirections& directions,
                                   std::uint64_t sixteen) noexcept {
  std::uint64_t digits = 0;
  for (std::uint64_t gray = gray_code(sixteen << 4); gray != 0; gray &= gray - 1) {
    digits ^= directions.of_bit[std::countr_zero(gray)];
  }
  return digits;
}

inline std::uint64_t sobol_digits(const SobolDirections& directions, std::uint64_t point) noexcept {
  return sobol_sixteen(directions, point >> 4) ^ directions.of_first[point & 15];
}

/// Owen's scrambling: bit k of the result is bit k of x, flipped or not by a function of the bits
/// below it. Additions, odd factors and x ^= x * even carry upwards only. Each constant is a part
/// of the key: with fixed ones, as published, the digits after those that two points share are far
/// from independent (tests/kernels/quasi_test.cpp).
constexpr std::uint64_t scramble_owen(std::uint64_t x, QuasiKey key) noexcept {
  x += key.first;
  x *= key.second | 1;
  x ^= reverse_bytes(key.first);
  return x ^ x * (reverse_bytes(key.second) & ~std::uint64_t{1});
}

constexpr std::uint64_t scramble_digits(std::uint64_t x, Scrambling scrambling,
                                        QuasiKey key) noexcept {
  switch (scrambling) {
    case Scrambling::none: return x;
    case Scrambling::shift: return x ^ key.first;
    default: return scramble_owen(x, key);
  }
}

constexpr std::uint64_t reverse_bits(std::uint64_t x) noexcept {
  x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
  x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
  x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
  return reverse_bytes(x);
}

// --- numbers
// --------------------------------------------------------------------------------------

/// Point n of dimension d.
inline double sobol(std::uint64_t point, std::size_t dimension,
                    Scrambling scrambling = Scrambling::none, QuasiKey key = {}) noexcept {
  const std::uint64_t digits = sobol_digits(sobol_directions(dimension), point);
  return open_unit(reverse_bits(scramble_digits(digits, scrambling, key)));
}

/// Where a run of points stands.
struct SobolAt {
  std::uint64_t first_point = 0;
  std::size_t dimension = 0;
  Scrambling scrambling = Scrambling::owen;
  QuasiRandomisation randomisation = {};
};

/// out[i] = u of point first_point + i, with the bits of sobol().
void sobol_uniform(std::span<double> out, const SobolAt& at) noexcept;
/// out[i] = ndtri(u) of point first_point + i: normals, in increasing order of u.
void sobol_normal(std::span<double> out, const SobolAt& at) noexcept;

namespace detail {
extern const std::uint16_t sobol_polynomials[16];  // how many of each degree are in the table
extern const char sobol_table[];
}  // namespace detail

}  // namespace furrow::kernels
