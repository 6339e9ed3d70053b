// furrow/io/hdf5/session.hpp
//
// A dataset that is written slab by slab by the workers of an engine.
//
//   WriteSession session(engine, request, options);   // temporary file, dataset
//   session.push(slab);                               // rows, in order, any number of times
//   session.commit();                                 // fsync, rename: now the file is the new one
//
// Owner    one worker has the temporary file open from the first call to the last. In a push the
//          others filter chunks for it (push.hpp). Between calls it computes as any other worker
// Order    each slab begins where the one before ended: at row 0, or (append) behind the last row.
//          Rows past the end extend a dataset that can grow. Slabs of whole layers of chunks are
//          the fast ones: a layer that two slabs share is read back and written again
// Overlap  start() returns while the workers write: the slab must stay as it is until finish().
//          Jobs that run meanwhile share the workers with it
// Crash    a helper's death costs nothing. With its owner a session is lost: WorkerDied, lost()
//          says so, and the old file is whole; begin again. Only commit() knows better: what the
//          dead owner had published is published, also when others have replaced the file since
// End      without commit() nothing happened
// Errors   those of Sink and of jobs; TypeMismatch and ShapeMismatch of slabs
// Threads  one at a time
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <furrow/array/array.hpp>
#include <furrow/engine/options.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/request.hpp>

namespace furrow {

class Engine;

namespace hdf5 {

/// What a save says of the dataset that it made.
SaveReport report_of(const Target& target);

class WriteSession {
 public:
  /// The deadline counts from here, and for all that follows; the watch is asked by finish() and
  /// commit() with the part of the present step that is done.
  WriteSession(Engine& engine, const WriteRequest& request, const JobOptions& options = {});
  ~WriteSession();
  WriteSession(const WriteSession&) = delete;
  WriteSession& operator=(const WriteSession&) = delete;

  /// As it was opened, but for its rows.
  const Target& target() const noexcept;
  /// The row at which the next slab goes.
  std::int64_t position() const noexcept;
  /// True after the owner's death.
  bool lost() const noexcept;

  /// Memory that the workers may filter into: at least two slots are taken, or none.
  void limit_ring(std::uint64_t bytes) noexcept;

  void push(const AnyArray& slab) {
    start(slab);
    finish();
  }
  void start(const AnyArray& slab);
  void finish();
  /// The slabs that follow are another dataset's, in the same file.
  void next(const WriteRequest& request);
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hdf5
}  // namespace furrow
