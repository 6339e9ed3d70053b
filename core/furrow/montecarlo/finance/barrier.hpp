// furrow/montecarlo/finance/barrier.hpp
//
// Barrier options: a European option that lives only when the spot touches the barrier (in), or
// does not (out).
//
// Watch    discrete: at iT/n for i = 1 … n · corrected: at all times, by n dates and a barrier that
//          is moved towards the spot by e^(0.5826 σ sqrt(T/n)), error o(1/sqrt n), 0.02 at
//          most for spot 100 and 100 dates · bridge: at all
//          times, exactly, by the probability that a Brownian bridge touches between two dates
// Units    as European
// Exact    watched at all times: kernels/finance/path_dependent.hpp (`exact`). Discrete: NaN
// Errors   InvalidArgument as European; a barrier that the spot has touched; a volatility of 0
// Source   Broadie, Glasserman, Kou, Mathematical Finance 7 (1997); Glasserman (2003), 6.4
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

using kernels::finance::Knock;
using kernels::finance::Right;

enum class Watch { discrete, corrected, bridge };

struct Barrier {
  Knock knock = Knock::down_out;
  Right right = Right::call;
  double spot = 100;
  double strike = 100;
  double barrier = 90;
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
  std::int64_t steps = 252;
  Watch watch = Watch::discrete;
};

double exact(const Barrier& option);

/// Output 0: the price; output 1: the European option without the barrier, the control (exactly
/// known) unless `control` is false.
MonteCarloResult barrier(Engine& engine, const MonteCarloOptions& options, const Barrier& option,
                         bool control = true);

}  // namespace furrow::finance
