// furrow/io/hdf5/slabs.hpp
//
// The reading end of a stream: datasets of equal rows, in slabs of whole layers of chunks.
//
//   buffer 0   | room | slab 0 ……… |      the caller works on this one
//   buffer 1   | room | slab 1 ……… |      while a thread has the workers fill that one
//
// Room     in front of each slab, for the elements that a reduction has left over from the slab
//          before (engine/pieces.hpp): then they lie side by side
// Thread   one, which waits for loads; what it throws comes out of next()
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/io/hdf5/reader.hpp>
#include <furrow/io/hdf5_stream.hpp>

namespace furrow::hdf5 {

/// A dataset that is going to be read in slabs.
struct StreamSource {
  DatasetAddress address;  // absolute
  DatasetInfo info;
  std::shared_ptr<Reader> reader;

  std::size_t row_bytes() const noexcept;
};

/// Throws what hdf5::info does.
StreamSource open_source(Engine& engine, const DatasetAddress& address,
                         const StreamOptions& options);

/// The dataset's attributes, with the scales of its rows cut to those that the stream takes.
Attributes attributes_of_rows(const StreamSource& source, const StreamOptions& options);

/// How the rows are cut.
struct SlabPlan {
  std::int64_t begin = 0;  // rows
  std::int64_t end = 0;
  std::int64_t slab_rows = 0;
  std::uint64_t buffer_bytes = 0;

  /// Slabs begin at multiples of slab_rows of the dataset, so that no chunk is read twice.
  std::int64_t slabs() const noexcept;
  std::int64_t slab_begin(std::int64_t slab) const noexcept;
  std::int64_t slab_end(std::int64_t slab) const noexcept;
};

struct SlabNeeds {
  std::uint64_t row_bytes = 0;    // of all buffers together
  std::uint64_t buffers = 2;      // so many
  std::uint64_t fixed_bytes = 0;  // beside them
  std::int64_t layer_rows = 1;    // slabs have a multiple of these
};

/// "5.3M", rounded up: as the command line's --memory takes it.
std::string mebibytes(std::uint64_t bytes);

/// Throws ShapeMismatch (rows that are not there), InvalidArgument (too little memory; says how
/// much it takes).
SlabPlan plan_slabs(std::int64_t rows, const StreamOptions& options, const SlabNeeds& needs,
                    const std::string& name);

/// The least common multiple, where that is small; else the larger one.
std::int64_t layer_rows_with(std::int64_t rows, std::int64_t others) noexcept;
/// Rows of a layer of chunks of all sources.
std::int64_t layer_rows_of(const std::vector<StreamSource>& sources);
/// What workers decode in, at most.
std::uint64_t scratch_bytes_of(Engine& engine, const std::vector<StreamSource>& sources);

struct ReadSlab {
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::vector<AnyArray> arrays;  // of each source: rows x the other axes
  std::vector<AnyArray> flat;    // of each source: one axis, room and elements
};

class SlabReader {
 public:
  /// `room`: elements in front of each slab.
  SlabReader(Engine& engine, std::vector<StreamSource> sources, const SlabPlan& plan,
             std::int64_t room, const StreamOptions& options);
  ~SlabReader();
  SlabReader(const SlabReader&) = delete;
  SlabReader& operator=(const SlabReader&) = delete;

  /// The next slab, null after the last; the one before is given back. `idle` is called about
  /// twenty times a second while there is none yet, and throws to give up.
  const ReadSlab* next(const std::function<void()>& idle);
  /// On which the first source was read.
  std::string road() const { return sources_[0].reader->road(); }

 private:
  struct Buffer {
    ReadSlab slab;
    bool full = false;
  };
  void read_all() noexcept;
  void read(std::int64_t index, Buffer& buffer);

  std::vector<StreamSource> sources_;
  SlabPlan plan_;
  std::int64_t room_;
  StreamOptions options_;
  std::vector<AnyArray> memory_[2];
  Buffer buffers_[2];
  std::int64_t given_ = 0;  // slabs that the caller has had
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace furrow::hdf5
