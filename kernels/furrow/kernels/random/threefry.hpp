// furrow/kernels/random/threefry.hpp
//
// Threefry4x64-20: a second counter-based generator, of another construction than Philox (a
// cipher's additions, rotations and exclusive ors, no multiplications), to check a result against.
//
//   words(block) = threefry({block, 0, 0, 0}, {seed, stream, 0, 0}), four words of 64 bits
//
// Any two different (seed, stream, block) give independent numbers.
//
// Period  2^66 words for each of 2^128 (seed, stream)
// Source  Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, after
//         Threefish of Ferguson et al., "The Skein hash function family", 2010
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace furrow::kernels {

using ThreefryWords = std::array<std::uint64_t, 4>;

inline constexpr int threefry_rounds = 20;
inline constexpr std::uint64_t threefry_parity = 0x1bd11bdaa9fc1a22;
inline constexpr int threefry_rotation[8][2] = {{14, 16}, {52, 57}, {23, 40}, {5, 37},
                                                {25, 33}, {46, 12}, {58, 22}, {32, 32}};

/// The bijection itself: four words from a counter of four words and a key of four.
constexpr ThreefryWords threefry4x64(ThreefryWords x, const ThreefryWords& key) noexcept {
  const std::uint64_t schedule[5] = {key[0], key[1], key[2], key[3],
                                     threefry_parity ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (std::size_t i = 0; i < 4; ++i) x[i] += schedule[i];
  for (int round = 0; round < threefry_rounds; ++round) {
    // Even rounds mix words 0 with 1 and 2 with 3, odd ones 0 with 3 and 2 with 1.
    const std::size_t first = round % 2 == 0 ? 1 : 3;
    const std::size_t second = 4 - first;
    const auto& rotation = threefry_rotation[round % 8];
    x[0] += x[first];
    x[first] = std::rotl(x[first], rotation[0]) ^ x[0];
    x[2] += x[second];
    x[second] = std::rotl(x[second], rotation[1]) ^ x[2];
    if (round % 4 != 3) continue;
    const auto turn = static_cast<std::size_t>(round / 4) + 1;
    for (std::size_t i = 0; i < 4; ++i) x[i] += schedule[(turn + i) % 5];
    x[3] += turn;
  }
  return x;
}

constexpr ThreefryWords threefry_block(std::uint64_t seed, std::uint64_t stream,
                                       std::uint64_t block) noexcept {
  return threefry4x64({block, 0, 0, 0}, {seed, stream, 0, 0});
}

/// The sequence as a standard random bit generator; discard takes constant time.
class Threefry4x64 {
 public:
  using result_type = std::uint64_t;
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }

  explicit constexpr Threefry4x64(std::uint64_t seed = 0, std::uint64_t stream = 0) noexcept
      : seed_(seed), stream_(stream) {}

  constexpr result_type operator()() noexcept {
    const std::uint64_t word = position_ % 4;
    if (word == 0 || !fresh_) words_ = threefry_block(seed_, stream_, position_ / 4);
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
  ThreefryWords words_{};
  bool fresh_ = false;
};

}  // namespace furrow::kernels
