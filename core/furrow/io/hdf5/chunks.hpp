// furrow/io/hdf5/chunks.hpp
//
// Which chunks a slab of rows consists of, and the elements of each of them.
//
//            columns                    slab   rows [begin, end) of the dataset, in memory
//          +----+----+--:               head   rows of the first layer of chunks that were written
//    head  |....|....|..:  c0                  before, C order; none where the slab begins at one
//    begin +----+----+--:                      of its borders
//          |    |    |  :  pad          pad    the dataset's fill value
//    end   +----+----+--:
//          ^ chunk 0, 1, 2, 3, …: in C order, as they lie in the file
//
// Trivially copyable: closures take them along
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/chain.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::hdf5 {

/// Chunks of about 1 MiB. Whole rows where at least 4 fit; of wider ones 4 parts, so that neither a
/// row nor a column costs the whole dataset. When rows will be added later, chunks are smaller
/// where the array is, and know of no last row.
Extents choose_chunk(const Shape& shape, std::size_t item_bytes, bool growable = false);

/// What a dataset that is being written looks like.
struct Target {
  Dtype dtype = Dtype::none;
  Shape shape;
  Extents chunk;  // when chunked
  bool chunked = false;
  bool filtered_here = false;  // our own filters alone, and our own byte order
  std::int64_t rows_max = -1;  // as far as it can grow; -1: without end
  FilterChain chain;
  std::byte fill[16] = {};  // one element
};

/// Rows in memory on their way into a dataset.
struct Slab {
  const void* data = nullptr;  // its element (0, 0, …)
  Strides strides;             // in elements, any sign
  std::int64_t begin = 0;      // its first row
  Shape shape;
  const void* head = nullptr;
};

class ChunkGrid {
 public:
  ChunkGrid() = default;
  /// REQUIRES: the target is chunked and the slab has elements.
  ChunkGrid(const Target& target, const Slab& slab) noexcept;

  std::int64_t chunks() const noexcept { return chunks_; }
  std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }
  const FilterChain& chain() const noexcept { return target_.chain; }
  /// Where a chunk begins, in elements of the dataset.
  Extents offset(std::int64_t chunk) const noexcept;
  /// Its elements: in the slab where they lie side by side there, else gathered into `buffer`.
  std::span<const std::byte> elements(std::int64_t chunk, std::byte* buffer) const noexcept;

 private:
  Target target_;
  Slab slab_;
  Extents count_;  // of chunks, per axis
  std::int64_t chunks_ = 0;
  std::int64_t first_row_ = 0;  // of the first layer
  std::size_t chunk_bytes_ = 0;
};

/// Copies a box between two strided places, along the axis that lies closest in the source.
void gather_box(const Extents& count, std::size_t item_bytes, const void* from,
                const Strides& from_strides, void* to, const Strides& to_strides) noexcept;

}  // namespace furrow::hdf5
