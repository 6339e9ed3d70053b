// furrow/montecarlo/finance/portfolio.hpp
//
// What a portfolio may lose until a horizon: value at risk and expected shortfall, each with its
// error.
//
//   loss = value Σ w_i (1 - exp((g_i - σ_i²/2) h + σ_i sqrt(h) x_i)),  x correlated normals
//   VaR  its quantile at `level`;  ES = min over c of c + E[max(loss - c, 0)] / (1 - level)
//
// Units    volatility per square root of a unit of time, growth per unit, the horizon in units:
//          days, years; losses in the unit of `value`
// Method   a pilot run (2^14 to 2^20 paths, more for a thin tail, a stream of its own) finds c near
//          VaR. The run counts what lies beyond c and near it: VaR is c moved by the excess of that
//          count over the density. ES is Rockafellar and Uryasev's mean at c, an ordinary Monte
//          Carlo estimate with its own standard error; what c misses VaR by enters in second order,
//          and is subtracted
// Error    standard error of VaR: sqrt(p (1 - p) / n) / density, of ES: that of the mean
// Tail     100 paths at least are to lie beyond VaR: half as many lie near it, which tell the
//          density to a seventh, and with it the error. Fewer paths than 100 / (1 - level) are
//          refused, an error is not believed before; where time ends a run earlier, `thin` says so
// Bits     those of seed, stream, paths and level: the same for any workers
// Size     1 to 16 assets
// Errors   InvalidArgument: a negative volatility, a correlation that is none (processes/
//          correlation.hpp), vectors of different sizes, a portfolio without risk; and what
//          monte_carlo throws
// Source   Rockafellar, Uryasev, J. Risk 2 (2000); Glasserman (2003), 9.1
#pragma once

#include <cstdint>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

enum class Returns {
  lognormal,  // as above
  normal,     // linear: loss = -value Σ w_i (g_i h + σ_i sqrt(h) x_i), which has closed forms
};

struct Portfolio {
  std::vector<double> weights;  // parts of the value; may be negative, and need not add up to 1
  std::vector<double> volatility;
  std::vector<double> growth{};     // expected returns; none: 0
  std::vector<double> correlation;  // n by n, row by row
  double horizon = 1;
  double value = 1;
  Returns returns = Returns::lognormal;
};

/// An estimate whose error is known.
struct Measured {
  double value = 0;
  double standard_error = 0;
  double low = 0;  // interval of the options' confidence
  double high = 0;
};

struct PortfolioRisk {
  Measured value_at_risk;
  Measured expected_shortfall;
  /// Outputs: Rockafellar and Uryasev's variable (its mean is ES, nearly: above), the loss, whether
  /// it lies beyond c, whether near c. Histograms and quantiles of output `loss` are those of
  /// the losses, if asked for. options.error is about ES.
  MonteCarloResult simulation;
  /// It ended before 100 paths could be expected beyond VaR: errors are hardly known, and infinite
  /// where there were none.
  bool thin = false;
  static constexpr std::size_t loss = 1;
};

/// 100 / (1 - level), rounded up. Throws InvalidArgument for a level that is none, or needs more
/// than 2^40 paths.
std::int64_t portfolio_paths_min(double level);

PortfolioRisk portfolio_risk(Engine& engine, const MonteCarloOptions& options,
                             const Portfolio& portfolio, double level = 0.99);

struct ExactRisk {
  double value_at_risk;
  double expected_shortfall;
};
/// Where a closed form is known: normal returns, or one lognormal asset held long. NaN otherwise.
ExactRisk exact_portfolio_risk(const Portfolio& portfolio, double level = 0.99);

}  // namespace furrow::finance
