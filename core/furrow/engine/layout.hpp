// furrow/engine/layout.hpp
//
// What an engine keeps in shared memory: the data part of a segment of kind `engine`.
//
//   Control          one page: identity, the bell, who sleeps, the nursery
//   Attachment[1024] which segments the coordinator has mapped, and where
//   Worker[slots]    one page each: state, how far it is with each job, counters
//   Scratch[slots]   64 KiB each: the tile being committed, or the copy to undo
//   JobSlot[8]       description, captures, group words, partials
//
// Who writes what. The coordinator writes job descriptions, attachments and the bell. A worker
// writes its own page, its own scratch, and group words that it owns. A dead worker's words are
// rewritten by whoever recovers it: the coordinator under its mutex; after its death the nursery,
// or the spare when that is killed as well; after all their deaths a sweep that alone holds the
// segment.
//
// A group word is the whole state of a group of tiles, so that one atomic step claims it and one
// look after a crash says what to do:
//
//    63      45 44     35 34  32 31             0
//   +----------+---------+------+----------------+
//   |  round   |  owner  | state|    position    |
//   +----------+---------+------+----------------+
//
//   round      the job slot's use counter, 19 bits: a word of another round is a free one
//   owner      worker slot
//   state      free, claimed, committing, undoing, done, closed
//   position   tiles of the group that are finished; the next one is the one in hand
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/array/shape.hpp>
#include <furrow/engine/tile.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/kernels/registry.hpp>
#include <furrow/os/module.hpp>

namespace furrow::engine {

inline constexpr std::uint32_t control_magic = 0x46574331;  // "FWC1"
inline constexpr std::uint32_t control_version = 2;
inline constexpr std::size_t line_bytes =
    128;  // two lines of 64: adjacent ones are fetched in pairs
inline constexpr std::size_t worker_slots_max = 256;
inline constexpr std::size_t job_slots = 8;
inline constexpr std::size_t groups_max = 4096;
inline constexpr std::size_t operands_max = 8;
inline constexpr std::size_t captures_bytes_max = 4096;
inline constexpr std::size_t partials_bytes = 256 * 1024;
inline constexpr std::size_t attachments_max = 1024;
inline constexpr std::size_t plugins_max = 8;
inline constexpr std::size_t plugin_path_bytes = 256;
inline constexpr std::size_t attachment_path_bytes = 472;
inline constexpr std::size_t scratch_bytes = operands_max * tile_bytes;

template <class T>
struct alignas(line_bytes) Line {
  std::atomic<T> value;
};

// --- Control ------------------------------------------------------------------------------------

struct Control {
  // Fixed before the segment appears.
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t worker_slots;
  std::uint32_t cores;
  std::uint64_t coordinator_pid;
  std::uint64_t coordinator_start;
  std::uint64_t range_base;
  std::uint64_t range_bytes;
  std::uint32_t wait_policy;
  std::uint32_t pin;
  std::uint64_t bytes;      // of this whole structure
  std::uint64_t engine_id;  // a random number; arrays it writes are marked with it
  char target[16];          // SIMD target of its kernels: another one may give other bits

  // Read by every idle worker, written for every job: one line.
  alignas(line_bytes) std::atomic<std::uint32_t> bell;  // +1 whenever there may be something to do
  std::atomic<std::uint32_t> active_jobs;               // bit per job slot
  std::atomic<std::uint32_t> attachments_version;
  std::atomic<std::uint32_t> attachments_used;  // entries ever used: 0 .. attachments_used-1
  std::atomic<std::uint32_t> stop;              // workers leave at the next tile border
  std::atomic<std::uint32_t> slots_used;        // worker slots ever used: 0 .. slots_used-1

  alignas(line_bytes) std::atomic<std::uint64_t> parked[worker_slots_max / 64];
  alignas(line_bytes) std::atomic<std::uint64_t> spinning[worker_slots_max / 64];

  alignas(line_bytes) std::atomic<std::uint32_t> attention;  // +1 when a worker's state changed
  std::atomic<std::uint64_t> nursery_pid;
  std::atomic<std::uint64_t> spare_pid;
  std::atomic<std::uint32_t> recovery_lock;  // 0, or the pid of who recovers after the coordinator
  std::atomic<std::uint32_t> recovered;      // 1: words of all workers are settled

