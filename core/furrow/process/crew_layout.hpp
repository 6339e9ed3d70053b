// furrow/process/crew_layout.hpp
//
// What a crew (the workers under a Pool or an Executor) keeps in shared memory: a memory file
// without a name, so that nothing can be left behind, whatever is killed.
//
//   0      Control           identity, heads of queues, who sleeps
//          Ready[2048]       positions -> task slots, in the order of submission
//          Seat[workers]     one worker each: state, gate, what it has finished
//          TaskSlot[1024]    1 KiB each: the claim word, the call, its bytes where they fit
//          what workers read when they start: their kinship, the initializer's bytes (not mapped)
//   2^47   argument of slot s at 2^47 + s 2^36, result at 2^47 + (1024 + s) 2^36: bytes that do
//          not fit. The file is sparse; what was read is given back to the system. Under a limit
//          on the size of files (ulimit -f) they are OutOfSpace.
//
// Who writes what. The parent writes ready entries and task slots that are empty. A worker writes
// its own seat, and the slot that it has claimed. A dead worker's slots are the parent's again.
//
// The claim word is the whole state of a task, so that one atomic step claims, ends or condemns it:
//
//    63        32 31     16 15     0
//   +------------+---------+--------+
//   |   round    |  owner  |  state |
//   +------------+---------+--------+
//
//   round   uses of the slot, so that no word comes twice
//   owner   seat of the worker
//   state   empty, ready, claimed, killing, done. claimed -> done is the worker's step, claimed ->
//           killing the parent's: whichever comes first holds. A worker whose task was condemned
//           does nothing any more but die, so that a kill hits no other task.
//
// The queue. `head` is a hint that anybody moves past entries whose task is no longer ready; a
// worker that is killed between two steps leaves it where the next one moves it on. There is no
// lock that a dead process could hold.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/os/module.hpp>

namespace furrow::process {

inline constexpr std::uint32_t crew_magic = 0x46575031;  // "FWP1"
inline constexpr std::size_t crew_line_bytes = 128;
inline constexpr std::size_t crew_workers_max = 256;
inline constexpr std::size_t task_slots = 1024;
inline constexpr std::size_t ready_entries = 2048;
inline constexpr std::size_t slot_bytes = 1024;
inline constexpr std::size_t inline_bytes = slot_bytes - crew_line_bytes;
inline constexpr std::uint64_t message_bytes_max = std::uint64_t{1} << 36;
inline constexpr std::uint64_t messages_at = std::uint64_t{1} << 47;

struct CrewControl {
  std::uint32_t magic;
  std::uint32_t workers;
  std::uint32_t cores;
  std::uint32_t unused;
  std::uint64_t parent_pid;
  std::uint64_t tasks_per_worker;  // a worker ends after so many; 0: never
  os::CodeName initializer;
  std::uint64_t initializer_bytes;
  std::uint64_t kinship_bytes;  // what workers are told about themselves (identity.hpp)
  std::uint32_t has_initializer;

  alignas(crew_line_bytes) std::atomic<std::uint64_t> head;  // position of the next ready entry
  alignas(crew_line_bytes) std::atomic<std::uint32_t> stop;  // workers leave after their task
  alignas(crew_line_bytes) std::atomic<std::uint64_t> parked[crew_workers_max / 64];
  alignas(crew_line_bytes) std::atomic<std::uint64_t> spinning[crew_workers_max / 64];

  // +1 for every task that ends; threads of the parent sleep on it.
  alignas(crew_line_bytes) std::atomic<std::uint32_t> done_bell;
  std::atomic<std::uint32_t> sleepers;       // threads of the parent that sleep on it
  std::atomic<std::uint32_t> watcher_wants;  // the next worker to finish raises the alarm

  alignas(crew_line_bytes) std::atomic<std::uint32_t> attention;  // +1: a worker's state changed
  std::atomic<std::uint64_t> nursery_pid;
  std::atomic<std::uint64_t> nursery_start;  // of that process (os/identity.hpp); written first
  std::atomic<std::uint64_t> spare_pid;

