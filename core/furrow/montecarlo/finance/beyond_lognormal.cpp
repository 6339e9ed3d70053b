#include <furrow/montecarlo/finance/beyond_lognormal.hpp>

#include <array>

#include <furrow/kernels/finance/models.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/heston.hpp>
#include <furrow/montecarlo/processes/merton_jumps.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;

void check(const HestonOption& o) {
  processes::check_positive("the spot", o.spot);
  processes::check_positive("the strike", o.strike);
  processes::check_finite("the rate", o.rate);
  processes::check_finite("the dividend", o.dividend);
  processes::check_positive("the maturity", o.maturity);
  processes::check_not_negative("the variance", o.variance);
  check_steps("the number of steps", o.steps);
}

/// ±1 times the discounted asset's mean.
template <class Option>
double control_mean(const Option& o) {
  return sign_of(o.right) * o.spot * std::exp(-o.dividend * o.maturity);
}

}  // namespace

double exact(const HestonOption& o) {
  check(o);
  return kernels::finance::heston({.right = o.right,
                                   .spot = o.spot,
                                   .strike = o.strike,
                                   .rate = o.rate,
                                   .dividend = o.dividend,
                                   .maturity = o.maturity,
                                   .variance = o.variance,
                                   .reversion = o.reversion,
                                   .mean = o.mean,
                                   .volatility = o.volatility,
                                   .correlation = o.correlation})
      .price;
}

MonteCarloResult heston(Engine& engine, const MonteCarloOptions& options,
                        const HestonOption& option, bool control) {
  check(option);
  const std::int64_t steps = option.steps;
  const processes::Heston process(option.rate - option.dividend,
                                  {option.reversion, option.mean, option.volatility},
                                  option.correlation, option.maturity / static_cast<double>(steps));
  const double scale = sign_of(option.right) * discount_of(option);
  const double asset = scale * option.spot;
  const double strike = scale * option.strike;
  const double variance = option.variance;
  const MonteCarloOptions own = control ? with_controls(options, {control_mean(option)}) : options;
  return monte_carlo(engine, own, [=](auto& path) {
    using Real = RealOf<decltype(path)>;
    processes::HestonState<Real> state{0.0, variance};
    for (std::int64_t i = 0; i < steps; ++i) process.step(path, state);
    const Real end = asset * exp(state.log_price);
    return std::array{max(end - strike, Real(0.0)), end};
  });
}

double exact(const MertonOption& o) {
  check_option(o);
  return kernels::finance::merton_jump({.right = o.right,
                                        .spot = o.spot,
                                        .strike = o.strike,
                                        .rate = o.rate,
                                        .dividend = o.dividend,
                                        .volatility = o.sigma,
                                        .maturity = o.maturity,
                                        .intensity = o.intensity,
                                        .jump_mean = o.jump_mean,
                                        .jump_deviation = o.jump_deviation});
}

MonteCarloResult merton(Engine& engine, const MonteCarloOptions& options,
                        const MertonOption& option, bool control) {
  check_option(option);
  const processes::MertonJumps process(option.rate - option.dividend, option.sigma,
                                       {option.intensity, option.jump_mean, option.jump_deviation},
                                       option.maturity);
  const double scale = sign_of(option.right) * discount_of(option);
  const double asset = scale * option.spot;
  const double strike = scale * option.strike;
  const MonteCarloOptions own = control ? with_controls(options, {control_mean(option)}) : options;
  return monte_carlo(engine, own, [=](auto& path) {
    using Real = RealOf<decltype(path)>;
    const Real end = process.step(path, Real(asset));
    return std::array{max(end - strike, Real(0.0)), end};
  });
}

}  // namespace furrow::finance
