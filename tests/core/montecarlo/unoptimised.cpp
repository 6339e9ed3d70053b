// Compiled with -O0: packs are passed between functions, and not inlined.
#include <furrow/montecarlo/monte_carlo.hpp>

#include "core/montecarlo/every_function.hpp"

furrow::MonteCarloResult unoptimised(furrow::Engine& engine,
                                     const furrow::MonteCarloOptions& options);

furrow::MonteCarloResult unoptimised(furrow::Engine& engine,
                                     const furrow::MonteCarloOptions& options) {
  return furrow::monte_carlo(engine, options,
                             [](auto& path) { return furrow::test::EveryFunction{}(path); });
}
