// Producers and consumers killed at every labelled point and at random: at most their own item is
// missing, nothing is torn or doubled, and nobody waits for the dead.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include <furrow/sync/leaving.hpp>
#include <furrow/sync/queue.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

// Every byte tells the item's number, so a torn message shows.
std::string item(std::size_t number, std::size_t bytes) {
  std::string text = std::to_string(number) + ":";
  text.resize(std::max(bytes, text.size()), static_cast<char>('a' + number % 26));
  return text;
}

std::size_t number_of(const std::string& text) {
  const std::size_t number = std::stoul(text);
  REQUIRE(text == item(number, text.size()));
  return number;
}

TEST_CASE("A producer killed at any point of put loses at most its own item") {
  const std::string point = GENERATE("ring.put.locked", "ring.put.copied", "ring.committed");
  CAPTURE(point);
  const Queue<std::string> queue;
  queue.put(item(0, 30));
  CHECK(child_killed_at(
            point,
            [&] {
              queue.put(item(1, 500));
              queue.put(item(2, 30));  // only the third pass kills
              queue.put(item(3, 3000));
            },
            3)
            .wait() == -SIGKILL);
  queue.put(item(4, 100), 0s);  // nobody holds the lock, nothing to wait for
  std::vector<std::size_t> numbers;
  while (auto text = queue.try_get()) numbers.push_back(number_of(*text));
  if (point == "ring.committed") {
    CHECK(numbers == std::vector<std::size_t>{0, 1, 2, 3, 4});
  } else {
    CHECK(numbers == std::vector<std::size_t>{0, 1, 2, 4});
  }
  CHECK(queue.qsize() == 0);
}

TEST_CASE("A consumer killed at any point of get takes at most its own item with it") {
  const std::string point = GENERATE("ring.get.locked", "ring.get.copied", "ring.committed");
  CAPTURE(point);
  const Queue<std::string> queue;
  for (std::size_t i = 0; i < 5; ++i) queue.put(item(i, 200));
  CHECK(child_killed_at(
            point,
            [&] {
              queue.get();
              queue.get();
            },
            2)
            .wait() == -SIGKILL);
  std::vector<std::size_t> numbers;
  while (auto text = queue.try_get()) numbers.push_back(number_of(*text));
  if (point == "ring.committed") {
    CHECK(numbers == std::vector<std::size_t>{2, 3, 4});
  } else {
    CHECK(numbers == std::vector<std::size_t>{1, 2, 3, 4});
  }
}

TEST_CASE("A producer killed after its item is in wakes its consumer all the same") {
  const Queue<int> queue;
  Child consumer([&] { return queue.get() == 7 ? 0 : 1; });
  REQUIRE(falls_asleep(consumer));
  CHECK(child_killed_at("ring.committed", [&] { queue.put(7); }).wait() == -SIGKILL);
  CHECK(consumer.wait() == 0);
}

TEST_CASE("A consumer killed while it waits leaves the next one in line waiting in its place") {
  const Queue<int> queue;
  Child first([&] { return queue.get(); });
  REQUIRE(falls_asleep(first));
  Child second([&] { return queue.get(); });
  REQUIRE(falls_asleep(second));
  first.kill();
  queue.put(5);
  CHECK(second.wait() == 5);
  CHECK(queue.empty());
}

TEST_CASE("A producer killed while it waits for room lets the next one in") {
  const Queue<int> queue(1);
  queue.put(1);
  Child first([&] {
    queue.put(2);
    return 0;
  });
  REQUIRE(falls_asleep(first));
  Child second([&] {
    queue.put(3);
    return 0;
  });
  REQUIRE(falls_asleep(second));
  first.kill();
  CHECK(queue.get() == 1);
  CHECK(second.wait() == 0);
  CHECK(queue.get() == 3);
}

TEST_CASE("join says that a process died with items, and goes on with the others") {
  const std::string point = GENERATE("taken", "ring.committed");
  const JoinableQueue<int> queue;
  for (int i = 0; i < 5; ++i) queue.put(i);
  CHECK(Child([&] {
          queue.get();
          queue.task_done();
          queue.get();
          if (point != "taken") os::set_fault(point + ":kill");
          queue.get();
          ::kill(::getpid(), SIGKILL);
          return 0;
        }).wait() == -SIGKILL);
  CHECK_THROWS_WITH(queue.join(), Catch::Contains("with 2 items"));
  CHECK(queue.unfinished() == 2);
  CHECK_FALSE(queue.join(120ms));  // told once
  for (int i = 0; i < 2; ++i) {
    queue.get();
    queue.task_done();
  }
  CHECK(queue.join(0s));
}

