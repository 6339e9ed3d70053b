// Semaphores: so many at a time, over-release refused, the permits of the dead.
#include <furrow/sync/semaphore.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>

#include <furrow/sync/message.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

template <class S>
void check_counting(const S& two) {
  CHECK(two.get_value() == 2);
  CHECK(two.acquire());
  CHECK(two.acquire(1s));
  CHECK(two.get_value() == 0);
  CHECK_FALSE(two.acquire(0s));
  CHECK_FALSE(two.acquire(-1s));
  CHECK_FALSE(two.acquire(20ms));
  Child child([&] { return two.acquire() ? 0 : 1; });
  std::this_thread::sleep_for(20ms);
  two.release();
  CHECK(child.wait() == 0);
}

TEST_CASE("A semaphore gives out so many permits") {
  check_counting(Semaphore(2));
  check_counting(Semaphore(2, OnDeath::give_back));
  check_counting(BoundedSemaphore(2));
  check_counting(BoundedSemaphore(2, OnDeath::keep));
}

TEST_CASE("Never more than its permits are inside") {
  const auto on_death = GENERATE(OnDeath::keep, OnDeath::give_back);
  const Semaphore two(2, on_death);
  const auto memory = SharedObject::create({static_cast<ObjectType>(1001), 1, "Probe"}, "", 8);
  auto* counts = reinterpret_cast<std::atomic<int>*>(memory.body());
  std::vector<Child> children;
  for (int c = 0; c < 4; ++c)
    children.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::unique_lock hold(two);
        if (++counts[0] > 2) counts[1] = 1;
        --counts[0];
      }
      return 0;
    });
  for (Child& child : children) CHECK(child.wait() == 0);
  CHECK(counts[1] == 0);
  CHECK(two.get_value() == 2);
}

TEST_CASE("A bounded semaphore refuses more than it gave out") {
  const auto on_death = GENERATE(OnDeath::keep, OnDeath::give_back);
  const BoundedSemaphore two(2, on_death);
  CHECK_THROWS_AS(two.release(), NotHeld);
  two.acquire();
  CHECK_THROWS_AS(two.release(2), NotHeld);
  CHECK_THROWS_AS(two.release(0), InvalidArgument);
  two.release();
  CHECK_THROWS_AS(two.release(), NotHeld);
  CHECK_THROWS_AS(BoundedSemaphore(0, on_death).release(), NotHeld);
}

TEST_CASE("A semaphore grows by what is released beyond what was acquired") {
  const Semaphore none(0, GENERATE(OnDeath::keep, OnDeath::give_back));
  CHECK_FALSE(none.acquire(0s));
  none.release(3);
  CHECK(none.get_value() == 3);
  for (int i = 0; i < 3; ++i) CHECK(none.acquire(0s));
  CHECK_FALSE(none.acquire(0s));
  CHECK_THROWS_AS(Semaphore(0xFFFFFFFFU), InvalidArgument);
}

TEST_CASE("Another process may release") {
  const BoundedSemaphore one(1);
  one.acquire();
  CHECK(Child([&] {
          one.release();
          return 0;
        }).wait() == 0);
  CHECK(one.acquire(0s));
  one.release();
}

TEST_CASE("The permits of a killed process come back where that was asked for") {
  const BoundedSemaphore three(3);
  three.acquire();
  CHECK(Child([&] {
          three.acquire();
          three.acquire();
          ::kill(::getpid(), SIGKILL);
          return 0;
        }).wait() == -SIGKILL);
  CHECK(three.acquire());
  CHECK(three.given_back() == 2);
  CHECK(three.acquire(0s));
  CHECK_FALSE(three.acquire(0s));
  three.release(3);
  CHECK(three.get_value() == 3);

  const Semaphore kept(1);
  CHECK(Child([&] { return kept.acquire() ? 0 : 1; }).wait() == 0);
  CHECK_FALSE(kept.acquire(120ms));  // as in Python: whoever likes may release it
  kept.release();
  CHECK(kept.acquire(0s));
}

TEST_CASE("Who waits already gets the permit of a killed holder") {
  const BoundedSemaphore one(1);
  Child holder([&] {
    one.acquire();
    ::pause();
    return 0;
  });
  REQUIRE(eventually([&] { return one.get_value() == 0; }));
  Child waiter([&] { return one.acquire(20s) ? 0 : 1; });
  std::this_thread::sleep_for(20ms);
  holder.kill();
  CHECK(waiter.wait() == 0);
}

TEST_CASE("Killed in the middle of acquire or release, the sum of permits stays right") {
  const Semaphore two(2, OnDeath::give_back);
  const std::string point = GENERATE("semaphore.acquired", "semaphore.released");
  for (int i = 0; i < 3; ++i)
    CHECK(child_killed_at(point, [&] {
            two.acquire();
            two.release();
          }).wait() == -SIGKILL);
  CHECK(two.acquire(1s));
  CHECK(two.acquire(1s));
  CHECK_FALSE(two.acquire(0s));
  two.release(2);
  CHECK(two.get_value() == 2);
}

TEST_CASE("Semaphores have names and go in messages") {
  const auto two = Semaphore::create("two", 2);
  CHECK(decode<Semaphore>(encode(two)).acquire(0s));
  CHECK(Semaphore::attach("two").get_value() == 1);
  CHECK_THROWS_AS(BoundedSemaphore::attach("two"), TypeMismatch);
}

}  // namespace
}  // namespace furrow::mp
