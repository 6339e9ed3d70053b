// Workers killed and stopped at random moments of thousands of jobs that change an array in place.
// The arithmetic is exact modulo 2^64, so that any missing or double change of a tile shows.
#include <atomic>
#include <random>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

constexpr std::int64_t tile = 1024;
using Naturals = Array<std::uint64_t>;

std::uint64_t step(std::uint64_t v) { return v * 6364136223846793005U + 1442695040888963407U; }

// Hurts a random worker now and then, from a thread of its own, until it has done so `times`.
class Tormentor {
 public:
  Tormentor(const Engine& engine, unsigned seed, int times, bool kill)
      : thread_([&engine, seed, times, kill, this] {
          std::mt19937 random(seed);
          while (done_ < times && !stop_) {
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 30000));
            const std::vector<pid_t> pids = worker_pids(engine);
            if (pids.empty()) continue;
            const pid_t pid = pids[random() % pids.size()];
            if (kill) {
              ::kill(pid, SIGKILL);
            } else {
              ::kill(pid, SIGSTOP);
              std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));
              ::kill(pid, SIGCONT);
            }
            ++done_;
          }
        }) {}
  ~Tormentor() {
    stop_ = true;
    thread_.join();
  }
  int done() const { return done_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> done_{0};
  std::thread thread_;
};

template <class Apply>
void torment(Apply apply, std::int64_t columns, bool kill, std::size_t worker_count) {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  EngineOptions options = workers(worker_count);
  options.replacements_max = 100'000;
  Engine engine(options);
  auto x = Naturals::create("x", {13 * tile + 5, columns}, owned());
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<std::uint64_t>(i);
  int jobs = 0;
  {
    constexpr int torments = 40;
    const Tormentor tormentor(engine, seed, torments, kill);
    while (tormentor.done() < torments || jobs < 2000) {
      apply(engine, x);
      ++jobs;
    }
  }
  for (std::int64_t i = 0; i < x.size(); ++i) {
    auto expected = static_cast<std::uint64_t>(i);
    if (i % columns == 0) {
      for (int k = 0; k < jobs; ++k) expected = step(expected);
    }
    if (x.data()[i] != expected) FAIL("element " << i << " is wrong after " << jobs << " jobs");
  }
  if (kill) CHECK(deaths(engine) > 0);
}

void in_place(Engine& engine, const Naturals& x) {
  engine.transform(x.column(0), [](std::uint64_t v) { return step(v); });
}

void by_tile(Engine& engine, const Naturals& x) {
  engine.for_each_tile(x.reshape({x.size()}), [](Tile<std::uint64_t> t) {
    for (std::uint64_t& v : t) v = step(v);
  });
}

}  // namespace

TEST_CASE("workers killed at random: in place, each tile is changed exactly once") {
  torment(in_place, 1, true, 3);
}

TEST_CASE("workers killed at random: a column in place") { torment(in_place, 2, true, 3); }

TEST_CASE("workers killed at random: tiles changed by a closure") { torment(by_tile, 1, true, 3); }

TEST_CASE("the only worker killed at random") { torment(by_tile, 1, true, 1); }

TEST_CASE("workers stopped and continued at random") { torment(in_place, 1, false, 3); }

TEST_CASE("a job waits for a worker that sleeps with a tile, and ends when it wakes") {
  OneFault fault("engine.tile.half_copied", "stop");
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = Naturals::create("x", {50 * tile}, owned());
  auto job = engine.transform_async(x, [](std::uint64_t v) { return v + 1; });
  REQUIRE(eventually([&] { return fault.fired(); }));
  CHECK_FALSE(job.wait(300'000'000));
  CHECK(job.progress() < 1);
  for (const pid_t pid : worker_pids(engine)) ::kill(pid, SIGCONT);
  job.get();
  for (const std::uint64_t v : x.span()) REQUIRE(v == 1);
  CHECK(deaths(engine) == 0);
}

TEST_CASE(
    "a worker that falls behind writes into the arrays of the job it runs, not into those that "
    "lay there before") {
  OneFault fault("engine.job.loading", "stop");
  Engine engine(workers(2));
  fault.disarm_here();
  constexpr std::int64_t count = 4000;
  const auto number = [&engine](std::uint64_t first) {
    const auto x = Naturals::temporary({count});
    std::uint64_t* const at = x.data();
    auto job = engine.for_each_async(count, [at, first](std::int64_t i) {
      // Long enough that the one who wakes has a part in it.
      const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
      while (std::chrono::steady_clock::now() < end) {
      }
      at[i] = first + static_cast<std::uint64_t>(i);
    });
    return std::pair(x, std::move(job));
  };
  std::uintptr_t address = 0;
  {
    auto [x, job] = number(1);
    job.get();  // by the other one alone
    address = reinterpret_cast<std::uintptr_t>(x.data());
  }
  REQUIRE(fault.fired());
  auto [x, job] = number(1'000'000);
  CHECK(reinterpret_cast<std::uintptr_t>(x.data()) == address);
  for (const pid_t pid : worker_pids(engine)) ::kill(pid, SIGCONT);
  job.get();
  std::int64_t lost = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    lost += x.data()[i] == 1'000'000 + static_cast<std::uint64_t>(i) ? 0 : 1;
  }
  CHECK(lost == 0);
}
