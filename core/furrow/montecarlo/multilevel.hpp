// furrow/montecarlo/multilevel.hpp
//
// Multilevel Monte Carlo: many cheap coarse paths, and few fine ones for what is missing.
//
//   E[P_L] = E[P_0] + Σ E[P_l - P_(l-1)]         path(generator, l) returns P_l - P_(l-1), both
//   from
//                                                the same draws; P_0 at l = 0
//
//   auto result = furrow::multilevel(engine, {.error = 0.01, .seed = 42},
//                                    [=](auto& path, int level) { … 2^level steps … });
//
// Error     root mean square: statistical error and the bias of the last level, a half of error²
//           each. The bias is judged from the last levels' means, by the weak order alpha
// Paths     of each level as Giles' theorem has it, from the level's variance and cost; the
// variance
//           of pilots of `pilot_paths`, rounded up to whole blocks. What a level costs is given
//           (cost_factor for each level), never timed: the same bits for any number of workers
// Levels    level l draws from stream `stream` + l
// Stops     with `converged` false where levels_max levels do not suffice
// Source    Giles, "Multilevel Monte Carlo path simulation", Operations Research 56 (2008)
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow {

struct MultilevelOptions {
  double error = 0;  // to be given
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  int levels_min = 3;
  int levels_max = 12;
  double weak_order = 1;   // the bias falls by 2^-weak_order a level
  double cost_factor = 2;  // a path of the next level costs as much more
  std::int64_t pilot_paths = 16384;
  double confidence = 0.95;
};

struct MultilevelResult {
  struct Level {
    std::int64_t paths;
    double mean;
    double variance;
  };
  double mean = 0;
  double standard_error = 0;  // the statistical part
  double bias = 0;            // what the last levels make expect, in magnitude
  double low = 0;             // confidence interval by standard_error alone
  double high = 0;
  std::vector<Level> levels;
  bool converged = false;
  /// Cost of the same statistical error on the finest level alone over the cost of this.
  double gain = 0;
};

namespace montecarlo {

/// Simulates a number of paths of one level.
using LevelRun = std::function<MonteCarloResult(int level, std::int64_t paths)>;

MultilevelResult run_levels(const MultilevelOptions& options, const LevelRun& level);

}  // namespace montecarlo

/// Throws InvalidArgument (no error given, fewer than 1 level, …) and what monte_carlo throws.
template <class F>
MultilevelResult multilevel(Engine& engine, const MultilevelOptions& options, F path) {
  return montecarlo::run_levels(options, [&](int level, std::int64_t paths) {
    MonteCarloOptions each;
    each.paths = paths;
    each.seed = options.seed;
    each.stream = options.stream + static_cast<std::uint64_t>(level);
    each.on_invalid = OnInvalid::fail;
    return monte_carlo(engine, each,
                       [path, level](auto& generator) { return path(generator, level); });
  });
}

}  // namespace furrow
