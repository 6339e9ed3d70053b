// tests/core/sync/child.hpp
//
// Child processes for tests: what they do is a lambda; they are killed, or kill themselves at a
// labelled point, and how they ended is told apart.
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::test {

using namespace std::chrono_literals;

/// A forked child; killed and collected at the end if it still runs.
class Child {
 public:
  /// Exits with what the body returns; 99 and a line on stderr when it throws.
  template <class Body>
  explicit Child(Body body) {
    std::fflush(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    int code = 99;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(code);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Child& operator=(Child&& other) noexcept {
    kill();
    pid_ = std::exchange(other.pid_, 0);
    return *this;
  }
  ~Child() { kill(); }

  pid_t pid() const { return pid_; }
  /// How it ended: -SIGKILL, unless it had ended before.
  int kill() {
    if (pid_ == 0) return 0;
    ::kill(pid_, SIGKILL);
    return wait();
  }
  /// Its exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) continue;
    pid_ = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = 0;
};

/// A child that dies by SIGKILL when it passes the point for the nth time in the body.
template <class Body>
Child child_killed_at(const std::string& point, Body body, int nth = 1) {
  return Child([&] {
    os::set_fault(point + ":kill:" + std::to_string(nth));
    body();
    return 98;  // the point was not passed
  });
}

inline bool eventually(const std::function<bool()>& condition, int seconds = 20) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// Names in the file system under this process's prefix.
inline std::string names() {
  std::string result;
  for (const auto& info : segment::list()) result += info.name + " ";
  return result;
}

/// True once the process sleeps in the kernel: it waits for what it came to wait for.
inline bool falls_asleep(const Child& child) {
  return eventually([&] {
    std::ifstream file("/proc/" + std::to_string(child.pid()) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && text.size() > name_end + 2 && text[name_end + 2] == 'S';
  });
}

/// What a file may keep of memory that was given back: where /dev/shm has huge pages, the last one.
inline std::size_t kept_bytes() {
  const std::string policy = os::huge_page_policy(Place::default_place().directory);
  return policy == "never" || policy == "advise" ? 0 : os::huge_page_bytes;
}

}  // namespace furrow::test
