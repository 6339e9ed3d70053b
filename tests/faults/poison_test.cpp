// A tile that kills its workers fails the job, after three of them, and stays as it was.
#include <atomic>
#include <cstdlib>
#include <string>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t tile = 1024;
constexpr std::int64_t many = 20 * tile;
using Integers = Array<std::int64_t>;

enum class Death { segfault, division, abort, exit, exit_now };

[[gnu::noinline]] void die(Death death) {
  switch (death) {
    case Death::segfault: {
      volatile std::uintptr_t nowhere = 16;
      *reinterpret_cast<volatile int*>(nowhere) = 1;
      break;
    }
    case Death::division: {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
      volatile int zero = 0;
      volatile int ten = 10;
      volatile int result = ten / zero;
      (void)result;
#else
      std::raise(SIGFPE);
#endif
      break;
    }
    case Death::abort: std::abort();
    case Death::exit: std::exit(0);
    case Death::exit_now: ::_exit(7);
  }
}

std::string message_of(Engine& engine, const Integers& x, Death death) {
  try {
    engine.for_each_tile(x, [death](Tile<std::int64_t> t) {
      for (std::size_t i = 0; i < t.size(); ++i) {
        t[i] += 1;
        if (t.index(i) == 5 * tile + 100) die(death);
      }
    });
  } catch (const WorkerDied& error) {
    return error.what();
  }
  return "no WorkerDied";
}

void poison(Death death, const std::string& cause) {
  Engine engine(workers(2));
  auto x = Integers::create("x", {many}, owned());
  CHECK_THAT(message_of(engine, x, death),
             Contains(cause) && Contains("elements 5120 to 6144") && Contains("killed 3 workers"));
  for (std::int64_t i = 0; i < tile; ++i) REQUIRE(x(5 * tile + i) == 0);
  // All other tiles are whole: changed, or not come to.
  for (std::int64_t t = 0; t < 20; ++t) {
    for (std::int64_t i = 1; i < tile; ++i) REQUIRE(x(t * tile + i) == x(t * tile));
  }
  engine.fill(x, 2);  // the engine goes on
  CHECK(engine.sum(x) == 2 * many);
}

}  // namespace

TEST_CASE("a tile that reads from nowhere") { poison(Death::segfault, "signal 11"); }
TEST_CASE("a tile that divides by zero") { poison(Death::division, "signal 8"); }
TEST_CASE("a tile that aborts") { poison(Death::abort, "signal 6"); }
TEST_CASE("a tile that exits") { poison(Death::exit, "exit(0)"); }
TEST_CASE("a tile that exits at once") { poison(Death::exit_now, "exit(7)"); }

TEST_CASE("a poisonous tile in place by transform, and in a reduction") {
  Engine engine(workers(2));
  auto x = Integers::create("x", {many}, owned());
  for (std::int64_t i = 0; i < many; ++i) x(i) = i;
  const auto poisoned = [](std::int64_t v) {
    if (v == 3 * tile + 7) die(Death::segfault);
    return v + 1;
  };
  CHECK_THROWS_WITH(engine.transform(x, poisoned), Contains("elements 3072 to 4096"));
  for (std::int64_t i = 3 * tile; i < 4 * tile; ++i) REQUIRE(x(i) == i);
  for (std::int64_t i = 0; i < many; ++i) x(i) = i;
  CHECK_THROWS_WITH(
      engine.reduce(
          x, std::int64_t{0}, [poisoned](std::int64_t& sum, std::int64_t v) { sum += poisoned(v); },
          [](std::int64_t& left, std::int64_t right) { left += right; }),
      Contains("elements 3072 to 4096"));
  CHECK_THROWS_AS(engine.for_each(10,
                                  [](std::int64_t i) {
                                    if (i == 4) die(Death::abort);
                                  }),
                  WorkerDied);
  CHECK(engine.max(x) == many - 1);
}

TEST_CASE("a worker that dies in for_each_worker is not tried again") {
  Engine engine(workers(2));
  auto calls = Array<std::int32_t>::create("calls", {2}, owned());
  const auto view = calls.view();
  CHECK_THROWS_AS(engine.for_each_worker([view](std::size_t w) {
    std::atomic_ref<std::int32_t>(view(static_cast<std::int64_t>(w))).fetch_add(1);
    if (w == 1) die(Death::abort);
  }),
                  WorkerDied);
  CHECK(calls(1) == 1);
  CHECK(calls(0) <= 1);
  CHECK(eventually([&] { return engine.workers() == 2; }));
}

TEST_CASE("the budget of replacements ends with clear errors, for jobs to come too") {
  EngineOptions options = workers(2);
  options.replacements_max = 1;
  Engine engine(options);
  const auto deadly = [](std::int64_t) { die(Death::abort); };
  CHECK_THROWS_AS(engine.for_each(8, deadly), WorkerDied);
  CHECK_THROWS_AS(engine.for_each(8, deadly), WorkerDied);
  CHECK_THROWS_AS(engine.for_each(8, deadly), WorkerDied);
  CHECK_THROWS_WITH(engine.for_each(8, [](std::int64_t) {}), Contains("worker"));
}

TEST_CASE("without exactly_once a death in place fails the job and names what may be torn") {
  OneFault fault("engine.tile.computed", "kill", 3);
  EngineOptions options = workers(1);
  options.exactly_once = false;
  Engine engine(options);
  fault.disarm_here();
  auto x = Integers::create("x", {many}, owned());
  CHECK_THROWS_WITH(engine.transform(x, [](std::int64_t v) { return v + 1; }),
                    Contains("elements 2048 to 3072") && Contains("half-changed"));
}

TEST_CASE("without exactly_once a kernel's torn range is the group that it had at once") {
  OneFault fault("engine.group.finished", "kill", 2);
  EngineOptions options = workers(1);
  options.exactly_once = false;
  Engine engine(options);
  fault.disarm_here();
  auto x = Array<double>::create("x", {16 * 512 * tile}, owned());  // 16 tiles a group
  CHECK_THROWS_WITH(engine.apply("scale", x, {2.0}), Contains("elements 16384 to 32768"));
}

TEST_CASE("an engine whose workers die at once says so and leaves nothing") {
  os::set_fault("engine.worker.starting:kill");
  CHECK_THROWS_AS(Engine(workers(2)), WorkerDied);
  os::set_fault("");
  CHECK(segment::list().empty());
}

TEST_CASE("workers that die at their start come back later and later") {
  // One token for each start that is to fail.
  constexpr int tokens = 300;
  const std::string token = "storm-token-" + std::to_string(::getpid()) + "-";
  std::string spec;
  for (int i = 0; i < tokens; ++i) {
    spec += "engine.worker.starting:kill:1:" + token + std::to_string(i) + ",";
  }
  os::set_fault(spec);
  Engine engine(workers(1));
  os::set_fault("");
  for (int i = 0; i < tokens; ++i) std::ofstream(token + std::to_string(i)) << "x";
  ::kill(worker_pids(engine).at(0), SIGKILL);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  int starts = 0;
  for (int i = tokens; i-- > 0;) {  // backwards: the next start finds the lower ones
    starts += ::unlink((token + std::to_string(i)).c_str()) != 0 ? 1 : 0;
  }
  CHECK(starts >= 2);
  CHECK(starts < 30);  // 1, 2, 4, … ms after each other; without a back-off it is hundreds
  engine.for_each(4, [](std::int64_t) {});
}
