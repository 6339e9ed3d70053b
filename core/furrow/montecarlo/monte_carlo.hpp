// furrow/montecarlo/monte_carlo.hpp
//
// Monte Carlo simulation on an engine's workers.
//
//   auto result = furrow::monte_carlo(engine, {.paths = 100'000'000, .seed = 42},
//                                     [=](auto& path) {
//     auto price = spot * exp(drift + volatility * path.normal());
//     return discount * max(price - strike, 0.0);
//   });
//   result.mean(), result.standard_error(), result.outputs[0].low, …
//
// Path      [](auto& path): simulates 8 to 32 paths at once in SIMD registers; it may not branch on
//           their numbers (where, any, all: pack-inl.h). [](furrow::Path& path): one path at a
//           time, any C++ (path.hpp). Both get the same draws. Trivially copyable captures
// Returns   a number or condition, or a std::array or std::tuple of up to 32: the outputs
// Draws     uniform(), normal(), exponential(), bernoulli(p), poisson(mean), binomial(n, p),
//           gamma(shape), integer(low, high), furrow::normals<N>(path): functions of (seed, stream,
//           number of the path, number of the draw) alone (draws.hpp) C++ does not say in which
//           order the operands of an expression or the arguments of a call are computed: give draws
//           names, or braces (std::array{…}), where the bits matter
// Bits      the same for any number of workers, after any crash of workers, for a run that was
//           interrupted and taken up again, and on every processor with fused multiply-add (plain
//           closures: as far as the compiler and libm go). Moments are merged in a fixed tree
// Stops     where an error is asked for: at the first of a fixed series of numbers of paths (16 to
//           each doubling) whose estimate meets it; what ran ahead is left out. An error is
//           believed of 64 (kurtosis + 2) samples, one of nothing but equal samples after 2^20
//           paths (options.hpp)
// Memory    no sample is stored, unless asked; a few MiB for the records of what is on its way
// Errors    InvalidArgument (no end, a negative number, …), KernelFailed (a path throws, or an
//           output is not finite and on_invalid says fail), ShapeMismatch; of a checkpoint
//           WrongData (another simulation's), Corrupt, NotFound, IoError. Before anything runs
//           where that can be
#pragma once

#include <cstdint>
#include <type_traits>

#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>
#include <furrow/montecarlo/run.hpp>
#include <furrow/montecarlo/simulate.hpp>

namespace furrow {

template <class F>
MonteCarloResult monte_carlo(Engine& engine, const MonteCarloOptions& options, F path) {
  FURROW_CHECK_CAPTURES(F);
  montecarlo::clear_padding(path);
  return montecarlo::run(engine, options,
                         montecarlo::simulation_of<montecarlo::SimulationOf<F>>(path));
}

}  // namespace furrow
