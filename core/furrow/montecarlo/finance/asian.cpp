#include <furrow/montecarlo/finance/asian.hpp>

#include <array>
#include <limits>

#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;

double geometric_price(const Asian& o) {
  return kernels::finance::geometric_asian({.right = o.right,
                                            .spot = o.spot,
                                            .strike = o.strike,
                                            .rate = o.rate,
                                            .dividend = o.dividend,
                                            .volatility = o.sigma,
                                            .maturity = o.maturity,
                                            .fixings = static_cast<double>(o.fixings)});
}

void check(const Asian& option) {
  check_option(option);
  check_steps("the number of fixings", option.fixings);
}

}  // namespace

double exact(const Asian& option) {
  check(option);
  return option.mean == Mean::geometric ? geometric_price(option)
                                        : std::numeric_limits<double>::quiet_NaN();
}

MonteCarloResult asian(Engine& engine, const MonteCarloOptions& options, const Asian& option,
                       bool control) {
  check(option);
  const LogSteps step(option, option.fixings);
  const std::int64_t fixings = option.fixings;
  const double n = static_cast<double>(fixings);
  const double scale = sign_of(option.right) * discount_of(option);
  const double asset = scale * option.spot;
  const double strike = scale * option.strike;
  if (option.mean == Mean::geometric) {
    return monte_carlo(engine, options, [=](auto& path) {
      RealOf<decltype(path)> x = 0.0;
      RealOf<decltype(path)> logs = 0.0;
      for (std::int64_t i = 0; i < fixings; ++i) {
        x = x + (step.drift + step.deviation * path.normal());
        logs = logs + x;
      }
      return max(asset * exp(logs * (1 / n)) - strike, 0.0);
    });
  }
  const MonteCarloOptions own =
      control ? with_controls(options, {geometric_price(option)}) : options;
  return monte_carlo(engine, own, [=](auto& path) {
    RealOf<decltype(path)> x = 0.0;
    RealOf<decltype(path)> logs = 0.0;
    RealOf<decltype(path)> sum = 0.0;
    for (std::int64_t i = 0; i < fixings; ++i) {
      x = x + (step.drift + step.deviation * path.normal());
      logs = logs + x;
      sum = sum + exp(x);
    }
    return std::array{max((asset / n) * sum - strike, 0.0),
                      max(asset * exp(logs * (1 / n)) - strike, 0.0)};
  });
}

}  // namespace furrow::finance
