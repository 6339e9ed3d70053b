// furrow/kernels/sort/entries.hpp
//
// The loops of the sort family that are compiled once per SIMD target, by dtype.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/sort/select.hpp>
#include <furrow/kernels/sort/split.hpp>

namespace furrow::kernels {

/// What positions of one range of keys look like.
struct PositionRange {
  std::uint64_t least = 0;
  std::uint32_t position_bits = 0;
  std::uint32_t shift = 0;
};

struct SortTable {
  using Load = void (*)(const LaneIn& lane, KeyOrder order, void* keys);
  using Store = void (*)(const void* keys, std::int64_t count, bool descending, void* out,
                         std::int64_t stride);
  using Positions = PositionRange (*)(const LaneIn& lane, KeyOrder order, std::uint64_t* out);
  using SplitBlock = void (*)(const Split& split, std::int64_t block);
  using SelectBlock = void (*)(const Selection& selection, std::int64_t block);

  static constexpr std::size_t dtypes = 13;
  std::array<Load, dtypes> load{};
  std::array<Store, dtypes> store{};
  std::array<Positions, dtypes> positions{};
  std::array<SplitBlock, dtypes> split{};
  std::array<SelectBlock, dtypes> count{};
  std::array<SelectBlock, dtypes> collect{};
};

const SortTable& sort_table() noexcept;

/// Bits that a position takes among `count`.
constexpr std::uint32_t bits_of_positions(std::int64_t count) noexcept {
  return count < 2 ? 0
                   : static_cast<std::uint32_t>(
                         64 - __builtin_clzll(static_cast<std::uint64_t>(count - 1)));
}

/// How keys from `least` to `most` are stored above positions.
constexpr PositionRange position_range(std::uint64_t least, std::uint64_t most,
                                       std::uint32_t position_bits) noexcept {
  const std::uint64_t range = most - least;
  const auto key_bits = range == 0 ? 0u : static_cast<std::uint32_t>(64 - __builtin_clzll(range));
  const std::uint32_t room = 64 - position_bits;
  return {least, position_bits, key_bits > room ? key_bits - room : 0};
}

/// A place in the i-th of `parts` equal parts: fixed, but not in step with any period of the data.
inline std::int64_t sample_place(std::int64_t i, std::int64_t parts, std::int64_t count) noexcept {
  const std::int64_t part = count / parts;
  std::uint64_t hash = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u;
  hash ^= hash >> 32;
  return i * part + static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(part));
}

/// The keys of bucket b lie from here …
inline std::uint64_t least_key(const Split& split, std::int64_t bucket) noexcept {
  return bucket == 0 ? 0 : split.splitters[bucket - 1];
}
/// … to here.
inline std::uint64_t most_key(const Split& split, std::int64_t bucket) noexcept {
  if (bucket < split.buckets - 1) return split.splitters[bucket] - 1;
  return ~std::uint64_t{0} >> (64 - 8 * key_bytes(split.dtype));
}

/// Sorts keys or positions, ascending.
void sort_keys(std::uint16_t* keys, std::size_t count) noexcept;
void sort_keys(std::uint32_t* keys, std::size_t count) noexcept;
void sort_keys(std::uint64_t* keys, std::size_t count) noexcept;
/// The same by size: 2, 4 or 8 bytes.
void sort_bytes(void* keys, std::size_t count, std::size_t bytes) noexcept;

/// Sorts runs of positions whose stored keys are equal by the lane's keys.
void repair_ties(const LaneIn& lane, KeyOrder order, std::uint32_t position_bits,
                 std::uint64_t* positions, std::int64_t count) noexcept;

}  // namespace furrow::kernels
