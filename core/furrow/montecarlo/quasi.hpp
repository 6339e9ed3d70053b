// furrow/montecarlo/quasi.hpp
//
// Quasi-Monte Carlo: points that fill the unit cube evenly in the place of random numbers, and an
// error from independent randomisations of them.
//
//   auto result = furrow::quasi_monte_carlo(engine, {.points = 1 << 16, .seed = 42},
//                                           [=](auto& path) {
//     auto price = spot * exp(drift + volatility * path.normal());
//     return discount * max(price - strike, 0.0);
//   });
//   result.mean(), result.standard_error(), result.gain, …
//
// Path      a generic closure, as monte_carlo takes it. Its draws take the coordinates of a point
// in
//           order: uniform() is one, normal() its quantile; so are exponential() and bernoulli(p).
//           Give what matters most the first draws; BrownianBridge does it for a path in time
// Beyond    poisson, binomial, gamma, integer, and draws after the point's last coordinate (3,667)
//           are random, independent for each randomisation: still unbiased, no longer faster
// Estimate  the mean of `randomisations` means, each of `points` points that are uniform one by one
//           (unbiased) and even together; error, variance, skew and interval (Student's t) are
//           those of these means. min and max are of the paths'
// Points    Sobol: a power of two, `points` rounded up. Halton: any number
// Stops     where an error is asked for: at 1,024 points, or twice as many, … `points` at most
// Bits      as monte_carlo's: for any number of workers, after any crash
// Gain      the variance that as many random paths would have, by that of this estimate. Smooth
//           functions of few coordinates that matter: hundreds and more, growing with the points
// Source    Owen, "Monte Carlo variance of scrambled net quadrature", SIAM J. Numer. Anal. 34
// (1997);
//           L'Ecuyer, "Quasi-Monte Carlo methods with applications in finance", Finance Stoch. 13
//           (2009); the points: kernels/furrow/kernels/quasi
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <furrow/kernels/quasi/sobol.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow {

using kernels::Scrambling;

enum class PointSet { sobol, halton };

struct QuasiOptions {
  std::int64_t points = 1 << 16;  // of each randomisation, at most 2^40
  std::int64_t randomisations = 16;
  double error = 0;           // ends earlier when output 0's standard error is as small, or …
  double relative_error = 0;  // … as small a part of its mean
  PointSet set = PointSet::sobol;
  Scrambling scrambling = Scrambling::owen;  // none: one randomisation, no error
  std::uint64_t seed = 0;
  double confidence = 0.95;
  OnInvalid on_invalid = OnInvalid::count;
  std::int64_t block_paths = 256;
  /// Called after each randomisation; false ends the simulation.
  std::function<bool(const MonteCarloProgress&)> progress{};
};

struct QuasiResult {
  std::vector<Estimate> outputs;
  std::int64_t points = 0;  // of each randomisation
  std::int64_t randomisations = 0;
  std::int64_t invalid = 0;  // paths that were left out
  Stop stop = Stop::paths;
  double seconds = 0;
  std::vector<std::vector<double>> means;  // of each output, by randomisation
  std::vector<double> gain;                // of each output

  double mean(std::size_t output = 0) const { return outputs.at(output).mean; }
  double standard_error(std::size_t output = 0) const { return outputs.at(output).standard_error; }
};

namespace montecarlo {

/// Which points a block of paths takes: path p is point first_point + p.
struct QuasiPlan {
  kernels::QuasiRandomisation randomisation;
  std::uint64_t first_point;
  Scrambling scrambling;
};

/// A generic closure on quasi-random points.
template <class F, PointSet S>
struct QuasiPath {
  F path;
  QuasiPlan plan;
  template <class G>
  auto operator()(G& generator) const {
    return path(generator);
  }
};

template <class F, PointSet S>
struct SimulationOf<QuasiPath<F, S>> : Generic<QuasiPath<F, S>> {
  static constexpr bool grouped = false;
  static BlockFunction block() noexcept {
    using Closure = QuasiPath<F, S>;
    if constexpr (S == PointSet::sobol) {
      return FURROW_BLOCK_FUNCTION(run_sobol_block<Closure>);
    } else {
      return FURROW_BLOCK_FUNCTION(run_halton_block<Closure>);
    }
  }
};

/// Simulates `points` points of a plan.
using QuasiRun = std::function<MonteCarloResult(const QuasiPlan& plan, std::int64_t points)>;

QuasiResult run_quasi(const QuasiOptions& options, const QuasiRun& run);

}  // namespace montecarlo

/// Throws InvalidArgument (no points, too many, …) and what monte_carlo throws.
template <class F>
QuasiResult quasi_monte_carlo(Engine& engine, const QuasiOptions& options, F path) {
  static_assert(!montecarlo::Plain<F>, "quasi-random paths are generic closures: [](auto& path)");
  return montecarlo::run_quasi(
      options, [&](const montecarlo::QuasiPlan& plan, std::int64_t points) {
        MonteCarloOptions each;
        each.paths = points;
        each.seed = options.seed;
        each.stream = plan.randomisation.number;
        each.on_invalid = options.on_invalid;
        each.block_paths = options.block_paths;
        if (options.set == PointSet::sobol) {
          return monte_carlo(engine, each, montecarlo::QuasiPath<F, PointSet::sobol>{path, plan});
        }
        return monte_carlo(engine, each, montecarlo::QuasiPath<F, PointSet::halton>{path, plan});
      });
}

}  // namespace furrow
