#include <furrow/montecarlo/finance/barrier.hpp>

#include <array>
#include <limits>

#include <fmt/format.h>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/bridge.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;
using processes::where;

bool is_up(Knock knock) noexcept { return knock == Knock::up_in || knock == Knock::up_out; }
bool is_in(Knock knock) noexcept { return knock == Knock::up_in || knock == Knock::down_in; }

void check(const Barrier& o) {
  check_option(o);
  check_steps("the number of steps", o.steps);
  processes::check_positive("the volatility (sigma) of a barrier option", o.sigma);
  processes::check_positive("the barrier", o.barrier);
  if (is_up(o.knock) ? o.spot >= o.barrier : o.spot <= o.barrier) {
    throw InvalidArgument(fmt::format(
        "the spot {} has touched the barrier {} already: a{} barrier "
        "lies {} the spot",
        o.spot, o.barrier, is_up(o.knock) ? "n up" : " down", is_up(o.knock) ? "above" : "below"));
  }
}

/// The motion of ln S away from the spot, turned so that the barrier lies above: y = ±ln(S_t/S).
struct Turned {
  double turn;   // 1 for an up barrier
  double drift;  // of y in a step
  double deviation;
  double level;  // of the barrier
  std::int64_t steps;
  double asset;  // ± discounted
  double strike;
  double touched_pays;  // an in option: 1, an out option: 0
  double alive_pays;

  explicit Turned(const Barrier& o) : turn(is_up(o.knock) ? 1 : -1), steps(o.steps) {
    const LogSteps step(o, o.steps);
    drift = turn * step.drift;
    deviation = step.deviation;
    level = turn * std::log(o.barrier / o.spot);
    if (o.watch == Watch::corrected) level -= discrete_shift * deviation;
    const double scale = sign_of(o.right) * discount_of(o);
    asset = scale * o.spot;
    strike = scale * o.strike;
    touched_pays = is_in(o.knock) ? 1 : 0;
    alive_pays = 1 - touched_pays;
  }
  template <class Real>
  std::array<Real, 2> pay(const Real& end, const Real& alive) const {
    const Real european = max(asset * exp(turn * end) - strike, Real(0.0));
    return {european * (touched_pays + (alive_pays - touched_pays) * alive), european};
  }
};

struct AtDates : Turned {
  using Turned::Turned;
  template <class G>
  std::array<RealOf<G>, 2> operator()(G& path) const {
    using Real = RealOf<G>;
    Real y = 0.0;
    Real top = -1.0;
    for (std::int64_t i = 0; i < steps; ++i) {
      y = y + (drift + deviation * path.normal());
      top = max(top, y);
    }
    return pay(y, where(top < level, Real(1.0), Real(0.0)));
  }
};

struct AtAllTimes : Turned {
  using Turned::Turned;
  template <class G>
  std::array<RealOf<G>, 2> operator()(G& path) const {
    using Real = RealOf<G>;
    const double scale = -2 / (deviation * deviation);
    Real y = 0.0;
    Real alive = 1.0;
    for (std::int64_t i = 0; i < steps; ++i) {
      const Real next = y + (drift + deviation * path.normal());
      alive = alive * processes::bridge_survival(y, next, level, scale);
      y = next;
    }
    return pay(y, alive);
  }
};

}  // namespace

double exact(const Barrier& o) {
  check(o);
  if (o.watch == Watch::discrete) return std::numeric_limits<double>::quiet_NaN();
  return kernels::finance::barrier({.knock = o.knock,
                                    .right = o.right,
                                    .spot = o.spot,
                                    .strike = o.strike,
                                    .barrier = o.barrier,
                                    .rate = o.rate,
                                    .dividend = o.dividend,
                                    .volatility = o.sigma,
                                    .maturity = o.maturity});
}

MonteCarloResult barrier(Engine& engine, const MonteCarloOptions& options, const Barrier& option,
                         bool control) {
  check(option);
  const double european = kernels::finance::black_scholes({.right = option.right,
                                                           .spot = option.spot,
                                                           .strike = option.strike,
                                                           .rate = option.rate,
                                                           .dividend = option.dividend,
                                                           .volatility = option.sigma,
                                                           .maturity = option.maturity});
  const MonteCarloOptions own = control ? with_controls(options, {european}) : options;
  if (option.watch == Watch::bridge) return monte_carlo(engine, own, AtAllTimes(option));
  return monte_carlo(engine, own, AtDates(option));
}

}  // namespace furrow::finance
