// Options on a basket of assets.
#include <furrow/montecarlo/finance/basket.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::models {
namespace {

finance::Basket read(const Parameters& p) {
  finance::Basket option;
  option.right = p.choice("right") == "put" ? finance::Right::put : finance::Right::call;
  option.weights = numbers(p, "weights");
  const std::size_t assets = option.weights.size();
  option.spot = numbers(p, "spots", assets);
  option.sigma = numbers(p, "sigmas", assets);
  option.dividend = numbers(p, "dividends", assets);
  option.correlation = correlation(p, assets);
  option.strike = p.real("strike");
  option.rate = p.real("rate");
  option.maturity = p.real("maturity");
  return option;
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const finance::Basket option = read(p);
  return named(finance::basket(engine, options, option, !p.flag("no-control")),
               {{"price", finance::exact(option)}});
}

}  // namespace

ModelResult quasi::basket(Engine& engine, const QuasiOptions& options, const Parameters& p) {
  const finance::Basket option = read(p);
  return named(finance::quasi_basket(engine, options, option), {"price", finance::exact(option)});
}

Model basket() {
  return {
      "basket",
      "price of a European option on a basket of correlated assets",
      "finance",
      {text("weights", "of 2 to 8 assets, with commas between", "0.25,0.25,0.25,0.25"),
       text("spots", "their prices now; one number: the same for all", "100"),
       text("sigmas", "their volatilities per square root of a year", "0.2"),
       text("dividends", "their dividends per year", "0"),
       text("correlation", "of all pairs, of each (1-2, 1-3, ...), or a matrix", "0.5"),
       number("strike", "strike", "", 100, not_negative),
       number("rate", "interest rate, continuous", "per year", 0.05),
       number("maturity", "time to maturity", "years", 1, positive), right_line({"call", "put"}),
       flag("no-control", "leave the geometric basket's known price unused")},
      &run};
}

}  // namespace furrow::models
