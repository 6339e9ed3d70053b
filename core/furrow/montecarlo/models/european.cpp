// European and digital options.
#include <furrow/error.hpp>
#include <furrow/montecarlo/finance/european.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::models {
namespace {

using finance::Greek;

finance::European read(const Parameters& p) {
  finance::European option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  return option;
}

ModelResult run_european(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const finance::European option = read(p);
  const auto truth = [&](Greek greek) { return finance::exact(option, greek); };
  if (!p.flag("greeks")) {
    return named(finance::european(engine, options, option, p.flag("control")),
                 {{"price", truth(Greek::price)}});
  }
  const std::string& method = p.choice("method");
  const auto by = method == "likelihood-ratio" ? finance::GreekMethod::likelihood_ratio
                  : method == "bumped"         ? finance::GreekMethod::bumped
                                               : finance::GreekMethod::pathwise;
  return named(finance::european_greeks(engine, options, option, by),
               {{"price", truth(Greek::price)},
                {"delta", truth(Greek::delta)},
                {"gamma", truth(Greek::gamma)},
                {"vega", truth(Greek::vega)},
                {"theta", truth(Greek::theta)},
                {"rho", truth(Greek::rho)}});
}

ModelResult run_digital(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const finance::European option = read(p);
  const bool cash = p.choice("payment") == "cash";
  return named(
      finance::digital(engine, options, option,
                       cash ? finance::Payment::cash : finance::Payment::asset),
      {{"price", finance::exact(option, cash ? Greek::cash_digital : Greek::asset_digital)}});
}

}  // namespace

ModelResult quasi::european(Engine& engine, const QuasiOptions& options, const Parameters& p) {
  if (p.flag("greeks") || p.flag("control")) {
    throw InvalidArgument("european: quasi-random points price it, without greeks and control");
  }
  const finance::European option = read(p);
  return named(finance::quasi_european(engine, options, option),
               {"price", finance::exact(option, Greek::price)});
}

ModelResult quasi::digital(Engine& engine, const QuasiOptions& options, const Parameters& p) {
  const finance::European option = read(p);
  const bool cash = p.choice("payment") == "cash";
  return named(
      finance::quasi_digital(engine, options, option,
                             cash ? finance::Payment::cash : finance::Payment::asset),
      {"price", finance::exact(option, cash ? Greek::cash_digital : Greek::asset_digital)});
}

Model european() {
  return {"european", "price of a European option, and its sensitivities", "finance",
          market_table({sigma_line(), flag("control", "use the asset's known mean"),
                        flag("greeks", "delta, gamma, vega, theta, rho, too"),
                        choice("method",
                               {{"pathwise", "--greeks by differentiating each path's payoff"},
                                {"likelihood-ratio", "--greeks by differentiating the density"},
                                {"bumped", "--greeks by differences, of the same draws"}},
                               "how --greeks are found")}),
          &run_european};
}

Model digital() {
  return {"digital", "price of a digital option: 1 or the asset if it ends in the money", "finance",
          market_table({sigma_line(),
                        choice("payment", {{"cash", "it pays 1"}, {"asset", "it pays the asset"}},
                               "what is paid")}),
          &run_digital};
}

}  // namespace furrow::models
