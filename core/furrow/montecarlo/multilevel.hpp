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
//           each. The bias is judged from the last three levels' means, by the weak order alpha
// Paths     of each level as Giles' theorem has it, from the level's variance and cost; the first
//           variances are those of `pilot_paths`, rounded up to whole blocks. More paths go on
//           where a level stands: none is simulated twice, and the bits are those of one run of as
//           many. What a level costs is given (cost_factor for each level), never timed: the same
//           bits for any number of workers
// Sure      a level that does not vary at all is believed after 2^20 paths, as in monte_carlo
// Levels    each draws from random numbers of its own: a key by a hash of seed and stream, which no
//           other stream shares but by chance (2^-64), and level l's stream of that key
// Stops     `converged`: statistical error and bias are both within their half. False where
//           levels_max levels or 2^46 paths do not suffice
// Source    Giles, "Multilevel Monte Carlo path simulation", Operations Research 56 (2008)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow {

struct MultilevelOptions {
  double error = 0;  // to be given
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  int levels_min = 3;  // 3 at least: fewer say nothing about the bias
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

/// One level's closure, whose type is known no more, and what simulates it.
struct LevelCode {
  std::shared_ptr<const void> closure;
  AnySimulation simulation;
};
using LevelOf = std::function<LevelCode(int level)>;

MultilevelResult run_levels(Engine& engine, const MultilevelOptions& options, const LevelOf& level);

}  // namespace montecarlo

/// Throws InvalidArgument (no error given, fewer than 3 levels, …) and what monte_carlo throws; a
/// difference that is not finite is KernelFailed.
template <class F>
MultilevelResult multilevel(Engine& engine, const MultilevelOptions& options, F path) {
  return montecarlo::run_levels(engine, options, [&path](int level) {
    const auto one = [path, level](auto& generator) { return path(generator, level); };
    using One = std::remove_const_t<decltype(one)>;
    FURROW_CHECK_CAPTURES(One);
    const auto kept = std::make_shared<One>(one);
    return montecarlo::LevelCode{kept,
                                 montecarlo::simulation_of<montecarlo::SimulationOf<One>>(*kept)};
  });
}

}  // namespace furrow
