#include <furrow/montecarlo/finance/basket.hpp>

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/processes/correlation.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::finance {
namespace {

using processes::exp;
using processes::max;

constexpr std::size_t assets_max = 8;

void check_sizes(const Basket& o) {
  const std::size_t n = o.spot.size();
  if (n < 2 || n > assets_max) {
    throw InvalidArgument(fmt::format("a basket has 2 to {} assets, not {}", assets_max, n));
  }
  if (o.weights.size() != n || o.sigma.size() != n ||
      (!o.dividend.empty() && o.dividend.size() != n)) {
    throw InvalidArgument(fmt::format(
        "there are {} spots, {} weights, {} volatilities and {} dividends: give one of each for "
        "every asset (or no dividend at all)",
        n, o.weights.size(), o.sigma.size(), o.dividend.size()));
  }
}

void check(const Basket& o) {
  check_sizes(o);
  const bool spread =
      std::any_of(o.weights.begin(), o.weights.end(), [](double w) { return w < 0; });
  if (!(spread && o.strike == 0)) processes::check_positive("the strike", o.strike);
  processes::check_finite("the rate", o.rate);
  processes::check_positive("the maturity", o.maturity);
  for (std::size_t i = 0; i < o.spot.size(); ++i) {
    processes::check_positive("a spot", o.spot[i]);
    processes::check_finite("a weight", o.weights[i]);
    processes::check_not_negative("a volatility (sigma)", o.sigma[i]);
  }
  for (const double q : o.dividend) processes::check_finite("a dividend", q);
}

/// All discounted, and times ±1.
struct Assets {
  std::size_t count;
  std::array<double, assets_max> money{};  // weight times spot
  std::array<double, assets_max> part{};   // of the basket's value today
  std::array<double, assets_max> drift{};
  std::array<double, processes::triangle(assets_max)> factor{};  // rows times deviations
  double total = 0;
  double strike;

  explicit Assets(const Basket& o) : count(o.spot.size()) {
    const double scale = sign_of(o.right) * discount_of(o);
    strike = scale * o.strike;
    processes::factor_correlation(o.correlation, count, factor);
    for (std::size_t i = 0; i < count; ++i) {
      const double q = o.dividend.empty() ? 0 : o.dividend[i];
      money[i] = scale * o.weights[i] * o.spot[i];
      total += money[i];
      drift[i] = (o.rate - q - o.sigma[i] * o.sigma[i] / 2) * o.maturity;
      const double deviation = o.sigma[i] * std::sqrt(o.maturity);
      for (std::size_t j = 0; j <= i; ++j) factor[processes::triangle(i) + j] *= deviation;
    }
    for (std::size_t i = 0; i < count; ++i) part[i] = money[i] / total;
  }
  template <class G>
  std::array<RealOf<G>, assets_max> logs(G& path) const {
    std::array<RealOf<G>, assets_max> x;
    for (std::size_t i = 0; i < count; ++i) x[i] = path.normal();
    processes::correlate(factor.data(), x.data(), count);
    return x;
  }
};

struct Arithmetic : Assets {
  using Assets::Assets;
  template <class G>
  RealOf<G> operator()(G& path) const {
    const auto x = logs(path);
    RealOf<G> sum = -strike;
    for (std::size_t i = 0; i < count; ++i) sum = sum + money[i] * exp(drift[i] + x[i]);
    return max(sum, 0.0);
  }
};

struct WithGeometric : Assets {
  using Assets::Assets;
  template <class G>
  std::array<RealOf<G>, 2> operator()(G& path) const {
    using Real = RealOf<G>;
    const auto x = logs(path);
    Real sum = -strike;
    Real mean = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const Real log = drift[i] + x[i];
      sum = sum + money[i] * exp(log);
      mean = mean + part[i] * log;
    }
    return {max(sum, Real(0.0)), max(total * exp(mean) - strike, Real(0.0))};
  }
};

/// Of an option on total · ∏ (S_i(T)/S_i)^part.
double geometric_price(const Basket& o) {
  const std::size_t n = o.spot.size();
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += o.weights[i] * o.spot[i];
  std::vector<double> part(n);
  for (std::size_t i = 0; i < n; ++i) part[i] = o.weights[i] * o.spot[i] / total;
  const std::vector<double> ones(n, 1.0);
  const std::vector<double> dividend = o.dividend.empty() ? std::vector<double>(n) : o.dividend;
  return total * kernels::finance::geometric_basket({.right = o.right,
                                                     .spot = ones,
                                                     .dividend = dividend,
                                                     .volatility = o.sigma,
                                                     .weight = part,
                                                     .correlation = o.correlation,
                                                     .strike = o.strike / total,
                                                     .rate = o.rate,
                                                     .maturity = o.maturity});
}

}  // namespace

double exact(const Basket& o) {
  check(o);
  std::array<double, processes::triangle(assets_max)> factor{};
  processes::factor_correlation(o.correlation, o.spot.size(), factor);
  const bool exchange = o.spot.size() == 2 && o.strike == 0 && o.right == Right::call &&
                        o.weights[0] == 1 && o.weights[1] == -1;
  if (!exchange) return std::numeric_limits<double>::quiet_NaN();
  return kernels::finance::margrabe({.spot1 = o.spot[0],
                                     .spot2 = o.spot[1],
                                     .dividend1 = o.dividend.empty() ? 0 : o.dividend[0],
                                     .dividend2 = o.dividend.empty() ? 0 : o.dividend[1],
                                     .volatility1 = o.sigma[0],
                                     .volatility2 = o.sigma[1],
                                     .correlation = o.correlation.at(1),
                                     .maturity = o.maturity});
}

MonteCarloResult basket(Engine& engine, const MonteCarloOptions& options, const Basket& option,
                        bool control) {
  check(option);
  const bool positive =
      std::all_of(option.weights.begin(), option.weights.end(), [](double w) { return w > 0; });
  if (!positive) return monte_carlo(engine, options, Arithmetic(option));
  const WithGeometric path(option);
  if (!control) return monte_carlo(engine, options, path);
  return monte_carlo(engine, with_controls(options, {geometric_price(option)}), path);
}

QuasiResult quasi_basket(Engine& engine, const QuasiOptions& options, const Basket& option) {
  check(option);
  return quasi_monte_carlo(engine, options, Arithmetic(option));
}

}  // namespace furrow::finance
