#include <furrow/montecarlo/finance/european.hpp>

#include <array>

#include <furrow/montecarlo/finance/european_paths.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::finance {

using processes::exp;
using processes::max;

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
  const EuropeanPath priced(option);
  if (!control) return monte_carlo(engine, options, priced);
  const double mean =
      sign_of(option.right) * option.spot * std::exp(-option.dividend * option.maturity);
  return monte_carlo(engine, with_controls(options, {mean}), [=](auto& path) {
    const auto end = priced.asset * exp(priced.to.drift + priced.to.deviation * path.normal());
    return std::array{max(end - priced.strike, 0.0), end};
  });
}

MonteCarloResult digital(Engine& engine, const MonteCarloOptions& options, const European& option,
                         Payment payment) {
  check_option(option);
  if (payment == Payment::cash) return monte_carlo(engine, options, CashPath(option));
  return monte_carlo(engine, options, AssetPath(option));
}

QuasiResult quasi_european(Engine& engine, const QuasiOptions& options, const European& option) {
  check_option(option);
  return quasi_monte_carlo(engine, options, EuropeanPath(option));
}

QuasiResult quasi_digital(Engine& engine, const QuasiOptions& options, const European& option,
                          Payment payment) {
  check_option(option);
  if (payment == Payment::cash) return quasi_monte_carlo(engine, options, CashPath(option));
  return quasi_monte_carlo(engine, options, AssetPath(option));
}

}  // namespace furrow::finance
