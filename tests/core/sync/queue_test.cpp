// Queues: order, bounds, timeouts, sizes; long messages; misuse.
#include <furrow/sync/queue.hpp>

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

#include <furrow/sync/lock.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

TEST_CASE("A queue hands on values in order") {
  const Queue<int> queue;
  CHECK(queue.empty());
  for (int i = 0; i < 100; ++i) queue.put(i);
  CHECK(queue.qsize() == 100);
  for (int i = 0; i < 100; ++i) CHECK(queue.get() == i);
  CHECK(queue.empty());
}

TEST_CASE("A queue hands on texts and containers between processes") {
  const Queue<std::pair<std::string, std::vector<double>>> queue;
  Child child([&] {
    for (int i = 0; i < 1000; ++i)
      queue.put({std::to_string(i), std::vector<double>(static_cast<std::size_t>(i), 0.5)});
    return 0;
  });
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto [text, numbers] = queue.get();
    REQUIRE(text == std::to_string(i));
    REQUIRE(numbers == std::vector<double>(i, 0.5));
  }
  CHECK(child.wait() == 0);
}

TEST_CASE("maxsize bounds the items, and waiting ends in time") {
  const Queue<int> queue(2);
  queue.put(1);
  queue.put(2);
  CHECK(queue.full());
  CHECK_THROWS_AS(queue.put_nowait(3), Full);
  CHECK_THROWS_AS(queue.put(3, 20ms), Full);
  CHECK_THROWS_AS(queue.put(3, -20s), Full);
  CHECK_FALSE(queue.try_put(3));
  CHECK(queue.get() == 1);
  CHECK_FALSE(queue.full());
  queue.put(3, 1s);
  CHECK(queue.get() == 2);
  CHECK(queue.get() == 3);
  CHECK_THROWS_AS(queue.get_nowait(), Empty);
  CHECK_THROWS_AS(queue.get(20ms), Empty);
  CHECK_THROWS_AS(queue.get(-1s), Empty);
  CHECK_FALSE(queue.try_get());
}

TEST_CASE("A full queue goes on when something is taken, an empty one when something is put") {
  const Queue<int> there(1);
  const Queue<int> back(1);
  Child child([&] {
    for (int i = 0; i < 2000; ++i) back.put(there.get() + 1);
    return 0;
  });
  int sum = 0;
  for (int i = 0; i < 2000; ++i) {
    there.put(i);
    sum += back.get() - i;
  }
  CHECK(sum == 2000);
  CHECK(child.wait() == 0);
}

TEST_CASE("Many producers and consumers: every item arrives once") {
  const Queue<std::uint32_t> queue(50);
  const Queue<std::uint64_t> sums;
  constexpr std::uint32_t each = 5000;
  std::vector<Child> children;
  for (std::uint32_t p = 0; p < 3; ++p) {
    children.emplace_back([&, p] {
      for (std::uint32_t i = 0; i < each; ++i) queue.put(p * each + i + 1);
      return 0;
    });
    children.emplace_back([&] {
      std::uint64_t sum = 0;
      while (const std::uint32_t item = queue.get()) sum += item;
      sums.put(sum);
      return 0;
    });
  }
  for (std::size_t i = 0; i < children.size(); i += 2) CHECK(children[i].wait() == 0);
  for (int i = 0; i < 3; ++i) queue.put(0);
  std::uint64_t sum = 0;
  for (int i = 0; i < 3; ++i) sum += sums.get();
  CHECK(sum == std::uint64_t{3 * each} * (3 * each + 1) / 2);
}

TEST_CASE("Messages of every length go around the ring's end whole") {
  const auto queue = Queue<std::string>::create("", {.capacity_bytes = 4096});
  std::size_t put = 0;
  std::size_t got = 0;
  const auto text = [](std::size_t n) {
    return std::string(n % 1500, static_cast<char>('a' + n % 26));  // some longer than a quarter
  };
  while (got < 5000) {
    while (put < 5000 && put < got + 100 && queue.try_put(text(put))) ++put;
    const std::size_t take = got % 7 + 1;
    for (std::size_t i = 0; i < take && got < put; ++i, ++got) REQUIRE(queue.get() == text(got));
  }
}

