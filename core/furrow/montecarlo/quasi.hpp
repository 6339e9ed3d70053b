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
//           in order: uniform() is one, normal() its quantile; so are exponential() and
//           bernoulli(p). Give what matters most the first draws; BrownianBridge does it for a path
//           in time
// Beyond    poisson, binomial, gamma, integer, and draws after the point's last coordinate (3,667)
//           are random, independent for each randomisation: still unbiased, no longer faster
// Estimate  the mean of `randomisations` means, each of `points` points that are uniform one by one
//           (unbiased) and even together; error, variance, skew and interval (Student's t) are
//           those of these means. min and max are of the paths'
// Points    Sobol: a power of two, `points` rounded up. Halton: any number
// Stops     where an error is asked for: at 1,024 points, or twice as many, … `points` at most,
// when
//           the paths' kurtosis lets the error be believed, as monte_carlo does (options.hpp); no
//           variance at all after 2^20 paths. With R randomisations such a stop makes intervals of
//           95 % cover less: 0.91 with 8, 0.93 with 16, 0.94 with 32 (normal means, worst case)
// Bits      as monte_carlo's: for any number of workers, after any crash
// Gain      the variance that as many random paths would have, by that of this estimate. Smooth
//           functions of few coordinates that matter: hundreds and more, growing with the points
// Source    Owen, "Monte Carlo variance of scrambled net quadrature", SIAM J. Numer. Anal. 34
//           (1997); L'Ecuyer, "Quasi-Monte Carlo methods with applications in finance", Finance
//           Stoch. 13 (2009); the points: kernels/furrow/kernels/quasi
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
  std::int64_t points = 1 << 16;     // of each randomisation, at most 2^40
  std::int64_t randomisations = 16;  // at most 4,096; 8 at least with error or relative_error
  double error = 0;           // ends earlier when output 0's standard error is as small, or …
  double relative_error = 0;  // … as small a part of its mean
  PointSet set = PointSet::sobol;
  Scrambling scrambling = Scrambling::owen;  // none: one randomisation, no error
  std::uint64_t seed = 0;
  double confidence = 0.95;
  OnInvalid on_invalid = OnInvalid::count;
  std::int64_t block_paths = 256;
  /// Called about ten times a second; false ends the simulation. The estimate is then that of the
  /// points that every randomisation has; NaN of none.
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
  static constexpr const char* design = "quasi-random points";
  static BlockFunction block() noexcept {
    using Closure = QuasiPath<F, S>;
    if constexpr (S == PointSet::sobol) {
      return FURROW_BLOCK_FUNCTION(run_sobol_block<Closure>);
    } else {
      return FURROW_BLOCK_FUNCTION(run_halton_block<Closure>);
    }
  }
};

/// A job: the same points of every randomisation. All of it travels to workers as bytes.
struct QuasiPieces {
  Pieces each;     // of one randomisation; their records stand one after the other
  QuasiPlan plan;  // of randomisation 0
  std::int64_t randomisations;

  std::int64_t count() const noexcept { return each.count() * randomisations; }
};

/// A closure whose type is known no more.
struct AnyQuasi {
  std::size_t outputs;
  std::size_t workers;
  std::function<Future<void>(const QuasiPieces&)> start;
};

QuasiResult run_quasi(const QuasiOptions& options, const AnyQuasi& simulation);

template <PointSet S, class F>
AnyQuasi quasi_of(Engine& engine, const F& path) {
  using Closure = QuasiPath<F, S>;
  using Code = SimulationOf<Closure>;
  static_assert(Code::outputs >= 1 && Code::outputs <= outputs_max, "a path has 1 to 32 outputs");
  return {Code::outputs, engine.workers(), [&engine, path](const QuasiPieces& all) {
            return engine.for_each_async(all.count(), [path, all](std::int64_t piece) {
              const std::int64_t count = all.each.count();
              const std::int64_t number = piece / count;
              Pieces own = all.each;
              own.sequence.stream = static_cast<std::uint64_t>(number);
              own.records += static_cast<std::size_t>(number * count) * own.layout.words();
              Closure closure{path, all.plan};
              closure.plan.randomisation.number = static_cast<std::uint64_t>(number);
              run_piece(own, piece % count, Code::block(), &closure);
            });
          }};
}

}  // namespace montecarlo

/// Throws InvalidArgument (no points, too many, …) and KernelFailed as monte_carlo does.
template <class F>
QuasiResult quasi_monte_carlo(Engine& engine, const QuasiOptions& options, F path) {
  FURROW_CHECK_CAPTURES(F);
  static_assert(!montecarlo::Plain<F>, "quasi-random paths are generic closures: [](auto& path)");
  return montecarlo::run_quasi(options, options.set == PointSet::sobol
                                            ? montecarlo::quasi_of<PointSet::sobol>(engine, path)
                                            : montecarlo::quasi_of<PointSet::halton>(engine, path));
}

}  // namespace furrow
