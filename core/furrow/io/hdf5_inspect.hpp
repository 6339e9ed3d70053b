// furrow/io/hdf5_inspect.hpp
//
// What an HDF5 file holds, and whether it is whole.
//
//   for (const auto& object : furrow::hdf5::list(engine, "in.h5").objects) …    // path, shape, …
//   auto x = furrow::hdf5::inspect(engine, "in.h5", "/prices");       // attributes, fill value, …
//   auto report = furrow::hdf5::verify(engine, "in.h5");              // reads every chunk
//   if (!report.whole()) … report.torn[0].dataset, .offset, .reason
//
// Where    in workers only: a file that crashes the library costs a worker, never the caller
// Links    soft and external ones are shown and never followed, so no other file is opened. An
//          object of several hard links is listed once and named by its others; a cycle ends there
// Errors   an object that cannot be read has its `error` and the rest goes on. The calls throw what
//          load throws for a file that cannot be opened at all, and WorkerDied for one whose
//          structure crashes the library
// Hangs    a file whose structure sends the library round in circles ends in Timeout, after
//          JobOptions::deadline_ns or two minutes
// Memory   of verify: one chunk (or 8 MiB) a worker, and 32 bytes per 4 MiB of file
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <furrow/engine/options.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow {

class Engine;

namespace hdf5 {

enum class ObjectKind : std::uint32_t {
  group,
  dataset,
  type,           // a named type
  soft_link,      // `target` is the path it names, which may not exist
  external_link,  // `target` is "file:/path"
  hard_link,      // one more link to an object that is listed as `target`
  other,
};
std::string_view kind_name(ObjectKind kind);

struct Filter {
  int id = 0;
  std::string name;                   // gzip, shuffle, fletcher32, szip, …; a plugin's own
  std::vector<std::uint32_t> values;  // its parameters; the level for gzip
  bool available = true;              // the library here can undo it
};
/// "gzip-4", "shuffle", "lz4 (32004)".
std::string to_string(const Filter& filter);

/// An attribute that furrow's attributes cannot hold.
struct ForeignAttribute {
  std::string name;
  std::string type;  // in words
};

struct ObjectInfo {
  std::string path;  // "/" for the root
  ObjectKind kind = ObjectKind::other;
  std::string target;          // of links
  bool leads_nowhere = false;  // of soft links: nothing is at `target`
  std::string error;           // why it cannot be read; empty: it can
  std::uint64_t attribute_count = 0;

  // Of datasets.
  Dtype dtype = Dtype::none;  // what it loads as; none: furrow has no dtype for it
  std::string type;           // the dtype's name, or the type in words
  std::string byte_order;     // "little", "big", or "" where there is none
  bool has_shape = true;      // false: a null dataspace
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> shape_max;  // -1: without limit
  std::string layout;                   // "contiguous", "chunked", "compact", "virtual", "external"
  std::vector<std::int64_t> chunk;
  std::vector<Filter> filters;      // in the order of writing
  std::uint64_t bytes = 0;          // of the elements, in memory
  std::uint64_t stored_bytes = 0;   // in the file
  std::optional<Attribute> fill{};  // only where the writer set one, of our dtypes

  // By inspect only.
  Attributes attributes;
  std::vector<ForeignAttribute> foreign_attributes;
};

struct ListOptions {
  std::size_t objects_max = 100'000;
  JobOptions job = {};
};
struct Listing {
  std::vector<ObjectInfo> objects;  // depth first, names in order; the group itself is the first
  bool more = false;                // there are more than objects_max
};
/// All that lies below a group, or one dataset alone.
Listing list(Engine& engine, const std::string& file, const std::string& group = "/",
             const ListOptions& options = {});

/// All about one group or dataset; "/" is the file's root group.
ObjectInfo inspect(Engine& engine, const std::string& file, const std::string& object,
                   const JobOptions& job = {});

struct VerifyOptions {
  std::size_t torn_max = 1000;                             // places that are told
  std::uint64_t chunk_bytes_max = std::uint64_t{1} << 30;  // larger chunks are not read, and told
  std::size_t crashes_max = 16;  // places that crash the library before verify gives up
  JobOptions job = {};           // a deadline against a file that hangs the library
};

/// A part of a dataset that cannot be read: a chunk, or up to 8 MiB.
struct TornPlace {
  std::string dataset;
  std::vector<std::int64_t> offset;  // first element; with `count`, the box
  std::vector<std::int64_t> count;
  std::string reason;
  bool crashed = false;  // a worker died of it
};

struct VerifiedDataset {
  std::string path;
  std::uint64_t stored_bytes = 0;
  std::uint64_t places = 0;  // chunks, or parts of up to 8 MiB
  std::uint64_t torn = 0;    // of these; those in VerifyReport::torn
  std::string checksum;      // "fletcher32", "gzip's adler32"; "": readable is all that can be said
  std::string skipped;       // why it, or how much of it, was not read; empty: all was
};

struct VerifyReport {
  std::vector<VerifiedDataset> datasets;
  std::vector<TornPlace> torn;   // torn_max at most
  std::uint64_t torn_count = 0;  // all of them
  // Chunks that were stored without the checksum that their dataset has: what did not shrink.
  std::uint64_t unchecked_count = 0;
  std::vector<ObjectInfo> unreadable;  // objects with `error`, attributes that cannot be read too
  bool gave_up = false;                // crashes_max was reached; what is left was not read
  // Datasets with `skipped` whose elements lie in this file: nothing is known of what was not read.
  std::uint64_t skipped_count = 0;
  // Datasets with `skipped` that are made of other datasets or files: to be verified there.
  std::uint64_t elsewhere_count = 0;
  std::uint64_t bytes = 0;  // of all that was to be read, as stored

  /// All that lies in the file was read, and nothing of it is torn.
  bool whole() const noexcept {
    return torn_count == 0 && unreadable.empty() && !gave_up && skipped_count == 0;
  }
};

/// Reads every chunk of every dataset below `object` (a group or a dataset), by all workers at
/// once.
VerifyReport verify(Engine& engine, const std::string& file, const std::string& object = "/",
                    const VerifyOptions& options = {});

}  // namespace hdf5
}  // namespace furrow
