// furrow/montecarlo/finance/lookback.hpp
//
// Lookback options: on the greatest or least spot until maturity, today's included.
//
//   floating  call: S_T - least,  put: greatest - S_T
//   fixed     call: max(greatest - K, 0),  put: max(K - least, 0)
//
// Watch    discrete: at 0 and iT/n · corrected: at all times, by those dates and an extreme that is
//          moved by e^(±0.5826 σ sqrt(T/n)), error o(1/sqrt n), 0.3 %
//          with 100 dates · bridge: at all times, exactly, by
//          the extreme of a Brownian bridge between two dates (a uniform and a logarithm more)
// Units    as European
// Exact    watched at all times: kernels/finance/path_dependent.hpp (`exact`). Discrete: NaN
// Errors   InvalidArgument as European; a volatility of 0
// Source   Goldman, Sosin, Gatto, J. Finance 34 (1979); Broadie, Glasserman, Kou, Finance and
//          Stochastics 3 (1999)
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/finance/barrier.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

using kernels::finance::Strike;

struct Lookback {
  Strike kind = Strike::floating;
  Right right = Right::call;
  double spot = 100;
  double strike = 100;  // fixed only
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
  std::int64_t steps = 252;
  Watch watch = Watch::discrete;
};

double exact(const Lookback& option);

/// Output 0: the price.
MonteCarloResult lookback(Engine& engine, const MonteCarloOptions& options, const Lookback& option);

}  // namespace furrow::finance
