// Stops by error: not before the error is known, without bias for rare events, and with intervals
// that cover.
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <furrow/montecarlo/design.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/quasi.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

struct Rare {
  double p;
  template <class G>
  auto operator()(G& path) const {
    return path.uniform() < p;
  }
};

/// Of a mean of 1; with a long tail few paths show its kurtosis.
struct Lognormal {
  double tail;
  template <class G>
  auto operator()(G& path) const {
    const auto z = path.normal();
    const auto y = path.normal();
    return exp(0.3 * z + tail * y - 0.045 - 0.5 * tail * tail);
  }
};

struct Coverage {
  int covered = 0;
  int early = 0;
  void take(const Estimate& e, Stop stop) {
    covered += e.low <= 1 && 1 <= e.high ? 1 : 0;
    early += stop == Stop::error ? 1 : 0;
  }
};

}  // namespace

TEST_CASE("a rare event that is hit once does not end a simulation: no bias") {
  Engine engine(workers(2));
  constexpr double p = 1e-5;
  constexpr int seeds = 100;
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const auto result =
        monte_carlo(engine, {.error = 1e-4, .seed = static_cast<std::uint64_t>(seed)}, Rare{p});
    CHECK(result.stop == Stop::error);
    sum += result.mean() / p / seeds;
  }
  std::printf("a rare event, over its probability: %.3f\n", sum);
  // 2^20 paths each: a standard error of 1 / sqrt(p 2^20 seeds).
  CHECK(std::abs(sum - 1) < 5 / std::sqrt(p * (1 << 20) * seeds));
}

TEST_CASE("points that never hit end no quasi-random simulation before 2^20 paths") {
  Engine engine(workers(2));
  for (const bool relative : {false, true}) {
    QuasiOptions options{.points = 1 << 20, .seed = 1};
    (relative ? options.relative_error : options.error) = relative ? 0.5 : 1e-3;
    const QuasiResult result = quasi_monte_carlo(engine, options, Rare{1e-5});
    CHECK(result.stop == Stop::error);
    CHECK(result.points * result.randomisations >= 1 << 20);
    CHECK(result.mean() > 0);
    CHECK(std::abs(result.mean() - 1e-5) < 5 * result.standard_error());
  }
  // The same of a constant, which has no variance at all; and not when there are fewer points.
  const auto constant = [](auto&) { return 2.5; };
  QuasiOptions options{.points = 1 << 20, .error = 1e-3};
  CHECK(quasi_monte_carlo(engine, options, constant).points == 1 << 16);
  options.points = 4096;
  CHECK(quasi_monte_carlo(engine, options, constant).stop == Stop::paths);
}

TEST_CASE("too few randomisations, or blocks of a design, do not end a simulation for its error") {
  Engine engine(workers(2));
  for (const std::int64_t count : {2, 4, 7}) {
    const QuasiOptions options{.points = 4096, .randomisations = count, .error = 1};
    CHECK_THROWS_AS(quasi_monte_carlo(engine, options, Rare{0.5}), InvalidArgument);
    CHECK_THROWS_WITH(quasi_monte_carlo(engine, options, Rare{0.5}), Catch::Contains("at least"));
  }
  const auto path = [](auto& generator) { return generator.uniform(); };
  const auto designed = monte_carlo(engine, {.error = 1}, stratified(path));
  CHECK(designed.stop == Stop::error);
  CHECK(designed.paths >= 64 * 256);
  // Where paths are many, as ever.
  CHECK(monte_carlo(engine, {.error = 1}, path).paths == 4096);
}

TEST_CASE("intervals of 95 % cover after a stop by error") {
  constexpr int seeds = 200;
  Engine engine(workers(2));
  Coverage plain, designed, quasi;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    // Targets that are met soon, where what is seen of the variance decides.
    MonteCarloOptions options{.error = 0.3, .paths_min = 0, .seed = seed};
    options.block_paths = 32;
    const auto own = monte_carlo(engine, options, Lognormal{1.6});
    plain.take(own.outputs[0], own.stop);
    const auto cube = monte_carlo(engine, options, stratified(Lognormal{1.6}));
    designed.take(cube.outputs[0], cube.stop);
    const auto points = quasi_monte_carlo(engine, {.error = 0.002, .seed = seed}, Lognormal{0.8});
    quasi.take(points.outputs[0], points.stop);
  }
  std::printf("of %d, covered: plain %d, stratified %d, quasi-random %d\n", seeds, plain.covered,
              designed.covered, quasi.covered);
  for (const Coverage* each : {&plain, &designed, &quasi}) {
    CHECK(each->early == seeds);
    // 190 less 2.6 standard errors; the seeds are fixed. Stopped without regard to kurtosis, plain
    // and stratified ones were 179 and 178.
    // Of 16 randomisations, 186 (quasi.hpp), less 2.6.
    CHECK(each->covered >= (each == &quasi ? 177 : 182));
  }
}
