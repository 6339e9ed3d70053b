#include <furrow/os/clock.hpp>

#include <time.h>

namespace furrow::os {
namespace {

std::int64_t read_clock(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::int64_t realtime_ns() noexcept { return read_clock(CLOCK_REALTIME); }

void sleep_ns(std::int64_t ns) noexcept {
  if (ns <= 0) return;
  timespec time{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) != 0) {
  }
}

}  // namespace furrow::os
