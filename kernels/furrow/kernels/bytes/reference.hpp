// furrow/kernels/bytes/reference.hpp
//
// The formulas of bytes.hpp as plain loops: what the vector code finishes its tails with, what
// targets without vectors use, and what the tests compare with.
//
// Tiles    the shuffles go over runs of items that stay in the first-level cache, plane by plane
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace furrow::kernels::detail {

inline constexpr std::size_t shuffle_run = 512;

/// Items [first, count) of `count` items; planes are `count` bytes long.
inline void shuffle_items(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                          std::size_t item, std::size_t first) noexcept {
  for (std::size_t begin = first; begin < count; begin += shuffle_run) {
    const std::size_t end = std::min(count, begin + shuffle_run);
    for (std::size_t k = 0; k < item; ++k) {
      for (std::size_t i = begin; i < end; ++i) out[k * count + i] = in[i * item + k];
    }
  }
}

inline void unshuffle_items(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                            std::size_t item, std::size_t first) noexcept {
  for (std::size_t begin = first; begin < count; begin += shuffle_run) {
    const std::size_t end = std::min(count, begin + shuffle_run);
    for (std::size_t k = 0; k < item; ++k) {
      for (std::size_t i = begin; i < end; ++i) out[i * item + k] = in[k * count + i];
    }
  }
}

template <class Word, Word (*Swap)(Word) noexcept>
void swap_words(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    Word word = 0;
    std::memcpy(&word, in + i * sizeof word, sizeof word);
    word = Swap(word);
    std::memcpy(out + i * sizeof word, &word, sizeof word);
  }
}

inline std::uint16_t swapped16(std::uint16_t x) noexcept { return __builtin_bswap16(x); }
inline std::uint32_t swapped32(std::uint32_t x) noexcept { return __builtin_bswap32(x); }
inline std::uint64_t swapped64(std::uint64_t x) noexcept { return __builtin_bswap64(x); }

inline void swap_items(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                       std::size_t item) noexcept {
  switch (item) {
    case 2: return swap_words<std::uint16_t, swapped16>(out, in, count);
    case 4: return swap_words<std::uint32_t, swapped32>(out, in, count);
    case 8: return swap_words<std::uint64_t, swapped64>(out, in, count);
    default:
      if (out != in && count != 0) std::memcpy(out, in, count);
  }
}

inline void normalise_items(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] != 0 ? 1 : 0;
}

/// `out` has words of four bytes, `in` of two: the upper halves.
inline void widen_items(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t word[4] = {0, 0, in[2 * i], in[2 * i + 1]};
    std::memcpy(out + 4 * i, word, sizeof word);
  }
}

/// The two sums so far, before they are reduced.
struct FletcherSums {
  std::uint64_t s1 = 0;
  std::uint64_t s2 = 0;
};

/// x modulo 65535, as the checksum has it: 0 for 0 alone, else 1 to 65535.
inline std::uint64_t folded(std::uint64_t x) noexcept {
  while (x > 0xFFFF) x = (x & 0xFFFF) + (x >> 16);
  return x;
}

/// Goes on with `bytes` more, and ends with them when they are odd. Sums are reduced every 2^16
/// words: s1 below 2^32 then, s2 below 2^49.
inline FletcherSums fletcher_words(FletcherSums sums, const std::uint8_t* in,
                                   std::size_t bytes) noexcept {
  const std::size_t words = bytes / 2;
  for (std::size_t begin = 0; begin < words; begin += 65536) {
    const std::size_t end = std::min(words, begin + 65536);
    for (std::size_t i = begin; i < end; ++i) {
      sums.s1 += static_cast<std::uint64_t>(in[2 * i]) << 8 | in[2 * i + 1];
      sums.s2 += sums.s1;
    }
    sums = {folded(sums.s1), folded(sums.s2)};
  }
  if (bytes % 2 != 0) {
    sums.s1 += static_cast<std::uint64_t>(in[bytes - 1]) << 8;
    sums.s2 += sums.s1;
  }
  return {folded(sums.s1), folded(sums.s2)};
}

}  // namespace furrow::kernels::detail