  // How an initializer failed: 0 none did, 1 being written, 2 the text is valid.
  alignas(crew_line_bytes) std::atomic<std::uint32_t> failed;
  char failure[1020];
};
static_assert(sizeof(CrewControl) <= 4096);

enum class SeatState : std::uint32_t {
  empty = 0,
  wanted = 1,        // the parent asks the nursery for a process
  starting = 2,      // forked
  initializing = 3,  // runs the initializer
  running = 4,
  left = 5,  // ended as it was told
  dead = 6,  // ended otherwise; exit_* say how, where that is known
};

struct SeatLayout {
  std::atomic<std::uint32_t> state;
  std::atomic<std::uint32_t> exit_known;
  std::atomic<std::uint32_t> exit_signalled;
  std::atomic<std::uint32_t> exit_code;
  std::atomic<std::uint64_t> pid;
  std::atomic<std::uint64_t> start;                          // of that process; written first
  std::atomic<std::uint32_t> initialized;                    // this process is past its initializer
  alignas(crew_line_bytes) std::atomic<std::uint32_t> gate;  // 1: something to do; it sleeps here
  // Slots whose task this worker has finished: a ring with one writer and one reader.
  alignas(crew_line_bytes) std::atomic<std::uint32_t> written;
  std::atomic<std::uint32_t> tasks;  // finished by this process
  alignas(crew_line_bytes) std::atomic<std::uint32_t> finished[task_slots];
};
static_assert(sizeof(SeatLayout) == 3 * crew_line_bytes + 4 * task_slots);

enum class TaskOutcome : std::uint32_t {
  returned = 0,
  threw = 1,         // the result is the exception's type name, a zero, its text
  not_encoded = 2,   // the same, of what went wrong when the result was serialised
  unknown_code = 3,  // the worker has not got the function
  no_space = 4,      // no memory for a large result
  not_decoded = 5,   // arguments could not be read back
};

struct alignas(crew_line_bytes) TaskSlot {
  std::atomic<std::uint64_t> claim;
  // Written by the parent.
  std::uint64_t argument_bytes;
  os::CodeName entry;
  std::uint64_t limit_ns;  // 0: none; else the worker says when it began
  // Written by the worker.
  std::atomic<std::int64_t> started_ns;
  std::uint64_t result_bytes;
  std::uint64_t lent_bytes;  // at the end of the result: segments that the worker holds meanwhile
  TaskOutcome outcome;
  // The argument, and afterwards the result, where they fit.
  alignas(crew_line_bytes) std::byte bytes[inline_bytes];
};
static_assert(sizeof(TaskSlot) == slot_bytes);
static_assert(offsetof(TaskSlot, bytes) == crew_line_bytes);

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// --- Claim words --------------------------------------------------------------------------------

enum class ClaimState : std::uint32_t { empty = 0, ready = 1, claimed = 2, killing = 3, done = 4 };

struct ClaimWord {
  std::uint32_t round;
  std::uint32_t owner;
  ClaimState state;
};

constexpr std::uint64_t pack(const ClaimWord& word) noexcept {
  return static_cast<std::uint64_t>(word.round) << 32 |
         static_cast<std::uint64_t>(word.owner & 0xffffU) << 16 |
         static_cast<std::uint64_t>(word.state);
}

constexpr ClaimWord unpack_claim(std::uint64_t bits) noexcept {
  return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits >> 16) & 0xffffU,
          static_cast<ClaimState>(bits & 0xffffU)};
}

// --- Ready entries ------------------------------------------------------------------------------

/// Position and slot in one word; an entry of another position says that the queue ends here.
/// Positions begin at 1: fresh memory holds none.
constexpr std::uint64_t ready_entry(std::uint64_t position, std::uint32_t slot) noexcept {
  return (position & 0xffffffffU) << 32 | slot;
}
constexpr bool is_at(std::uint64_t entry, std::uint64_t position) noexcept {
  return entry >> 32 == (position & 0xffffffffU);
}

// --- Spinning -----------------------------------------------------------------------------------

/// Whether it is worth to spin before sleeping: where others want the cores it is not, and spinning
/// would keep away the very process that is waited for. Told by experience, and asked again now
/// and then.
class SpinGauge {
 public:
  bool worth() noexcept {
    return failures_.load(std::memory_order_relaxed) < failures_max ||
           waits_.fetch_add(1, std::memory_order_relaxed) % try_again == 0;
  }
  /// `waited_ns`: how long it was spun, `success`: and whether that was long enough.
  void note(bool success, std::int64_t waited_ns) noexcept {
    success = success && waited_ns < soon_ns;  // what takes longer may as well be slept for
    const std::uint32_t failures = failures_.load(std::memory_order_relaxed);
    if (success) {
      if (failures != 0) failures_.store(0, std::memory_order_relaxed);
    } else if (failures < failures_max) {
      failures_.store(failures + 1, std::memory_order_relaxed);
    }
  }

 private:
  static constexpr std::int64_t soon_ns = 20'000;
  static constexpr std::uint32_t failures_max = 3;
  static constexpr std::uint32_t try_again = 8;
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<std::uint32_t> waits_{0};
};

// --- Where things lie ---------------------------------------------------------------------------

/// Pointers into one mapping of a crew's memory.
struct CrewView {
  std::byte* base = nullptr;

  static constexpr std::size_t ready_at = 4096;
  static constexpr std::size_t seats_at = ready_at + ready_entries * sizeof(std::uint64_t);
  static constexpr std::size_t slots_at(std::size_t workers) noexcept {
    return (seats_at + workers * sizeof(SeatLayout) + 4095) / 4096 * 4096;
  }
  static constexpr std::size_t bytes_for(std::size_t workers) noexcept {
    return slots_at(workers) + task_slots * sizeof(TaskSlot);
  }
  static constexpr std::uint64_t argument_at(std::size_t slot) noexcept {
    return messages_at + slot * message_bytes_max;
  }
  static constexpr std::uint64_t result_at(std::size_t slot) noexcept {
    return messages_at + (task_slots + slot) * message_bytes_max;
  }
  /// What each worker reads when it starts: the kinship, and behind it the initializer's bytes.
  static constexpr std::uint64_t start_at(std::size_t workers) noexcept {
    return slots_at(workers) + task_slots * sizeof(TaskSlot);
  }

  CrewControl& control() const noexcept { return *reinterpret_cast<CrewControl*>(base); }
  std::atomic<std::uint64_t>& ready(std::uint64_t position) const noexcept {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(base + ready_at)[position % ready_entries];
  }
  std::size_t workers() const noexcept { return control().workers; }
  SeatLayout& seat(std::size_t worker) const noexcept {
    return reinterpret_cast<SeatLayout*>(base + seats_at)[worker];
  }
  TaskSlot& slot(std::size_t i) const noexcept {
    return reinterpret_cast<TaskSlot*>(base + slots_at(workers()))[i];
  }
};

}  // namespace furrow::process
