// Barriers: nobody passes before all have come; deaths, timeouts, actions and aborts break them.
#include <furrow/sync/barrier.hpp>

#include <atomic>
#include <catch2/catch.hpp>

#include <furrow/sync/leaving.hpp>
#include <furrow/sync/message.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

struct Counts {
  std::atomic<int> came, sum, action, broken;
};

SharedObject counts_memory() {
  return SharedObject::create({static_cast<ObjectType>(1001), 1, "Counts"}, "", sizeof(Counts));
}

/// Waits once; 0 passed, 1 broken. Ends in order.
int wait_once(const Barrier& barrier, Timeout timeout = {}) {
  int code = 0;
  try {
    barrier.wait(timeout);
  } catch (const BrokenBarrier&) {
    code = 1;
  }
  leave_all();
  return code;
}

TEST_CASE("Nobody passes a barrier before all have come, round after round") {
  const auto memory = counts_memory();
  auto& counts = memory.as<Counts>();
  const Barrier barrier(3, [&] { ++counts.action; });
  CHECK(barrier.parties() == 3);
  const auto work = [&] {
    for (int round = 1; round <= 200; ++round) {
      ++counts.came;
      counts.sum += static_cast<int>(barrier.wait());
      if (counts.came < 3 * round || counts.action < round) return 1;
    }
    leave_all();
    return 0;
  };
  Child a(work);
  Child b(work);
  CHECK(work() == 0);
  CHECK(a.wait() == 0);
  CHECK(b.wait() == 0);
  CHECK(counts.sum == 200 * (0 + 1 + 2));
  CHECK(counts.action == 200);
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
}

TEST_CASE("A party that is killed while it waits breaks the barrier") {
  const Barrier barrier(3);
  Child killed([&] { return wait_once(barrier); });
  Child other([&] { return wait_once(barrier); });
  REQUIRE(eventually([&] { return barrier.n_waiting() == 2; }));
  killed.kill();
  CHECK(other.wait() == 1);
  CHECK(barrier.broken());
  CHECK_THROWS_WITH(barrier.wait(), Catch::Contains("died"));
  barrier.reset();
  CHECK_FALSE(barrier.broken());
  Child a([&] { return wait_once(barrier); });
  Child b([&] { return wait_once(barrier); });
  barrier.wait();
  CHECK(a.wait() + b.wait() == 0);
}

TEST_CASE("A party that is known and killed elsewhere breaks the barrier") {
  const Barrier barrier(2);
  SECTION("known since it waited") {
    Child party([&] {
      barrier.wait();
      ::pause();
      return 0;
    });
    barrier.wait();
    std::thread killer([&] {
      std::this_thread::sleep_for(30ms);
      party.kill();
    });
    CHECK_THROWS_AS(barrier.wait(), BrokenBarrier);
    killer.join();
  }
  SECTION("known since it said so") {
    Child party([&] {
      barrier.enter();
      ::kill(::getpid(), SIGKILL);
      return 0;
    });
    CHECK(party.wait() == -SIGKILL);
    CHECK_THROWS_AS(barrier.wait(), BrokenBarrier);
  }
}

TEST_CASE("A party that ends in order breaks nothing, and another may take its place") {
  const Barrier barrier(2);
  for (int i = 0; i < 3; ++i) {
    Child party([&] { return wait_once(barrier); });
    barrier.wait();
    CHECK(party.wait() == 0);
  }
  Child late([&] {
    std::this_thread::sleep_for(150ms);  // longer than the others need to look
    return wait_once(barrier);
  });
  CHECK_NOTHROW(barrier.wait());
  CHECK(late.wait() == 0);
}

TEST_CASE("A party stays known when one of its handles goes") {
  const auto barrier = Barrier::create("handles", 2);
  Child party([&] {
    Barrier::attach("handles").wait();
    const auto same = Barrier::attach("handles");
    same.enter();
    { Barrier::attach("handles").wait(); }
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  barrier.wait();
  barrier.wait();
  CHECK(party.wait() == -SIGKILL);
  CHECK_THROWS_WITH(barrier.wait(3s), Catch::Contains("died"));
}

TEST_CASE("Killed at any step of a barrier, the others pass or know it is broken") {
  const std::string point =
      GENERATE("barrier.enlisted", "barrier.action", "barrier.changed", "barrier.passed");
  CAPTURE(point);
  const Barrier barrier(2);
  Child other([&] {
    std::this_thread::sleep_for(20ms);
    return wait_once(barrier);
  });
  if (point == "barrier.action" || point == "barrier.changed")
    REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
  CHECK(child_killed_at(point, [&] { barrier.wait(); }).wait() == -SIGKILL);
  const int code = other.wait();
  CHECK((point == "barrier.enlisted" || point == "barrier.action" ? code == 1 : code <= 1));
}

TEST_CASE("A timeout breaks the barrier for everybody") {
  const Barrier barrier(3);
  Child other([&] { return wait_once(barrier); });
  REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
  CHECK_THROWS_WITH(barrier.wait(30ms), Catch::Contains("ran out"));
  CHECK(other.wait() == 1);
  CHECK_THROWS_AS(barrier.wait(-1s), BrokenBarrier);
  const Barrier impatient(2, {}, 10ms);
  CHECK_THROWS_AS(impatient.wait(), BrokenBarrier);
  CHECK_NOTHROW(Barrier(1).wait(0s));
}

TEST_CASE("abort breaks, reset makes new, and both let go who waits") {
  const Barrier barrier(2);
  {
    Child other([&] { return wait_once(barrier); });
    REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
    barrier.abort();
    CHECK(other.wait() == 1);
    CHECK(barrier.broken());
    CHECK_THROWS_WITH(barrier.wait(), Catch::Contains("aborted"));
  }
  barrier.reset();
  Child other([&] { return wait_once(barrier); });
  REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
  barrier.reset();
  CHECK(other.wait() == 1);
  CHECK_FALSE(barrier.broken());
}

TEST_CASE("An action that throws breaks the barrier, and its runner gets what it threw") {
  const Barrier barrier(2, [] { throw std::runtime_error("no"); });
  std::atomic<int> broken = 0;
  std::atomic<int> thrown = 0;
  const auto work = [&] {
    try {
      barrier.wait();
    } catch (const BrokenBarrier&) {
      ++broken;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(broken == 1);
  CHECK(thrown == 1);
}

TEST_CASE("Barriers have names, go in messages, and need parties") {
  CHECK_THROWS_AS(Barrier(0), InvalidArgument);
  const auto one = Barrier::create("one", 1);
  CHECK(decode<Barrier>(encode(one)).wait() == 0);
  CHECK_THROWS_AS(Barrier::attach("two"), NotFound);
}

}  // namespace
}  // namespace furrow::mp
