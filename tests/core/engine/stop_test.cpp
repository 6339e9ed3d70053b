// Stopping: every future resolves, no process and no name stays, later calls are refused.
#include <algorithm>
#include <furrow/segment/spares.hpp>
#include <thread>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

TEST_CASE("stop cancels what runs, and later calls are refused") {
  Engine engine(workers(2));
  auto x = Array<double>::create("x", {5000}, owned());
  auto job = engine.for_each_async(100'000, [](std::int64_t) { sleep_ms(1); });
  sleep_ms(10);
  engine.stop();
  CHECK_THROWS_AS(job.get(), Cancelled);
  CHECK(engine.workers() == 0);
  CHECK_THROWS_AS(engine.fill(x, 1.0), InvalidArgument);
  engine.stop();
  CHECK(segment::list().size() == 1);  // x
}

TEST_CASE("workers see zeros in memory that was another's, and stop gives back what is kept") {
  segment::drop_spares();
  Engine engine(workers(2));
  std::uint64_t inode = 0;
  for (int round = 0; round < 3; ++round) {
    const auto x = Array<double>::temporary({50'000});
    const std::uint64_t now = x.segment()->identity().inode;
    CHECK((round == 0 || now == inode));
    inode = now;
    engine
        .for_each_tile_async(x,
                             [](Tile<double> t) {
                               for (double& v : t) v += 1;
                             })
        .get();
    const auto span = x.span();
    CHECK(std::all_of(span.begin(), span.end(), [](double v) { return v == 1; }));
  }
  engine.stop();
  CHECK_FALSE(segment::drop_spares());
}

TEST_CASE("futures outlive their engine") {
  Future<void> unfinished;
  Future<double> finished;
  std::vector<pid_t> pids;
  {
    Engine engine(workers(2));
    pids = worker_pids(engine);
    auto x = Array<double>::create("x", {5000}, owned());
    finished = engine.reduce_async(
        x, 0.0, [](double& sum, double v) { sum += v + 1; },
        [](double& left, double right) { left += right; });
    finished.wait();
    unfinished = engine.for_each_async(100'000, [](std::int64_t) { sleep_ms(1); });
  }
  CHECK(finished.get() == 5000);
  CHECK(unfinished.done());
  CHECK_THROWS_AS(unfinished.get(), Cancelled);
  CHECK(unfinished.progress() == 1);
  unfinished.cancel();
  for (const pid_t pid : pids) CHECK(is_gone(static_cast<std::uint64_t>(pid)));
  CHECK(segment::list().empty());
}

TEST_CASE("an engine is destroyed while a worker is in an endless closure") {
  auto x = Array<double>::create("x", {5000}, owned());
  Future<void> job;
  {
    Engine engine(workers(2));
    job = engine.for_each_tile_async(x, [](Tile<double> t) {
      for (double& v : t) v = 1;
      if (t.index() == 1024) {
        for (volatile int turns = 0;;) static_cast<void>(turns);
      }
    });
    sleep_ms(20);
  }
  CHECK_THROWS_AS(job.get(), Cancelled);
  CHECK(x(1024) == 0);  // the tile in hand is put back
}

TEST_CASE("a job all of whose groups are in hand is cut off by stop, and says so") {
  constexpr std::size_t partial = 16 * 1024;  // hence 16 groups
  Engine engine(workers(18));
  engine::Job job;
  job.count = 16 * 400;
  job.tile_elements = 1;
  job.partial_bytes = partial;
  job.entry = [](const void*, const engine::TileCall&) { sleep_ms(1); };
  job.combine = [](const void*, void*, const void*) {};
  bool folded = false;
  job.finish = [&folded](const void*) { folded = true; };
  Future<void> future(engine.start(std::move(job)));
  sleep_ms(30);
  engine.stop();
  CHECK_THROWS_AS(future.get(), Cancelled);
  CHECK_FALSE(folded);
}

TEST_CASE("threads that wait and post while the engine is stopped all come back") {
  for (const bool participate : {false, true}) {
    for (int round = 0; round < 10; ++round) {
      EngineOptions options = workers(2);
      options.participate = participate;
      Engine engine(options);
      std::vector<std::thread> team;
      for (int t = 0; t < 4; ++t) {
        team.emplace_back([&engine, t] {
          auto x = Array<std::int64_t>::create("x" + std::to_string(t), {40'000}, owned());
          try {
            for (;;) {
              auto one = engine.transform_async(x, [](std::int64_t v) { return v + 1; });
              auto two = engine.for_each_async(50, [](std::int64_t) {});
              one.get();
              two.get();
            }
          } catch (const Cancelled&) {
          } catch (const InvalidArgument&) {
          }
          for (std::int64_t tile = 0; tile + 1024 <= x.size(); tile += 1024) {
            for (std::int64_t i = 1; i < 1024; ++i) {
              if (x(tile + i) != x(tile)) std::abort();
            }
          }
        });
      }
      sleep_ms(round);
      engine.stop();
      for (std::thread& one : team) one.join();
    }
  }
}

TEST_CASE("a name is free again after stop, and taken before") {
  EngineOptions options = workers(1);
  options.name = "named";
  Engine engine(options);
  CHECK(engine.name() == "named");
  CHECK_THROWS_AS(Engine(options), AlreadyExists);
  engine.stop();
  Engine again(options);
  again.for_each(3, [](std::int64_t) {});
}

TEST_CASE("two engines at once, over the same arrays") {
  Engine one(workers(2));
  Engine two(workers(1));
  auto x = Array<std::int64_t>::create("x", {30'000}, owned());
  for (int i = 0; i < 100; ++i) {
    auto a = one.transform_async(x.rows(0, 15'000), [](std::int64_t v) { return v + 1; });
    auto b = two.transform_async(x.rows(15'000, 30'000), [](std::int64_t v) { return v + 2; });
    a.get();
    b.get();
  }
  CHECK(one.sum(x) == 15'000 * 300);
  CHECK(two.sum(x) == 15'000 * 300);
  one.stop();
  CHECK(two.sum(x) == 15'000 * 300);
}

TEST_CASE("many engines one after another leave nothing") {
  for (int i = 0; i < 60; ++i) {
    Engine engine(workers(1 + static_cast<std::size_t>(i) % 3));
    if (i % 2 == 0) engine.for_each(5, [](std::int64_t) {});
  }
  CHECK(segment::list().empty());
}
