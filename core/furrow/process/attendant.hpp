// furrow/process/attendant.hpp
//
// A process that serves one other: started by fork while that is safe, else by execution, told what
// to do over a socket, and ended with its owner. Internal to the room.
//
// Ends     anything that its owner sends after the start tells it to end; it has 1 s, and is killed
//          then. It watches its owner's pidfd itself.
// Fork     a child's copy of an Attendant ends nothing
#pragma once

#include <cstdint>
#include <string>

#include <furrow/os/process.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/start.hpp>

namespace furrow::process {

class Attendant {
 public:
  Attendant() = default;
  /// `what` names it in errors. The process's main gets "<control socket>:<owner's pid>". Throws
  /// InvalidState where it can be started in no way.
  Attendant(const char* what, HelperMain main);
  ~Attendant() { end(); }
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;

  const mp::Connection& control() const noexcept { return control_; }
  std::uint64_t pid() const noexcept { return pid_; }  // 0 once it was ended
  bool is_own() const noexcept;                        // started by this very process
  /// Tells it to end, waits, and collects it.
  void end() noexcept;

 private:
  mp::Connection control_;
  std::uint64_t owner_ = 0;
  std::uint64_t pid_ = 0;
  os::ProcessWatch watch_;
};

/// What an attendant's main begins with.
struct Attending {
  explicit Attending(const std::string& argument);
  mp::Connection control;
  std::uint64_t owner_pid = 0;
  os::ProcessWatch owner;
};

}  // namespace furrow::process
