// Conditions: exactly those are woken who should be; killed waiters and notifiers hang nobody.
#include <furrow/sync/condition.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>

#include <furrow/sync/message.hpp>
#include <furrow/sync/semaphore.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

// Children that wait once, and tell before and after.
struct Waiters {
  Condition condition;
  Semaphore sleeping{0};
  Semaphore woken{0};
  std::vector<Child> children;

  void add(int count) {
    for (int i = 0; i < count; ++i) {
      children.emplace_back([this] {
        condition.acquire();
        sleeping.release();
        condition.wait();
        woken.release();
        condition.release();
        return 0;
      });
      sleeping.acquire();
    }
    std::scoped_lock hold(condition);  // the last one has let go of it, so it waits
  }
  void notify(std::uint32_t n) const {
    std::scoped_lock hold(condition);
    condition.notify(n);
  }
  /// So many are woken, and then no more.
  bool settles_at(std::uint32_t count) const {
    const bool came = eventually([&] { return woken.get_value() >= count; });
    std::this_thread::sleep_for(70ms);  // longer than anybody sleeps without looking up
    return came && woken.get_value() == count;
  }
};

TEST_CASE("notify wakes as many as it says and no others") {
  Waiters w;
  w.add(5);
  w.notify(1);
  CHECK(w.settles_at(1));
  w.notify(2);
  CHECK(w.settles_at(3));
  w.notify(7);
  CHECK(w.settles_at(5));
  w.notify(1);  // nobody waits; and nobody who comes later is woken by it
  w.add(1);
  CHECK(w.settles_at(5));
  {
    std::scoped_lock hold(w.condition);
    w.condition.notify_all();
  }
  CHECK(w.settles_at(6));
}

TEST_CASE("A killed waiter neither hangs a notifier nor eats a notification") {
  Waiters w;
  w.add(3);
  w.children[0].kill();  // the eldest: it would have been chosen
  w.notify(1);
  CHECK(w.settles_at(1));
  CHECK(w.children[1].wait() == 0);
  w.children[2].kill();
  w.notify(3);
  CHECK(w.settles_at(1));
}

TEST_CASE("A notifier killed before it wakes has notified") {
  Waiters w;
  w.add(1);
  CHECK(child_killed_at("condition.notified", [&] { w.notify(1); }).wait() == -SIGKILL);
  CHECK(w.children[0].wait() == 0);
  w.condition.acquire();
  CHECK_FALSE(w.condition.owner_died());  // the waiter had it, and was told
  w.condition.release();
}

TEST_CASE("Waiters killed at every step leave the condition whole") {
  const auto condition = Condition::create("few", 2);
  for (int i = 0; i < 4; ++i)  // more than there are places
    CHECK(child_killed_at("condition.enlisted", [&] {
            condition.acquire();
            condition.wait();
          }).wait() == -SIGKILL);
  Child waiter([&] {
    condition.acquire();
    return condition.wait(10s) ? 0 : 1;
  });
  REQUIRE(falls_asleep(waiter));
  {
    std::scoped_lock hold(condition);
    condition.notify();
  }
  CHECK(waiter.wait() == 0);
  Child woken = child_killed_at("condition.woken", [&] {
    condition.acquire();
    condition.wait(10ms);
  });
  CHECK(woken.wait() == -SIGKILL);
  CHECK(condition.acquire(0s));
  condition.release();
}

TEST_CASE("More waiters than there is room for is an error") {
  const auto condition = Condition::create("few", 1);
  Child waiter([&] {
    condition.acquire();
    condition.wait();
    return 0;
  });
  REQUIRE(falls_asleep(waiter));
  std::scoped_lock hold(condition);
  CHECK_THROWS_AS(condition.wait(), Full);
  condition.notify_all();
  CHECK_THROWS_AS(Condition::create("none", 0), InvalidArgument);
}

TEST_CASE("wait ends in time, and holds the lock as deep as before") {
  const RLock lock;
  const Condition condition(lock);
  lock.acquire();
  lock.acquire();
  CHECK_FALSE(condition.wait(0s));
  CHECK_FALSE(condition.wait(-1s));
  CHECK_FALSE(condition.wait(20ms));
  lock.release();
  CHECK(lock.is_own());
  lock.release();
  CHECK_FALSE(lock.locked());
}

TEST_CASE("wait_for gives what the predicate says") {
  const Condition condition;
  const auto memory = SharedObject::create({static_cast<ObjectType>(1001), 1, "Probe"}, "", 8);
  auto& value = memory.as<std::atomic<int>>();
  std::unique_lock hold(condition);
  CHECK_FALSE(condition.wait_for([&] { return value == 4; }, 30ms));
  Child child([&] {
    for (int i = 1; i <= 4; ++i) {
      std::scoped_lock inside(condition);
      value = i;
      condition.notify();
    }
    return 0;
  });
  CHECK(condition.wait_for([&] { return value == 4; }));
  CHECK(condition.wait_for([&] { return value.load(); }, 0s) == 4);
  CHECK(child.wait() == 0);
}

TEST_CASE("Waiting or notifying without the lock is an error") {
  const Condition condition;
  CHECK_THROWS_AS(condition.wait(0s), NotHeld);
  CHECK_THROWS_AS(condition.notify(), NotHeld);
  CHECK_THROWS_AS(condition.notify_all(), NotHeld);
  CHECK_THROWS_AS(condition.release(), NotHeld);
}

TEST_CASE("A condition that is named by one who is killed in it has its lock's whole name") {
  const RLock lock;
  const Condition condition(lock);
  CHECK(child_killed_at("condition.naming", [&] { condition.name(); }).wait() == -SIGKILL);
  const Condition same = Condition::attach(condition.name());
  same.acquire();
  CHECK(lock.is_own());
  same.release();
}

TEST_CASE("A condition leads whoever attaches to its lock") {
  const Lock lock;
  const Condition condition(lock);
  const auto same = decode<Condition>(encode(condition));
  lock.acquire();
  CHECK_FALSE(same.wait(0s));
  same.release();
  CHECK_FALSE(lock.locked());
  const auto own = Condition::create("own");
  const auto attached = Condition::attach("own");
  own.acquire();
  CHECK_FALSE(attached.wait(0s));
  attached.release();
}

}  // namespace
}  // namespace furrow::mp
