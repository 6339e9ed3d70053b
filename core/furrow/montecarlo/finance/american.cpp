#include <furrow/montecarlo/finance/american.hpp>

#include <algorithm>
#include <array>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;
using processes::where;

/// Fresh paths, exercised by the rule. All in parts of the strike.
struct Exercised {
  LogSteps step;
  std::int64_t dates;
  std::int64_t degree;
  double sign;
  double spot;      // over the strike
  double discount;  // of one step
  double strike;
  std::array<double, exercise_coefficients_max> coefficients{};

  Exercised(const American& o, const ExerciseRule& rule)
      : step(o, o.dates),
        dates(o.dates),
        degree(o.degree),
        sign(sign_of(o.right)),
        spot(o.spot / o.strike),
        discount(std::exp(-o.rate * o.maturity / static_cast<double>(o.dates))),
        strike(o.strike) {
    std::copy(rule.coefficients.begin(), rule.coefficients.end(), coefficients.begin());
  }

  template <class G>
  std::array<RealOf<G>, 2> operator()(G& path) const {
    using Real = RealOf<G>;
    Real x = 0.0;
    Real got = 0.0;
    Real waits = 1.0;
    Real pays = 0.0;
    double now = strike;
    const double* c = coefficients.data();
    for (std::int64_t i = 0; i < dates; ++i, c += degree + 1) {
      x = x + (step.drift + step.deviation * path.normal());
      now *= discount;
      const Real moneyness = spot * exp(x) - 1.0;
      pays = max(sign * moneyness, Real(0.0));
      Real worth = c[degree];
      for (std::int64_t k = degree; k-- > 0;) worth = worth * moneyness + c[k];
      const auto exercise = pays > max(worth, Real(0.0));
      got = where(exercise, got + waits * pays * now, got);
      waits = where(exercise, Real(0.0), waits);
    }
    return {got, pays * now};
  }
};

}  // namespace

AmericanPrice american(Engine& engine, const MonteCarloOptions& options, const American& option) {
  const ExerciseRule rule = exercise_rule(engine, options, option);
  const double european = kernels::finance::black_scholes({.right = option.right,
                                                           .spot = option.spot,
                                                           .strike = option.strike,
                                                           .rate = option.rate,
                                                           .dividend = option.dividend,
                                                           .volatility = option.sigma,
                                                           .maturity = option.maturity});
  AmericanPrice out;
  out.simulation = monte_carlo(engine, with_controls(options, {european}), Exercised(option, rule));
  out.in_sample = rule.in_sample;
  out.in_sample_error = rule.in_sample_error;
  out.paths = rule.paths;
  const double now = std::max(sign_of(option.right) * (option.spot - option.strike), 0.0);
  out.exercise_now = now > rule.in_sample;
  out.price = out.exercise_now ? now : out.simulation.mean();
  out.standard_error = out.exercise_now ? 0 : out.simulation.standard_error();
  return out;
}

}  // namespace furrow::finance
