// tests/faults/fault_support.hpp
//
// Engines whose workers die at a labelled point, processes killed by hand, and waiting for what
// has to come true.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>

namespace furrow::test {

inline CreateOptions owned() {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  return options;
}

/// Looks every millisecond until it is true; false after so many seconds.
inline bool eventually(const std::function<bool()>& condition, int seconds = 20) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// True when there is no such process, or only its remains.
inline bool is_gone(std::uint64_t pid) { return os::ProcessWatch(pid).dead(); }

/// A fault that exactly one of the processes started while it lives acts on.
class OneFault {
 public:
  OneFault(const std::string& point, const std::string& action, int nth = 1)
      : token_("fault-token-" + std::to_string(::getpid())) {
    std::ofstream(token_) << "x";
    const std::string spec = point + ":" + action + ":" + std::to_string(nth) + ":" + token_;
    os::set_fault(spec);
    ::setenv("FURROW_FAULT", spec.c_str(), 1);
  }
  ~OneFault() {
    disarm_here();
    ::unlink(token_.c_str());
  }
  OneFault(const OneFault&) = delete;
  OneFault& operator=(const OneFault&) = delete;

  /// This process passes the point unharmed from now on; those that it has started do not.
  void disarm_here() {
    os::set_fault("");
    ::unsetenv("FURROW_FAULT");
  }
  bool fired() const { return ::access(token_.c_str(), F_OK) != 0; }

 private:
  std::string token_;
};

inline EngineOptions workers(std::size_t count) {
  EngineOptions options;
  options.workers = count;
  return options;
}

/// Pids of the workers alive now.
inline std::vector<pid_t> worker_pids(const Engine& engine) {
  std::vector<pid_t> pids;
  for (const WorkerInfo& info : engine.worker_info()) {
    if (info.alive && info.pid != 0) pids.push_back(static_cast<pid_t>(info.pid));
  }
  return pids;
}

/// Workers that died so far.
inline std::uint64_t deaths(const Engine& engine) {
  std::uint64_t sum = 0;
  for (const WorkerInfo& info : engine.worker_info()) sum += info.deaths;
  return sum;
}

}  // namespace furrow::test
