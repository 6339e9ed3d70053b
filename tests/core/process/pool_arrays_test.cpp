// Arrays as arguments of tasks: they go by name, a worker borrows them and keeps the mapping for
// the next task, and none of that shows in when their names and memory go.
#include <fstream>

#include <furrow/array/array.hpp>

#include "pool_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

CreateOptions owned() {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  return options;
}

// How many mappings of a process are of segments with `name` in their path.
int mappings(std::uint64_t pid, const std::string& name) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find(name) != std::string::npos;
  return count;
}

std::uint64_t worker_of(mp::Pool& pool) {
  return pool.apply([] { return static_cast<std::uint64_t>(::getpid()); });
}

}  // namespace

TEST_CASE("pool: an array that the last task had is still mapped for the next one") {
  mp::Pool pool(1);
  const auto array = Array<double>::create("steady", {1000}, owned());
  // A new attachment would take the lowest descriptor that is free.
  static int low;
  int kept = 0;
  for (int i = 0; i < 20; ++i) {
    pool.apply([] { low = ::dup(0); });
    const auto number = [](const Array<double>& x) {
      if (low >= 0) ::close(low);
      low = -1;
      return x.segment()->descriptor();
    };
    const int first = pool.apply(number, array);
    kept += pool.apply(number, array) == first;
  }
  CHECK(kept > 0);  // a pause of the machine lets it go
}

TEST_CASE("pool: what a worker keeps mapped holds nothing: names go as if it were not there") {
  mp::Pool pool(2);
  for (int i = 0; i < 100; ++i) {
    const auto stays = Array<double>::create("stays", {1000});
    {
      const auto goes = Array<double>::create("goes", {1000}, owned());
      goes(7) = i;
      CHECK(pool.apply([](const Array<double>& x) { return x(7); }, goes) == i);
      CHECK(pool.apply([](const Array<double>& x) { return x.size(); }, stays) == 1000);
    }
    CHECK_THROWS_AS(Array<double>::attach("goes"), NotFound);
    { const auto letting_go = stays; }
    REQUIRE(segment::list().size() == 1);
    segment::remove("stays", true);
  }
}

TEST_CASE("pool: the memory of an array that was removed is free soon after its last task") {
  mp::Pool pool(1);
  const std::uint64_t worker = worker_of(pool);
  {
    const auto array = Array<double>::create("heavy", {1 << 20}, owned());
    CHECK(pool.apply([](const Array<double>& x) { return x(1); }, array) == 0);
  }
  CHECK(soon([&] { return mappings(worker, "heavy") == 0; }));
}

TEST_CASE("pool: a task keeps no memory of an earlier task's array from being freed") {
  mp::Pool pool(1);
  const auto other = Array<double>::create("other", {8}, owned());
  for (int i = 0; i < 20; ++i) {
    {
      const auto array = Array<double>::create("heavy", {1 << 20}, owned());
      pool.apply([](const Array<double>& x) { return x(1); }, array);
    }
    const auto count = [](const Array<double>&) {
      return mappings(static_cast<std::uint64_t>(::getpid()), "heavy");
    };
    CHECK(pool.apply(count, other) == 0);
    CHECK(pool.apply([] { return mappings(static_cast<std::uint64_t>(::getpid()), "other"); }) ==
          0);
  }
}

TEST_CASE("pool: a new array under an old name is another argument") {
  mp::Pool pool(1);
  for (int i = 0; i < 50; ++i) {
    const auto array = Array<double>::create("again", {100 + i}, owned());
    array(99) = i;
    CHECK(pool.apply([](const Array<double>& x) { return x(99) + double(x.size()); }, array) ==
          100 + 2 * i);
  }
}

TEST_CASE("pool: twice the same array, and read-only beside writable") {
  mp::Pool pool(1);
  const auto array = Array<double>::create("shared", {4}, owned());
  AttachOptions reading;
  reading.access = Access::read_only;
  const auto look = Array<double>::attach("shared", reading);
  const auto task = [](const Array<double>& a, const Array<double>& b, const Array<double>& c) {
    a(0) += 1;
    return std::tuple(a.data() == b.data(), c.access() == Access::read_only, c(0));
  };
  for (int i = 1; i <= 10; ++i)
    CHECK(pool.apply(task, array, array.rows(0, 2), look) == std::tuple(true, true, double(i)));
}

TEST_CASE("pool: an array that a task puts by is the worker's own from then on") {
  mp::Pool pool(1);
  static Array<double> put_by;
  {
    const auto array = Array<double>::create("kept", {16}, owned());
    array(3) = 42;
    pool.apply([](const Array<double>& x) { put_by = x; }, array);
  }
  CHECK(segment::info("kept").attached);
  CHECK_THROWS_AS(segment::remove("kept"), InUse);
  CHECK(pool.apply([] { return put_by(3); }) == 42);
  CHECK(Array<double>::attach("kept")(3) == 42);
  pool.apply([] { put_by = {}; });
  CHECK_THROWS_AS(Array<double>::attach("kept"), NotFound);
}

