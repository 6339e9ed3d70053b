// furrow/os/futex.hpp
//
// Sleep until a word in shared memory changes. Works between processes (std::atomic::wait does
// not: libstdc++ uses process-private futexes).
//
// Ordering  none by themselves; callers use the word's own loads and stores
// Crash     a killed sleeper is forgotten by the kernel; nobody else is affected
#pragma once

#include <atomic>
#include <cstdint>

namespace furrow::os {

/// Sleeps while word == expected. Returns on a wake, on a change before sleeping, after
/// timeout_ns (negative: no limit), or for no reason: callers check the word again.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::int64_t timeout_ns) noexcept;

/// Wakes at most `count` sleepers of the word, in whatever process; how many it were.
int futex_wake(const std::atomic<std::uint32_t>& word, int count) noexcept;
inline constexpr int wake_all = 0x7fffffff;

}  // namespace furrow::os
