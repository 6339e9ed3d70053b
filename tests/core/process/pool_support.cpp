#include "core/process/pool_support.hpp"

#include <sys/mman.h>

#include <new>

namespace furrow::test {

namespace {

// Mapped before main, so that whatever is forked has it at the same place.
constexpr std::size_t counts_max = 1024;
std::atomic<int>* const counts = [] {
  void* const memory = ::mmap(nullptr, counts_max * sizeof(std::atomic<int>),
                              PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::atomic<int>*>(memory);
}();
std::size_t next_count = 0;

}  // namespace

SharedCount::SharedCount() {
  REQUIRE(next_count < counts_max);
  count_ = counts + next_count++;
}

}  // namespace furrow::test