TEST_CASE("pool: arrays anywhere in the arguments are held until the task has had them") {
  mp::Pool pool(1);
  const auto busy = pool.apply_async([] { std::this_thread::sleep_for(100ms); });
  std::vector<mp::AsyncResult<double>> results;
  for (int i = 0; i < 4; ++i) {
    const std::string name = "nested-" + std::to_string(i);
    const std::vector<Array<double>> arrays = {Array<double>::create(name, {3}, owned()),
                                               Array<double>::create(name + "b", {3}, owned())};
    arrays[1](2) = i;
    results.push_back(pool.apply_async(
        [](const std::vector<Array<double>>& x) { return x[0](1) + x[1](2); }, arrays));
  }
  for (int i = 0; i < 4; ++i) CHECK(results[static_cast<std::size_t>(i)].get() == i);
  CHECK(segment::list().empty());
}

TEST_CASE("pool: a worker that is killed with a borrowed array costs nothing") {
  mp::Pool pool(1);
  const auto array = Array<double>::create("survivor", {2}, owned());
  const SharedCount count;
  for (int i = 0; i < 5; ++i) {
    count.get()->store(0);
    const auto got = pool.map(
        [at = count.get()](const Array<double>& x) {
          x(0) = 5;
          if (at->fetch_add(1) == 0) ::raise(SIGKILL);
          return x(0) + x(1);
        },
        std::vector{array});
    CHECK(got == std::vector{5.0});
  }
}

TEST_CASE("pool: an owned array that a task makes and returns is the caller's") {
  mp::Pool pool(2);
  const auto make = [](int i) {
    const auto array = Array<double>::create("made-" + std::to_string(i), {1000}, owned());
    array(999) = i;
    return array;
  };
  {
    const auto arrays = pool.map(make, numbers(20));
    for (int i = 0; i < 20; ++i) CHECK(arrays[static_cast<std::size_t>(i)](999) == i);
    CHECK(segment::list().size() == 20);
  }
  CHECK(soon([] { return segment::list().empty(); }));
  {
    const auto one = pool.apply(make, 7);
    CHECK(one(999) == 7);
  }
  CHECK(soon([] { return segment::list().empty(); }));
}

TEST_CASE("pool: an array in a result lives until somebody has read it, its worker gone or not") {
  mp::Pool pool(mp::PoolOptions{.processes = 1, .max_tasks_per_child = 1});
  std::vector<mp::AsyncResult<std::vector<Array<double>>>> results;
  for (int i = 0; i < 5; ++i) {
    results.push_back(pool.apply_async(
        [](int n) {
          std::vector<Array<double>> made;
          for (int k = 0; k < 3; ++k) {
            made.push_back(Array<double>::create(
                "of-" + std::to_string(n) + "-" + std::to_string(k), {8}, owned()));
            made.back()(7) = 10 * n + k;
          }
          return made;
        },
        i));
  }
  pool.close();
  pool.join();
  for (int i = 0; i < 5; ++i) {
    const auto made = results[static_cast<std::size_t>(i)].get();
    for (int k = 0; k < 3; ++k) CHECK(made[static_cast<std::size_t>(k)](7) == 10 * i + k);
  }
  results.clear();
  CHECK(soon([] { return segment::list().empty(); }));
}

TEST_CASE("pool: arrays in results that go before their workers noticed go with the pool") {
  for (const bool joins : {false, true}) {
    mp::Pool pool(2);
    pool.map(
        [](int i) { return Array<double>::create("short-" + std::to_string(i), {8}, owned()); },
        numbers(8));
    if (joins) {
      pool.close();
      pool.join();
    } else {
      pool.terminate();
    }
    INFO(joins);
    CHECK(segment::list().empty());
  }
}

TEST_CASE("pool: arrays in results that nobody reads go with them") {
  mp::Pool pool(1);
  for (int i = 0; i < 3; ++i) {
    pool.apply_async([] { return Array<double>::create("unread", {8}, owned()); }).wait();
    CHECK(soon([] { return segment::list().empty(); }));
  }
}

TEST_CASE(
    "pool: an array in a result outlives the kill of its worker, before and after it is told") {
  for (const char* point : {"process.crew.finished", "process.crew.delivering"}) {
    INFO(point);
    const OneDeath death(point, "kill", 2);
    {
      mp::Pool pool(2);
      const auto arrays = pool.map(
          [](int i) {
            const auto array = Array<double>::create("kill-" + std::to_string(i), {1000}, owned());
            array(999) = i;
            return array;
          },
          numbers(12), {.chunk_size = 1});
      for (int i = 0; i < 12; ++i) CHECK(arrays[static_cast<std::size_t>(i)](999) == i);
    }
    CHECK(death.fired());
    CHECK(segment::list().empty());
  }
}
