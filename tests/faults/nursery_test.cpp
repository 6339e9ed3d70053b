// The processes behind the workers are killed: the nursery, its spare, both, in the middle of jobs.
#include <atomic>

#include "faults/fault_support.hpp"
#include "faults/processes.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

constexpr std::int64_t tile = 1024;
using Naturals = Array<std::uint64_t>;

Naturals counters(std::int64_t tiles) {
  return Naturals::create("counters", {tiles * tile}, owned());
}

void add_one(Engine& engine, const Naturals& x, int times) {
  for (int i = 0; i < times; ++i) engine.transform(x, [](std::uint64_t v) { return v + 1; });
}

bool all_are(const Naturals& x, std::uint64_t value) {
  for (const std::uint64_t v : x.span()) {
    if (v != value) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the nursery is killed: its spare takes over and the workers come back") {
  Engine engine(workers(2));
  auto x = counters(20);
  for (int round = 1; round <= 3; ++round) {
    const Household before = household_of(round == 1 ? ::getpid() : 0);
    if (round == 1) {
      REQUIRE(before.nursery != 0);
      REQUIRE(before.spare != 0);
      ::kill(before.nursery, SIGKILL);
    } else {  // the nursery is nobody's child of ours any more: it is the workers' parent
      const pid_t nursery = parent_of(worker_pids(engine).at(0));
      REQUIRE(nursery > 1);
      ::kill(nursery, SIGKILL);
    }
    add_one(engine, x, 100);
    CHECK(all_are(x, static_cast<std::uint64_t>(round) * 100));
    const auto both_died = static_cast<std::uint64_t>(2 * round);
    REQUIRE(eventually([&] { return deaths(engine) == both_died && engine.workers() == 2; }));
  }
}

TEST_CASE("the nursery is killed in the middle of a job") {
  OneFault fault("engine.tile.half_copied", "stop");
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = counters(50);
  auto job = engine.transform_async(x, [](std::uint64_t v) { return v + 1; });
  REQUIRE(eventually([&] { return fault.fired(); }));
  ::kill(household_of(::getpid()).nursery, SIGKILL);
  job.get();
  CHECK(all_are(x, 1));
}

TEST_CASE("the spare is killed: there is another, and it is good") {
  Engine engine(workers(2));
  auto x = counters(20);
  const Household before = household_of(::getpid());
  ::kill(before.spare, SIGKILL);
  REQUIRE(eventually([&] {
    const std::vector<pid_t> children = children_of(before.nursery);
    return children.size() == 3 && is_gone(static_cast<std::uint64_t>(before.spare));
  }));
  CHECK(deaths(engine) == 0);
  ::kill(before.nursery, SIGKILL);
  add_one(engine, x, 50);
  CHECK(all_are(x, 50));
}

TEST_CASE("nursery and spare are killed together: a new nursery is executed") {
  Engine engine(workers(2));
  auto x = counters(20);
  const Household before = household_of(::getpid());
  ::kill(before.nursery, SIGSTOP);  // so that it makes no new spare
  ::kill(before.spare, SIGKILL);
  ::kill(before.nursery, SIGKILL);
  add_one(engine, x, 50);
  CHECK(all_are(x, 50));
  CHECK(eventually([&] { return engine.workers() == 2; }));
  const std::vector<pid_t> pids = worker_pids(engine);
  ::kill(pids.at(0), SIGKILL);  // the new nursery replaces, too
  add_one(engine, x, 50);
  CHECK(all_are(x, 100));
  CHECK(eventually([&] { return engine.workers() == 2; }));
}

TEST_CASE("everything but the coordinator is killed together, in the middle of a tile") {
  OneFault fault("engine.tile.half_copied", "stop");
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = counters(50);
  auto job = engine.transform_async(x, [](std::uint64_t v) { return v + 1; });
  REQUIRE(eventually([&] { return fault.fired(); }));
  const std::vector<pid_t> pids = household_of(::getpid()).all();
  for (const pid_t pid : pids) ::kill(pid, SIGSTOP);
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  job.get();
  CHECK(all_are(x, 1));
}

TEST_CASE("a nursery that dies between a request and its fork leaves no place empty") {
  OneFault fault("process.nursery.forking", "kill", 3);  // two workers, then a replacement
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = counters(20);
  ::kill(worker_pids(engine).at(1), SIGKILL);
  REQUIRE(eventually([&] { return fault.fired(); }));
  add_one(engine, x, 20);
  CHECK(all_are(x, 20));
  CHECK(eventually([&] { return engine.workers() == 2; }));
}

TEST_CASE("an engine that is stopped right after its nursery was killed leaves no process") {
  for (int delay_us = 0; delay_us < 20000; delay_us += 2500) {
    std::vector<pid_t> pids;
    {
      Engine engine(workers(2));
      const Household before = household_of(::getpid());
      pids = before.all();
      ::kill(before.nursery, SIGKILL);
      std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      for (const pid_t pid : worker_pids(engine)) pids.push_back(pid);
    }
    for (const pid_t pid : pids) {
      CHECK(eventually([&] { return is_gone(static_cast<std::uint64_t>(pid)); }, 5));
    }
  }
}
