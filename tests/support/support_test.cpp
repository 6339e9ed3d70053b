// The helpers of the tests: prefix, watchdog, leftovers. The hidden cases fail on purpose.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

TEST_CASE("every test process has a prefix of its own, [brackets], \"quotes\" and all") {
  const char* prefix = std::getenv("FURROW_PREFIX");
  REQUIRE(prefix != nullptr);
  CHECK(std::string(prefix) == "t" + std::to_string(getpid()) + "-");
}

TEST_CASE("sleeps for ever", "[.hang]") {
  for (;;) pause();
}

TEST_CASE("leaves a segment behind", "[.leave]") {
  // An earlier run's file of the same name is removed by the next process that gets the same pid.
  std::ofstream file("/dev/shm/furrow." + std::string(std::getenv("FURROW_PREFIX")) + "left");
  REQUIRE(file.good());
}
