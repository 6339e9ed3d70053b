#include <furrow/montecarlo/finance/european.hpp>

#include <array>

#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::finance {

using processes::exp;
using processes::max;
using processes::where;

double exact(const European& o, Greek greek) {
  check_option(o);
  return kernels::finance::black_scholes({.right = o.right,
                                          .spot = o.spot,
                                          .strike = o.strike,
                                          .rate = o.rate,
                                          .dividend = o.dividend,
                                          .volatility = o.sigma,
                                          .maturity = o.maturity},
                                         greek);
}

MonteCarloResult european(Engine& engine, const MonteCarloOptions& options, const European& option,
                          bool control) {
  check_option(option);
  const LogSteps to(option, 1);
  const double scale = sign_of(option.right) * discount_of(option);
  const double asset = scale * option.spot;
  const double strike = scale * option.strike;
  if (!control) {
    return monte_carlo(engine, options, [=](auto& path) {
      return max(asset * exp(to.drift + to.deviation * path.normal()) - strike, 0.0);
    });
  }
  const double mean =
      sign_of(option.right) * option.spot * std::exp(-option.dividend * option.maturity);
  return monte_carlo(engine, with_controls(options, {mean}), [=](auto& path) {
    const auto end = asset * exp(to.drift + to.deviation * path.normal());
    return std::array{max(end - strike, 0.0), end};
  });
}

MonteCarloResult digital(Engine& engine, const MonteCarloOptions& options, const European& option,
                         Payment payment) {
  check_option(option);
  const LogSteps to(option, 1);
  const double sign = sign_of(option.right);
  const double discount = discount_of(option);
  const double level = sign * std::log(option.strike / option.spot);
  if (payment == Payment::cash) {
    return monte_carlo(engine, options, [=](auto& path) {
      const auto x = to.drift + to.deviation * path.normal();
      return where(sign * x > level, RealOf<decltype(path)>(discount), 0.0);
    });
  }
  const double asset = discount * option.spot;
  return monte_carlo(engine, options, [=](auto& path) {
    const auto x = to.drift + to.deviation * path.normal();
    return where(sign * x > level, asset * exp(x), 0.0);
  });
}

}  // namespace furrow::finance
