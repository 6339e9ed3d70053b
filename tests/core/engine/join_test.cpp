// Workers of other programs join by name: kernels are theirs to run, closures are not.
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <thread>

#include <furrow/engine/worker.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

// The program of joiner.cpp, as a child of ours.
class Joiner {
 public:
  explicit Joiner(const std::string& engine) {
    std::string program = FURROW_JOINER;
    std::string name = engine;
    char* arguments[] = {program.data(), name.data(), nullptr};
    REQUIRE(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments, environ) == 0);
  }
  ~Joiner() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  Joiner(const Joiner&) = delete;
  Joiner& operator=(const Joiner&) = delete;

  pid_t pid() const { return pid_; }
  int wait() {
    if (!ended_) ::waitpid(pid_, &status_, 0);
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }

 private:
  pid_t pid_ = 0;
  bool ended_ = false;
  int status_ = 0;
};

WorkerInfo joined(const Engine& engine) {
  for (const WorkerInfo& info : engine.worker_info()) {
    if (info.joined && info.alive) return info;
  }
  return {};
}

}  // namespace

TEST_CASE("a joined worker of another program runs kernels and declines closures") {
  Engine engine(workers(1));
  auto x = Array<double>::create("x", {4'000'000}, owned());
  Joiner joiner(engine.name());
  REQUIRE(eventually([&] { return engine.workers() == 2; }));
  REQUIRE(eventually([&] { return joined(engine).pid != 0; }));
  engine.fill(x, 1.0);
  const double sum = engine.sum(x);
  CHECK(sum == 4'000'000);
  REQUIRE(eventually([&] {
    engine.apply("scale", x, {1.0});
    return joined(engine).tiles > 0;
  }));
  engine.transform(x, [](double v) { return v + 1; });
  CHECK(engine.sum(x) == 8'000'000);
  const std::uint64_t before = joined(engine).tiles;
  engine.for_each(1000, [](std::int64_t) {});
  CHECK(joined(engine).tiles == before);
  // Its part of a job for every worker is nobody's, and must not be waited for.
  engine.for_each_worker([](std::size_t) {});
  // An array made after it joined is mapped there, too.
  auto y = Array<float>::create("y", {3'000'000}, owned());
  engine.fill(y, 2.0F);
  CHECK(engine.sum(y) == 6'000'000);
  engine.stop();
  CHECK(joiner.wait() == 0);
}

TEST_CASE("joined workers are killed at random: each tile is changed exactly once") {
  Engine engine(workers(1));
  auto x = Array<std::uint64_t>::create("x", {200'000}, owned());
  std::vector<std::unique_ptr<Joiner>> joiners;
  for (int round = 0; round < 300; ++round) {
    if (round % 30 == 0) joiners.push_back(std::make_unique<Joiner>(engine.name()));
    if (round % 30 == 29) ::kill(joiners.back()->pid(), SIGKILL);
    engine.apply("axpby", x, {Value(1), Value(1)}, std::vector<AnyArray>{x});
    if (round % 60 == 0) engine.fill(x, 1);
  }
  CHECK(std::all_of(x.span().begin(), x.span().end(),
                    [&](std::uint64_t v) { return v == x(0) && v == 1ULL << 59U; }));
}

TEST_CASE("stop waits for a joined worker, and kills one that does not move") {
  auto x = Array<double>::create("x", {4'000'000}, owned());
  for (const bool stopped : {false, true}) {
    Engine engine(workers(1));
    Joiner joiner(engine.name());
    REQUIRE(eventually([&] { return engine.workers() == 2; }));
    auto job = engine.apply_async("exp", x);
    if (stopped) ::kill(joiner.pid(), SIGSTOP);
    engine.stop();
    CHECK(joiner.wait() == (stopped ? -SIGKILL : 0));
    CHECK(job.done());
  }
}

TEST_CASE("a joined worker ends when the coordinator is killed") {
  EngineOptions options = workers(1);
  options.name = "orphaned";
  std::fflush(nullptr);
  const pid_t coordinator = ::fork();
  if (coordinator == 0) {
    Engine engine(options);
    for (;;) ::pause();
  }
  REQUIRE(eventually([] {
    try {
      return segment::info("orphaned").attached;
    } catch (const Error&) {
      return false;
    }
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Joiner joiner("orphaned");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ::kill(coordinator, SIGKILL);
  ::waitpid(coordinator, nullptr, 0);
  CHECK(eventually([&] { return is_gone(static_cast<std::uint64_t>(joiner.pid())); }, 5));
  CHECK(eventually([] { return segment::list().empty(); }, 5));
}

TEST_CASE("a joiner that finds no engine, or something else, says so") {
  CHECK_THROWS_AS(join_engine("nobody"), NotFound);
  auto x = Array<double>::create("x", {10}, owned());
  CHECK_THROWS_AS(join_engine("x"), Corrupt);
  CHECK(Joiner("nobody").wait() == 1);
}

TEST_CASE("an engine with all workers joined: a closure is refused, kernels run") {
  EngineOptions options = workers(1);
  options.replacements_max = 0;
  Engine engine(options);
  auto x = Array<double>::create("x", {10'000}, owned());
  Joiner joiner(engine.name());
  REQUIRE(eventually([&] { return engine.workers() == 2; }));
  for (const pid_t pid : worker_pids(engine)) {
    if (pid != joiner.pid()) ::kill(pid, SIGKILL);
  }
  REQUIRE(eventually([&] { return engine.workers() == 1; }));
  engine.fill(x, 3.0);
  CHECK(engine.sum(x) == 30'000);
  CHECK_THROWS_WITH(engine.transform(x, [](double v) { return v; }), Contains("another program"));
  auto polled = engine.transform_async(x, [](double v) { return v; });
  CHECK(eventually([&] { return polled.done(); }));
  CHECK_THROWS_AS(polled.get(), InvalidArgument);
  CHECK(engine.sum(x) == 30'000);
}
