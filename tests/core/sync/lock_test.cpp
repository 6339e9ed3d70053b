// One holder at a time; a dead holder's lock goes to the next, who is told.
#include <furrow/sync/lock.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>

#include <furrow/sync/condition.hpp>
#include <furrow/sync/message.hpp>
#include <furrow/sync/queue.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

TEST_CASE("A lock has one holder, in whatever process") {
  Lock lock;
  CHECK(lock.acquire());
  CHECK(lock.locked());
  CHECK(lock.is_own());
  CHECK(Child([&] {
          const bool no_wait = lock.acquire(-1s);
          const bool some_wait = lock.acquire(20ms);
          return !no_wait && !some_wait && lock.locked() && !lock.is_own() ? 0 : 1;
        }).wait() == 0);
  lock.release();
  CHECK_FALSE(lock.locked());
  CHECK(Child([&] {
          lock.acquire();
          lock.release();
          return 0;
        }).wait() == 0);
}

TEST_CASE("Two processes count to the same number under a lock") {
  const Lock lock;
  SharedObject memory = SharedObject::create({static_cast<ObjectType>(1001), 1, "Probe"}, "", 8);
  auto& count = memory.as<volatile std::uint64_t>();
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const std::scoped_lock hold(lock);
      count = count + 1;
    }
    return 0;
  };
  Child a(work);
  Child b(work);
  work();
  CHECK(a.wait() + b.wait() == 0);
  CHECK(count == 60'000);
}

TEST_CASE("The standard library's guards take it") {
  const Lock lock;
  {
    const std::unique_lock hold(lock);
    CHECK(lock.is_own());
  }
  std::unique_lock timed(lock, 10ms);
  CHECK(timed.owns_lock());
  timed.unlock();
  CHECK(lock.try_lock_until(std::chrono::steady_clock::now() + 10ms));
  lock.unlock();
  const RLock other;
  std::scoped_lock both(lock, other);
  CHECK(other.is_own());
}

TEST_CASE("The next gets the lock of a killed holder, and knows") {
  const Lock lock;
  Child holder([&] {
    lock.acquire();
    ::pause();
    return 0;
  });
  REQUIRE(eventually([&] { return lock.locked(); }));
  CHECK_FALSE(lock.acquire(0s));
  SECTION("when it comes later") { holder.kill(); }
  SECTION("when it waits already") {
    std::thread killer([&] {
      std::this_thread::sleep_for(50ms);
      holder.kill();
    });
    CHECK(lock.acquire());
    CHECK(lock.owner_died());
    lock.release();
    killer.join();
    CHECK(lock.deaths() == 1);
    return;
  }
  CHECK(lock.acquire(0s));
  CHECK(lock.owner_died());
  CHECK(lock.deaths() == 1);
  lock.release();
  CHECK(lock.acquire());
  CHECK_FALSE(lock.owner_died());
  lock.release();
}

TEST_CASE("A death is told again when who was told dies, too") {
  const RLock lock;
  CHECK(child_killed_at("lock.acquired", [&] { lock.acquire(); }).wait() == -SIGKILL);
  CHECK(child_killed_at("lock.inherited", [&] { lock.acquire(); }).wait() == -SIGKILL);
  CHECK(lock.acquire());
  CHECK(lock.owner_died());
  CHECK(lock.deaths() == 2);
  lock.clear_owner_died();
  CHECK_FALSE(lock.owner_died());
  lock.release();
}

TEST_CASE("Killed waiters do not keep a lock from the others") {
  const Lock lock;
  lock.acquire();
  std::vector<Child> waiters;
  for (int i = 0; i < 4; ++i)
    waiters.emplace_back([&] {
      lock.acquire();
      lock.release();
      return 0;
    });
  std::this_thread::sleep_for(20ms);
  waiters[0].kill();
  waiters[2].kill();
  lock.release();
  CHECK(waiters[1].wait() == 0);
  CHECK(waiters[3].wait() == 0);
}

TEST_CASE("An RLock is counted, and its holder's death gives back all of it") {
  const RLock lock;
  lock.acquire();
  lock.acquire();
  lock.release();
  CHECK(lock.is_own());
  CHECK(Child([&] { return lock.acquire(0s) ? 1 : 0; }).wait() == 0);
  lock.release();
  CHECK_FALSE(lock.locked());
  CHECK(Child([&] {
          lock.acquire();
          lock.acquire();
          return 0;
        }).wait() == 0);
  CHECK(lock.acquire(0s));
  CHECK(lock.owner_died());
  lock.release();
}

TEST_CASE("Misuse of a lock is an error, not a hang") {
  const Lock lock;
  CHECK_THROWS_AS(lock.release(), NotHeld);
  lock.acquire();
  CHECK_THROWS_AS(lock.acquire(), Deadlock);
  CHECK_FALSE(lock.acquire(1h));
  CHECK(Child([&] {
          try {
            lock.release();
          } catch (const NotHeld&) {
            return 0;
          }
          return 1;
        }).wait() == 0);
  lock.release();
  const RLock recursive;
  CHECK_THROWS_AS(recursive.release(), NotHeld);
}

TEST_CASE("A lock that is let go while it is held frees itself") {
  const Lock keeper = Lock::create("kept");
  CHECK(Child([] {
          {
            const Lock lock = Lock::attach("kept");
            lock.acquire();
          }
          return Lock::attach("kept").acquire(0s) ? 0 : 1;
        }).wait() == 0);
  CHECK(keeper.acquire(0s));
  keeper.release();
  { Lock().acquire(); }
  const Lock again;  // the thread's list of held locks is whole
  again.acquire();
  again.release();
}

TEST_CASE("A handle that goes leaves alone what was locked through another one") {
  const auto lock = RLock::create("twice");
  const auto go_and_come = [&] {
    const std::scoped_lock hold(lock);
    const Queue<RLock> queue;
    queue.put(lock);
    { const RLock second = queue.get(); }
    if (!lock.is_own()) return 1;
    const Condition changed = Condition::create("", lock);
    {
      const Condition same = decode<Condition>(encode(changed));
      same.wait(1ms);  // takes the lock anew, through its own handle
      const RLock third = RLock::attach("twice");
      third.acquire();
      third.release();
    }
    return lock.is_own() && !Child([&] { return lock.acquire(0s) ? 1 : 0; }).wait() ? 0 : 1;
  };
  CHECK(go_and_come() == 0);
  CHECK_FALSE(lock.locked());
  CHECK(lock.deaths() == 0);
  // A forked child has a mapping that it inherited, and another one by the name.
  CHECK(Child([&] {
          const std::scoped_lock hold(lock);
          { const RLock second = RLock::attach("twice"); }
          return lock.is_own() ? 0 : 1;
        }).wait() == 0);
  CHECK(RLock::attach("twice") == lock);
}

TEST_CASE("A lock goes in a message as its name") {
  const Lock lock;
  const auto copy = decode<Lock>(encode(lock));
  lock.acquire();
  CHECK(copy.locked());
  const auto tuple = decode<std::tuple<int, RLock>>(encode(std::tuple<int, RLock>(1, RLock())));
  CHECK(std::get<0>(tuple) == 1);
  lock.release();
}

}  // namespace
}  // namespace furrow::mp
