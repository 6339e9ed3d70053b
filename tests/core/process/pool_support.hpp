// tests/core/process/pool_support.hpp
//
// What the tests of pools and executors share: callables that travel, processes that are watched.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/executor.hpp>
#include <furrow/process/pool.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::test {

using namespace std::chrono_literals;

inline int square(int x) { return x * x; }

inline std::vector<int> numbers(int count) {
  std::vector<int> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// Looks every millisecond until it is true; false after so many seconds.
inline bool soon(const std::function<bool()>& condition, int seconds = 20) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline bool dead(std::uint64_t pid) { return os::ProcessWatch(pid).dead(); }

/// A number in memory that the test shares with all processes forked from it, whenever.
class SharedCount {
 public:
  SharedCount();
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  std::atomic<int>* get() const { return count_; }
  int value() const { return count_->load(); }

 private:
  std::atomic<int>* count_;
};

template <class E, class Call>
std::string text_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  FAIL("nothing was thrown");
  return "";
}

/// In workers that are started while it lives: the first of them to pass the point dies there.
class OneDeath {
 public:
  explicit OneDeath(const std::string& point, const std::string& action = "kill", int nth = 1)
      : token_("pool-fault-" + std::to_string(::getpid())) {
    std::ofstream(token_) << "x";
    os::set_fault(point + ":" + action + ":" + std::to_string(nth) + ":" + token_);
  }
  ~OneDeath() {
    os::set_fault("");
    std::remove(token_.c_str());
  }
  bool fired() const { return ::access(token_.c_str(), F_OK) != 0; }

 private:
  std::string token_;
};

}  // namespace furrow::test
