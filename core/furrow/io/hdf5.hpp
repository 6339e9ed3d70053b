// furrow/io/hdf5.hpp
//
// HDF5 datasets into named arrays and back.
//
//   furrow::Engine engine;
//   auto x = furrow::hdf5::load<double>(engine, "in.h5", "/prices", "prices");
//   furrow::hdf5::save(engine, x, "out.h5", "/results/prices", {.gzip = 4});
//
// Load     by all workers at once, each reading blocks of whole chunks straight into the shared
//          array. The HDF5 library holds one lock per process, so threads could not
// Roads    by the dataset alone: "chunks" of gzip, shuffle and fletcher32 are decoded by us, every
//          checksum checked; "contiguous" ones are read at their offset; "blocks" by the library,
//          for all the rest. What takes one never takes another
// Parts    ranges with steps on every axis, or a list of rows; only chunks that they touch are read
// Elsewhere  links and elements in other files are refused unless `external` says so, and the
//          library does not open those files before we have looked
// Save     whole or not at all: into a temporary file of the same folder, fsync, rename, fsync of
//          the folder. What else the file holds stays. Killed at any instant, the old file or the
//          new one is there. Savers of one file wait for each other. All workers compress, one
//          writes; equal arrays make equal files for any number of them
// Types    bool as h5py's enum, i8 to u64, f16, f32, f64, c64 and c128 as compound {r, i}; either
//          byte order is read, bits are kept. Anything else is TypeMismatch, by name
// bfloat16 is read as f32. `convert` asks for another dtype: elements are converted on their way
//          into the array, with SIMD, where the library would take each apart
// Shape    rank 0 to 8, extents may be 0 (a dataset without a shape, h5py.Empty, comes as (0)); C
//          order, as HDF5's own. Never transposed
// Attributes  numbers and strings are kept on the array and written back; labels and scales of
//          axes, too (io/dimensions.hpp); others are reported, and stay where a dataset is replaced
// Crash    the library is used in workers only: a file that crashes it kills a worker, and the call
//          ends with WorkerDied
// HDF5     a program that uses the library itself opens its files after it has started the engine:
//          forked workers would inherit them half way, caches and all
// Errors   NotFound (file, dataset; says what there is), TypeMismatch, ShapeMismatch, Corrupt (no
//          HDF5, cut short), AlreadyExists, InUse (open for writing elsewhere, changed meanwhile),
//          PermissionDenied, OutOfSpace, InvalidArgument, IoError; and those of jobs
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/options.hpp>

