// Futures: wait, timeout, progress, cancel, deadline, exceptions, many at once, from many threads.
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t second = 1'000'000'000;

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// A gate in shared memory at which tiles wait.
struct Gate {
  Array<std::int32_t> flag = Array<std::int32_t>::create("gate", {1}, owned());
  void open() const { std::atomic_ref<std::int32_t>(flag(0)).store(1); }
  auto waiter() const {
    return [view = flag.view()](std::int64_t) {
      while (std::atomic_ref<std::int32_t>(view(0)).load() == 0) sleep_ms(1);
    };
  }
};

[[noreturn]] void spin_for_ever() {
  for (volatile int turns = 0;;) static_cast<void>(turns);
}

}  // namespace

TEST_CASE("a future: not done, timeout, progress, done, again") {
  Engine engine(workers(2));
  const Gate gate;
  auto job = engine.for_each_async(10, gate.waiter());
  CHECK_FALSE(job.done());
  CHECK_FALSE(job.wait(20'000'000));
  CHECK(job.progress() == 0);
  gate.open();
  CHECK(job.wait(INT64_MAX));  // and does not overflow into the past
  CHECK(job.done());
  CHECK(job.progress() == 1);
  job.get();
  job.get();
}

TEST_CASE("progress grows and a poller sees the end without ever waiting") {
  Engine engine(workers(2));
  auto job = engine.for_each_async(400, [](std::int64_t) { sleep_ms(1); });
  double before = 0;
  bool grew = false;
  while (!job.done()) {
    const double now = job.progress();
    REQUIRE(now >= before);
    grew = grew || (now > 0 && now < 1);
    before = now;
    sleep_ms(1);
  }
  CHECK(grew);
}

TEST_CASE("a poller sees the end of failed and of cancelled jobs, too") {
  Engine engine(workers(2));
  auto failed = engine.for_each_async(5000, [](std::int64_t i) {
    if (i == 3) throw std::runtime_error("three");
    sleep_ms(1);
  });
  CHECK(eventually([&] { return failed.done(); }));
  CHECK_THROWS_WITH(failed.get(), Contains("three"));
  auto cancelled = engine.for_each_async(5000, [](std::int64_t) { sleep_ms(1); });
  sleep_ms(10);
  cancelled.cancel();
  CHECK(eventually([&] { return cancelled.done(); }));
  CHECK_THROWS_AS(cancelled.get(), Cancelled);
}

TEST_CASE("cancel ends at tile borders: in place, tiles are old or new") {
  Engine engine(workers(2));
  auto x = Array<std::int64_t>::create("x", {2000 * 1024}, owned());
  auto job = engine.for_each_tile_async(x, [](Tile<std::int64_t> t) {
    for (std::int64_t& v : t) ++v;
    sleep_ms(1);
  });
  sleep_ms(30);
  job.cancel();
  CHECK_THROWS_AS(job.get(), Cancelled);
  const std::int64_t done = engine.sum(x);
  CHECK(done > 0);
  CHECK(done < x.size());
  for (std::int64_t t = 0; t < 2000; ++t) {
    REQUIRE(std::all_of(&x(t * 1024), &x(t * 1024) + 1024,
                        [&](std::int64_t v) { return v == x(t * 1024); }));
  }
  job.cancel();  // of an ended job: nothing
  CHECK_THROWS_AS(job.get(), Cancelled);
}

TEST_CASE("a deadline kills only the worker that is stuck") {
  Engine engine(workers(3));
  const std::vector<pid_t> before = worker_pids(engine);
  auto stuck_pid = Array<std::int64_t>::create("pid", {1}, owned());
  JobOptions options;
  options.deadline_ns = 100'000'000;
  options.grace_ns = 50'000'000;
  auto job = engine.for_each_async(
      30,
      [view = stuck_pid.view()](std::int64_t i) {
        if (i != 7) return;
        view(0) = ::getpid();
        spin_for_ever();
      },
      options);
  CHECK_THROWS_AS(job.get(), Timeout);
  CHECK(eventually([&] { return deaths(engine) == 1 && engine.workers() == 3; }));
  int same = 0;
  for (const pid_t pid : worker_pids(engine)) {
    CHECK(pid != stuck_pid(0));
    if (std::find(before.begin(), before.end(), pid) != before.end()) ++same;
  }
  CHECK(same == 2);
  engine.for_each(10, [](std::int64_t) {});
}