TEST_CASE("What another process reports for a dead one is not missed") {
  const JoinableQueue<int> queue;
  const int reports = GENERATE(5, 3);
  const bool reporter_took = GENERATE(false, true);
  CAPTURE(reports, reporter_took);
  for (int i = 0; i < 7; ++i) queue.put(i);
  if (reporter_took) {
    queue.get();
    queue.task_done();
  }
  CHECK(Child([&] {
          for (int i = 0; i < 5; ++i) queue.get();  // and hands them on to us
          ::kill(::getpid(), SIGKILL);
          return 0;
        }).wait() == -SIGKILL);
  for (int i = 0; i < reports; ++i) queue.task_done();
  if (reports < 5) CHECK_THROWS_WITH(queue.join(), Catch::Contains("with 2 items"));
  CHECK_FALSE(queue.join(120ms));
  CHECK(queue.unfinished() == (reporter_took ? 1 : 2));
  while (queue.try_get()) queue.task_done();
  CHECK(queue.join(0s));
}

TEST_CASE("A report counts once where its process is killed in it") {
  const JoinableQueue<int> queue;
  for (int i = 0; i < 4; ++i) queue.put(i);
  queue.get();  // open with us
  CHECK(child_killed_at("ring.reported", [&] {
          queue.get();
          queue.get();
          queue.task_done();
        }).wait() == -SIGKILL);
  CHECK(queue.unfinished() == 3);
  CHECK_THROWS_WITH(queue.join(), Catch::Contains("with 1 items"));
  CHECK_FALSE(queue.join(120ms));
  CHECK(queue.unfinished() == 2);
  queue.task_done();
  queue.get();
  queue.task_done();
  CHECK(queue.join(0s));
}

TEST_CASE("What a process that left in order has open is not lost with another one") {
  const JoinableQueue<int> queue;
  for (int i = 0; i < 3; ++i) queue.put(i);
  CHECK(Child([&] {
          queue.get();  // for us to report
          leave_all();
          return 0;
        }).wait() == 0);
  for (int i = 0; i < 70; ++i) {  // more takers than there are accounts
    CHECK(Child([&] {
            queue.get();
            ::kill(::getpid(), i % 2 == 0 ? SIGKILL : SIGTERM);
            return 0;
          }).wait() < 0);
    CHECK_THROWS_WITH(queue.join(), Catch::Contains("with 1 items"));
    CHECK(queue.unfinished() == 2);
    queue.put(i);
  }
  while (queue.try_get()) queue.task_done();
  CHECK_FALSE(queue.join(60ms));
  queue.task_done();
  CHECK(queue.join(0s));
}

TEST_CASE("A stopped process holds nobody past a timeout") {
  const Queue<int> queue;
  queue.put(1);
  Child stopped([&] {
    os::set_fault("ring.get.locked:stop,ring.put.locked:stop");
    return queue.get() == 1 ? 0 : 1;
  });
  int status = 0;
  REQUIRE(::waitpid(stopped.pid(), &status, WUNTRACED) == stopped.pid());
  REQUIRE(WIFSTOPPED(status));
  CHECK_THROWS_AS(queue.get(50ms), Empty);
  CHECK_THROWS_AS(queue.get_nowait(), Empty);
  queue.put(2, 0s);  // the other side is free
  ::kill(stopped.pid(), SIGCONT);
  CHECK(stopped.wait() == 0);
  CHECK(queue.get() == 2);
}

TEST_CASE("A producer takes no room of a message that a killed consumer had not yet taken") {
  const auto queue = Queue<std::string>::create("", {.capacity_bytes = 4096});
  for (std::size_t i = 0; i < 4; ++i) queue.put(item(i, 1000));
  Child producer([&] {
    os::set_fault("ring.put.looking:stop");
    if (!queue.try_put(item(4, 1000))) return 1;
    os::set_fault("");
    return queue.try_put(item(5, 1000)) ? 2 : 0;
  });
  int status = 0;
  REQUIRE(::waitpid(producer.pid(), &status, WUNTRACED) == producer.pid());
  REQUIRE(WIFSTOPPED(status));
  // It has seen that nothing is taken, and looks now for the place that belongs to that: which is
  // filled for two taken, by one who is killed before they are two.
  CHECK(number_of(queue.get()) == 0);
  CHECK(child_killed_at("ring.get.placed", [&] { queue.get(); }).wait() == -SIGKILL);
  ::kill(producer.pid(), SIGCONT);
  CHECK(producer.wait() == 0);
  for (std::size_t i = 1; i < 5; ++i) CHECK(number_of(queue.get()) == i);
}

