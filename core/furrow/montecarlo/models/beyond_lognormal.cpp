// European options under stochastic volatility, and with jumps.
#include <furrow/montecarlo/finance/beyond_lognormal.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>

namespace furrow::models {
namespace {

ModelResult run_heston(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::HestonOption option;
  read_market(p, option);
  option.variance = p.real("variance");
  option.reversion = p.real("reversion");
  option.mean = p.real("mean");
  option.volatility = p.real("volatility");
  option.correlation = p.real("correlation");
  option.steps = p.integer("steps");
  return named(finance::heston(engine, options, option, !p.flag("no-control")),
               {{"price", finance::exact(option)}});
}

ModelResult run_merton(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::MertonOption option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  option.intensity = p.real("intensity");
  option.jump_mean = p.real("jump-mean");
  option.jump_deviation = p.real("jump-deviation");
  return named(finance::merton(engine, options, option, !p.flag("no-control")),
               {{"price", finance::exact(option)}});
}

Parameter no_control() { return flag("no-control", "leave the asset's known mean unused"); }

}  // namespace

Model heston() {
  return {"heston", "price of a European option under Heston's stochastic volatility", "finance",
          market_table({number("variance", "variance now", "per year", 0.04, not_negative),
                        number("reversion", "speed at which it reverts", "per year", 1.5, positive),
                        number("mean", "variance in the long run", "per year", 0.04, positive),
                        number("volatility", "of the variance", "per year", 0.3, positive),
                        number("correlation", "of asset and variance", "", -0.7, {-1, 1}),
                        integer("steps", "steps to maturity", 64, {1, 1e6}), no_control()}),
          &run_heston};
}

Model merton() {
  return {"merton", "price of a European option on an asset that jumps (Merton)", "finance",
          market_table({sigma_line(), number("intensity", "jumps", "per year", 1, not_negative),
                        number("jump-mean", "mean of a jump's logarithm", "", -0.1),
                        number("jump-deviation", "its standard deviation", "", 0.15, not_negative),
                        no_control()}),
          &run_merton};
}

}  // namespace furrow::models
