// Durations of every kind become one timeout; negative ones are zero.
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>

#include <furrow/sync/timeout.hpp>

namespace furrow::mp {
using namespace std::chrono_literals;

TEST_CASE("A timeout is any duration, and nothing means for ever") {
  CHECK(Timeout().is_forever());
  CHECK(Timeout::forever().ns() < 0);
  CHECK(Timeout(3ms).ns() == 3'000'000);
  CHECK(Timeout(std::chrono::duration<double>(0.25)).ns() == 250'000'000);
  CHECK(Timeout(std::chrono::duration<float, std::milli>(1.5F)).ns() == 1'500'000);
  CHECK(Timeout(0s).ns() == 0);
}

TEST_CASE("Negative timeouts are zero, endless ones for ever, and not a number is an error") {
  CHECK(Timeout(-5s).ns() == 0);
  CHECK(Timeout(std::chrono::duration<double>(-INFINITY)).ns() == 0);
  CHECK(Timeout(std::chrono::duration<double>(INFINITY)).is_forever());
  CHECK(Timeout(std::chrono::hours(1L << 50)).is_forever());
  CHECK_THROWS_AS(Timeout(std::chrono::duration<double>(NAN)), InvalidArgument);
}

TEST_CASE("A deadline counts down to zero and no further") {
  const Deadline past = Timeout(-1s);
  CHECK(past.passed());
  CHECK(past.left_ns() == 0);
  const Deadline future = Timeout(1h);
  CHECK_FALSE(future.passed());
  CHECK(future.left_ns() > 3'500'000'000'000);
  CHECK(future.left_ns_within(1000) == 1000);
  const Deadline never = Timeout();
  CHECK(never.left_ns() < 0);
  CHECK(never.left_ns_within(1000) == 1000);
  CHECK(never.left().is_forever());
  // The sum of now and the longest timeout does not wrap.
  CHECK_FALSE(Deadline(Timeout(std::chrono::nanoseconds(INT64_MAX - 1))).passed());
}

}  // namespace furrow::mp
