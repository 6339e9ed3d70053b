// furrow/process/process_state.hpp
//
// What stands behind the handles of one process. Internal to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <furrow/os/process.hpp>
#include <furrow/process/process.hpp>

namespace furrow::mp {

struct Process::State {
  enum class Kind { child, self, parent };

  Kind kind = Kind::child;
  std::uint64_t maker = 0;  // pid of the process that made this object
  std::vector<std::uint32_t> ancestry;
  ProcessOptions options;
  std::unique_ptr<process::Target> target;

  std::mutex mutex;  // what follows
  std::string name;
  bool daemon = false;
  bool started = false;
  bool closed = false;
  std::uint64_t pid = 0;
  os::ProcessWatch watch;
  os::Descriptor launch_file;
  std::optional<int> exit_code;
  std::optional<std::string> exception;

  /// Collects it if it has ended. True when it has. The mutex is held.
  bool has_ended();
  /// Waits for the end; false when the time ran out.
  bool wait(const Deadline& deadline);
  /// Throws Closed after close.
  void check_open() const;
  /// Throws InvalidState before start, and in a process that did not start it.
  void check_started(const char* what) const;
};

}  // namespace furrow::mp

namespace furrow::process {

/// The way of the room's other files into a Process.
struct ProcessAccess {
  using State = mp::Process::State;
  static const std::shared_ptr<State>& state(const mp::Process& process) { return process.state_; }
  static mp::Process handle(std::shared_ptr<State> state) { return mp::Process(std::move(state)); }
};

/// What stands behind current_process(): in a forked child, what stood behind the Process that was
/// started; else made when it is first asked for.
std::shared_ptr<ProcessAccess::State> own_state();
/// In a forked child, before anything of the user's runs.
void set_own_state(std::shared_ptr<ProcessAccess::State> state);

}  // namespace furrow::process