TEST_CASE("a deadline that is kept changes nothing; one for a long job ends it, nobody killed") {
  Engine engine(workers(2));
  JobOptions options;
  options.deadline_ns = INT64_MAX;
  engine.for_each(
      10, [](std::int64_t) {}, options);
  options.deadline_ns = 30'000'000;
  options.grace_ns = 20 * second;
  CHECK_THROWS_AS(engine.for_each(
                      100'000, [](std::int64_t) { sleep_ms(1); }, options),
                  Timeout);
  CHECK(deaths(engine) == 0);
}

TEST_CASE("a tile is as before when a deadline killed its worker") {
  Engine engine(workers(1));
  auto x = Array<double>::create("x", {5000}, owned());
  engine::Job job;
  const auto spoil = [](const void*, const engine::TileCall& call) {
    static_cast<double*>(call.operand[0])[0] = 1;
    spin_for_ever();
  };
  job.operands = {{x, engine::Use::update}};
  job.count = x.size();
  job.entry = spoil;
  job.options.deadline_ns = 50'000'000;
  job.options.grace_ns = 50'000'000;
  Future<void> future(engine.start(std::move(job)));
  CHECK_THROWS_AS(future.get(), Timeout);
  CHECK(engine.sum(x) == 0);
}

TEST_CASE("exceptions arrive with text, worker and range; the tile is as before") {
  Engine engine(workers(2));
  auto x = Array<std::int64_t>::create("x", {20 * 1024}, owned());
  const auto fails = [&](auto thrower) -> std::string {
    engine.fill(x, 5);
    try {
      engine.for_each_tile(x, [thrower](Tile<std::int64_t> t) {
        for (std::int64_t& v : t) v = 6;
        if (t.index() == 3 * 1024) thrower();
      });
    } catch (const KernelFailed& error) {
      for (std::int64_t i = 3 * 1024; i < 4 * 1024; ++i) {
        if (x(i) != 5) return "the tile is changed";
      }
      return error.what();
    }
    return "nothing was thrown";
  };
  CHECK_THAT(fails([] { throw std::out_of_range("beyond"); }),
             Contains("beyond") && Contains("elements 3072 to 4096") && Contains("worker "));
  CHECK_THAT(fails([] { throw 7; }), Contains("no std::exception"));
  CHECK_THAT(fails([] { throw std::runtime_error(std::string(100'000, 'x')); }),
             Contains(std::string(400, 'x')));
  CHECK_THAT(fails([] { throw std::runtime_error(""); }), Contains("elements 3072 to 4096"));
  CHECK(deaths(engine) == 0);
}

TEST_CASE("exceptions in add and in combine, of any type, in groups and in the last fold") {
  Engine engine(workers(2));
  auto x = Array<std::int64_t>::create("x", {20 * 1024}, owned());
  for (std::int64_t i = 0; i < x.size(); ++i) x(i) = i;
  const auto add = [](std::int64_t& sum, std::int64_t v) { sum += v; };
  CHECK_THROWS_AS(engine.reduce(
                      x, std::int64_t{0},
                      [](std::int64_t&, std::int64_t v) {
                        if (v == 5000) throw std::runtime_error("five");
                      },
                      add),
                  KernelFailed);
  CHECK_THROWS_AS(engine.reduce(x, std::int64_t{0}, add,
                                [](std::int64_t&, std::int64_t) { throw std::runtime_error("c"); }),
                  KernelFailed);
  CHECK_THROWS_AS(
      engine.reduce(x, std::int64_t{0}, add, [](std::int64_t&, std::int64_t) { throw 3; }),
      KernelFailed);
  // Many tiles a group: combine runs in the workers.
  const auto indices = [&](auto combine) {
    return engine.reduce_indices_async(100'000, 1, std::int64_t{0}, add, combine);
  };
  CHECK_THROWS_AS(indices([](std::int64_t&, std::int64_t) { throw 3; }).get(), KernelFailed);
  CHECK(engine.sum(x) == x.size() * (x.size() - 1) / 2);
  CHECK(deaths(engine) == 0);
}

TEST_CASE("many outstanding futures, more than there are job slots, got in any order") {
  Engine engine(workers(2));
  auto x = Array<std::int64_t>::create("x", {50, 3000}, owned());
  std::vector<Future<void>> jobs;
  for (std::int64_t i = 0; i < 50; ++i) {
    jobs.push_back(engine.transform_async(x.row(i), [i](std::int64_t v) { return v + i; }));
  }
  for (std::size_t i = jobs.size(); i-- > 0;) jobs[i].get();
  for (std::int64_t i = 0; i < 50; ++i) CHECK(engine.sum(x.row(i)) == 3000 * i);
}

TEST_CASE("jobs that nobody waits for are run, and let their arrays go") {
  Engine engine(workers(2));
  std::vector<Future<void>> kept;
  for (int i = 0; i < 3; ++i) {
    auto x = Array<double>::create("forgotten-" + std::to_string(i), {5000}, owned());
    auto job = engine.transform_async(x, [](double v) { return v + 1; });
    if (i == 2) kept.push_back(job);
  }
  CHECK(eventually([] { return segment::list().size() == 1; }));  // the engine alone
  CHECK(kept[0].done());
}

TEST_CASE("jobs from several threads at once, each with its own results") {
  for (const bool participate : {false, true}) {
    EngineOptions options = workers(2);
    options.participate = participate;
    Engine engine(options);
    constexpr int threads = 6;
    std::atomic<int> wrong{0};
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t) {
      team.emplace_back([&, t] {
        const std::string name = "x" + std::to_string(t);
        auto x = Array<std::int64_t>::create(name, {7000}, owned());
        for (int i = 1; i <= 150; ++i) {
          engine.transform(x, [t](std::int64_t v) { return v + t; });
          if (engine.sum(x) != 7000LL * t * i) ++wrong;
        }
      });
    }
    for (std::thread& one : team) one.join();
    CHECK(wrong == 0);
    CHECK(deaths(engine) == 0);
  }
}

TEST_CASE("one future is waited for by several threads") {
  Engine engine(workers(2));
  for (int round = 0; round < 50; ++round) {
    auto job = engine.for_each_async(200, [](std::int64_t) {});
    std::vector<std::thread> team;
    std::atomic<int> ended{0};
    for (int t = 0; t < 4; ++t) {
      team.emplace_back([&ended, job]() mutable {
        job.get();
        ++ended;
      });
    }
    for (std::thread& one : team) one.join();
    REQUIRE(ended == 4);
  }
}
