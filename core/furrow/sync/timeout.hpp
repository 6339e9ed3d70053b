// furrow/sync/timeout.hpp
//
// How long a call may take, all of it.              queue.get(100ms)   lock.acquire()
//
// From       any std::chrono::duration, whole or floating point; nothing at all means for ever
// Negative   counts as zero, as in Python; zero looks once and does not wait. Durations beyond 292
//            years mean for ever; one that is not a number is InvalidArgument
// Clock      monotonic: setting the machine's date neither shortens nor lengthens a wait
// Not to be taken for furrow::Timeout, which is the error
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::mp {

class Timeout {
 public:
  constexpr Timeout() = default;  // for ever
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> duration)  // NOLINT: 100ms is a Timeout
      : ns_(to_ns(duration)) {}

  static constexpr Timeout forever() noexcept { return {}; }
  static constexpr Timeout none() noexcept { return std::chrono::nanoseconds(0); }

  constexpr bool is_forever() const noexcept { return ns_ < 0; }
  /// Negative: for ever, as os:: functions take it.
  constexpr std::int64_t ns() const noexcept { return ns_; }

 private:
  template <class Rep, class Period>
  static constexpr std::int64_t to_ns(std::chrono::duration<Rep, Period> duration) {
    const auto ns =
        std::chrono::duration_cast<std::chrono::duration<long double, std::nano>>(duration);
    if (ns.count() != ns.count()) throw InvalidArgument("a timeout is not a number");
    if (ns.count() <= 0) return 0;
    constexpr auto limit = static_cast<long double>(std::numeric_limits<std::int64_t>::max());
    return ns.count() >= limit ? -1 : static_cast<std::int64_t>(ns.count());
  }

  std::int64_t ns_ = -1;
};

/// The moment at which a timeout that begins now runs out.
class Deadline {
 public:
  Deadline(Timeout timeout) noexcept  // NOLINT: a call's timeout becomes its deadline
      : at_ns_(timeout.is_forever() ? never : saturated_sum(os::monotonic_ns(), timeout.ns())) {}

  bool is_forever() const noexcept { return at_ns_ == never; }
  /// On the clock of os::monotonic_ns; the largest number: never.
  std::int64_t at_ns() const noexcept { return at_ns_; }
  bool passed() const noexcept { return !is_forever() && os::monotonic_ns() >= at_ns_; }
  /// What is left, at least 0; negative: for ever.
  std::int64_t left_ns() const noexcept {
    if (is_forever()) return -1;
    const std::int64_t left = at_ns_ - os::monotonic_ns();
    return left > 0 ? left : 0;
  }
  /// The same, but never more than `slice_ns`: for waits that look up now and then.
  std::int64_t left_ns_within(std::int64_t slice_ns) const noexcept {
    const std::int64_t left = left_ns();
    return left < 0 || left > slice_ns ? slice_ns : left;
  }
  Timeout left() const noexcept {
    return is_forever() ? Timeout() : Timeout(std::chrono::nanoseconds(left_ns()));
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t saturated_sum(std::int64_t a, std::int64_t b) noexcept {
    return b > never - a ? never : a + b;
  }

  std::int64_t at_ns_;
};

}  // namespace furrow::mp
