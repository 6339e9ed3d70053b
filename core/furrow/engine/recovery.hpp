// furrow/engine/recovery.hpp
//
// Settling what a dead worker left: its group words say how far each of its tiles was.
//
//   claimed      the array is as before the tile: somebody else runs it
//   committing   the finished tile lies in the dead worker's scratch: the copy is made whole
//   undoing      the tile before the change lies in its scratch: put back, then run again
//
// Repeating a recovery that was itself cut off is harmless: copies are made before words are set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <furrow/engine/layout.hpp>

namespace furrow::engine {

struct LoadedJob;

/// What the dead worker had in hand: one tile, or the rest of a group where a kernel was given
/// that in one call.
struct TileInHand {
  std::uint32_t group;
  GroupState state;
  std::int64_t tile;
  std::int64_t first;  // its index range
  std::int64_t last;
};

/// Settles one worker's groups in one job. Freed groups go to others, or are closed with `close`.
/// The count of groups that the worker finished is made true.
/// REQUIRES: the worker is dead, nobody else settles it, and the job's arrays are mapped here.
std::vector<TileInHand> recover(const ControlView& view, std::size_t slot, std::size_t worker,
                                bool close);

/// The same for a job whose description was loaded before, with addresses as they are here.
std::vector<TileInHand> recover(const ControlView& view, const LoadedJob& job, std::size_t worker,
                                bool close);

/// Closes every free group of a job, so that it ends when the tiles in hand do.
void close_free_groups(const ControlView& view, std::size_t slot, std::uint32_t round) noexcept;

}  // namespace furrow::engine
