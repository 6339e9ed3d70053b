// Standing still between operations.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include <furrow/compute/sort.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/engine/writing.hpp>

#include "faults/fault_support.hpp"

namespace furrow::test {
namespace {

// All elements equal: what each job leaves, and no job in the middle does.
bool is_even(const Array<double>& x) {
  for (const double v : x.span()) {
    if (v != x(0)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("at a boundary arrays are as whole jobs left them") {
  Engine engine(workers(2));
  const Array<double> arrays[] = {Array<double>::temporary({400'000}),
                                  Array<double>::temporary({300'000})};
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (const Array<double>& x : arrays) {
    others.emplace_back([&] {
      while (!stop.load()) engine.transform(x, [](double v) { return v + 1; });
    });
  }
  for (int i = 0; i < 20; ++i) {
    engine.at_boundary([&] {
      for (const Array<double>& x : arrays) {
        CHECK(is_even(x));
        const double before = x(0);
        CHECK(engine.sum(x) == before * static_cast<double>(x.size()));  // its own jobs run
        engine.transform(x, [](double v) { return v + 1; });
        CHECK(is_even(x));
        CHECK(x(0) == before + 1);  // and nobody else's
      }
    });
  }
  stop.store(true);
  for (std::thread& other : others) other.join();
  for (const Array<double>& x : arrays) CHECK(x(0) >= 20);
}

TEST_CASE("an operation of several jobs has no boundary inside") {
  Engine engine(workers(2));
  const auto x = Array<double>::temporary({300'000});
  std::atomic<bool> inside{false};
  std::atomic<int> seen{0};
  std::thread other([&] {
    for (int i = 0; i < 10; ++i) {
      const engine::Writing writing(engine, x);
      inside.store(true);
      engine.transform(x, [](double v) { return v + 1; });
      engine.transform(x, [](double v) { return v - 1; });
      inside.store(false);
    }
    seen.store(100);
  });
  while (seen.load() < 100) {
    engine.at_boundary([&] {
      CHECK_FALSE(inside.load());
      CHECK(x(0) == 0);
    });
  }
  other.join();
  const engine::Writing writing(engine, x);
  CHECK_THROWS_AS(engine.at_boundary([] {}), InvalidArgument);
}

TEST_CASE("a boundary waits for jobs that nobody waits for, and opens when f throws") {
  Engine engine(workers(2));
  const auto x = Array<double>::temporary({1'000'000});
  {
    auto forgotten = engine.transform_async(x, [](double v) { return v + 1; });
    engine.at_boundary([&] { CHECK(is_even(x)); });
  }
  CHECK_THROWS_AS(engine.at_boundary([] { throw std::runtime_error("no"); }), std::runtime_error);
  std::thread other([&] { engine.fill(x, 5); });
  other.join();
  CHECK(x(0) == 5);
}

}  // namespace furrow::test
