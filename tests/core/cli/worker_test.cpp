// Workers: killed ones, and those that join by name.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

TEST_CASE("SIGKILL of workers during apply changes nothing in the result") {
  const auto make = [](const char* name) {
    run({"create", name, "--dtype", "f64", "--shape", "30000000"});
    run({"apply", "random_uniform", name, "3", "low=1", "high=2"});
  };
  make("y");
  run({"apply", "log", "y"});
  for (int tries = 0;; ++tries) {
    REQUIRE(tries < 10);
    make("x");
    const auto x = Array<double>::attach("x");
    const double before = x(0);
    Program apply({"apply", "log", "x", "--workers", "2"});
    eventually("the workers have begun",
               [&] { return static_cast<volatile double&>(x.data()[0]) != before; });
    // The nursery is the command's child; its own children are the workers and its spare.
    const std::vector<pid_t> helpers = descendants(apply.pid());
    for (std::size_t i = 1; i < helpers.size(); ++i) ::kill(helpers[i], SIGKILL);
    const Result result = apply.finish();
    INFO(result.error);
    REQUIRE(result.code == 0);
    const auto y = Array<double>::attach("y");
    REQUIRE(std::equal(x.span().begin(), x.span().end(), y.span().begin()));
    run({"rm", "--force", "x"});
    if (result.error.empty()) continue;  // it was done before they died
    CHECK(result.error.find("furrow: warning: ") == 0);
    CHECK(result.error.find("died") != std::string::npos);
    break;
  }
  run({"rm", "y"});
}

TEST_CASE("worker joins an engine by name, works, and leaves when interrupted") {
  EngineOptions options;
  options.workers = 1;
  options.name = "field";
  Engine engine(options);
  Program worker({"worker", "--engine", "field"});
  eventually("it has joined", [&] { return engine.workers() == 2; });
  CHECK(run({"ls", "--arrays"}).find("field") == std::string::npos);
  CHECK(python("[(a['name'], a['kind'], a['attached'], a['state']) for a in json.loads(text)]",
               run({"ls", "--json"})) == "[('field', 'engine', True, 'runs')]");
  const auto x = Array<double>::create("x", {8 << 20});
  const auto joined_tiles = [&] {
    for (const WorkerInfo& info : engine.worker_info()) {
      if (info.joined) return info.tiles;
    }
    return std::uint64_t{0};
  };
  eventually("it has computed", [&] {
    engine.apply("random_normal", x, {7});
    return joined_tiles() > 0;
  });
  const double sum = engine.sum(x);
  // It leaves in the middle of a job, and the job is done by the other.
  auto job = engine.apply_async("random_normal", x, std::vector<Value>{7});
  worker.signal(SIGINT);
  const Result result = worker.finish();
  INFO(result.error);
  CHECK(result.code == 0);
  CHECK(result.error.empty());
  job.get();
  CHECK(engine.sum(x) == sum);
  eventually("its place is free", [&] { return engine.workers() == 1; });
  for (const WorkerInfo& info : engine.worker_info()) CHECK(info.deaths == 0);
  run({"rm", "--force", "x"});
}

TEST_CASE("worker ends with its engine") {
  auto engine = std::make_unique<Engine>(EngineOptions{.workers = 1, .name = "field"});
  Program worker({"worker", "--engine", "field"});
  eventually("it has joined", [&] { return engine->workers() == 2; });
  const Result wrong = attempt({"worker", "--engine", "fields"});
  CHECK(wrong.code == 1);
  CHECK(is_one_sentence(wrong.error));
  CHECK(wrong.error.find("did you mean \"field\"?") != std::string::npos);
  engine.reset();
  const Result result = worker.finish();
  INFO(result.error);
  CHECK(result.code == 0);
  CHECK(segments().empty());
}
