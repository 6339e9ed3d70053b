// tests/bench/surface/surface.hpp
//
// What `scripts/bench surface` measures on the compiled side: each topic by furrow, and by bare
// system calls where there is a limit to compare with. A room adds a file with its topics and a
// line in surface.cpp; python_peer.py has the same topics, topics.py what they mean.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <furrow/os/clock.hpp>

namespace furrow::bench {

struct Topic {
  const char* name;
  const char* who;  // "furrow" or "bare"
  double (*run)();  // nanoseconds of one operation
};

std::vector<Topic> sync_topics();
std::vector<Topic> pool_topics();
std::vector<Topic> process_topics();

/// Nanoseconds of one of `count` calls.
template <class Call>
double each_ns(int count, Call&& call) {
  const std::int64_t begin = os::monotonic_ns();
  for (int i = 0; i < count; ++i) call();
  return static_cast<double>(os::monotonic_ns() - begin) / count;
}

/// Runs `there` in a forked child and `here` in this process; nanoseconds of one of `count`
/// operations, from when both are ready until both are done.
template <class There, class Here>
double both_ns(int count, There&& there, Here&& here) {
  int ready[2];
  if (::pipe(ready) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::write(ready[1], "x", 1) != 1) std::abort();
    there();
    ::_exit(0);
  }
  char byte = 0;
  if (::read(ready[0], &byte, 1) != 1) std::abort();
  const std::int64_t begin = os::monotonic_ns();
  here();
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::int64_t end = os::monotonic_ns();
  ::close(ready[0]);
  ::close(ready[1]);
  if (status != 0) {
    std::fprintf(stderr, "the other process failed\n");
    std::exit(1);
  }
  return static_cast<double>(end - begin) / count;
}

}  // namespace furrow::bench
