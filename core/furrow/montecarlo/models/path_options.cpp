// Options on a whole path: Asian, barrier, lookback.
#include <furrow/montecarlo/finance/asian.hpp>
#include <furrow/montecarlo/finance/barrier.hpp>
#include <furrow/montecarlo/finance/lookback.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/market.hpp>

namespace furrow::models {
namespace {

const Range steps_range{1, 1e6};

Parameter watch_line() {
  return choice("watch",
                {{"bridge", "the price is watched at all times, by Brownian bridges between dates"},
                 {"corrected", "at all times, nearly: barrier or extreme of the dates is moved"},
                 {"discrete", "at the dates alone"}},
                "when the price is watched");
}
finance::Watch read_watch(const Parameters& p) {
  const std::string& watch = p.choice("watch");
  return watch == "bridge"      ? finance::Watch::bridge
         : watch == "corrected" ? finance::Watch::corrected
                                : finance::Watch::discrete;
}

ModelResult run_asian(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::Asian option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  option.fixings = p.integer("fixings");
  if (p.choice("mean") == "geometric") option.mean = finance::Mean::geometric;
  return named(finance::asian(engine, options, option, !p.flag("no-control")),
               {{"price", finance::exact(option)}});
}

ModelResult run_barrier(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::Barrier option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  option.barrier = p.real("barrier");
  option.steps = p.integer("steps");
  option.watch = read_watch(p);
  const std::string& knock = p.choice("knock");
  option.knock = knock == "down-out"  ? finance::Knock::down_out
                 : knock == "down-in" ? finance::Knock::down_in
                 : knock == "up-out"  ? finance::Knock::up_out
                                      : finance::Knock::up_in;
  return named(finance::barrier(engine, options, option, !p.flag("no-control")),
               {{"price", finance::exact(option)}});
}

ModelResult run_lookback(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  finance::Lookback option;
  read_market(p, option);
  option.sigma = p.real("sigma");
  option.steps = p.integer("steps");
  option.watch = read_watch(p);
  if (p.choice("kind") == "fixed") option.kind = finance::Strike::fixed;
  return named(finance::lookback(engine, options, option), {{"price", finance::exact(option)}});
}

}  // namespace

Model asian() {
  return {"asian", "price of an Asian option, on the mean of the asset's price", "finance",
          market_table({sigma_line(), integer("fixings", "dates of the mean", 252, steps_range),
                        choice("mean",
                               {{"arithmetic", "the dates' sum by their number"},
                                {"geometric", "the root of their product, whose price is known"}},
                               "which mean"),
                        flag("no-control", "leave the geometric mean's known price unused")}),
          &run_asian};
}

Model barrier() {
  return {
      "barrier", "price of a barrier option", "finance",
      market_table({sigma_line(),
                    number("barrier", "price that knocks the option in or out", "", 90, positive),
                    choice("knock",
                           {{"down-out", "worthless once the price falls to the barrier"},
                            {"down-in", "worthless unless it falls to the barrier"},
                            {"up-out", "worthless once the price rises to the barrier"},
                            {"up-in", "worthless unless it rises to the barrier"}},
                           "what touching the barrier does"),
                    integer("steps", "steps to maturity", 252, steps_range), watch_line(),
                    flag("no-control", "leave the European option's known price unused")}),
      &run_barrier};
}

Model lookback() {
  return {"lookback", "price of a lookback option, on the greatest or least price", "finance",
          market_table(
              {sigma_line(),
               choice("kind",
                      {{"floating", "a call's strike is the least price, a put's the greatest"},
                       {"fixed", "of --strike, on the greatest price (put: the least)"}},
                      "kind of strike"),
               integer("steps", "steps to maturity", 252, steps_range), watch_line()}),
          &run_lookback};
}

}  // namespace furrow::models
