// furrow/sync/waiting.hpp
//
// Sleeping on a word that another process changes.
//
// Crash  who changed the word may be killed before it wakes anybody. So sleepers look up every 50
//        ms by themselves; that is also when they ask whether those live whom they wait for
#pragma once

#include <atomic>
#include <cstdint>

#include <furrow/os/futex.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

inline constexpr std::int64_t look_up_ns = 50'000'000;

/// Sleeps while word == expected, but not past the deadline and not longer than 50 ms. False: the
/// deadline has passed.
inline bool sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                        const Deadline& deadline) noexcept {
  const std::int64_t ns = deadline.left_ns_within(look_up_ns);
  if (ns == 0) return false;
  os::futex_wait(word, expected, ns);
  return true;
}

}  // namespace furrow::mp
