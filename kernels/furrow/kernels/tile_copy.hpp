// furrow/kernels/tile_copy.hpp
//
// Copying one tile from the first-level cache over another place, with the widest vectors the CPU
// has, while the memory behind that place is asked for: the next tile's lines arrive during the
// copy instead of after it.
//
// Why not memcpy  it is tuned for unknown sizes and cold memory; on tiles of 8 KiB this is a fifth
//                 faster in cache (tests/bench), which is what an exactly-once job in place pays
// Memory          to and from do not overlap; any alignment, any size
#pragma once

#include <cstddef>

namespace furrow::kernels {

/// REQUIRES: the `bytes` after to + bytes may be named (prefetched), not that they exist.
void copy_tile(void* to, const void* from, std::size_t bytes) noexcept;

/// Copies past the caches, to memory that nobody reads soon. What is written is ordered before
/// later stores by stream_fence, and by it alone.
void stream_tile(void* to, const void* from, std::size_t bytes) noexcept;
void stream_fence() noexcept;

namespace detail {
struct TileCopyTable {
  void (*copy)(void* to, const void* from, std::size_t bytes) noexcept;
  void (*stream)(void* to, const void* from, std::size_t bytes) noexcept;
  void (*fence)() noexcept;
};
}  // namespace detail

}  // namespace furrow::kernels
