// Value at risk and expected shortfall of a portfolio.
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <furrow/montecarlo/finance/portfolio.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>

namespace furrow::models {
namespace {

Estimate estimate_of(const finance::Measured& measured) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Estimate out{measured.value, measured.standard_error, measured.low, measured.high};
  out.variance = out.skew = out.kurtosis = out.min = out.max = none;
  return out;
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::Portfolio portfolio;
  portfolio.weights = numbers(p, "weights");
  const std::size_t assets = portfolio.weights.size();
  portfolio.volatility = numbers(p, "sigmas", assets);
  portfolio.growth = numbers(p, "growths", assets);
  portfolio.correlation = correlation(p, assets);
  portfolio.horizon = p.real("horizon");
  portfolio.value = p.real("value");
  if (p.choice("returns") == "normal") portfolio.returns = finance::Returns::normal;
  const double level = p.real("level");
  finance::PortfolioRisk risk = finance::portfolio_risk(engine, options, portfolio, level);
  const finance::ExactRisk exact = finance::exact_portfolio_risk(portfolio, level);
  ModelResult result;
  result.outputs = {
      {"expected_shortfall", estimate_of(risk.expected_shortfall), exact.expected_shortfall},
      {"value_at_risk", estimate_of(risk.value_at_risk), exact.value_at_risk},
      {"loss", risk.simulation.outputs.at(finance::PortfolioRisk::loss)},
  };
  result.drawn = finance::PortfolioRisk::loss;
  result.drawn_as = "loss";
  result.marks = {{"value at risk", risk.value_at_risk.value},
                  {"expected shortfall", risk.expected_shortfall.value}};
  result.simulation = std::move(risk.simulation);
  if (risk.thin) {
    result.notes.push_back(fmt::format(
        "{} paths are too few for level {}: fewer than 100 lie beyond the value at risk, "
        "and the errors are hardly known ({} paths would do)",
        result.simulation.paths, level, finance::portfolio_paths_min(level)));
  }
  return result;
}

}  // namespace

Model portfolio() {
  Model model{"portfolio",
              "value at risk and expected shortfall of a portfolio",
              "finance",
              {text("weights", "of 1 to 16 assets, with commas between", "0.25,0.25,0.25,0.25"),
               text("sigmas", "their volatilities per square root of a day", "0.01"),
               text("growths", "their growth per day", "0"),
               text("correlation", "of all pairs, of each (1-2, 1-3, ...), or a matrix", "0.5"),
               number("horizon", "time until the loss is looked at", "days", 21, positive),
               number("value", "what the portfolio is worth now", "", 1, positive),
               number("level", "of the value at risk", "", 0.99, {0.5, 1}),
               choice("returns",
                      {{"lognormal", "values grow as exponentials of normals"},
                       {"normal", "returns are normal, and the loss has a closed form"}},
                      "law of the returns")},
              &run};
  model.least = [](const Parameters& p) { return finance::portfolio_paths_min(p.real("level")); };
  return model;
}

}  // namespace furrow::models