namespace furrow {

class Engine;

namespace hdf5 {

/// Positions begin, begin + step, … before end, along one axis.
struct AxisRange {
  std::int64_t begin = 0;
  std::int64_t end = last;
  std::int64_t step = 1;
  static constexpr std::int64_t last = INT64_MAX;  // as many as there are
  friend bool operator==(const AxisRange&, const AxisRange&) = default;
};
using RowRange = AxisRange;  // of the first axis

struct LoadOptions {
  std::optional<RowRange> rows = {};   // default: all
  std::vector<AxisRange> select = {};  // of the first axes; the others come whole
  // These rows in this order, each as often as it is named. Chunks that hold none are not read, and
  // those that do are decoded once.
  std::optional<std::vector<std::int64_t>> row_list = {};
  bool external = false;      // follow links into other files, read elements from there
  Dtype dtype = Dtype::none;  // none: what the file holds; else TypeMismatch for any other
  // What is no `dtype` becomes one, as the kernel "cast" has it; complex numbers stay complex.
  bool convert = false;
  bool replace = false;       // an array of that name goes (InUse when it is attached)
  bool attributes = true;     // keep the dataset's attributes
  CreateOptions create = {};  // of the new array; attribute_bytes grows when needed
  JobOptions job = {};        // a deadline, for files on disks that may not answer; a watch
};

/// How a load went.
struct LoadReport {
  std::string road;         // "chunks" (decoded by us), "contiguous" (pread), "blocks" (H5Dread)
  std::int64_t blocks = 0;  // how many there were
  std::vector<std::string> skipped_attributes;  // of types that are not kept
};

/// A new array with the dataset's rows. It gets its name when all of them are there: a load that
/// fails or is killed leaves nothing, and with `replace` the old array stays until then.
AnyArray load(Engine& engine, const std::string& file, const std::string& dataset,
              std::string_view name, const LoadOptions& options = {}, LoadReport* report = nullptr);

template <Element T>
Array<T> load(Engine& engine, const std::string& file, const std::string& dataset,
              std::string_view name, LoadOptions options = {}, LoadReport* report = nullptr) {
  options.dtype = dtype_of<T>;
  return load(engine, file, dataset, name, options, report).template as<T>();
}

/// Into an array that exists, of the same dtype (or with `convert`) and shape; it may be a slice.
/// Its attributes stay. A load that fails half way leaves some rows old and some new.
void load(Engine& engine, const std::string& file, const std::string& dataset,
          const AnyArray& array, const LoadOptions& options = {}, LoadReport* report = nullptr);

/// What a dataset is, without loading it.
struct DatasetInfo {
  Dtype dtype = Dtype::none;
  Shape shape;
  Extents chunk;  // empty: not chunked
  bool compressed = false;
  Attributes attributes;
  std::vector<std::string> skipped_attributes;
};
DatasetInfo info(Engine& engine, const std::string& file, const std::string& dataset,
                 bool external = false);

/// Bytes of elements put together by significance before gzip: often smaller, sometimes larger.
enum class Shuffle {
  automatic,  // several pieces are tried both ways; never without gzip
  on,
  off,
};

struct SaveOptions {
  int gzip = 0;  // 1 to 9: compressed, in chunks
  Shuffle shuffle = Shuffle::automatic;
  bool fletcher32 = true;  // a checksum in each chunk, where there are chunks
  Extents chunk = {};      // empty: about 1 MiB when compressed or growable, else no chunks
  bool growable = false;   // rows can be appended later
  bool replace = false;    // a dataset of that name goes; else AlreadyExists
  std::optional<Attributes> attributes = {};  // default: the array's
  std::int64_t timeout_ns = 30'000'000'000;   // for another saver of the same file
  JobOptions job = {};                        // its watch is asked between chunks
};

/// How a save or append went.
struct SaveReport {
  std::string road;  // "chunks": filtered by all workers; "rows": H5Dwrite by one of them
  bool shuffled = false;
  Shape shape;    // of the whole dataset
  Extents chunk;  // empty: not chunked
};

/// The workers filter chunks, and one of them owns the file: a damaged file that is added to cannot
/// take the caller with it. When that one dies, the save begins again, at most three times.
void save(Engine& engine, const AnyArray& array, const std::string& file,
          const std::string& dataset, const SaveOptions& options = {},
          SaveReport* report = nullptr);

/// The same in this process alone. Equal arrays make equal files, either way.
void save(const AnyArray& array, const std::string& file, const std::string& dataset,
          const SaveOptions& options = {}, SaveReport* report = nullptr);

struct AppendOptions {
  std::int64_t timeout_ns = 30'000'000'000;
  JobOptions job = {};
};

/// The array's rows behind those of a dataset whose first axis can grow (SaveOptions::growable, or
/// maxshape=(None, …) in h5py). dtype and all other axes agree, or TypeMismatch, ShapeMismatch. The
/// file changes whole or not at all, so each call costs the time and the free space of a copy of
/// all of it: few large appends, or one stream. Filters other than shuffle, gzip and fletcher32 are
/// the HDF5 library's, by one worker.
void append(Engine& engine, const AnyArray& array, const std::string& file,
            const std::string& dataset, const AppendOptions& options = {},
            SaveReport* report = nullptr);
void append(const AnyArray& array, const std::string& file, const std::string& dataset,
            const AppendOptions& options = {}, SaveReport* report = nullptr);

}  // namespace hdf5
}  // namespace furrow
