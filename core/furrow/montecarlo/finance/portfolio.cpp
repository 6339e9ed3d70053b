#include <furrow/montecarlo/finance/portfolio.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/kernels/elementwise/special.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/correlation.hpp>

namespace furrow::finance {
namespace {

using processes::abs;
using processes::exp;
using processes::max;
using processes::where;

constexpr std::size_t assets_max = 16;
constexpr std::int64_t pilot_min = std::int64_t{1} << 14;
constexpr std::int64_t pilot_max = std::int64_t{1} << 20;
constexpr double tail_paths = 100;
constexpr double paths_most = 0x1p40;

/// The losses of a portfolio, for packs and for numbers.
struct Loss {
  std::size_t count = 0;
  bool lognormal = true;
  double value = 0;                        // what is lost when everything is
  std::array<double, assets_max> money{};  // in each asset
  std::array<double, assets_max> drift{};  // of its logarithm until the horizon
  std::array<double, processes::triangle(assets_max)> factor{};  // rows times deviations

  template <class G>
  RealOf<G> operator()(G& path) const {
    using Real = RealOf<G>;
    std::array<Real, assets_max> x;
    for (std::size_t i = 0; i < count; ++i) x[i] = path.normal();
    processes::correlate(factor.data(), x.data(), count);
    Real loss = value;
    if (lognormal) {
      for (std::size_t i = 0; i < count; ++i) loss = loss - money[i] * exp(drift[i] + x[i]);
    } else {
      for (std::size_t i = 0; i < count; ++i) loss = loss - money[i] * (drift[i] + x[i]);
    }
    return loss;
  }
};

void check_sizes(const Portfolio& p) {
  const std::size_t n = p.weights.size();
  if (n == 0 || n > assets_max) {
    throw InvalidArgument(fmt::format("a portfolio has 1 to {} assets, not {}", assets_max, n));
  }
  if (p.volatility.size() != n || (!p.growth.empty() && p.growth.size() != n)) {
    throw InvalidArgument(
        fmt::format("there are {} weights, {} volatilities and {} growths: give one of each for "
                    "every asset (or no growth at all)",
                    n, p.volatility.size(), p.growth.size()));
  }
}

Loss loss_of(const Portfolio& p) {
  check_sizes(p);
  processes::check_positive("the horizon", p.horizon);
  processes::check_positive("the portfolio's value", p.value);
  Loss loss;
  loss.count = p.weights.size();
  loss.lognormal = p.returns == Returns::lognormal;
  processes::factor_correlation(p.correlation, loss.count, loss.factor);
  double variance = 0;
  std::array<double, assets_max> exposure{};
  for (std::size_t i = 0; i < loss.count; ++i) {
    processes::check_finite("a weight", p.weights[i]);
    processes::check_not_negative("a volatility", p.volatility[i]);
    const double growth = p.growth.empty() ? 0 : p.growth[i];
    processes::check_finite("a growth", growth);
    const double sigma = p.volatility[i];
    loss.money[i] = p.value * p.weights[i];
    loss.drift[i] = (loss.lognormal ? growth - sigma * sigma / 2 : growth) * p.horizon;
    if (loss.lognormal) loss.value += loss.money[i];
    const double deviation = sigma * std::sqrt(p.horizon);
    for (std::size_t j = 0; j <= i; ++j) {
      double& element = loss.factor[processes::triangle(i) + j];
      element *= deviation;
      exposure[j] += loss.money[i] * element;
    }
  }
  for (const double e : exposure) variance += e * e;
  if (!(variance > 0)) {
    throw InvalidArgument(
        "the portfolio cannot lose anything by chance: every volatility or weight is 0");
  }
  return loss;
}

/// What is lost beyond the mean: a sketch's quantiles are relative to what it is of.
struct Centred {
  Loss loss;
  double mean;

