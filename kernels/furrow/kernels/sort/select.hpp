// furrow/kernels/sort/select.hpp
//
// A few order statistics of one long lane, without moving the lane: what quantiles use.
//
//   choose_brackets   a sample says between which two keys each wanted rank lies, almost surely
//   count_block       each block of 65536 elements counts what is below and inside of each bracket
//   settle_brackets   false when a rank is outside of its bracket, or too much is inside: then the
//                     lane is split into buckets instead (sort/split.hpp)
//   collect_block     each block writes its keys inside of a bracket to their place in scratch
//   sort_bracket      some hundredths of the lane are copied and sorted
//
// so the elements are read twice and nothing is written but what lies near the wanted ranks.
//
// Steps   read the lane, their own counts, or what other steps collected, and write elsewhere in
//         scratch: each may be run again from its start
// Cut     blocks, samples and brackets follow from the count and the elements, never from workers
// Source  Floyd, Rivest, Expected Time Bounds for Selection, Comm. ACM 18 (1975)
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/kernels/sort/split.hpp>

namespace furrow::kernels {

inline constexpr int brackets_max = 4;

/// Travels into steps by value; the pointers lie in the caller's memory.
struct Selection {
  LaneIn lane;
  std::int64_t blocks = 0;
  int brackets = 0;
  std::uint64_t least[brackets_max] = {};  // the keys of a bracket, both included
  std::uint64_t most[brackets_max] = {};
  std::int64_t below[brackets_max] = {};   // elements before the bracket
  std::int64_t inside[brackets_max] = {};  // elements in it
  std::int64_t place[brackets_max] = {};   // of its keys in `keys`
  std::int64_t nans = 0;
  std::int64_t* counts = nullptr;  // [blocks][counts_of_block]
  std::byte* found = nullptr;      // settled: for keys_count() of them, as they are collected
  std::byte* keys = nullptr;       // for as many, sorted

  /// All its elements are equal; they are not collected.
  bool is_constant(int bracket) const noexcept { return least[bracket] == most[bracket]; }
  std::int64_t keys_count() const noexcept;
  /// REQUIRES: the rank is one of those that were asked for.
  std::uint64_t key_at(std::int64_t rank) const noexcept;
};

/// Of each block: below and inside of each bracket (inside becomes a place), and NaNs.
inline constexpr std::int64_t counts_of_block = 2 * brackets_max + 1;

constexpr std::int64_t selection_blocks(std::int64_t count) noexcept {
  return (count + split_block_elements - 1) / split_block_elements;
}

/// REQUIRES: is_split(lane.count); `ranks` ascending, and 2 * brackets_max of them at most;
/// selection_blocks * counts_of_block numbers of scratch.
Selection choose_brackets(const LaneIn& lane, const std::int64_t* ranks, int rank_count,
                          std::int64_t* counts) noexcept;
void count_block(const Selection& selection, std::int64_t block) noexcept;
bool settle_brackets(Selection& selection, const std::int64_t* ranks, int rank_count) noexcept;
void collect_block(const Selection& selection, std::int64_t block) noexcept;
void sort_bracket(const Selection& selection, std::int64_t bracket) noexcept;

}  // namespace furrow::kernels
