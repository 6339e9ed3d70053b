// furrow/io/hdf5/verify_plan.hpp
//
// What verify reads, cut into places: chunks, or parts of about 8 MiB; and the table in shared
// memory that workers go through and note in what they found.
//
//   +------------+-----------+-------------+-----------+---------+------------------+
//   | PlanHeader | PlanBlock | PlanDataset | TornEntry | numbers | names            |
//   |            | × blocks  | × datasets  | × torn_max| int64   | of datasets      |
//   +------------+-----------+-------------+-----------+---------+------------------+
//
// Block    a run of places, of one dataset or of several small ones; one index of the job
// Progress one word a block: the place in hand, how often it was begun, how many were torn. It is
//          written before and after each place, so whoever comes after a death knows what killed,
//          and a place is counted once
// Order    the table is written before the job; in it, each block by the worker that has it;
//          entries of torn places by whoever took their number
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

enum class PlaceKind : std::uint32_t {
  chunk_grid,  // place i is chunk i of the grid, in C order
  chunk_list,  // of a dataset with far fewer chunks than its grid: the list has their offsets
  bytes,       // of a contiguous dataset: 8 MiB of the file each
  rows,        // along the first axis: what only the library can read
};

/// A dataset as it is planned: by a worker that looks through the file.
struct PlannedDataset {
  ObjectInfo info;
  PlaceKind kind = PlaceKind::rows;
  std::uint64_t places = 0;
  std::uint64_t file_offset = 0;      // bytes
  std::int64_t rows = 1;              // rows: how many a place has
  std::vector<std::int64_t> offsets;  // chunk_list: rank numbers a place
  std::string skipped;
  // Filters (bit i) that the library here cannot undo, of a dataset with too many chunks to list
  // them first: each chunk tells whether it went past them. Then `skipped` is what is to be said
  // if one did not.
  std::uint32_t without = 0;
};

inline constexpr std::uint64_t piece_bytes = std::uint64_t{8} << 20;

/// Decides how a dataset is cut. `dataset` is open.
void plan_dataset(std::int64_t dataset, std::uint64_t file_bytes, std::uint64_t chunk_bytes_max,
                  PlannedDataset& planned);

/// First element and extents of a place; of bytes the rows that they touch.
using PlaceBox = std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>;
struct PlaceRule {
  PlaceKind kind;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> chunk;
  std::int64_t rows;
  const std::int64_t* offsets;  // chunk_list
  std::uint64_t bytes;          // of all elements
};
PlaceBox box_of(const PlaceRule& rule, std::uint64_t place);

/// place · unchecked · torn (20 bits each) · tries (4 bits)
struct Progress {
  std::uint64_t place = 0;
  std::uint64_t unchecked = 0;
  std::uint64_t torn = 0;
  std::uint64_t tries = 0;
  static Progress of(std::uint64_t word) {
    return {word >> 44, word >> 24 & 0xFFFFF, word >> 4 & 0xFFFFF, word & 0xF};
  }
  std::uint64_t word() const { return place << 44 | unchecked << 24 | torn << 4 | tries; }
};
inline constexpr std::uint64_t block_places_max = 4096;

struct PlanBlock {
  std::uint64_t dataset;  // of its first place
  std::uint64_t place;    // of that dataset
  std::uint64_t count;
  std::atomic<std::uint64_t> progress;
};

struct PlanDataset {
  PlaceKind kind;
  std::uint32_t rank;
  std::uint32_t without;  // PlannedDataset::without
  std::uint32_t unread;   // not 0: a chunk did not go past these; by any worker, as an atomic_ref
  std::uint64_t places;
  std::uint64_t file_offset;
  std::uint64_t bytes;
  std::int64_t rows;
  std::uint64_t numbers_at;  // shape, chunk (of chunked ones), offsets
  std::uint64_t name_at;
  std::uint64_t name_bytes;
};

struct TornEntry {
  std::atomic<std::uint32_t> complete;
  std::uint32_t crashed;
  std::uint64_t dataset;
  std::uint64_t place;
  std::uint64_t reason_bytes;
  char reason[480];
};

struct PlanHeader {
  std::uint64_t blocks;
  std::uint64_t datasets;
  std::uint64_t torn_max;
  std::uint64_t crashes_max;
  std::atomic<std::uint64_t> torn_entries;
  std::atomic<std::uint64_t> crashes;
  os::FileStamp stamp;
  std::uint64_t blocks_at;  // offsets in bytes from the header
  std::uint64_t datasets_at;
  std::uint64_t torn_at;
  std::uint64_t numbers_at;
  std::uint64_t names_at;

  template <class T>
  T* at(std::uint64_t offset) noexcept {
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + offset);
  }
  PlanBlock& block(std::uint64_t i) noexcept { return at<PlanBlock>(blocks_at)[i]; }
  PlanDataset& dataset(std::uint64_t i) noexcept { return at<PlanDataset>(datasets_at)[i]; }
  TornEntry& torn(std::uint64_t i) noexcept { return at<TornEntry>(torn_at)[i]; }
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The table in shared memory; it goes with the array.
AnyArray make_table(const std::vector<PlannedDataset>& datasets, const os::FileStamp& stamp,
                    const VerifyOptions& options);

/// In a worker: reads the places of a block.
void verify_block(PlanHeader& plan, const std::string& file, std::uint64_t block);

}  // namespace furrow::hdf5
