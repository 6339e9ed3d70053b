// furrow/io/hdf5_snapshot.hpp
//
// Live arrays to a file and back, consistent, while the engine works on them.
//
//   hdf5::snapshot(engine, {positions, velocities}, "state.h5");     // /positions, /velocities
//   hdf5::restore(engine, {positions, velocities}, "state.h5");
//
//   hdf5::Checkpoints checkpoints(engine, {positions, velocities}, "run.h5",
//                                 {.every_ns = 60'000'000'000});     // run.1.h5, run.2.h5, …
//   … hdf5::restore(engine, {positions, velocities}, *hdf5::latest_checkpoint("run.h5"));
//
// Moment   a boundary between operations of this engine (Engine::at_boundary): all arrays as they
//          are at one instant. They are copied in memory there, and written while work goes on.
//          What others write, threads and other engines, is up to the caller
// File     one of its own: an old file of that name goes, WHATEVER IT HOLDS, when the new one is
//          whole. It holds these arrays and their attributes and nothing else
// Restore  loads all of them first, then copies at a boundary: a file that cannot be read changes
//          nothing
// Memory   a copy of the arrays
// Errors   those of save and load; InvalidArgument for two arrays of one name, or none
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/io/hdf5.hpp>

namespace furrow::hdf5 {

/// Each array under its name. SaveOptions: gzip, shuffle, fletcher32, timeout_ns, job count.
void snapshot(Engine& engine, std::span<const AnyArray> arrays, const std::string& file,
              const SaveOptions& options = {});
inline void snapshot(Engine& engine, std::initializer_list<AnyArray> arrays,
                     const std::string& file, const SaveOptions& options = {}) {
  snapshot(engine, std::span(arrays.begin(), arrays.size()), file, options);
}

/// Into arrays of the same names, dtypes and shapes.
void restore(Engine& engine, std::span<const AnyArray> arrays, const std::string& file,
             const JobOptions& job = {});
inline void restore(Engine& engine, std::initializer_list<AnyArray> arrays, const std::string& file,
                    const JobOptions& job = {}) {
  restore(engine, std::span(arrays.begin(), arrays.size()), file, job);
}

struct CheckpointOptions {
  std::int64_t every_ns = 0;  // 0: only when save() is called; else by a thread, so often
  int keep = 2;               // checkpoints that stay, the newest ones
  SaveOptions save = {};
};

/// Numbered snapshots. "run.h5" names run.1.h5, run.2.h5, …; numbers go on from those in the
/// folder.
class Checkpoints {
 public:
  /// Throws InvalidArgument (keep below 1, names), NotFound (no such folder).
  Checkpoints(Engine& engine, std::span<const AnyArray> arrays, const std::string& path,
              const CheckpointOptions& options = {});
  Checkpoints(Engine& engine, std::initializer_list<AnyArray> arrays, const std::string& path,
              const CheckpointOptions& options = {})
      : Checkpoints(engine, std::span(arrays.begin(), arrays.size()), path, options) {}
  /// Lets one that is being written come to its end. What it throws is lost: call stop() first.
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  /// One more, now; older ones than the last `keep` go. Returns its file.
  std::string save();
  /// Ends the thread, and throws what kept it from saving. Saving goes on after an error, at the
  /// next time.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The file with the greatest number; nothing when there is none.
std::optional<std::string> latest_checkpoint(const std::string& path);

}  // namespace furrow::hdf5
