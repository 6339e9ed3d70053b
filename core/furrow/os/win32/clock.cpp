#include <furrow/os/clock.hpp>

#include <furrow/os/win32/system.hpp>

namespace furrow::os {

std::int64_t monotonic_ns() noexcept {
  static const std::int64_t ticks_per_s = [] {
    LARGE_INTEGER frequency{};
    ::QueryPerformanceFrequency(&frequency);
    return static_cast<std::int64_t>(frequency.QuadPart);
  }();
  LARGE_INTEGER now{};
  ::QueryPerformanceCounter(&now);
  // In two parts: ticks times 10^9 would not fit after some weeks.
  return now.QuadPart / ticks_per_s * 1'000'000'000 +
         now.QuadPart % ticks_per_s * 1'000'000'000 / ticks_per_s;
}

std::int64_t realtime_ns() noexcept {
  constexpr std::int64_t from_1601_to_1970 = 116'444'736'000'000'000;  // in 100 ns
  FILETIME now{};
  ::GetSystemTimePreciseAsFileTime(&now);
  const auto ticks =
      static_cast<std::int64_t>(std::uint64_t{now.dwHighDateTime} << 32 | now.dwLowDateTime);
  return (ticks - from_1601_to_1970) * 100;
}

void sleep_ns(std::int64_t ns) noexcept {
  constexpr std::int64_t step_ms_max = 1'000'000'000;
  for (std::int64_t left_ms = ns <= 0 ? 0 : (ns - 1) / 1'000'000 + 1; left_ms > 0;) {
    const std::int64_t step_ms = left_ms < step_ms_max ? left_ms : step_ms_max;
    ::Sleep(static_cast<DWORD>(step_ms));
    left_ms -= step_ms;
  }
}

}  // namespace furrow::os
