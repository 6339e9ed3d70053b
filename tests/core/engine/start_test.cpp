// Starting: by fork and by execution, with threads about, with options of every kind.
#include <thread>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

// A thread of the user's, while it lives.
class Bystander {
 public:
  Bystander()
      : thread_([this] {
          while (!stop_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }) {}
  ~Bystander() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void works(const EngineOptions& options) {
  Engine engine(options);
  auto x = Array<double>::create("x", {10'000}, owned());
  engine.transform(x, [](double v) { return v + 1; });
  CHECK(engine.sum(x) == 10'000);
  CHECK(engine.workers() == options.workers + (options.participate ? 1 : 0));
}

}  // namespace

TEST_CASE("in a process with threads a fork is refused, and execution works") {
  const Bystander bystander;
  EngineOptions options = workers(2);
  options.start = StartMethod::fork;
  CHECK_THROWS_WITH(Engine(options), Contains("threads") && Contains("furrow::initialize"));
  CHECK(segment::list().empty());
  options.start = StartMethod::execute;
  works(options);
  options.start = StartMethod::automatic;
  works(options);
}

TEST_CASE("workers are replaced after the process has grown threads, and with the nursery killed") {
  Engine engine(workers(2));
  const Bystander bystander;
  for (int i = 0; i < 5; ++i) {
    ::kill(worker_pids(engine).at(0), SIGKILL);
    engine.for_each(100, [](std::int64_t) {});
    REQUIRE(eventually([&] { return engine.workers() == 2; }));
  }
}

TEST_CASE("every wait policy, start and participation works, more workers than cores too") {
  for (const WaitPolicy wait : {WaitPolicy::adaptive, WaitPolicy::active, WaitPolicy::passive}) {
    for (const bool participate : {false, true}) {
      for (const StartMethod start : {StartMethod::fork, StartMethod::execute}) {
        EngineOptions options = workers(3);
        options.wait = wait;
        options.participate = participate;
        options.start = start;
        options.pin = participate;
        works(options);
      }
    }
  }
  works(workers(40));
}

TEST_CASE("no workers asked for: as many as the machine grants; too many: refused") {
  Engine engine;
  CHECK(engine.workers() >= 1);
  CHECK_THROWS_AS(Engine(workers(256)), InvalidArgument);
  EngineOptions options = workers(1);
  options.name = "no/such name";
  CHECK_THROWS_AS(Engine(options), InvalidArgument);
}

TEST_CASE("idle engines of every policy do not lose a wake-up") {
  for (const WaitPolicy wait : {WaitPolicy::adaptive, WaitPolicy::passive}) {
    EngineOptions options = workers(2);
    options.wait = wait;
    Engine engine(options);
    auto x = Array<std::int64_t>::create("x", {4000}, owned());
    for (int i = 0; i < 3000; ++i) {
      engine.transform(x, [](std::int64_t v) { return v + 1; });
      // Now and then long enough for workers to park.
      if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i));
    }
    CHECK(engine.sum(x) == 4000 * 3000);
  }
}
