// What processes of a test tell each other: a few numbers in shared memory, found by name, so that
// programs that were executed find them too.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include <furrow/array/array.hpp>

namespace furrow::test {

inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

class Board {
 public:
  /// The first to ask makes it.
  static Board make() {
    CreateOptions options;
    options.lifetime = Lifetime::owned;
    return Board(Array<std::int64_t>::create("board", {64}, options));
  }
  static Board attach() { return Board(Array<std::int64_t>::attach("board")); }

  std::atomic_ref<std::int64_t> operator[](std::size_t place) const {
    return std::atomic_ref<std::int64_t>(numbers_.data()[place]);
  }
  bool wait(std::size_t place, std::int64_t value) const {
    return eventually([&] { return (*this)[place].load() == value; });
  }
  std::int64_t wait_any(std::size_t place) const {
    eventually([&] { return (*this)[place].load() != 0; });
    return (*this)[place];
  }

 private:
  explicit Board(Array<std::int64_t> numbers) : numbers_(std::move(numbers)) {}
  Array<std::int64_t> numbers_;
};

}  // namespace furrow::test
