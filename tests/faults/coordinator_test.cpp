// The coordinator is killed: its workers end, owned arrays go, and persistent arrays changed in
// place consist of whole tiles, each as before or as after a job.
#include <sys/wait.h>

#include <random>

#include <furrow/compute/linalg.hpp>
#include <furrow/compute/random.hpp>
#include <furrow/compute/reduce.hpp>
#include <furrow/compute/scan.hpp>
#include <furrow/compute/sort.hpp>
#include <furrow/compute/stencil.hpp>
#include <furrow/engine/sweep.hpp>

#include "faults/fault_support.hpp"
#include "faults/processes.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

constexpr std::int64_t tile = 1024;
constexpr std::int64_t tiles = 20;
using Naturals = Array<std::uint64_t>;

enum class Kind { transform, column, by_tile };

// A coordinator in a child process that adds 1 to a persistent array until it is killed; every
// element of a tile counts the jobs that it has seen. Its pid; it says that it has begun.
template <class Body>
pid_t start_coordinator(Body body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coordinator: %s\n", error.what());
  }
  ::_exit(99);
}

void count_for_ever(Kind kind) {
  Engine engine(workers(2));
  auto x = Naturals::attach("whole");
  auto doomed = Naturals::create("doomed", {tile}, owned());
  for (;;) {
    doomed(0) += 1;
    if (kind == Kind::by_tile) {
      engine.for_each_tile(x.reshape({x.size()}), [](Tile<std::uint64_t> t) {
        for (std::uint64_t& v : t) v += 1;
      });
    } else {
      engine.transform(x.column(0), [](std::uint64_t v) { return v + 1; });
    }
  }
}

std::uint64_t bury(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return static_cast<std::uint64_t>(status);
}

bool whole(const Naturals& x) {
  const std::int64_t columns = x.extent(1);
  std::uint64_t low = x(0, 0);
  std::uint64_t high = low;
  for (std::int64_t t = 0; t < tiles; ++t) {
    for (std::int64_t i = 0; i < tile; ++i) {
      const std::uint64_t v = x(t * tile + i, 0);
      if (v != x(t * tile, 0)) {
        UNSCOPED_INFO("tile " << t << ", element " << i << ": " << v << " and " << x(t * tile, 0));
        return false;
      }
      low = std::min(low, v);
      high = std::max(high, v);
      if (columns > 1 && x(t * tile + i, 1) != 0) return false;
    }
  }
  return high - low <= 1;
}

// Only `keep` is left under this process's prefix.
bool only_left(const std::string& keep) {
  std::string names;
  for (const segment::Info& info : segment::list()) names += info.name + " ";
  if (names == keep + " ") return true;
  UNSCOPED_INFO("left: " << names);
  return false;
}

void kill_coordinators(Kind kind) {
  const std::int64_t columns = kind == Kind::column ? 2 : 1;
  auto x = Naturals::create("whole", {tiles * tile, columns});
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 12; ++round) {
    const pid_t child = start_coordinator([kind] { count_for_ever(kind); });
    const std::uint64_t before = x(0, 0);
    REQUIRE(eventually([&] { return *static_cast<volatile std::uint64_t*>(&x(0, 0)) != before; }));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    const Household house = household_of(child);
    REQUIRE(house.workers.size() >= 1);
    bury(child);
    // "Within a second", with room for a busy machine.
    for (const pid_t pid : house.all()) {
      CHECK(eventually([&] { return is_gone(static_cast<std::uint64_t>(pid)); }, 5));
    }
    CHECK(eventually([&] { return segment::list().size() == 1; }, 5));
    CHECK(only_left("whole"));
    REQUIRE(whole(x));
  }
  x = {};
  segment::remove("whole");
}

}  // namespace

TEST_CASE("a killed coordinator: in place, whole tiles") { kill_coordinators(Kind::transform); }
TEST_CASE("a killed coordinator: a column, whole tiles") { kill_coordinators(Kind::column); }
TEST_CASE("a killed coordinator: by tile, whole tiles") { kill_coordinators(Kind::by_tile); }

