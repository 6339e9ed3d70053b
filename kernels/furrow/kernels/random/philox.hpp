// furrow/kernels/random/philox.hpp
//
// Philox4x32-10: random numbers as a pure function of (seed, index), reached in constant time.
//
//   words(block) = philox({block low, block high, step, stream}, {seed low, seed high})
//
// With step and stream 0 the words are those of C++26's std::philox4x32 of the same seed, word
// 4*block + j of the sequence being words(block)[j]. (std seeds with 32 bits: seed high is 0.)
// Any two different (seed, stream, step, block) give independent numbers.
//
// Period  2^66 words for each of 2^128 (seed, stream, step)
// Unit    doubles keep 52 bits as (2k+1) * 2^-53, floats 23 as (2k+1) * 2^-24: never 0 or 1, and
//         1 - u is again one of them
// Source  Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace furrow::kernels {

using PhiloxWords = std::array<std::uint32_t, 4>;

struct PhiloxKey {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
};

inline constexpr std::uint32_t philox_multiplier[2] = {0xd2511f53, 0xcd9e8d57};
inline constexpr std::uint32_t philox_weyl[2] = {0x9e3779b9, 0xbb67ae85};
inline constexpr int philox_rounds = 10;

/// The bijection itself: four words from a counter of four words and a key of two.
constexpr PhiloxWords philox4x32(PhiloxWords counter, PhiloxKey key) noexcept {
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{philox_multiplier[0]} * counter[0];
    const std::uint64_t p1 = std::uint64_t{philox_multiplier[1]} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key.low,
               static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key.high,
               static_cast<std::uint32_t>(p0)};
    key.low += philox_weyl[0];
    key.high += philox_weyl[1];
  }
  return counter;
}

constexpr PhiloxKey philox_key(std::uint64_t seed) noexcept {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
}

/// The words of a block. A stream of more than 32 bits puts the rest where `step` is.
constexpr PhiloxWords philox_block(std::uint64_t seed, std::uint64_t stream, std::uint64_t block,
                                   std::uint32_t step = 0) noexcept {
  return philox4x32(
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
       step ^ static_cast<std::uint32_t>(stream >> 32), static_cast<std::uint32_t>(stream)},
      philox_key(seed));
}

/// Words 2*half and 2*half + 1 of a block as one number, the first word low.
constexpr std::uint64_t philox_u64(const PhiloxWords& words, unsigned half) noexcept {
  return std::uint64_t{words[2 * half + 1]} << 32 | words[2 * half];
}

/// A double in (0, 1): (2k + 1) * 2^-53 with k the upper 52 bits. All steps are exact.
constexpr double open_unit(std::uint64_t bits) noexcept {
  return std::bit_cast<double>(bits >> 12 | 0x3ff0000000000000) - (1 - 0x1p-53);
}

/// A float in (0, 1): (2k + 1) * 2^-24 with k the upper 23 bits.
constexpr float open_unit_f32(std::uint32_t bits) noexcept {
  return std::bit_cast<float>(bits >> 9 | 0x3f800000) - (1 - 0x1p-24f);
}

/// All 32 bits as a double in (0, 1): (2k + 1) * 2^-33. What normals of type float are made from.
constexpr double open_unit_u32(std::uint32_t bits) noexcept {
  return std::bit_cast<double>(std::uint64_t{bits} << 20 | 0x3ff0000000000000) - (1 - 0x1p-33);
}

/// A double in [0, 1): k * 2^-53 with k the upper 53 bits.
constexpr double half_open_unit(std::uint64_t bits) noexcept {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// A float in [0, 1): k * 2^-24 with k the upper 24 bits.
constexpr float half_open_unit_f32(std::uint32_t bits) noexcept {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// The sequence as a standard random bit generator, for std:: distributions and as std::philox4x32
/// until compilers have it; discard takes constant time.
class Philox4x32 {
 public:
  using result_type = std::uint32_t;
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }
  static constexpr result_type default_seed = 20111115;

  explicit constexpr Philox4x32(std::uint64_t seed = default_seed,
                                std::uint64_t stream = 0) noexcept
      : seed_(seed), stream_(stream) {}

  constexpr result_type operator()() noexcept {
    const std::uint64_t word = position_ % 4;
    if (word == 0 || !fresh_) words_ = philox_block(seed_, stream_, position_ / 4);
    fresh_ = true;
    ++position_;
    return words_[word];
  }
  constexpr void discard(std::uint64_t words) noexcept {
    position_ += words;
    fresh_ = false;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
  PhiloxWords words_{};
  bool fresh_ = false;
};

}  // namespace furrow::kernels
