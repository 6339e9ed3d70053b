// furrow/io/hdf5/inspection.hpp
//
// The first look at a dataset, by a worker: what it is, where it lies, its attributes.
//
// Worker   a damaged file may crash the library while it is only looked at
// Kept     answers are kept, a few, for the next load of the same dataset by this process: a loop
//          over parts of it asks once. Whether the file is still the one that was looked at shows
//          in its stamp (inode, size, last write): compared here, and again by whoever then
//          reads, on the file that it opened. Files changed so lately that another change could
//          have the same time are asked about each time, and so are links to other files, and
//          whatever only the library reads
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/mailbox.hpp>

namespace furrow::hdf5 {

/// Up to here a load without filters is read by whoever waits for it: waking workers takes longer.
inline constexpr std::size_t own_bytes_max = std::size_t{1} << 20;

struct Inspected {
  std::string file;  // where links led to
  std::string dataset;
  Description description;
  ReadAttributes attributes;
  std::vector<std::uint64_t> chunk_offsets;  // Source::plain_chunks
};

struct Question {
  std::string file;  // absolute: workers may stand in another folder
  std::string dataset;
  bool external = false;  // links to other files are followed
};

struct Answer {
  Inspected inspected;
  std::unique_ptr<Mailbox> box;  // holds file and dataset, when links led nowhere else
};

/// Throws what a worker noted: NotFound, Corrupt, IoError, InUse, PermissionDenied, …
Answer inspect(Engine& engine, const Question& question, const Place& place, const JobOptions& job);

/// The same, from what is kept when that still holds.
Answer inspect_or_recall(Engine& engine, const Question& question, const Place& place,
                         const JobOptions& job);

}  // namespace furrow::hdf5
