// Barriers: nobody passes before all have come; deaths, timeouts, actions and aborts break them.
#include <furrow/sync/barrier.hpp>

#include <atomic>
#include <catch2/catch.hpp>

#include <furrow/os/clock.hpp>
#include <furrow/sync/barrier_layout.hpp>
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
  const std::string point = GENERATE("barrier.enlisted", "barrier.action", "barrier.passing",
                                     "barrier.changed", "barrier.passed");
  CAPTURE(point);
  const bool passes = point == "barrier.changed" || point == "barrier.passed";
  const Barrier barrier(2);
  Child other([&] {
    std::this_thread::sleep_for(20ms);
    return wait_once(barrier);
  });
  if (point == "barrier.action" || point == "barrier.passing" || point == "barrier.changed")
    REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
  CHECK(child_killed_at(point, [&] { barrier.wait(); }).wait() == -SIGKILL);
  CHECK(other.wait() == (passes ? 0 : 1));
}

TEST_CASE("A process stopped in the middle of a barrier holds nobody past a timeout") {
  const std::string point = GENERATE("barrier.enlisted", "barrier.passing");
  CAPTURE(point);
  const Barrier barrier(point == "barrier.enlisted" ? 3 : 2);
  Child waiter([&] { return wait_once(barrier, 200ms); });
  REQUIRE(eventually([&] { return barrier.n_waiting() == 1; }));
  Child stopped([&] {
    os::set_fault(point + ":stop");
    return wait_once(barrier);
  });
  int status = 0;
  REQUIRE(::waitpid(stopped.pid(), &status, WUNTRACED) == stopped.pid());
  REQUIRE(WIFSTOPPED(status));
  const auto ended = [](const Child& child) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
  };
  REQUIRE(eventually([&] { return ended(waiter); }, 10));
  CHECK(waiter.wait() == 1);
  CHECK(barrier.broken());
  CHECK_THROWS_AS(barrier.wait(0s), BrokenBarrier);
  barrier.abort();
  ::kill(stopped.pid(), SIGCONT);
  CHECK(stopped.wait() == 1);
  barrier.reset();
  std::vector<Child> parties;
  for (std::size_t i = 0; i < barrier.parties(); ++i)
    parties.emplace_back([&] { return wait_once(barrier); });
  for (Child& party : parties) CHECK(party.wait() == 0);
}

TEST_CASE("One looks for the dead, for all who wait") {
  const auto barrier = Barrier::create("looks", 4);
  const auto object = SharedObject::attach({ObjectType::barrier, 2, "Barrier"}, "looks");
  auto& body = object.as<BarrierBody>();
  body.next_look = os::monotonic_ns() + 9'000'000'000;  // somebody has just looked
  std::vector<Child> parties;
  for (int i = 0; i < 3; ++i) parties.emplace_back([&] { return wait_once(barrier); });
  REQUIRE(eventually([&] { return barrier.n_waiting() == 3; }));
  parties[0].kill();
  std::this_thread::sleep_for(200ms);
  CHECK_FALSE(barrier.broken());
  SECTION("it is time again") { body.next_look = 0; }
  SECTION("by a clock of another place") { body.next_look = os::monotonic_ns() * 1000; }
  CHECK(parties[1].wait() == 1);
  CHECK(parties[2].wait() == 1);
  CHECK(body.next_look > 0);
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
