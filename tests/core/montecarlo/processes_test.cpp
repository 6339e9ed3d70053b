// Processes: their laws, the order of their schemes, and that any generator drives them.
#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/bridge.hpp>
#include <furrow/montecarlo/processes/cir.hpp>
#include <furrow/montecarlo/processes/correlation.hpp>
#include <furrow/montecarlo/processes/geometric_brownian.hpp>
#include <furrow/montecarlo/processes/heston.hpp>
#include <furrow/montecarlo/processes/merton_jumps.hpp>
#include <furrow/montecarlo/processes/ornstein_uhlenbeck.hpp>
#include <furrow/montecarlo/processes/schemes.hpp>

#include "core/montecarlo/finance/refused.hpp"
#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::processes;

namespace {

/// A generator that hands out given normals.
template <class R>
struct Given {
  using Real = R;
  R z;
  R normal() { return z; }
};

/// X and X², for tests of mean and second moment.
template <class F>
MonteCarloResult moments(Engine& engine, std::int64_t paths, F end) {
  return monte_carlo(engine, {.paths = paths, .seed = 99}, [end](auto& path) {
    const auto x = end(path);
    return std::array{x, x * x};
  });
}

void check_moments(const MonteCarloResult& result, double mean, double variance) {
  check_within(result, 0, mean);
  check_within(result, 1, variance + mean * mean);
}

}  // namespace

TEST_CASE("exact processes have the mean and variance of their law, however long the step") {
  Engine engine;
  const GeometricBrownian motion(0.05, 0.3, 1.0);
  const auto brownian = moments(engine, 400'000, [process = motion](auto& path) {
    const auto half = process.step(path, RealOf<decltype(path)>(2.0));
    return exp(process.log_step(path, log(half)));
  });
  const double growth = 2 * std::exp(0.1);
  check_moments(brownian, growth, growth * growth * std::expm1(0.09 * 2));

  const OrnsteinUhlenbeck ornstein(1.5, 0.03, 0.02, 0.4);
  const auto reverting = moments(engine, 400'000, [process = ornstein](auto& path) {
    return process.step(path, process.step(path, RealOf<decltype(path)>(0.10)));
  });
  check_moments(reverting, 0.03 + 0.07 * std::exp(-1.2), 0.02 * 0.02 * (1 - std::exp(-2.4)) / 3);
  CHECK(OrnsteinUhlenbeck(0, 1, 0.5, 4).deviation() == 1);

  const MertonJumps merton(0.05, 0.15, {2.0, -0.1, 0.2}, 0.5);
  const auto jumping = moments(engine, 400'000, [process = merton](auto& path) {
    return process.step(path, process.step(path, RealOf<decltype(path)>(1.0)));
  });
  // E[S²] = exp((2 r + σ²) t + λ t (E[J²] - 1 - 2 (E[J] - 1))).
  const double j1 = std::exp(-0.1 + 0.02);
  const double j2 = std::exp(-0.2 + 0.08);
  const double square = std::exp(0.1 + 0.15 * 0.15 + 2 * (j2 - 2 * j1 + 1));
  check_moments(jumping, std::exp(0.05), square - std::exp(0.1));
}

TEST_CASE("square-root diffusions, exact and quadratic-exponential, have their mean and variance") {
  Engine engine;
  struct Case {
    SquareRootDiffusion model;
    double from;
  };
  // 4 κ θ/σ² is 8, 0.32 and 0.08: chi-squares by a normal, by a Poisson number, and mostly zeros.
  for (const Case& c :
       {Case{{2, 0.04, 0.2}, 0.09}, {{0.5, 0.04, 0.5}, 0.04}, {{0.5, 0.04, 1}, 0}}) {
    INFO("volatility " << c.model.volatility);
    const double k = c.model.reversion;
    const double kept = std::exp(-k * 0.5);
    const double scale = c.model.volatility * c.model.volatility / k * (1 - kept);
    const double mean = c.model.mean + (c.from - c.model.mean) * kept;
    const double variance = scale * (c.from * kept + c.model.mean * (1 - kept) / 2);
    const auto exact =
        moments(engine, 50'000, [c, process = CoxIngersollRoss(c.model, 0.25)](auto& path) {
          return process.step(path, process.step(path, RealOf<decltype(path)>(c.from)));
        });
    check_moments(exact, mean, variance);
    CHECK(exact.outputs[0].min >= 0);
    // The moments of every step are exact, so are those of two.
    const auto quick =
        moments(engine, 400'000, [c, process = QuadraticExponential(c.model, 0.25)](auto& path) {
          return process.step(path, process.step(path, RealOf<decltype(path)>(c.from)));
        });
    check_moments(quick, mean, variance);
    CHECK(quick.outputs[0].min >= 0);
  }
}