TEST_CASE("Messages longer than the ring are whole, in order, and leave no memory behind") {
  const auto queue = Queue<std::vector<std::uint64_t>>::create(
      "large", {.capacity_bytes = 4096, .large_bytes_max = 8 << 20});
  const auto blocks = [] {
    struct stat s {};
    const std::string path = Place::default_place().path_of("large");
    REQUIRE(::stat(path.c_str(), &s) == 0);
    return s.st_blocks * 512;
  };
  const auto before = blocks();
  Child child([&] {
    for (std::uint64_t i = 0; i < 50; ++i) {
      std::vector<std::uint64_t> values(i % 3 == 0 ? 3 : 50'000 + i * 1000);
      std::iota(values.begin(), values.end(), i);
      queue.put(values);
    }
    return 0;
  });
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto values = queue.get();
    REQUIRE(values.size() == (i % 3 == 0 ? 3 : 50'000 + i * 1000));
    REQUIRE(values.front() == i);
    REQUIRE(values.back() == i + values.size() - 1);
  }
  CHECK(child.wait() == 0);
  CHECK(blocks() <= before + static_cast<long>(kept_bytes()));
}

TEST_CASE(
    "Large messages are bounded: a full annex waits, one message over the limit is an error") {
  const auto queue =
      Queue<std::string>::create("", {.capacity_bytes = 4096, .large_bytes_max = 100'000});
  CHECK_THROWS_AS(queue.put(std::string(100'001, 'x')), MessageTooLarge);
  queue.put(std::string(60'000, 'x'));
  CHECK_FALSE(queue.try_put(std::string(60'000, 'y'), 20ms));
  queue.put("short ones still fit");
  CHECK(queue.get().size() == 60'000);
  queue.put(std::string(60'000, 'y'));
  CHECK(queue.get() == "short ones still fit");
  CHECK(queue.get() == std::string(60'000, 'y'));
}

TEST_CASE("No room for a large message is an error, and the queue goes on") {
  const auto queue = Queue<std::string>::create("", {.capacity_bytes = 4096});
  queue.put("before");
  os::set_fault("os.write_at:fail");
  CHECK_THROWS_AS(queue.put(std::string(100'000, 'x')), OutOfSpace);
  os::set_fault("");
  CHECK(queue.qsize() == 1);
  queue.put(std::string(100'000, 'y'));
  CHECK(queue.get() == "before");
  CHECK(queue.get() == std::string(100'000, 'y'));
  os::set_fault("os.reserve:fail");
  CHECK_THROWS_AS(Queue<int>(), OutOfSpace);
  os::set_fault("os.reserve:fail");
  CHECK_THROWS_AS(Lock::create("full"), OutOfSpace);
  os::set_fault("");
  CHECK(names().empty());
}

TEST_CASE("A limit on the size of files is an error or leaves less room, and kills nobody") {
  const auto limit_files = [](rlim_t bytes) {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  const QueueOptions options{.capacity_bytes = 4096};
  const auto queue = Queue<std::string>::create("", options);
  CHECK(Child([&] {
          limit_files(200'000);
          try {
            queue.put(std::string(300'000, 'x'));
            return 1;
          } catch (const OutOfSpace&) {
          }
          queue.put(std::string(50'000, 'y'));
          return 0;
        }).wait() == 0);
  CHECK(queue.get() == std::string(50'000, 'y'));
  CHECK(Child([&] {
          limit_files(1'000'000);
          const auto made = Queue<std::string>::create("", options);
          for (int i = 0; i < 30; ++i) {
            made.put(std::string(300'000, 'x'));
            if (made.get().size() != 300'000) return 1;
          }
          try {
            made.put(std::string(600'000, 'x'));
            return 2;
          } catch (const MessageTooLarge&) {
            return 0;
          }
        }).wait() == 0);
}

TEST_CASE("A closed queue takes and gives nothing more in this process") {
  const Queue<int> queue;
  queue.put(1);
  CHECK_THROWS_AS(queue.join_thread(), InvalidArgument);
  const Queue<int> copy = queue;
  const auto other = Queue<int>::attach(queue.name());
  queue.close();
  queue.close();
  queue.join_thread();
  CHECK_THROWS_AS(queue.put(2), Closed);
  CHECK_THROWS_AS(queue.get(), Closed);
  CHECK_THROWS_AS(copy.try_get(), Closed);
  CHECK_THROWS_AS(queue.qsize(), Closed);
  CHECK_THROWS_AS(queue.empty(), Closed);
  CHECK(other.get() == 1);
}

TEST_CASE("A queue is attached with its own type alone, and goes in messages as its name") {
  const auto queue = Queue<int>::create("typed");
  CHECK_THROWS_AS(Queue<double>::attach("typed"), TypeMismatch);
  CHECK_THROWS_AS(SimpleQueue<int>::attach("typed"), TypeMismatch);
  CHECK_THROWS_AS(Queue<int>::create("typed"), AlreadyExists);
  CHECK_THROWS_WITH(Queue<int>::attach("none"), Catch::Matchers::StartsWith("no Queue \"none\""));
  CHECK_THROWS_AS(Queue<int>::create("big", {.capacity_bytes = std::size_t{1} << 50}),
                  InvalidArgument);
  const auto same = decode<Queue<int>>(encode(queue));
  same.put(5);
  CHECK(queue.get() == 5);
  const Queue<Queue<int>> queues;  // a queue of queues
  queues.put(queue);
  queues.get().put(6);
  CHECK(queue.get() == 6);
}

TEST_CASE("A SimpleQueue puts, gets, tells whether it is empty, and closes") {
  const SimpleQueue<std::string> queue;
  CHECK(queue.empty());
  queue.put("a");
  CHECK_FALSE(queue.empty());
  CHECK(queue.get() == "a");
  queue.close();
  CHECK_THROWS_AS(queue.put("b"), Closed);
}

TEST_CASE("join waits until every item is reported done") {
  const JoinableQueue<int> queue;
  CHECK(queue.join(0s));
  for (int i = 0; i < 10; ++i) queue.put(i);
  CHECK_FALSE(queue.join(10ms));
  Child child([&] {
    for (int i = 0; i < 10; ++i) {
      queue.get();
      queue.task_done();
    }
    return 0;
  });
  CHECK(queue.join());
  CHECK(queue.unfinished() == 0);
  CHECK_THROWS_AS(queue.task_done(), InvalidArgument);
  CHECK(child.wait() == 0);
  CHECK(decode<JoinableQueue<int>>(encode(queue)).join());
}

}  // namespace
}  // namespace furrow::mp
