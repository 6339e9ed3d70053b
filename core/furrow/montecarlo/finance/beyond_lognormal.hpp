// furrow/montecarlo/finance/beyond_lognormal.hpp
//
// European options beyond the lognormal asset: stochastic volatility (Heston), jumps (Merton).
//
//   price = E[e^(-rT) max(±(S_T - K), 0)], S as processes/heston.hpp, processes/merton_jumps.hpp
//
// Method   Heston: `steps` of Andersen's QE with martingale correction, a weak error that falls
//          with their length; Merton: one exact step. The discounted asset as control
// Units    as European; variances per year: `variance` today's, `mean` the long-run one
// Exact    kernels/finance/models.hpp: Heston's integral, Merton's series
// Errors   InvalidArgument: as European; reversion, mean or volatility of the variance not
//          positive, a correlation beyond ±1; a negative intensity or deviation of jumps
// Source   Andersen (2008); Heston (1993); Merton (1976)
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

using kernels::finance::Right;

struct HestonOption {
  Right right = Right::call;
  double spot = 100;
  double strike = 100;
  double rate = 0.05;
  double dividend = 0;
  double maturity = 1;
  double variance = 0.04;
  double reversion = 1.5;
  double mean = 0.04;
  double volatility = 0.3;  // of the variance
  double correlation = -0.7;
  std::int64_t steps = 64;
};

double exact(const HestonOption& option);

/// Output 0: the price; output 1: the discounted asset, the control unless `control` is false.
MonteCarloResult heston(Engine& engine, const MonteCarloOptions& options,
                        const HestonOption& option, bool control = true);

struct MertonOption {
  Right right = Right::call;
  double spot = 100;
  double strike = 100;
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
  double intensity = 1;     // jumps a year
  double jump_mean = -0.1;  // of the logarithm of a jump
  double jump_deviation = 0.15;
};

double exact(const MertonOption& option);

/// Output 0: the price; output 1: the discounted asset, the control unless `control` is false.
MonteCarloResult merton(Engine& engine, const MonteCarloOptions& options,
                        const MertonOption& option, bool control = true);

}  // namespace furrow::finance
