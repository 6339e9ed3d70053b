// Sensitivities of a European option by three methods, each from one normal a path.
#include <array>

#include <furrow/montecarlo/finance/european.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;
using processes::where;

struct Common {
  double spot, strike, rate, growth, sigma, maturity, root, drift, sign, discount;

  explicit Common(const European& o)
      : spot(o.spot),
        strike(o.strike),
        rate(o.rate),
        growth(o.rate - o.dividend),
        sigma(o.sigma),
        maturity(o.maturity),
        root(std::sqrt(o.maturity)),
        drift((growth - o.sigma * o.sigma / 2) * o.maturity),
        sign(sign_of(o.right)),
        discount(discount_of(o)) {}
};

/// Price, delta, gamma, vega, theta, rho.
template <class Real>
using Greeks = std::array<Real, 6>;

struct Pathwise : Common {
  using Common::Common;
  template <class G>
  Greeks<RealOf<G>> operator()(G& path) const {
    using Real = RealOf<G>;
    const Real z = path.normal();
    const Real end = spot * exp(drift + sigma * root * z);
    const Real pays = where(sign * end > sign * strike, Real(sign * discount), Real(0.0));
    const Real price = pays * (end - strike);
    const Real along = (growth - sigma * sigma / 2) + (sigma / (2 * root)) * z;  // d ln S_T / dT
    return {price,
            pays * end * (1 / spot),
            pays * (strike / (spot * spot * sigma * root)) * z,
            pays * end * (root * z - sigma * maturity),
            price * rate - pays * end * along,
            pays * (strike * maturity)};
  }
};

struct LikelihoodRatio : Common {
  using Common::Common;
  template <class G>
  Greeks<RealOf<G>> operator()(G& path) const {
    using Real = RealOf<G>;
    const Real z = path.normal();
    const Real end = spot * exp(drift + sigma * root * z);
    const Real price = discount * max(sign * (end - strike), Real(0.0));
    const Real square = z * z - 1.0;
    const double deviation = sigma * root;
    // Derivatives of the logarithm of the density of S_T.
    const Real by_time = (0.5 / maturity) * square + ((growth - sigma * sigma / 2) / deviation) * z;
    return {price,
            price * (1 / (spot * deviation)) * z,
            price * (1 / (spot * spot * deviation * deviation)) * (square - deviation * z),
            price * ((1 / sigma) * square - root * z),
            price * (rate - by_time),
            price * ((root / sigma) * z - maturity)};
  }
};

struct Bumped : Common {
  double bump;
  Bumped(const European& o, double b) : Common(o), bump(b) {}

  /// Discounted payoff with other parameters and the same draw.
  template <class Real>
  Real value(const Real& z, double s, double volatility, double r, double t) const {
    const double carry = growth + (r - rate);
    const double mean = (carry - volatility * volatility / 2) * t;
    const Real end = s * exp(mean + volatility * std::sqrt(t) * z);
    return std::exp(-r * t) * max(sign * (end - strike), Real(0.0));
  }
  template <class G>
  Greeks<RealOf<G>> operator()(G& path) const {
    using Real = RealOf<G>;
    const Real z = path.normal();
    const double h = bump * spot;
    const Real price = value(z, spot, sigma, rate, maturity);
    const Real up = value(z, spot + h, sigma, rate, maturity);
    const Real down = value(z, spot - h, sigma, rate, maturity);
    const double each = 1 / (2 * bump);
    return {price,
            (up - down) * (1 / (2 * h)),
            (up - 2.0 * price + down) * (1 / (h * h)),
            each * (value(z, spot, sigma + bump, rate, maturity) -
                    value(z, spot, sigma - bump, rate, maturity)),
            each * (value(z, spot, sigma, rate, maturity - bump) -
                    value(z, spot, sigma, rate, maturity + bump)),
            each * (value(z, spot, sigma, rate + bump, maturity) -
                    value(z, spot, sigma, rate - bump, maturity))};
  }
};

}  // namespace

MonteCarloResult european_greeks(Engine& engine, const MonteCarloOptions& options,
                                 const European& option, GreekMethod method, double bump) {
  check_option(option);
  processes::check_positive("the volatility (sigma) of an option with sensitivities", option.sigma);
  if (method == GreekMethod::pathwise) return monte_carlo(engine, options, Pathwise(option));
  if (method == GreekMethod::likelihood_ratio) {
    return monte_carlo(engine, options, LikelihoodRatio(option));
  }
  processes::check_positive("the bump", bump);
  if (!(bump < std::min({1.0, option.sigma, option.maturity}))) {
    throw InvalidArgument(
        "the bump is below 1, the volatility and the maturity, which it is taken from: make it "
        "smaller");
  }
  return monte_carlo(engine, options, Bumped(option, bump));
}

}  // namespace furrow::finance
