// furrow/os/process.hpp
//
// Processes: making them, watching them, ending them.
//
// Watching  a ProcessWatch is the kernel's own handle of one process (a pidfd): it becomes ready
//           when that process dies and can never mean another one, however pids are reused
// Errors    by return values; nothing throws
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <furrow/os/file.hpp>

namespace furrow::os {

/// How a process ended.
struct ExitStatus {
  bool signalled = false;
  int code = 0;  // exit code, or the signal's number
};

/// 0 in the child, its pid in the parent, -1 on failure. The child has one thread.
std::int64_t fork_process() noexcept;

/// Ends the process at once: no destructors, no exit handlers, no flushing of inherited buffers.
[[noreturn]] void exit_now(int code) noexcept;

/// Calls `last` first thing when this process ends by std::exit or by returning from main, with the
/// exit code. Not undone; inherited by forked children.
void call_at_exit(void (*last)(int code)) noexcept;

/// Forgets what stdout and stderr hold back: in a forked child that is the parent's text, which the
/// parent writes.
void drop_output() noexcept;

/// Runs the present program again with `argv[0]` and one more variable in its environment; the
/// given descriptors stay open in it. -1 on failure.
std::int64_t execute_self(const std::string& variable, std::span<const int> inherited) noexcept;

/// Threads of this process; 0 when the system does not tell.
std::size_t thread_count() noexcept;

/// SIGKILL. False when there is no such process (or it is not ours).
bool kill_now(std::uint64_t pid) noexcept;
/// Asks a process to end (SIGTERM). False as above.
bool ask_to_end(std::uint64_t pid) noexcept;

std::uint64_t parent_process_id() noexcept;
/// True in the thread that main runs in (in a forked child: in the one that forked).
bool on_main_thread() noexcept;

/// Collects a child that has ended. Empty when it still runs or is no child of ours.
std::optional<ExitStatus> collect(std::uint64_t pid) noexcept;
/// Any child that has ended; its pid in `pid`.
std::optional<ExitStatus> collect_any(std::uint64_t& pid) noexcept;

/// Asks the kernel to SIGKILL this process when its parent dies; kills it now when the parent is
/// no longer `parent`.
void die_with_parent(std::uint64_t parent) noexcept;

/// For a process made by fork: default action for all signals but SIGPIPE and those a terminal
/// sends to a whole group (without effect, the coordinator decides; programs that the process
/// executes have them as its parent had), empty mask, all inherited descriptors closed but 0, 1, 2
/// and `keep`.
void become_helper(std::span<const int> keep) noexcept;

/// The signals that this process ignores, as bits 1 << number.
std::uint64_t ignored_signals() noexcept;
/// For a process of the user's: these signals are ignored, all others have their default action,
/// none is blocked. Handlers of the parent's speak of the parent's state.
void set_signals_of_child(std::uint64_t ignored) noexcept;
/// Blocks all signals in the calling thread.
void block_signals() noexcept;

/// From now on a program that this process executes does not get the descriptor.
void close_on_execute(int descriptor) noexcept;

/// Standard input of this process becomes /dev/null: only one process can read a terminal.
void close_input() noexcept;

/// One write to standard error; what does not fit into a full pipe at once is written after it.
void write_error(std::string_view text) noexcept;
/// Writes out what this process's C and C++ streams still hold, as is wanted before a fork (else
/// it is written twice) and before exit_now (else never).
void flush_streams() noexcept;

/// Another process's open file, by its number there; works for files whose name is gone.
Descriptor open_descriptor_of(std::uint64_t pid, std::uint32_t descriptor, bool writable) noexcept;

/// "segmentation fault (signal 11)".
std::string describe_signal(int number);

/// Ready when the process has died.
class ProcessWatch {
 public:
  ProcessWatch() = default;
  /// Invalid when there is no such process, and when the system gives no handle (no descriptors
  /// left, no pidfds): then `dead` asks by pid, since a living process must not be called dead.
  explicit ProcessWatch(std::uint64_t pid) noexcept;
  bool valid() const noexcept { return descriptor_.valid(); }
  bool dead() const noexcept;
  /// SIGKILL to this very process. False when it has died.
  bool kill() const noexcept;
  int get() const noexcept { return descriptor_.get(); }
  int release() noexcept { return descriptor_.release(); }
  static ProcessWatch adopt(int descriptor) noexcept {
    ProcessWatch watch;
    watch.descriptor_ = Descriptor(descriptor);
    return watch;
  }

 private:
  Descriptor descriptor_;
  std::uint64_t unwatched_pid_ = 0;  // of a process that lived and gave no handle
};

/// A flag that one process raises and another waits for.
class Event {
 public:
  Event() = default;
  static Event create() noexcept;
  static Event adopt(int descriptor) noexcept;
  bool valid() const noexcept { return descriptor_.valid(); }
  int get() const noexcept { return descriptor_.get(); }
  void raise() const noexcept;
  void clear() const noexcept;
  void close() noexcept { descriptor_.close(); }
  int release() noexcept { return descriptor_.release(); }

 private:
  Descriptor descriptor_;
};

/// Becomes ready when a child of this process ends; blocks SIGCHLD. One per process.
Event child_events() noexcept;

/// Waits until one of the descriptors is ready (or was closed); which are, by position. Empty
/// after timeout_ns (negative: no limit). Negative descriptors are passed over.
std::vector<bool> wait_ready(std::span<const int> descriptors, std::int64_t timeout_ns);

}  // namespace furrow::os
