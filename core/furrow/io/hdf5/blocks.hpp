// furrow/io/hdf5/blocks.hpp
//
// How a dataset is cut into blocks: boxes that never share a chunk, so that no chunk is
// decompressed twice, and of a size that keeps every worker busy.
//
// Axis    the first, unless it has too few chunks to go round and another has more
// Bits    which block a worker reads changes nothing in the result
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/array/shape.hpp>

namespace furrow::hdf5 {

/// A box: where it begins and how far it goes, in elements, per axis.
struct Box {
  Extents offset;
  Extents count;
};

/// Trivially copyable: a closure takes it along and asks for its own block.
struct BlockPlan {
  Box all;
  std::size_t axis = 0;
  std::int64_t step = 1;    // elements along the axis, a whole number of chunks
  std::int64_t blocks = 0;  // 0 when there are no elements

  /// REQUIRES: 0 <= index < blocks.
  Box block(std::int64_t index) const noexcept;
};

/// `chunk` has the chunk's extents, ones where the dataset is not chunked. A block has about
/// `block_bytes`, and at least one layer of chunks.
BlockPlan plan_blocks(const Box& all, const Extents& chunk, std::size_t item_bytes,
                      std::size_t block_bytes);

/// Copies a box between two strided places in memory. Strides count elements; 0 repeats one.
/// REQUIRES: item_bytes is 1, 2, 4, 8 or 16.
void copy_box(const Extents& count, std::size_t item_bytes, const void* from,
              const Strides& from_strides, void* to, const Strides& to_strides) noexcept;

}  // namespace furrow::hdf5
