// furrow/engine/runner.hpp
//
// Running the tiles of a job: claiming groups, and the three protocols. Used by workers and by a
// coordinator that takes part. What follows a death is in engine/recovery.hpp.
//
// Ordering  a group word is stored with release after the memory it speaks about, and read with
//           acquire before that memory is touched; a killed process has no other stores under way
// Crash     every step between two stores of the word may be cut off; recover() knows what follows
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <furrow/engine/job.hpp>
#include <furrow/engine/layout.hpp>

namespace furrow::engine {

/// A private copy of a job's description, with its code found in this process. It stays where it
/// was loaded: constant operands point into it.
struct LoadedJob {
  LoadedJob() = default;
  LoadedJob(const LoadedJob&) = delete;
  LoadedJob& operator=(const LoadedJob&) = delete;

  std::size_t slot = 0;
  std::uint32_t round = 0;
  JobDescription description;
  alignas(64) std::byte captures[captures_bytes_max];
  TileEntry entry = nullptr;
  CombineEntry combine = nullptr;
  const kernels::Variant* variant = nullptr;
  bool packed[operands_max];
  bool repeated[operands_max];        // one element stands for all
  std::int64_t run[operands_max];     // long_run of the operands that are not packed
  bool whole_groups = false;          // a kernel that gets groups, not tiles, and no protection
  bool untouched[operands_max] = {};  // written here for the first time (Runner::populate)

  std::int64_t tile_count() const noexcept {
    return (description.count + description.tile_elements - 1) / description.tile_elements;
  }
  std::size_t partial_stride() const noexcept { return (description.partial_bytes + 15U) & ~15U; }
};

enum class LoadResult {
  gone,  // the slot holds no job, or another one by now
  loaded,
  declined,  // this process has not got the code (a worker of another program)
};

/// Copies what a tile needs; with `resolve` finds its code.
LoadResult load_job(const ControlView& view, std::size_t slot, LoadedJob& job, bool resolve = true);

/// Groups finished so far, by everybody.
std::uint32_t groups_finished(const ControlView& view, std::size_t slot,
                              std::uint32_t round) noexcept;

/// Adds a failure to a job unless it has one, and stops it.
void record_failure(JobSlot& slot, FailureKind kind, std::uint32_t worker, std::int64_t first,
                    std::int64_t last, const char* text) noexcept;

class Runner {
 public:
  /// Claims nothing more once `leave` (may be null) is true.
  Runner(const ControlView& view, std::size_t worker, const std::atomic<bool>* leave = nullptr);
  ~Runner();

  /// Claims and runs groups until none is free. Returns how many this call finished.
  std::uint32_t run(const LoadedJob& job);
  /// Notes that this worker cannot run the job.
  void decline(std::size_t slot, std::uint32_t round);

 private:
  struct Buffers;
  std::uint32_t run_blocks();
  std::uint32_t run_range(std::int64_t begin, std::int64_t end, std::int64_t step);
  bool claim(std::atomic<std::uint64_t>& word, GroupWord& claimed) const noexcept;
  void run_group(std::uint32_t group, std::uint32_t position);
  void populate(std::uint32_t group) const noexcept;
  bool run_bulk(std::uint32_t group, std::uint32_t position);
  bool run_tiles(std::uint32_t group, std::uint32_t position);
  bool run_tile(std::int64_t tile, std::uint32_t group, std::uint32_t position);
  bool run_reduce(std::uint32_t group);
  void repeat_elements() const noexcept;
  void bind(TileCall& call, std::int64_t first, std::size_t count) const;
  void map_elements(std::int64_t first, std::int64_t last, const TileCall& bound) const;
  bool execute(const TileCall& call, void* partial) const;
  void call_code(const TileCall& call, void* partial) const;
  void combine(void* left, void* right) const;
  void set_word(std::uint32_t group, GroupState state, std::uint32_t position) const noexcept;
  bool stopping() const noexcept;
  void announce() const noexcept;

  ControlView view_;
  std::size_t worker_;
  const std::atomic<bool>* leave_;
  const LoadedJob* job_ = nullptr;
  JobSlot* slot_ = nullptr;
  std::byte* scratch_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace furrow::engine
