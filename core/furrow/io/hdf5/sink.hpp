// furrow/io/hdf5/sink.hpp
//
// A file that is being changed, whole or not at all, with the dataset that is written into it.
//
//   call                   what it does
//   ---------------------- ---------------------------------------------------------------------
//   Sink sink(request)     takes the file's place, copies the old file, makes the dataset
//   sink.extend(rows)      where it is to grow
//   sink.write_chunk(…)    what is filtered already; or sink.write_rows(slab), by H5Dwrite
//   sink.finish()          attributes, close, fsync: whole, under its temporary name
//   sink.publish()         rename, fsync of the folder
//
// Where    in the process that owns the file, from the first call to the last. Gone without
//          publish(), the temporary file goes and the old one is as it was
// File     HDF5's earliest format, which every reader takes; no times, so that equal calls make
//          equal files
// Errors   AlreadyExists, NotFound (no such folder, file or dataset), InvalidArgument,
//          ShapeMismatch, TypeMismatch, PermissionDenied, OutOfSpace, InUse, Corrupt (the file that
//          is there), IoError
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/request.hpp>
#include <furrow/io/hdf5/scales.hpp>
#include <furrow/io/hdf5/steady_file.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

class Sink {
 public:
  explicit Sink(WriteRequest request);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  const Target& target() const noexcept { return target_; }
  /// The file that will be replaced: links followed.
  const std::string& path() const noexcept { return place_.target(); }
  const std::string& temporary() const noexcept { return place_.temporary(); }

  /// To that many rows, when there are less.
  void extend(std::int64_t rows);
  /// `watch` is asked between blocks of 8 MiB with the part done; false: Cancelled.
  void write_rows(const Slab& slab, const std::function<bool(double)>& watch);
  void write_chunk(const Extents& offset, const std::byte* bytes, const Encoded& encoded);
  /// Rows [begin, end) as they are now, C order.
  void read_rows(std::int64_t begin, std::int64_t end, void* to);

  /// Ends this dataset and begins another one of the same file.
  void next(WriteRequest request);

  void finish();
  void publish(std::atomic<os::Publishing>* progress = nullptr);

 private:
  bool keeps() const noexcept;
  void open();
  void begin_dataset();
  void end_dataset();
  void require_written() const;

  WriteRequest request_;
  std::string asked_;
  std::string room_;  // what to say where there is no room
  os::FileReplacement place_;
  std::unique_ptr<SteadyFile> steady_;
  File file_;
  Dataset dataset_;
  std::optional<Predecessor> predecessor_;  // the dataset that goes
  Type type_;                               // of elements in memory
  Target target_;
};

}  // namespace furrow::hdf5
