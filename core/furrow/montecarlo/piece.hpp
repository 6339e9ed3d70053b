// furrow/montecarlo/piece.hpp
//
// A piece: the run of blocks that one worker simulates at once, and the record that it leaves.
//
//   blocks   0 1 2 3  4 5 6 7  8 9 …
//             \/  \/   \/  \/
//              \  /     \  /          a piece is a whole subtree: 2^level blocks, from a
//               \/       \/           multiple of 2^level on
//                \       /
//                 \     /             so whole trees come out the same, however they are cut
//
// Crash   a piece is run again from its start: it writes its own record and samples only
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <furrow/montecarlo/block.hpp>
#include <furrow/montecarlo/record.hpp>

namespace furrow::montecarlo {

/// A job of pieces: blocks [first_block, first_block + blocks), first_block a multiple of 2^level.
/// Whole pieces of that level come first; what is left is cut into ever smaller ones. All of it
/// travels to workers as bytes.
struct Pieces {
  Sequence sequence;
  std::int64_t first_block;
  std::int64_t blocks;
  std::int64_t paths;  // of the whole simulation: the last block may be incomplete
  std::int64_t block_paths;
  std::int32_t level;
  bool antithetic;
  bool forgive;
  bool grouped;
  RecordLayout layout;
  Bins bins;
  double* records;  // record i at i * layout.words()
  double* samples;  // null, or sample i of output k at k * samples_stride + i
  std::int64_t samples_stride;

  struct Range {
    std::int64_t first_block;
    std::int32_t level;
  };
  std::int64_t count() const noexcept {
    return (blocks >> level) + std::popcount(static_cast<std::uint64_t>(tail()));
  }
  Range range(std::int64_t piece) const noexcept;

 private:
  std::int64_t tail() const noexcept { return blocks & ((std::int64_t{1} << level) - 1); }
};

inline constexpr std::int32_t level_max = 10;

/// Simulates piece `index` with the closure's block function.
void run_piece(const Pieces& pieces, std::int64_t index, BlockFunction block, const void* closure);

}  // namespace furrow::montecarlo
