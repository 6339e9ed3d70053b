// American options by least squares.
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/finance/american.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>

namespace furrow::models {
namespace {

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::American option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  option.dates = p.integer("dates");
  option.degree = p.integer("degree");
  option.calibration_paths = p.integer("calibration-paths");
  option.paths = p.text("keep-paths");
  finance::AmericanPrice found = finance::american(engine, options, option);
  // A call without dividends is never exercised early, unless the rate is below 0.
  const bool european =
      option.right == kernels::finance::Right::call && option.dividend == 0 && option.rate >= 0;
  const double exact = european ? kernels::finance::black_scholes({.spot = option.spot,
                                                                   .strike = option.strike,
                                                                   .rate = option.rate,
                                                                   .volatility = option.sigma,
                                                                   .maturity = option.maturity})
                                : std::numeric_limits<double>::quiet_NaN();
  ModelResult result = named(std::move(found.simulation), {{"price", exact}});
  const std::string biased = fmt::format(
      "biased low, by the exercise rule; the rule's own paths, biased high, give {:.6g} +- {:.2g}",
      found.in_sample, found.in_sample_error);
  if (!found.exercise_now) {
    result.notes.push_back("the price is " + biased);
    return result;
  }
  Estimate& price = result.outputs.front().estimate;
  result.notes.push_back(
      fmt::format("exercise now: that is worth {:.6g}, which is the price; to wait is worth {:.6g} "
                  "+- {:.2g}, {}",
                  found.price, price.mean, price.standard_error, biased));
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  price = {found.price, found.standard_error, found.price, found.price};
  price.skew = price.kurtosis = price.min = price.max = none;
  return result;
}

}  // namespace

Model american() {
  Model model{"american", "price of an American option, by least squares", "finance",
              market_table({sigma_line(), integer("dates", "dates of exercise", 50, {1, 240}),
                            integer("degree", "of the polynomial in the spot", 5, {1, 8}),
                            integer("calibration-paths", "paths that the exercise rule is from",
                                    65536, {1024, 0x1p32}),
                            text("keep-paths", "name of an array for the rule's paths", "")}),
              &run};
  for (Parameter& each : model.parameters) {
    each.leaves = each.name == "keep-paths";
    // American options are puts, unless said otherwise.
    if (each.name == "right") each = right_line({"put", "call"});
  }
  return model;
}

}  // namespace furrow::models
