// furrow/io/hdf5/push.hpp
//
// One slab of rows into a dataset: what the owner of the file does, and what the others do for it.
//
//   helpers   take slot and ticket · gather, filter · mark ready          (ring.hpp)
//   owner     the next ticket is ready: H5Dwrite_chunk it. Else: filter one itself, as helpers do.
//             Nothing left to take, and the next one does not come: filter that one privately
//
// Order    chunks go into the file in their own order, whoever filtered them: equal files
// Crash    filtering is a function of the elements, so what is done twice is the same
// Patience the owner waits for a chunk about as long as it takes to filter one: at worst that
//          doubles the work of a helper that was slow, and bounds what a dead one costs
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/ring.hpp>
#include <furrow/io/hdf5/sink.hpp>

namespace furrow::hdf5 {

/// Throws TypeMismatch, ShapeMismatch when rows of that dtype and shape do not fit.
void require_fits(const Target& target, Dtype dtype, const Shape& shape, const std::string& name);

/// How rows go into a dataset: some by H5Dwrite, then the others as chunks. No data: none.
struct Roads {
  Slab direct;
  Slab chunks;                  // its head is to be read, when there is one
  std::int64_t head_begin = 0;  // rows [head_begin, chunks.begin)
  std::size_t head_bytes = 0;   // 0: none
};
Roads roads_of(const Target& target, const Slab& rows) noexcept;

/// How a slab is cut into tickets. Trivially copyable.
struct PushPlan {
  ChunkGrid grid;
  std::int64_t chunks_per_ticket = 1;

  PushPlan() = default;
  PushPlan(const Target& target, const Slab& slab) noexcept;
  std::uint64_t tickets() const noexcept;
  std::size_t slot_bytes() const noexcept {
    return Ring::slot_bytes_for(static_cast<std::size_t>(chunks_per_ticket),
                                encoded_bytes_max(grid.chain(), grid.chunk_bytes()));
  }
};

/// Filters tickets until none is left, the push is over, or no slot was free for long. `holder` is
/// this helper's own number, from 1; a dead helper's number is given again.
void help(const PushPlan& plan, const Ring& ring, std::uint32_t holder);

/// Writes the whole slab, with helpers when there is a ring. `watch` gets the part done; false:
/// Cancelled. Throws what Sink throws.
void push_chunks(Sink& sink, const PushPlan& plan, const Ring& ring,
                 const std::function<bool(double)>& watch);

/// All of it in this process.
void push_rows(Sink& sink, const Slab& rows, const std::function<bool(double)>& watch);

}  // namespace furrow::hdf5