TEST_CASE("the exact square-root law is a noncentral chi-square's, by its Laplace transform") {
  Engine engine;
  const SquareRootDiffusion model{0.5, 0.04, 0.5};
  const auto result = monte_carlo(
      engine, {.paths = 100'000, .seed = 5}, [process = CoxIngersollRoss(model, 1.0)](auto& path) {
        return exp(-10.0 * process.step(path, RealOf<decltype(path)>(0.05)));
      });
  const double c = 0.25 * (1 - std::exp(-0.5)) / 2;
  const double degrees = 4 * 0.5 * 0.04 / 0.25;
  const double lambda = 0.05 * std::exp(-0.5) / c;
  const double s = 10 * c;
  check_within(result, 0, std::exp(-lambda * s / (1 + 2 * s)) * std::pow(1 + 2 * s, -degrees / 2));
}

TEST_CASE("Heston's asset is a martingale in long steps, near and far from zero variance") {
  Engine engine;
  struct Case {
    SquareRootDiffusion model;
    double correlation;
  };
  for (const Case& c :
       {Case{{1.5, 0.04, 0.3}, -0.7}, {{0.5, 0.04, 1.0}, -0.9}, {{1, 0.09, 0.8}, 0.3}}) {
    const auto result =
        monte_carlo(engine, {.paths = 400'000, .seed = 3},
                    [process = Heston(0.05, c.model, c.correlation, 0.25)](auto& path) {
                      HestonState<RealOf<decltype(path)>> state{0.0, 0.04};
                      for (int i = 0; i < 8; ++i) process.step(path, state);
                      return exp(state.log_price);
                    });
    INFO("correlation " << c.correlation);
    check_within(result, 0, std::exp(0.1));
  }
}

TEST_CASE(
    "a step's variance by the start and by the mean, and Heston's share of it, to a hundredth") {
  Engine engine;
  constexpr std::int64_t paths = 1'000'000;
  // A hundredth is five errors of a variance from as many paths, of laws of kurtosis up to 2.
  // From 0 on, all variance is that of the mean; to almost 0, that of the start.
  const auto variance_of = [&](const SquareRootDiffusion& model, double from) {
    return moments(engine, paths,
                   [from, process = QuadraticExponential(model, 0.25)](auto& path) {
                     return process.step(path, RealOf<decltype(path)>(from));
                   })
        .outputs[0]
        .variance;
  };
  const double kept = std::exp(-0.5);
  const double noise = 0.2 * 0.2 / 2 * (1 - kept);
  CHECK(variance_of({2, 0.04, 0.2}, 1e-12) == Approx(noise * 0.04 * (1 - kept) / 2).epsilon(0.01));
  CHECK(variance_of({2, 1e-9, 0.2}, 0.09) == Approx(noise * 0.09 * kept).epsilon(0.01));

  // Of a step, with V far from its mean: Var ln S' given V' is dt (1 - rho²) (V + V')/2, and the
  // slope of ln S' on V' is K2 (Andersen's equations 33 and 34).
  constexpr double dt = 0.25;
  for (const double rho : {0.0, -0.6}) {
    const SquareRootDiffusion model{2, 0.09, 0.3};
    const auto result = monte_carlo(engine, {.paths = paths, .seed = 32},
                                    [process = Heston(0.05, model, rho, dt)](auto& path) {
                                      HestonState<RealOf<decltype(path)>> state{0.0, 0.04};
                                      process.step(path, state);
                                      return std::array{state.log_price, state.variance};
                                    });
    INFO("correlation " << rho);
    const double mean = 0.09 - 0.05 * std::exp(-2 * dt);
    check_within(result, 1, mean);
    const double slope = result.covariance(0, 1) / result.outputs[1].variance;
    const double left = result.outputs[0].variance - slope * result.covariance(0, 1);
    CHECK(left == Approx(dt * (1 - rho * rho) * (0.04 + mean) / 2).epsilon(0.01));
    const double k2 = dt / 2 * (2 * rho / 0.3 - 0.5) + rho / 0.3;
    const double error = std::sqrt(left / result.outputs[1].variance / paths);
    CHECK(std::abs(slope - k2) < 5 * error);
    if (rho != 0) CHECK(5 * error < 0.03 * std::abs(k2));
  }
}

TEST_CASE("correlated assets have the correlation that was asked for") {
  Engine engine;
  const CorrelationMatrix<3> correlation{{{1, 0.5, -0.3}, {0.5, 1, 0.2}, {-0.3, 0.2, 1}}};
  const CorrelatedNormals<3> draw(correlation);
  const auto result =
      monte_carlo(engine, {.paths = 400'000, .seed = 6}, [draw](auto& path) { return draw(path); });
  // The standard error of a correlation is (1 - rho²)/sqrt(n).
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      CHECK(std::abs(result.correlation(i, j) - correlation[i][j]) < 5 / std::sqrt(400'000.0));
    }
  }
  const CorrelatedAssets<3> motion({0.1, 0.0, -0.1}, {0.1, 0.2, 0.3}, correlation, 0.5);
  const auto assets = monte_carlo(engine, {.paths = 400'000, .seed = 6}, [motion](auto& path) {
    using Real = RealOf<decltype(path)>;
    std::array<Real, 3> values{1.0, 1.0, 1.0};
    motion.step(path, values);
    std::array<Real, 3> logs{log(values[0]), log(values[1]), log(values[2])};
    motion.log_step(path, logs);
    return std::array{exp(logs[0]), exp(logs[1]), exp(logs[2]), exp(logs[0] + logs[1])};
  });
  for (std::size_t i = 0; i < 3; ++i) {
    check_within(assets, i, std::exp(0.1 - 0.1 * static_cast<double>(i)));
  }
  check_within(assets, 3, std::exp(0.1 + 0.1 * 0.2 * 0.5));
}

TEST_CASE("Euler and Milstein converge to geometric Brownian motion with orders 1/2 and 1") {
  Engine engine;
  // The root mean square error at time 1, for 8 and 32 steps of the same Brownian path.
  const auto drift = [](const auto& x, double) { return 0.06 * x; };
  const auto diffusion = [](const auto& x, double) { return 0.4 * x; };
  const auto slope = [](const auto& x, double) { return 0.4 + 0.0 * x; };
  const std::array eulers{Euler(drift, diffusion, 1.0 / 8), Euler(drift, diffusion, 1.0 / 32)};
  const std::array milsteins{Milstein(drift, diffusion, slope, 1.0 / 8),
                             Milstein(drift, diffusion, slope, 1.0 / 32)};
  const std::array platens{Milstein(drift, diffusion, 1.0 / 8),
                           Milstein(drift, diffusion, 1.0 / 32)};
  const auto result = monte_carlo(engine, {.paths = 100'000, .seed = 7}, [=](auto& path) {
    using Real = RealOf<decltype(path)>;
    std::array<Real, 32> z;
    Real w = 0.0;
    for (Real& each : z) {
      each = path.normal();
      w = w + each;
    }
    const Real exact = exp((0.06 - 0.08) + 0.4 * std::sqrt(1.0 / 32) * w);
    std::array<Real, 6> errors;
    for (std::size_t k = 0; k < 2; ++k) {
      const std::size_t steps = k == 0 ? 8 : 32;
      const std::size_t each = 32 / steps;
      std::array<Real, 3> x{1.0, 1.0, 1.0};
      for (std::size_t i = 0; i < steps; ++i) {
        Real sum = 0.0;
        for (std::size_t j = 0; j < each; ++j) sum = sum + z[i * each + j];
        Given<Real> given{sum * (1 / std::sqrt(static_cast<double>(each)))};
        const double t = static_cast<double>(i) / static_cast<double>(steps);
        x[0] = eulers[k].step(given, x[0], t);
        x[1] = milsteins[k].step(given, x[1], t);
        x[2] = platens[k].step(given, x[2], t);
      }
      for (std::size_t m = 0; m < 3; ++m) {
        errors[2 * m + k] = (x[m] - exact) * (x[m] - exact);
      }
    }
    return errors;
  });
  // Four times the steps: errors fall by 2 and by 4, in the limit.
  CHECK(std::sqrt(result.mean(0) / result.mean(1)) == Approx(2).epsilon(0.1));
  CHECK(std::sqrt(result.mean(2) / result.mean(3)) == Approx(4).epsilon(0.15));
  CHECK(std::sqrt(result.mean(4) / result.mean(5)) == Approx(4).epsilon(0.15));
  CHECK(result.mean(3) < 0.2 * result.mean(1));
}

TEST_CASE("extremes and survival of a Brownian bridge") {
  Engine engine;
  const auto result = monte_carlo(engine, {.paths = 400'000, .seed = 8}, [](auto& path) {
    using Real = RealOf<decltype(path)>;
    const Real from = 0.0;
    const Real middle = 0.6 * path.normal();
    const Real to = middle + 0.8 * path.normal();
    const Real top =
        max(bridge_maximum(path, from, middle, 0.36), bridge_maximum(path, middle, to, 0.64));
    const Real bottom = bridge_minimum(path, from, to, 1.0);
    const Real alive =
        bridge_survival(from, middle, 1.2, -2 / 0.36) * bridge_survival(middle, to, 1.2, -2 / 0.64);
    return std::tuple(top, bottom, top > 1.2, 1.0 - alive);
  });
  // The maximum over [0, 1] is |W(1)| in law: mean sqrt(2/π), P(above 1.2) = 2 N(-1.2).
  check_within(result, 0, std::sqrt(2 / M_PI));
  check_within(result, 1, -std::sqrt(2 / M_PI));
  const double above = std::erfc(1.2 / std::sqrt(2.0));
  check_within(result, 2, above);
  check_within(result, 3, above);
  CHECK(result.standard_error(3) < result.standard_error(2));
}

TEST_CASE("a plain path goes the way that a pack goes") {
  Engine engine;
  const MonteCarloOptions options{.paths = 3000, .seed = 4};
  const Heston heston(0.05, {0.5, 0.04, 1.0}, -0.9, 0.25);
  const CoxIngersollRoss rate({0.5, 0.04, 0.5}, 0.5);
  const MertonJumps jumps(0.05, 0.2, {1, -0.1, 0.1}, 1.0);
  const auto ends = [=](auto& path) {
    using Real = RealOf<decltype(path)>;
    HestonState<Real> state{0.0, 0.04};
    for (int i = 0; i < 4; ++i) heston.step(path, state);
    const Real value = jumps.step(path, Real(1.0));
    return std::array{state.log_price, state.variance, rate.step(path, Real(0.03)), value};
  };
  const auto packs = monte_carlo(engine, options, ends);
  const auto plain = monte_carlo(engine, options, [ends](Path& path) { return ends(path); });
  // libm's exp and log are not the packs': equal but for the last digits.
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(packs.mean(k) == Approx(plain.mean(k)).epsilon(1e-12));
    CHECK(packs.outputs[k].max == Approx(plain.outputs[k].max).epsilon(1e-12));
  }
}

TEST_CASE("processes that are none are refused") {
  refused([] { GeometricBrownian(0, -0.1, 1); }, "volatility is -0.1");
  refused([] { GeometricBrownian(0, 0.1, -1); }, "time step is -1");
  refused([] { OrnsteinUhlenbeck(-1, 0, 1, 1); }, "reversion is -1");
  refused([] { CoxIngersollRoss({1, 0, 0.1}, 1); }, "mean is 0");
  refused([] { QuadraticExponential({1, 0.1, 0}, 1); }, "volatility of the variance is 0");
  refused([] { Heston(0, {}, -1.01, 1); }, "correlation is -1.01");
  refused([] { MertonJumps(0, 0.1, {-1, 0, 0}, 1); }, "intensity of jumps is -1");
  using Two = CorrelationMatrix<2>;
  refused([] { CorrelatedNormals<2>(Two{{{1, 0.5}, {0.4, 1}}}); }, "symmetric");
  refused([] { CorrelatedNormals<2>(Two{{{1, 0.5}, {0.5, 2}}}); }, "with itself is 1");
  refused([] { CorrelatedNormals<2>(Two{{{1, -1}, {-1, 1}}}); }, "positive definite");
  refused([] { CorrelatedNormals<2>(Two{{{1, NAN}, {NAN, 1}}}); }, "from -1 to 1");
}
