// Arrays and the workers that see them: dropped, late, read-only, too many, removed by force.
#include <fstream>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

bool maps(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(file, line);) {
    if (line.find(name) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a dropped array's memory and name are released in all workers") {
  for (const WaitPolicy wait : {WaitPolicy::adaptive, WaitPolicy::passive, WaitPolicy::active}) {
    EngineOptions options = workers(2);
    options.wait = wait;
    Engine engine(options);
    const std::vector<pid_t> pids = worker_pids(engine);
    {
      auto x = Array<double>::create("short-lived", {100'000}, owned());
      engine.fill(x, 1.0);
      CHECK((maps(pids[0], "short-lived") || maps(pids[1], "short-lived")));
    }
    CHECK_THROWS_AS(segment::info("short-lived"), NotFound);
    for (const pid_t pid : pids) {
      CHECK(eventually([&] { return !maps(pid, "short-lived"); }, 5));
    }
    CHECK(deaths(engine) == 0);
  }
}

TEST_CASE("arrays come and go between jobs, at the same addresses, with other sizes") {
  Engine engine(workers(2));
  for (int i = 0; i < 400; ++i) {
    auto x = Array<std::int64_t>::create("x", {1 + i * 37 % 5000}, owned());
    auto y = Array<std::int64_t>::create("y", {x.size()}, owned());
    engine.fill(x, i);
    if (i % 3 == 0) x = Array<std::int64_t>::attach("x");
    engine.transform(
        y, [](std::int64_t v) { return v + 1; }, x);
    REQUIRE(engine.sum(y) == (i + 1) * y.size());
  }
  CHECK(deaths(engine) == 0);
}

TEST_CASE("closures read other arrays through views, also of arrays made after the start") {
  Engine engine(workers(2));
  auto x = Array<double>::create("x", {5000}, owned());
  auto table = Array<double>::create("table", {10}, owned());
  for (std::int64_t i = 0; i < 10; ++i) table(i) = static_cast<double>(i);
  engine.transform(x, [t = table.view()](double) { return t(3) + t(4); });
  CHECK(engine.sum(x) == 35'000);
}

TEST_CASE("read-only arrays are read and not written") {
  auto x = Array<double>::create("x", {5000}, owned());
  x(4321) = 1;
  Engine engine(workers(2));
  AttachOptions options;
  options.access = Access::read_only;
  auto r = Array<double>::attach("x", options);
  CHECK(engine.sum(r) == 1);
  CHECK_THROWS_WITH(engine.fill(r, 2.0), Contains("read-only"));
  auto y = Array<double>::create("y", {5000}, owned());
  engine.transform(
      y, [](double v) { return v + 1; }, r);
  CHECK(engine.sum(y) == 5001);
  // Behind the engine's back: the kernel of the system refuses.
  CHECK_THROWS_AS(engine.for_each(1, [p = r.data()](std::int64_t) { p[0] = 1; }), WorkerDied);
  CHECK(x(0) == 0);
}

TEST_CASE("more arrays than an engine can show: a clear error, until some are gone") {
  Engine engine(workers(1));
  std::vector<Array<std::int8_t>> many;
  for (int i = 0; i < 1023; ++i) {
    many.push_back(Array<std::int8_t>::create("a" + std::to_string(i), {1}, owned()));
  }
  engine.fill(many.back(), 1);
  many.push_back(Array<std::int8_t>::create("one-too-many", {1}, owned()));
  CHECK_THROWS_AS(engine.fill(many.front(), 1), OutOfSpace);
  many.erase(many.begin() + 5);
  engine.fill(many.back(), 1);
  CHECK(many.back()(0) == 1);
  CHECK(engine.sum(many.back()) == 1);
}

TEST_CASE("an array whose name was removed by force stays usable, by new workers too") {
  auto x = Array<std::int64_t>::create("x", {5000}, owned());
  Engine engine(workers(1));
  engine.fill(x, 1);
  segment::remove("x", true);
  ::kill(worker_pids(engine).at(0), SIGKILL);
  engine.transform(x, [](std::int64_t v) { return v + 1; });
  CHECK(engine.sum(x) == 10'000);
  auto other = Array<std::int64_t>::create("x", {5000}, owned());
  ::kill(worker_pids(engine).at(0), SIGKILL);
  engine.transform(x, [](std::int64_t v) { return v + 1; });
  CHECK(engine.sum(x) == 15'000);
  CHECK(engine.sum(other) == 0);
}

TEST_CASE("the generation of an array counts the jobs that wrote it") {
  Engine engine(workers(1));
  auto x = Array<double>::create("x", {100}, owned());
  const std::uint64_t before = segment::info("x").generation;
  engine.fill(x, 1.0);
  CHECK(segment::info("x").generation > before);
  const std::uint64_t after = segment::info("x").generation;
  CHECK(engine.sum(x) == 100);
  CHECK(segment::info("x").generation == after);
}