  // Shared libraries with kernels and closures that workers load when they meet the next job.
  alignas(line_bytes) std::atomic<std::uint32_t> plugins;
  char plugin_paths[plugins_max][plugin_path_bytes];
};
static_assert(sizeof(Control) <= 4096);

// --- Attachments --------------------------------------------------------------------------------

struct Attachment {
  std::atomic<std::uint64_t> version;  // odd while it is written; 0 never used
  std::uint64_t address;               // 0: none
  std::uint64_t bytes;
  std::uint64_t device;
  std::uint64_t inode;
  std::uint32_t writable;
  std::uint32_t descriptor;  // in the coordinator: /proc/<pid>/fd/<n> where the path fails
  char path[attachment_path_bytes];
};
static_assert(sizeof(Attachment) == 520);

// --- Workers ------------------------------------------------------------------------------------

enum class WorkerState : std::uint32_t {
  empty = 0,
  wanted = 1,    // the coordinator asks the nursery for a process
  starting = 2,  // forked, or joining
  running = 3,
  left = 4,  // ended as it was told
  dead = 5,  // ended otherwise; exit_* say how, where that is known
};

struct Worker {
  std::atomic<std::uint32_t> state;
  std::atomic<std::uint32_t> joined;  // came by name, no child of the nursery
  std::atomic<std::uint64_t> pid;
  std::atomic<std::uint32_t> exit_known;
  std::atomic<std::uint32_t> exit_signalled;
  std::atomic<std::uint32_t> exit_code;
  std::atomic<std::uint32_t> mapping_failed;  // attachments that this worker could not map

  // Counters for `top` and post-mortems, written relaxed by the worker.
  alignas(line_bytes) std::atomic<std::uint64_t> tiles;
  std::atomic<std::uint64_t> groups;
  std::atomic<std::uint64_t> jobs;
  std::atomic<std::uint64_t> bytes;
  std::atomic<std::uint64_t> heartbeat;  // +1 per group
  std::atomic<std::uint64_t> deaths;     // of earlier workers in this slot

  // Per job slot: round << 32 | declined << 31 | groups finished by this worker.
  Line<std::uint64_t> done[job_slots];