TEST_CASE("a coordinator killed while it starts leaves nothing behind the next sweep") {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = start_coordinator([] {
      Engine engine(workers(2));
      for (;;) ::pause();
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    const Household house = household_of(child);
    bury(child);
    for (const pid_t pid : house.all()) {
      CHECK(eventually([&] { return is_gone(static_cast<std::uint64_t>(pid)); }, 8));
    }
    CHECK(eventually(
        [&] {
          sweep();
          return segment::list().empty();
        },
        5));
  }
}

TEST_CASE("a coordinator dies while its worker is in an endless closure") {
  auto x = Naturals::create("x", {tiles * tile});
  const pid_t child = start_coordinator([] {
    Engine engine(workers(2));
    auto inside = Naturals::attach("x");
    engine.for_each_tile(inside, [](Tile<std::uint64_t> t) {
      t[0] = 77;
      if (t.index() == 3 * tile) {
        for (volatile int turns = 0;;) static_cast<void>(turns);
      }
    });
  });
  REQUIRE(eventually([&] { return *static_cast<volatile std::uint64_t*>(&x(3 * tile)) == 77; }));
  const Household house = household_of(child);
  bury(child);
  for (const pid_t pid : house.all()) {
    CHECK(eventually([&] { return is_gone(static_cast<std::uint64_t>(pid)); }, 5));
  }
  CHECK(eventually([&] { return segment::list().size() == 1; }, 5));
  CHECK(x(3 * tile) == 0);  // the tile in hand is put back
  x = {};
  segment::remove("x");
}

namespace {

// Kills a coordinator and all its processes at once while a worker is in the middle of a tile.
template <class Job>
void kill_all_in(Job job, const std::string& point) {
  OneFault fault(point, "stop");
  const pid_t child = start_coordinator([&] {
    Engine engine(workers(2));
    fault.disarm_here();
    auto x = Naturals::attach("whole");
    job(engine, x);
  });
  REQUIRE(eventually([&] { return fault.fired(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::vector<pid_t> pids = household_of(child).all();
  pids.push_back(child);
  for (const pid_t pid : pids) ::kill(pid, SIGSTOP);
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  bury(child);
  for (const pid_t pid : pids) {
    REQUIRE(eventually([&] { return is_gone(static_cast<std::uint64_t>(pid)); }, 5));
  }
  fault.disarm_here();
}

}  // namespace

TEST_CASE("all processes of an engine die at once: a sweep makes the arrays whole") {
  const auto in_place = [](Engine& engine, const Naturals& x) {
    engine.transform(x, [](std::uint64_t v) { return v + 1; });
  };
  const auto by_tile = [](Engine& engine, const Naturals& x) {
    engine.for_each_tile(x.reshape({x.size()}), [](Tile<std::uint64_t> t) {
      for (std::size_t i = 0; i < t.size(); ++i) {
        t[i] += 1;
        if (i == t.size() / 2) os::fault_point("test.tile.middle");
      }
    });
  };
  for (const bool by_engine_start : {false, true}) {
    for (const bool commit : {true, false}) {
      INFO(by_engine_start << commit);
      { auto x = Naturals::create("whole", {tiles * tile, 1}); }
      if (commit) {
        kill_all_in(in_place, "engine.tile.half_copied");
      } else {
        kill_all_in(by_tile, "test.tile.middle");
      }
      // Arrays of one's own, at the very addresses that the dead engine used.
      auto mine = Naturals::create("mine", {tiles * tile}, owned());
      for (std::int64_t i = 0; i < mine.size(); ++i) mine(i) = 12345;
      const auto torn = Naturals::attach("whole");
      CHECK_FALSE(whole(torn));  // else the test tests nothing
      if (by_engine_start) {
        Engine engine(workers(1));
        CHECK(whole(torn));
      } else {
        sweep();
        CHECK(whole(torn));
      }
      for (const std::uint64_t v : mine.span()) REQUIRE(v == 12345);
      mine = {};
      segment::remove("whole", true);
      CHECK(segment::list().empty());
    }
  }
}

TEST_CASE("a dead engine's half-made tile is not put over what another engine wrote since") {
  { auto x = Naturals::create("whole", {tiles * tile, 1}); }
  Engine other(workers(1));  // started before, so it does not sweep when the first one dies
  kill_all_in([](Engine& engine,
                 const Naturals& x) { engine.transform(x, [](std::uint64_t v) { return v + 1; }); },
              "engine.tile.half_copied");
  {
    const auto x = Naturals::attach("whole");
    CHECK_FALSE(whole(x));  // else the test tests nothing
    other.fill(x, 77);
    sweep();
    for (std::int64_t i = 0; i < x.size(); ++i) REQUIRE(x(i, 0) == 77);
  }
  segment::remove("whole", true);
}

TEST_CASE("nor over what another engine's steps wrote: sorts, scans, shuffles, products") {
  using Doubles = Array<double>;
  constexpr std::int64_t side = 100;
  Engine other(workers(1));
  struct Operation {
    const char* name;
    void (*run)(Engine& engine, const Doubles& x);
  };
  const Operation operations[] = {
      {"sort", [](Engine& engine, const Doubles& x) { sort(engine, x); }},
      {"partition", [](Engine& engine, const Doubles& x) { partition(engine, x, {5}); }},
      {"shuffle", [](Engine& engine, const Doubles& x) { shuffle(engine, x, 1); }},
      {"cumsum", [](Engine& engine, const Doubles& x) { cumsum(engine, x, x, {.axis = 0}); }},
      {"cumsum of few",
       [](Engine& engine, const Doubles& x) { cumsum(engine, x.rows(0, 5), x.rows(0, 5)); }},
      {"matmul", [](Engine& engine, const Doubles& x) { matmul(engine, x, x, x); }},
      {"gemm", [](Engine& engine, const Doubles& x) { gemm(engine, 1.0, x, x, 1.0, x); }},
      {"rank_k_update",
       [](Engine& engine, const Doubles& x) { rank_k_update(engine, 1.0, x, 0.0, x); }},
      {"sum along an axis",
       [](Engine& engine, const Doubles& x) {
         reduce_to(engine, "sum", x.rows(0, 1), x.rows(1, side), {.axes = {0}, .keepdims = true});
       }},
      {"reduction in place",
       [](Engine& engine, const Doubles& x) {
         const auto column = x.columns(0, 1);
         reduce_to(engine, "max", column, column, {.axes = {1}, .keepdims = true});
       }},
      {"stencil",
       [](Engine& engine, const Doubles& x) {
         const auto weights = Doubles::temporary({1, 3});
         engine.fill(weights, 1.0);
         stencil(engine, x, weights, x);
       }},
      {"convolve",
       [](Engine& engine, const Doubles& x) {
         const auto weights = Doubles::temporary({3});
         engine.fill(weights, 1.0);
         convolve(engine, x, weights, x, {.mode = Overlap::same});
       }},
      {"moving average",
       [](Engine& engine, const Doubles& x) {
         moving_average(engine, x, 3, x, {.boundary = Boundary::nearest});
       }},
  };
  for (const Operation& operation : operations) {
    INFO(operation.name);
    { auto x = Naturals::create("whole", {1}); }  // what kill_all_in attaches
    { auto x = Doubles::create("doubles", {side, side}); }
    kill_all_in(
        [](Engine& engine, const Naturals&) {
          const auto x = Doubles::attach("doubles");
          engine.transform(x, [](double v) { return v + 1; });
        },
        "engine.tile.half_copied");
    {
      const auto x = Doubles::attach("doubles");
      for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i * 7919 % 101);
      const auto info = x.segment()->info();
      operation.run(other, x);
      CHECK(x.segment()->info().generation > info.generation);
      const std::vector<double> after(x.data(), x.data() + x.size());
      sweep();
      CHECK(std::equal(after.begin(), after.end(), x.data()));
    }
    segment::remove("doubles", true);
    segment::remove("whole", true);
  }
}
