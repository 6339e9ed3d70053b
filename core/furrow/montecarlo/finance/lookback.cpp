#include <furrow/montecarlo/finance/lookback.hpp>

#include <limits>

#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/bridge.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;

void check(const Lookback& o) {
  check_option(o);
  check_steps("the number of steps", o.steps);
  processes::check_positive("the volatility (sigma) of a lookback option", o.sigma);
}

/// The motion of ln S, turned so that its greatest value is wanted: y = ±ln(S_t/S).
struct Turned {
  double turn;
  double drift;  // of y in a step
  double deviation;
  double shift = 0;  // added to the extreme
  std::int64_t steps;
  double spot;    // discounted
  double strike;  // so is it
  bool floating;

  explicit Turned(const Lookback& o) : steps(o.steps), floating(o.kind == Strike::floating) {
    const LogSteps step(o, o.steps);
    // A call with floating strike and a put with a fixed one look for the least spot.
    turn = floating ? -sign_of(o.right) : sign_of(o.right);
    drift = turn * step.drift;
    deviation = step.deviation;
    if (o.watch == Watch::corrected) shift = discrete_shift * deviation;
    spot = discount_of(o) * o.spot;
    strike = discount_of(o) * o.strike;
  }
  template <class Real>
  Real pay(const Real& end, const Real& top) const {
    const Real extreme = spot * exp(turn * (top + shift));
    if (floating) return turn * (extreme - spot * exp(turn * end));
    return max(turn * (extreme - strike), Real(0.0));
  }
};

struct AtDates : Turned {
  using Turned::Turned;
  template <class G>
  RealOf<G> operator()(G& path) const {
    RealOf<G> y = 0.0;
    RealOf<G> top = 0.0;
    for (std::int64_t i = 0; i < steps; ++i) {
      y = y + (drift + deviation * path.normal());
      top = max(top, y);
    }
    return pay(y, top);
  }
};

struct AtAllTimes : Turned {
  using Turned::Turned;
  template <class G>
  RealOf<G> operator()(G& path) const {
    const double variance = deviation * deviation;
    RealOf<G> y = 0.0;
    RealOf<G> top = 0.0;
    for (std::int64_t i = 0; i < steps; ++i) {
      const RealOf<G> next = y + (drift + deviation * path.normal());
      top = max(top, processes::bridge_maximum(path, y, next, variance));
      y = next;
    }
    return pay(y, top);
  }
};

}  // namespace

double exact(const Lookback& o) {
  check(o);
  if (o.watch == Watch::discrete) return std::numeric_limits<double>::quiet_NaN();
  return kernels::finance::lookback({.kind = o.kind,
                                     .right = o.right,
                                     .spot = o.spot,
                                     .strike = o.strike,
                                     .rate = o.rate,
                                     .dividend = o.dividend,
                                     .volatility = o.sigma,
                                     .maturity = o.maturity});
}

MonteCarloResult lookback(Engine& engine, const MonteCarloOptions& options,
                          const Lookback& option) {
  check(option);
  if (option.watch == Watch::bridge) return monte_carlo(engine, options, AtAllTimes(option));
  return monte_carlo(engine, options, AtDates(option));
}

}  // namespace furrow::finance
