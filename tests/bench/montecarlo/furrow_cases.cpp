// furrow's simulations. One engine for each number of workers, kept.
#include "montecarlo/case.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <thread>

#include <furrow/montecarlo/brownian_bridge.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace bench {
namespace {

furrow::Engine& engine(int workers) {
  static std::map<int, std::unique_ptr<furrow::Engine>> engines;
  auto& kept = engines[workers];
  if (!kept) {
    furrow::EngineOptions options;
    options.workers = static_cast<std::size_t>(workers);
    kept = std::make_unique<furrow::Engine>(options);
  }
  return *kept;
}

template <class F>
Outcome simulate(int workers, std::uint64_t seed, std::int64_t paths, F path) {
  const auto result = furrow::monte_carlo(engine(workers), {.paths = paths, .seed = seed}, path);
  return {result.mean(), result.paths};
}

Outcome uniforms(int workers, std::uint64_t seed) {
  return simulate(workers, seed, 40'000'000, [](auto& path) { return path.uniform(); });
}

/// 16 draws a path: the draws themselves, and not the paths' bookkeeping.
Outcome normals(int workers, std::uint64_t seed) {
  const Outcome found = simulate(workers, seed, 2'000'000, [](auto& path) {
    auto sum = path.normal();
    for (int i = 1; i < 16; ++i) sum = sum + path.normal();
    return sum;
  });
  return {found.mean / 16, found.paths * 16};
}

Outcome pi(int workers, std::uint64_t seed) {
  return simulate(workers, seed, 40'000'000, [](auto& path) {
    const auto x = path.uniform();
    const auto y = path.uniform();
    return where(x * x + y * y < 1.0, 4.0, 0.0);
  });
}

struct European {
  double drift = (rate - sigma * sigma / 2) * maturity;
  double scale = sigma * std::sqrt(maturity);
  double discount = std::exp(-rate * maturity);
  template <class G>
  auto operator()(G& path) const {
    const auto price = spot * exp(drift + scale * path.normal());
    return discount * max(price - strike, 0.0);
  }
};

Outcome european(int workers, std::uint64_t seed) {
  return simulate(workers, seed, 40'000'000, European{});
}

/// Exactly once, with progress, checkpoints aside.
Outcome european_watched(int workers, std::uint64_t seed) {
  furrow::MonteCarloOptions options{.paths = 40'000'000, .seed = seed};
  options.progress = [](const furrow::MonteCarloProgress&) { return true; };
  const auto result = furrow::monte_carlo(engine(workers), options, European{});
  return {result.mean(), result.paths};
}

Outcome european_plain(int workers, std::uint64_t seed) {
  const European call;
  return simulate(workers, seed, 4'000'000, [call](furrow::Path& path) {
    const double price = spot * std::exp(call.drift + call.scale * path.normal());
    return call.discount * std::max(price - strike, 0.0);
  });
}

struct Asian {
  double drift = (rate - sigma * sigma / 2) * maturity / asian_steps;
  double scale = sigma * std::sqrt(maturity / asian_steps);
  double discount = std::exp(-rate * maturity);
  template <class G>
  auto operator()(G& path) const {
    furrow::RealOf<G> log_price = 0.0;
    furrow::RealOf<G> sum = 0.0;
    for (int i = 0; i < asian_steps; ++i) {
      log_price = log_price + drift + scale * path.normal();
      sum = sum + exp(log_price);
    }
    return discount * max(spot / asian_steps * sum - strike, 0.0);
  }
};

Outcome asian(int workers, std::uint64_t seed) { return simulate(workers, seed, 200'000, Asian{}); }

template <class F>
Outcome quasi(int workers, std::uint64_t seed, std::int64_t points, F path) {
  const auto result =
      furrow::quasi_monte_carlo(engine(workers), {.points = points, .seed = seed}, path);
  return {result.mean(), result.points * result.randomisations};
}

Outcome european_sobol(int workers, std::uint64_t seed) {
  return quasi(workers, seed, 1 << 20, European{});
}

Outcome asian_sobol(int workers, std::uint64_t seed) {
  const furrow::BrownianBridge bridge(maturity, asian_steps);
  const Asian call;
  return quasi(workers, seed, 1 << 13, [call, steps = bridge.steps()](auto& path) {
    const auto w = steps.template values<asian_steps>(path);
    furrow::RealOf<decltype(path)> sum = 0.0;
    for (int i = 0; i < asian_steps; ++i) {
      sum = sum + exp(call.drift * (i + 1) + sigma * w[static_cast<std::size_t>(i)]);
    }
    return call.discount * max(spot / asian_steps * sum - strike, 0.0);
  });
}

struct Basket {
  double lower[basket_assets][basket_assets] = {};
  double drift = (rate - sigma * sigma / 2) * maturity;
  double scale = sigma * std::sqrt(maturity);
  double discount = std::exp(-rate * maturity);

  Basket() {
    for (int i = 0; i < basket_assets; ++i) {
      for (int j = 0; j <= i; ++j) {
        double rest = i == j ? 1 : basket_correlation;
        for (int k = 0; k < j; ++k) rest -= lower[i][k] * lower[j][k];
        lower[i][j] = i == j ? std::sqrt(rest) : rest / lower[j][j];
      }
    }
  }
  template <class G>
  auto operator()(G& path) const {
    const auto z = furrow::normals<basket_assets>(path);
    furrow::RealOf<G> sum = 0.0;
    for (int i = 0; i < basket_assets; ++i) {
      furrow::RealOf<G> w = lower[i][0] * z[0];
      for (int j = 1; j <= i; ++j) w = w + lower[i][j] * z[static_cast<std::size_t>(j)];
      sum = sum + exp(drift + scale * w);
    }
    return discount * max(spot / basket_assets * sum - strike, 0.0);
  }
};

Outcome basket(int workers, std::uint64_t seed) {
  return simulate(workers, seed, 10'000'000, Basket{});
}

constexpr Case cases[] = {
    {"uniform", "furrow", uniforms},
    {"normal", "furrow", normals},
    {"pi", "furrow", pi},
    {"european", "furrow", european},
    {"watched", "furrow", european_watched},
    {"watched", "unwatched", european},
    {"plain", "furrow", european_plain},
    {"asian", "furrow", asian},
    {"basket", "furrow", basket},
    {"sobol", "furrow", european_sobol},
    {"sobol", "random", european},
    {"bridge", "furrow", asian_sobol},
    {"bridge", "random", asian},
};

}  // namespace

std::span<const Case> furrow_cases() { return cases; }

}  // namespace bench
