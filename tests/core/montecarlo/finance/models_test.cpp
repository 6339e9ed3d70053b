// Several assets, stochastic volatility, jumps, early exercise: closed forms and literature.
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/finance/american.hpp>
#include <furrow/montecarlo/finance/basket.hpp>
#include <furrow/montecarlo/finance/beyond_lognormal.hpp>

#include "core/montecarlo/finance/refused.hpp"
#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::finance;

namespace {

std::vector<double> equal_correlation(std::size_t n, double rho) {
  std::vector<double> out(n * n, rho);
  for (std::size_t i = 0; i < n; ++i) out[i * n + i] = 1;
  return out;
}

Basket krekel() {
  return {.spot = {100, 100, 100, 100},
          .weights = {0.25, 0.25, 0.25, 0.25},
          .sigma = {0.4, 0.4, 0.4, 0.4},
          .correlation = equal_correlation(4, 0.5),
          .strike = 100,
          .rate = 0,
          .maturity = 5};
}

}  // namespace

TEST_CASE("baskets: the geometric one is its closed form, the arithmetic one Krekel's") {
  Engine engine;
  const Basket option = krekel();
  const auto plain = basket(engine, {.paths = 500'000, .seed = 1}, option, false);
  const std::vector<double> none(4);
  const double geometric = kernels::finance::geometric_basket({.right = Right::call,
                                                               .spot = option.spot,
                                                               .dividend = none,
                                                               .volatility = option.sigma,
                                                               .weight = option.weights,
                                                               .correlation = option.correlation,
                                                               .strike = 100,
                                                               .rate = 0,
                                                               .maturity = 5});
  check_within(plain, 1, geometric);
  const auto controlled = basket(engine, {.paths = 500'000, .seed = 2}, option);
  check_within(plain.mean() - controlled.mean(),
               std::hypot(plain.standard_error(), controlled.standard_error()), 0);
  CHECK(controlled.variance_reduction.at(0) > 5);
  // Krekel, de Kock, Korn, Man, "An analysis of pricing methods for basket options", Wilmott
  // Magazine (2004): 28.0 by their simulation.
  check_within(controlled, 0, 28.0, 0.05);
}

TEST_CASE("a basket of two, one against the other, is Margrabe's exchange") {
  Engine engine;
  const Basket option{.spot = {100, 95},
                      .weights = {1, -1},
                      .sigma = {0.3, 0.2},
                      .dividend = {0.01, 0.03},
                      .correlation = equal_correlation(2, 0.4),
                      .strike = 0};
  check_within(basket(engine, {.paths = 1'000'000, .seed = 3}, option), 0, exact(option));
  CHECK(std::isnan(exact(krekel())));
  Basket bare = option;
  bare.correlation.clear();
  refused([&] { exact(bare); }, "not 0");
}

TEST_CASE("a basket of eight that move almost as one is one option") {
  Engine engine;
  const Basket option{.right = Right::put,
                      .spot = std::vector<double>(8, 12.5),
                      .weights = std::vector<double>(8, 1.0),
                      .sigma = std::vector<double>(8, 0.2),
                      .correlation = equal_correlation(8, 1 - 1e-9)};
  const double one = kernels::finance::black_scholes({.right = Right::put, .rate = 0.05});
  check_within(basket(engine, {.paths = 200'000, .seed = 4}, option, false), 0, one, 1e-6);
}

TEST_CASE("Heston's model is its integral, within the step's error") {
  Engine engine;
  HestonOption option;
  for (const double strike : {90.0, 110.0}) {
    option.strike = strike;
    option.right = strike < 100 ? Right::put : Right::call;
    INFO("strike " << strike);
    const auto result = heston(engine, {.paths = 600'000, .seed = 5}, option);
    // 64 steps a year leave 0.003 at most.
    check_within(result, 0, exact(option), 0.003);
    // The correction makes the asset a martingale: no bias at all.
    check_within(heston(engine, {.paths = 100'000, .seed = 6}, option, false), 1,
                 option.right == Right::call ? 100 : -100);
  }
  // Andersen (2008), case I, far from Feller's condition: 13.085 for K = 100, 44.330 for 60, 0.296
  // for 140.
  HestonOption andersen{.rate = 0, .maturity = 10, .reversion = 0.5, .volatility = 1};
  andersen.correlation = -0.9;
  andersen.steps = 160;
  for (const auto& [strike, price] : {std::pair{100.0, 13.085}, {60.0, 44.330}, {140.0, 0.296}}) {
    andersen.strike = strike;
    CHECK(exact(andersen) == Approx(price).margin(0.0006));
    check_within(heston(engine, {.paths = 100'000, .seed = 7}, andersen), 0, exact(andersen), 0.02);
  }
}

TEST_CASE("Merton's jumps are his series") {
  Engine engine;
  MertonOption option;
  for (const Right right : {Right::call, Right::put}) {
    option.right = right;
    for (const bool control : {false, true}) {
      const auto result = merton(engine, {.paths = 1'000'000, .seed = 8}, option, control);
      check_within(result, 0, exact(option));
      if (!control) check_within(result, 1, right == Right::call ? 100 : -100);
    }
  }
  option.intensity = 0;
  CHECK(exact(option) ==
        Approx(kernels::finance::black_scholes({.right = Right::put, .rate = 0.05})));
}

TEST_CASE("American puts are Longstaff and Schwartz's table, from below") {
  Engine engine;
  // Their table 1: finite differences, and least squares with its standard error; 50 dates a year.
  struct Row {
    double spot, sigma, maturity, truth, in_sample, error;
  };
  for (const Row& row : {Row{36, 0.2, 1, 4.478, 4.472, 0.010}, Row{40, 0.2, 1, 2.314, 2.313, 0.009},
                         Row{44, 0.4, 2, 5.647, 5.622, 0.021}}) {
    INFO("spot " << row.spot << " sigma " << row.sigma);
    const American option{.spot = row.spot,
                          .strike = 40,
                          .rate = 0.06,
                          .sigma = row.sigma,
                          .maturity = row.maturity,
                          .dates = static_cast<std::int64_t>(50 * row.maturity),
                          .degree = 3};
    const AmericanPrice price = american(engine, {.paths = 200'000, .seed = 9}, option);
    CHECK(!price.exercise_now);
    // Below the truth, which is for exercise at any time, by no more than 0.3 %.
    CHECK(price.price < row.truth + 5 * price.standard_error);
    CHECK(price.price > row.truth * 0.997 - 5 * price.standard_error);
    CHECK(std::abs(price.in_sample - row.in_sample) <
          5 * std::hypot(row.error, price.in_sample_error));
    CHECK(price.simulation.variance_reduction.at(0) > 1.3);
  }
}

TEST_CASE("American calls without dividends are European; what is deep in the money is exercised") {
  Engine engine;
  const American call{.right = Right::call, .dates = 10};
  const AmericanPrice price = american(engine, {.paths = 200'000, .seed = 10}, call);
  const double european = kernels::finance::black_scholes({.rate = 0.05});
  CHECK(price.price <= european + 5 * price.standard_error);
  CHECK(price.price > 0.99 * european);
  const AmericanPrice deep =
      american(engine, {.paths = 10'000, .seed = 11}, {.spot = 40, .dates = 10});
  CHECK(deep.exercise_now);
  CHECK(deep.price == 60);
}

TEST_CASE("American options have the same bits for 1, 2 and 7 workers, and keep their paths") {
  AmericanPrice first;
  for (const std::size_t count : {1, 2, 7}) {
    Engine engine(workers(count));
    American option{.dates = 12, .calibration_paths = 10'001};
    option.paths = "american-paths";
    const AmericanPrice price = american(engine, {.paths = 20'001, .seed = 12}, option);
    CHECK(price.paths.shape() == Shape{12, 10'001});
    CHECK(price.paths(11, 10'000) > 0);
    furrow::segment::remove("american-paths", true);
    if (count == 1) first = price;
    CHECK(price.price == first.price);
    CHECK(price.in_sample == first.in_sample);
    CHECK(price.simulation.record == first.simulation.record);
  }
}

TEST_CASE("workers killed in the calibration cost no bit") {
  Engine engine(workers(2));
  const American option{.dates = 50, .calibration_paths = 200'000};
  const MonteCarloOptions options{.paths = 20'000, .seed = 13};
  const ExerciseRule calm = exercise_rule(engine, options, option);
  std::atomic<bool> done{false};
  std::thread killer([&engine, &done] {
    std::size_t turn = 0;
    while (!done) {
      const auto pids = worker_pids(engine);
      if (!pids.empty()) ::kill(pids[turn++ % pids.size()], SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const ExerciseRule wild = exercise_rule(engine, options, option);
  done = true;
  killer.join();
  CHECK(deaths(engine) > 0);
  CHECK(wild.coefficients == calm.coefficients);
  CHECK(wild.in_sample == calm.in_sample);
}

TEST_CASE("models that are none are refused") {
  Engine engine(workers(1));
  const MonteCarloOptions few{.paths = 100};
  const auto changed = [](auto change) {
    Basket option = krekel();
    change(option);
    return option;
  };
  refused([&] { basket(engine, few, changed([](Basket& o) { o.strike = 0; })); }, "strike is 0");
  refused([&] { basket(engine, few, changed([](Basket& o) { o.sigma[1] = -1; })); }, "sigma");
  refused([&] { basket(engine, few, changed([](Basket& o) { o.sigma.pop_back(); })); },
          "3 volatilities");
  refused([&] { basket(engine, few, changed([](Basket& o) { o.spot.resize(9); })); },
          "2 to 8 assets");
  refused(
      [&] {
        basket(engine, few, changed([](Basket& o) { o.correlation = equal_correlation(4, -0.5); }));
      },
      "positive definite");
  refused([&] { heston(engine, few, {.reversion = 0}); }, "reversion is 0");
  refused([&] { heston(engine, few, {.volatility = -1}); }, "volatility of the variance is -1");
  refused([&] { heston(engine, few, {.correlation = 1.1}); }, "correlation is 1.1");
  refused([&] { heston(engine, few, {.variance = -0.01}); }, "variance is -0.01");
  refused([&] { merton(engine, few, {.intensity = -1}); }, "intensity");
  refused([&] { american(engine, few, {.dates = 0}); }, "dates is 0");
  refused([&] { american(engine, few, {.dates = 252}); }, "dates times (degree + 1)");
  refused([&] { american(engine, few, {.degree = 9}); }, "degree is 9");
  refused([&] { american(engine, few, {.calibration_paths = 10}); }, "calibration");
  refused([&] { american(engine, few, {.strike = -1}); }, "strike");
}
