// tests/core/segment/child.hpp
//
// Child processes for tests: what they do is a lambda, and how they ended is told apart.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/segment/segment.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace furrow::test {

/// How a child ended: its exit code, or minus the signal that ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) continue;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// A child that exits with what the body returns; 99 and a line on stderr when it throws.
template <class Body>
pid_t start_child(Body body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  // A sanitizer's handler would turn the signals that tests wait for into exit codes.
  std::signal(SIGSEGV, SIG_DFL);
  std::signal(SIGBUS, SIG_DFL);
  int code = 99;
  try {
    code = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  ::_exit(code);
}

template <class Body>
int run_child(Body body) {
  return wait_for(start_child(std::move(body)));
}

/// A child that dies by SIGKILL at a fault point while it runs the body.
template <class Body>
int run_child_to(const std::string& point, Body body) {
  return run_child([&] {
    os::set_fault(point + ":kill");
    body();
    return 98;  // the point was not passed
  });
}

/// A pipe by which a parent lets its children go on, and they tell it that they are there.
class Signal {
 public:
  Signal() { REQUIRE(::pipe(ends_) == 0); }
  ~Signal() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void send(int times = 1) {
    for (; times > 0; --times)
      if (::write(ends_[1], "x", 1) != 1) std::abort();
  }
  void wait() {
    char byte;
    while (::read(ends_[0], &byte, 1) != 1) continue;
  }

 private:
  int ends_[2];
};

inline CreateOptions owned() {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  return options;
}

/// Names under this process's prefix.
inline std::string names() {
  std::string result;
  for (const auto& info : segment::list()) result += info.name + " ";
  return result;
}

inline segment::Content bytes(std::uint64_t count) {
  return {segment::Kind::engine, Dtype::none, {}, count};
}

}  // namespace furrow::test