  explicit Centred(const Loss& of) : loss(of), mean(of.value) {
    for (std::size_t i = 0; i < loss.count; ++i) {
      double variance = 0;
      for (std::size_t j = 0; j <= i; ++j) {
        const double f = loss.factor[processes::triangle(i) + j];
        variance += f * f;
      }
      const double drift = loss.drift[i];
      mean -= loss.money[i] * (loss.lognormal ? std::exp(drift + variance / 2) : drift);
    }
  }
  template <class G>
  RealOf<G> operator()(G& path) const {
    return loss(path) - mean;
  }
};

/// Where the run looks: c, and how far around it it measures the density.
struct Look {
  double at;
  double width;
};

Look pilot(Engine& engine, const MonteCarloOptions& options, const Loss& loss, double level) {
  MonteCarloOptions own;
  own.paths =
      options.paths == 0 ? pilot_max / 4 : std::clamp(options.paths / 16, pilot_min, pilot_max);
  own.paths = std::max(own.paths, portfolio_paths_min(level));
  own.progress = options.progress;
  own.seed = options.seed;
  own.stream = options.stream ^ (std::uint64_t{1} << 31);
  own.block_paths = options.block_paths;
  own.quantiles = true;
  const Centred centred(loss);
  const MonteCarloResult result = monte_carlo(engine, own, centred);
  const double step = (1 - level) / 4;
  const double width = (result.quantile(level + step) - result.quantile(level - step)) / 2;
  return {centred.mean + result.quantile(level), width};
}

Measured measured(double value, double error, double confidence) {
  const double t = montecarlo::student_interval(confidence, 1e9);
  return {value, error, value - t * error, value + t * error};
}

double normal_quantile(double level) {
  double z = 0;
  kernels::ndtri<double>(std::span<const double>(&level, 1), std::span(&z, 1));
  return z;
}
double normal_below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

void check_level(double level) {
  if (!(level > 0.5 && level < 1)) {
    throw InvalidArgument(
        fmt::format("the level of a value at risk is above 0.5 and below 1 (0.99), not {}", level));
  }
}

}  // namespace

std::int64_t portfolio_paths_min(double level) {
  check_level(level);
  const double paths = std::ceil(tail_paths / (1 - level) * (1 - 1e-9));
  if (paths > paths_most) {
    throw InvalidArgument(fmt::format(
        "a value at risk at level {} needs {:.2g} paths, so that {} lie beyond it: more "
        "than 2^40",
        level, paths, tail_paths));
  }
  return static_cast<std::int64_t>(paths);
}

PortfolioRisk portfolio_risk(Engine& engine, const MonteCarloOptions& options,
                             const Portfolio& portfolio, double level) {
  check_level(level);
  const Loss loss = loss_of(portfolio);
  const std::int64_t least = portfolio_paths_min(level);
  if (options.paths != 0 && options.paths < least) {
    throw InvalidArgument(
        fmt::format("a value at risk at level {} needs at least {} paths, so that {} lie beyond it "
                    "and its error is known, not {}",
                    level, least, tail_paths, options.paths));
  }
  const Look look = pilot(engine, options, loss, level);
  const double tail = 1 / (1 - level);
  PortfolioRisk risk;
  MonteCarloOptions own = options;
  own.paths_min = std::max(own.paths_min, least);
  risk.simulation = monte_carlo(engine, own, [=](auto& path) {
    const auto x = loss(path);
    using Real = RealOf<decltype(path)>;
    const Real over = max(x - look.at, Real(0.0));
    const Real beyond = where(over > 0.0, Real(1.0), Real(0.0));
    const Real near = where(abs(x - look.at) <= look.width, Real(1.0), Real(0.0));
    return std::array{look.at + over * tail, x, beyond, near};
  });
  const MonteCarloResult& run = risk.simulation;
  risk.thin = run.paths < least;
  const double beyond = run.mean(2);
  if (risk.thin && !(beyond > 0 && run.mean(3) > 0)) {
    // Nothing but the pilot has seen the tail.
    constexpr double unknown = std::numeric_limits<double>::infinity();
    risk.value_at_risk = {look.at, unknown, -unknown, unknown};
    risk.expected_shortfall = {run.paths > 0 ? run.mean(0) : look.at, unknown, -unknown, unknown};
    return risk;
  }
  const double density = run.mean(3) / (2 * look.width);
  // The tail beyond c as an exponential's: right in second order for it, and nearly for a normal's.
  const double at = look.at + beyond / density * std::log(beyond * tail);
  const double missed = at - look.at;
  risk.value_at_risk = measured(at, run.standard_error(2) / density, options.confidence);
  risk.expected_shortfall = measured(run.mean(0) - density * missed * missed * tail / 2,
                                     run.standard_error(0), options.confidence);
  return risk;
}

ExactRisk exact_portfolio_risk(const Portfolio& portfolio, double level) {
  check_level(level);
  const Loss loss = loss_of(portfolio);
  const double z = normal_quantile(level);
  const double tail = 1 / (1 - level);
  if (!loss.lognormal) {
    double mean = 0;
    double variance = 0;
    for (std::size_t j = 0; j < loss.count; ++j) {
      double exposure = 0;
      mean -= loss.money[j] * loss.drift[j];
      for (std::size_t i = j; i < loss.count; ++i) {
        exposure += loss.money[i] * loss.factor[processes::triangle(i) + j];
      }
      variance += exposure * exposure;
    }
    const double deviation = std::sqrt(variance);
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    return {mean + deviation * z, mean + deviation * density * tail};
  }
  if (loss.count == 1 && loss.money[0] > 0) {
    const double sigma = loss.factor[0];
    const double mean = std::exp(loss.drift[0] + sigma * sigma / 2);
    return {loss.value * (1 - std::exp(loss.drift[0] - sigma * z)),
            loss.value * (1 - mean * normal_below(-z - sigma) * tail)};
  }
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  return {none, none};
}

}  // namespace furrow::finance