  std::uint8_t unused[4096 - 2 * line_bytes - job_slots * line_bytes];
};
static_assert(sizeof(Worker) == 4096);
inline constexpr std::uint64_t declined_bit = 1ULL << 31;

// --- Jobs ---------------------------------------------------------------------------------------

enum class Protocol : std::uint32_t {
  direct,  // outputs are not inputs: run again after a crash
  commit,  // computed into scratch, then copied: a half-made copy is finished after a crash
  undo,    // changed in place, a copy taken first: put back after a crash
};

enum class Use : std::uint32_t { read = 0, write = 1, update = 2 };

struct OperandLayout {
  std::uint64_t address;  // of element (0, 0, …); in a LoadedJob of a constant, of its `value`
  Use use;
  std::uint32_t item_bytes;
  Extents shape;              // coalesced
  Extents strides;            // in elements
  std::uint64_t is_constant;  // one element that stands for all: `value` instead of memory
  std::uint8_t value[16];
};

inline constexpr std::uint32_t flag_reduce = 1;
inline constexpr std::uint32_t flag_per_worker = 2;     // group g is worker g's, once
inline constexpr std::uint32_t flag_torn_on_death = 4;  // in place without protection
inline constexpr std::uint32_t flag_streaming = 8;      // more memory than the caches hold
inline constexpr std::uint32_t flag_runs = 16;          // a closure that takes many tiles at once

struct JobDescription {
  std::uint32_t flags;
  Protocol protocol;
  std::int64_t count;  // elements
  std::int64_t tile_elements;
  std::uint32_t group_tiles;  // a power of two: a group is a whole subtree of the reduction tree
  std::uint32_t group_count;
  std::uint32_t operand_count;
  std::uint32_t partial_bytes;
  std::uint32_t captures_bytes;
  std::uint32_t kernel_inputs;
  os::CodeName entry;    // closures
  os::CodeName combine;  // reductions by closures
  char kernel[32];       // empty: a closure
  Dtype kernel_in[kernels::inputs_max];
  Dtype kernel_out;
  kernels::Scalar parameters[kernels::parameters_max];
  OperandLayout operands[operands_max];
};

enum class FailureKind : std::uint32_t {
  threw = 0,    // an exception in a closure
  died = 1,     // the tile killed its workers, or tore
  refused = 2,  // no worker can run the job
};

struct Failure {
  std::uint32_t worker;
  FailureKind kind;
  std::int64_t first;  // index range of the tile
  std::int64_t last;
  char text[480];
};

struct JobSlot {
  std::atomic<std::uint32_t> round;   // 0 while the slot is free or being written
  std::atomic<std::uint32_t> stop;    // no more claims; tiles in hand are finished
  std::atomic<std::uint32_t> failed;  // 0 no, 1 being written, 2 `failure` is valid
  std::atomic<std::uint32_t> closed;  // groups closed by the coordinator, in nobody's count
  alignas(line_bytes) std::atomic<std::uint32_t> waiters;  // somebody sleeps on `signal`
  std::atomic<std::uint32_t> signal;
  alignas(line_bytes) JobDescription description;
  Failure failure;
  alignas(line_bytes) std::uint8_t captures[captures_bytes_max];
  alignas(4096) std::atomic<std::uint64_t> groups[groups_max];
  alignas(4096) std::uint8_t partials[partials_bytes];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(offsetof(JobSlot, groups) % 4096 == 0);
static_assert(sizeof(JobSlot) % 4096 == 0);

// --- Group words --------------------------------------------------------------------------------

enum class GroupState : std::uint32_t {
  free = 0,
  claimed = 1,     // tile `position` is being computed; the array is as before it
  committing = 2,  // tile `position` lies ready in the owner's scratch and is being copied
  undoing = 3,     // tile `position` is being changed; the owner's scratch holds it as before
  done = 4,
  closed = 5,  // given up: cancelled or failed
};

inline constexpr std::uint32_t round_bits = 19;
inline constexpr std::uint32_t round_mask = (1U << round_bits) - 1;

struct GroupWord {
  std::uint32_t round;
  std::uint32_t owner;
  GroupState state;
  std::uint32_t position;
};

constexpr std::uint64_t pack(const GroupWord& word) noexcept {
  return static_cast<std::uint64_t>(word.round & round_mask) << 45 |
         static_cast<std::uint64_t>(word.owner & 1023U) << 35 |
         static_cast<std::uint64_t>(word.state) << 32 | word.position;
}

/// A word of another round reads as free at position 0.
constexpr GroupWord unpack(std::uint64_t bits, std::uint32_t round) noexcept {
  if (static_cast<std::uint32_t>(bits >> 45) != (round & round_mask)) {
    return {round, 0, GroupState::free, 0};
  }
  return {round, static_cast<std::uint32_t>(bits >> 35) & 1023U,
          static_cast<GroupState>((bits >> 32) & 7U), static_cast<std::uint32_t>(bits)};
}

constexpr bool is_held(GroupState state) noexcept {
  return state == GroupState::claimed || state == GroupState::committing ||
         state == GroupState::undoing;
}

// --- Where things lie ---------------------------------------------------------------------------

/// Pointers into one mapping of a control segment's data part.
struct ControlView {
  std::byte* base = nullptr;

  static std::size_t bytes_for(std::size_t slots) noexcept {
    return attachments_offset + attachments_bytes + slots * (sizeof(Worker) + scratch_bytes) +
           job_slots * sizeof(JobSlot);
  }
  Control& control() const noexcept { return *reinterpret_cast<Control*>(base); }
  std::size_t slots() const noexcept { return control().worker_slots; }
  Attachment& attachment(std::size_t i) const noexcept {
    return reinterpret_cast<Attachment*>(base + attachments_offset)[i];
  }
  Worker& worker(std::size_t slot) const noexcept {
    return reinterpret_cast<Worker*>(base + attachments_offset + attachments_bytes)[slot];
  }
  std::byte* scratch(std::size_t slot) const noexcept {
    return base + attachments_offset + attachments_bytes + slots() * sizeof(Worker) +
           slot * scratch_bytes;
  }
  JobSlot& job(std::size_t slot) const noexcept {
    return reinterpret_cast<JobSlot*>(base + attachments_offset + attachments_bytes +
                                      slots() * (sizeof(Worker) + scratch_bytes))[slot];
  }

  static constexpr std::size_t attachments_offset = 4096;
  static constexpr std::size_t attachments_bytes =
      (attachments_max * sizeof(Attachment) + 4095) / 4096 * 4096;
};

}  // namespace furrow::engine
