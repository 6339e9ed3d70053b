// furrow/io/hdf5/roads.hpp
//
// The three roads from a file into a shared array, block by block.
//
// Blocks   runs of cells. On the road of chunks a cell is a chunk; a contiguous dataset is cut into
//          cells of 256 KiB that lie in one piece; H5Dread gets layers of whole chunks
// Straight where the cell's place is one run of memory, it is read and decoded there, with nothing
//          in between; else by way of one buffer that the worker keeps
// New      an array whose memory is not there yet is written through its file, if cells fill runs
//          of it that are worth a call: the first touch of shared pages costs more than writing
//          them so, workers take them side by side, and a place that is full is an error
// Other    elements that become others (convert.hpp) go by way of the buffer, cell by cell, while
//          they are in the cache
// Crash    a block writes its own part of the result and reads nothing of it: run again from the
//          start, it gives the same bits
// Changed  the file is locked (shared) while a block is read, and compared with what was described
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/convert.hpp>
#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/selection.hpp>

namespace furrow::hdf5 {

/// The result's file, open in the coordinator.
struct ResultFile {
  std::uint64_t process = 0;  // 0: none, the result is written where it is mapped
  std::uint32_t descriptor = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;  // of element 0
};

/// Trivially copyable: a closure takes it along.
struct LoadPlan {
  Description description;
  Road road = Road::blocks;
  Cells cells;
  std::int64_t cells_per_block = 1;
  std::int64_t blocks = 0;
  void* data = nullptr;  // element 0 of the result
  Strides strides;
  Conversion conversion;
  ResultFile file;  // only where nothing is converted
  /// Of chunks without filters, in C order: they are read as contiguous elements are. No worker has
  /// these.
  const std::uint64_t* chunk_offsets = nullptr;
};

/// Cells fill runs of 4 KiB or more of a result without holes, or one cell fills all of it.
bool fills_runs(const Cells& cells, std::size_t item_bytes) noexcept;

/// The extents of the cells on the dataset's road, for about `block_bytes` a block.
Extents cell_extents(const Description& description, const Selection& selection,
                     std::size_t block_bytes);

/// In a worker, or where no library takes part: contiguous, or with chunk_offsets. Throws InUse
/// (the file changed), Corrupt (cut short, damaged chunks), OutOfSpace, IoError.
void read_block(const LoadPlan& plan, const std::string& file, const std::string& dataset,
                std::int64_t block);

}  // namespace furrow::hdf5