TEST_CASE("A large message of a killed producer is no message, and its memory comes back") {
  const auto queue =
      Queue<std::string>::create("large", {.capacity_bytes = 4096, .large_bytes_max = 4 << 20});
  const auto blocks = [] {
    struct stat s {};
    ::stat(Place::default_place().path_of("large").c_str(), &s);
    return s.st_blocks * 512;
  };
  const auto before = blocks();
  CHECK(child_killed_at("ring.put.large", [&] { queue.put(item(1, 3 << 20)); }).wait() == -SIGKILL);
  CHECK(blocks() > before);
  CHECK_FALSE(queue.try_get());
  queue.put(item(2, 2 << 20));
  CHECK(child_killed_at("ring.get.copied", [&] { queue.get(); }).wait() == -SIGKILL);
  CHECK(number_of(queue.get()) == 2);
  CHECK(blocks() <= before + static_cast<long>(kept_bytes()));
  queue.put(item(3, 2 << 20));
  CHECK(child_killed_at("ring.committed", [&] { queue.get(); }).wait() == -SIGKILL);
  CHECK_FALSE(queue.try_get());
  CHECK(blocks() <= before + static_cast<long>(kept_bytes()));
}

// What producers and consumers say they did, in memory that outlives them.
struct Ledger {
  static constexpr std::size_t producers = 80, items = 4096;
  std::atomic<std::uint32_t> put[producers];          // puts that returned
  std::atomic<std::uint8_t> seen[producers * items];  // gets that returned
};

struct Tally {
  std::size_t total = 0, doubled = 0, invented = 0, lost = 0;
};

Tally tally(const Ledger& ledger) {
  Tally found;
  for (std::size_t p = 0; p < Ledger::producers; ++p) {
    for (std::uint32_t i = 0; i < Ledger::items; ++i) {
      const unsigned seen = ledger.seen[p * Ledger::items + i];
      found.total += seen;
      found.doubled += seen > 1 ? 1 : 0;
      found.lost += i < ledger.put[p] && seen == 0 ? 1 : 0;
      // One more may be in than its producer could say.
      found.invented += i > ledger.put[p] && seen != 0 ? 1 : 0;
    }
  }
  return found;
}

TEST_CASE("Producers and consumers killed at random: every item once, none torn") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto queue = Queue<std::string>::create("", {.items_max = 20, .capacity_bytes = 4096});
  const auto memory =
      SharedObject::create({static_cast<ObjectType>(1001), 1, "Ledger"}, "", sizeof(Ledger));
  auto& ledger = memory.as<Ledger>();
  const auto producer = [&](std::size_t self) {
    return Child([&, self] {
      for (std::uint32_t i = 0; i < Ledger::items; ++i) {
        queue.put(item(self * Ledger::items + i, i * 37 % 1800));  // some lie in the annex
        ledger.put[self] = i + 1;
      }
      return 0;
    });
  };
  const auto consumer = [&] {
    return Child([&] {
      for (;;) {
        const std::string text = queue.get();
        const std::size_t number = std::stoul(text);
        if (text != item(number, text.size())) return 1;
        ++ledger.seen[number];
      }
    });
  };
  std::vector<Child> producers;
  std::vector<Child> consumers;
  std::size_t started = 0;
  std::size_t consumers_killed = 0;
  for (int i = 0; i < 2; ++i) {
    producers.push_back(producer(started++));
    consumers.push_back(consumer());
  }
  for (int round = 0; round < 60; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    const std::size_t i = random() % 2;
    if (random() % 2 == 0) {
      producers[i].kill();
      producers[i] = producer(started++);
    } else {
      consumers[i].kill();
      consumers[i] = consumer();
      ++consumers_killed;
    }
  }
  for (Child& child : producers) child.kill();
  CHECK(eventually([&] { return queue.empty(); }));
  std::this_thread::sleep_for(20ms);
  for (Child& child : consumers) child.kill();

  const auto [total, doubled, invented, lost] = tally(ledger);
  CHECK(total > 0);
  CHECK(doubled == 0);
  CHECK(invented == 0);
  CHECK(lost <= consumers_killed + 2);
  queue.put(item(1, 10), 0s);  // both sides are free
  CHECK(number_of(queue.get_nowait()) == 1);
}

}  // namespace
}  // namespace furrow::mp
