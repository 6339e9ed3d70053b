// Processes killed at random while they lock, wait, pass and count: whoever lives goes on, and what
// the locks protect is as it should be.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>

#include <furrow/sync/barrier.hpp>
#include <furrow/sync/condition.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/semaphore.hpp>
#include <furrow/sync/value.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

/// Keeps `count` children at work, kills one of them `kills` times, and then all.
template <class Work>
void torment(int count, int kills, const Work& work) {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<Child> children;
  for (int i = 0; i < count; ++i) children.emplace_back(work);
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
    const std::size_t victim = random() % children.size();
    CHECK(children[victim].kill() == -SIGKILL);  // it has found nothing wrong
    children[victim] = Child(work);
  }
  for (Child& child : children) CHECK(child.kill() == -SIGKILL);
}

struct Pair {
  std::atomic<std::uint64_t> a, b, died;
};

TEST_CASE("A lock's holders killed at random: never two inside, and every death is told") {
  const Lock lock;
  const RawValue<Pair> pair;
  torment(3, 100, [&] {
    for (;;) {
      const std::scoped_lock hold(lock);
      if (pair->a != pair->b) {
        if (!lock.owner_died()) return 1;  // half changed, and nobody said so
        ++pair->died;
        pair->a = pair->b.load();
      }
      ++pair->a;
      std::this_thread::yield();
      ++pair->b;
    }
  });
  CHECK(lock.acquire(10s));
  if (!lock.owner_died()) CHECK(pair->a == pair->b);
  CHECK(pair->b > 0);
  CHECK(lock.deaths() >= pair->died);
  lock.release();
}

TEST_CASE("A value's changers killed at random: every change is whole") {
  struct Twice {
    std::uint64_t a, b, c, d, e;
  };
  const Value<Twice> value;
  torment(3, 60, [&] {
    for (;;) value.update([](Twice& v) { v = {v.a + 1, v.a + 1, v.a + 1, v.a + 1, v.a + 1}; });
    return 0;
  });
  const Twice v = value.get();
  CHECK(v.a > 0);
  CHECK((v.b == v.a && v.c == v.a && v.d == v.a && v.e == v.a));
}

TEST_CASE("A semaphore's holders killed at random: all permits come back") {
  const BoundedSemaphore three(3);
  torment(5, 100, [&] {
    for (;;) {
      three.acquire();
      std::this_thread::sleep_for(100us);
      three.release();
    }
    return 0;
  });
  for (int i = 0; i < 3; ++i) CHECK(three.acquire(10s));
  CHECK_FALSE(three.acquire(0s));
  three.release(3);
  CHECK(three.get_value() == 3);
}

TEST_CASE("Waiters and notifiers killed at random: a condition goes on working") {
  const Condition condition;
  const RawValue<std::atomic<std::uint64_t>> turns;
  torment(4, 100, [&] {
    for (;;) {
      const std::scoped_lock hold(condition);
      condition.wait(2ms);
      ++*turns;
      condition.notify(1);
    }
    return 0;
  });
  CHECK(*turns > 0);
  std::atomic<bool> waiting = false;
  std::thread waiter([&] {
    const std::scoped_lock hold(condition);
    waiting = true;
    CHECK(condition.wait(20s));
  });
  REQUIRE(eventually([&] { return waiting.load(); }));
  {
    const std::scoped_lock hold(condition);
    condition.notify_all();
  }
  waiter.join();
}

TEST_CASE("Parties killed at random: a barrier breaks or is passed, and never hangs") {
  const Barrier barrier(3);
  const RawValue<std::atomic<std::uint64_t>> passed;
  torment(3, 40, [&] {
    for (;;) {
      try {
        barrier.wait();
        ++*passed;
      } catch (const BrokenBarrier&) {
        barrier.reset();
        std::this_thread::sleep_for(1ms);
      }
    }
    return 0;
  });
  barrier.reset();
  Child a([&] {
    barrier.wait();
    return 0;
  });
  Child b([&] {
    barrier.wait();
    return 0;
  });
  CHECK_NOTHROW(barrier.wait(20s));
  CHECK(a.wait() + b.wait() == 0);
  CHECK(*passed > 0);
}

}  // namespace
}  // namespace furrow::mp
