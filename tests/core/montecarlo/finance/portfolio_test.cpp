// Value at risk and expected shortfall: closed forms, errors that are true, bits, bad input.
#include <cmath>

#include <furrow/error.hpp>
#include <furrow/montecarlo/finance/portfolio.hpp>

#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::finance;

namespace {

Portfolio four_indices(Returns returns) {
  return {.weights = {0.4, 0.3, 0.2, 0.1},
          .volatility = {0.0103, 0.0092, 0.0110, 0.0080},
          .growth = {0.0005, 0.0006, 0.0004, 0.0004},
          .correlation = {1.0, 0.7, 0.73, 0.64, 0.7, 1.0, 0.62, 0.58, 0.73, 0.62, 1.0, 0.65, 0.64,
                          0.58, 0.65, 1.0},
          .horizon = 21,
          .value = 1e6,
          .returns = returns};
}

}  // namespace

TEST_CASE("normal returns: risk of a portfolio is its closed form, within five standard errors") {
  Engine engine;
  for (const double level : {0.95, 0.99, 0.999}) {
    INFO("level " << level);
    const Portfolio portfolio = four_indices(Returns::normal);
    const ExactRisk exact = exact_portfolio_risk(portfolio, level);
    const auto risk = portfolio_risk(engine, {.paths = 1'000'000, .seed = 11}, portfolio, level);
    check_within(risk.value_at_risk.value, risk.value_at_risk.standard_error, exact.value_at_risk);
    check_within(risk.expected_shortfall.value, risk.expected_shortfall.standard_error,
                 exact.expected_shortfall);
    CHECK(risk.value_at_risk.low < risk.value_at_risk.value);
    CHECK(risk.expected_shortfall.high > risk.expected_shortfall.value);
  }
}

TEST_CASE("one lognormal asset: risk is its closed form") {
  Engine engine;
  const Portfolio one{.weights = {1}, .volatility = {0.2}, .growth = {0.05}, .correlation = {1}};
  // 1 - exp(0.05 - 0.02 - 0.2 * 2.3263478740), and 1 - e^0.05 N(-2.5263478740) / 0.01.
  const ExactRisk exact = exact_portfolio_risk(one);
  CHECK(exact.value_at_risk ==
        Approx(1 - std::exp(0.03 - 0.2 * 2.3263478740408408)).epsilon(1e-13));
  CHECK(exact.expected_shortfall ==
        Approx(1 - std::exp(0.05) * std::erfc(2.5263478740408408 / std::sqrt(2.0)) / 0.02));
  const auto risk = portfolio_risk(engine, {.paths = 1'000'000, .seed = 3}, one);
  check_within(risk.value_at_risk.value, risk.value_at_risk.standard_error, exact.value_at_risk);
  check_within(risk.expected_shortfall.value, risk.expected_shortfall.standard_error,
               exact.expected_shortfall);
  CHECK(std::isnan(exact_portfolio_risk(four_indices(Returns::lognormal)).value_at_risk));
}

TEST_CASE("errors of risk are what estimates of many seeds scatter by") {
  Engine engine;
  const Portfolio portfolio = four_indices(Returns::normal);
  const ExactRisk exact = exact_portfolio_risk(portfolio);
  constexpr int runs = 100;
  double var = 0;
  double es = 0;
  for (int seed = 0; seed < runs; ++seed) {
    const MonteCarloOptions options{.paths = 20'000, .seed = static_cast<std::uint64_t>(seed)};
    const PortfolioRisk risk = portfolio_risk(engine, options, portfolio);
    const double v =
        (risk.value_at_risk.value - exact.value_at_risk) / risk.value_at_risk.standard_error;
    const double e = (risk.expected_shortfall.value - exact.expected_shortfall) /
                     risk.expected_shortfall.standard_error;
    var += v * v / runs;
    es += e * e / runs;
  }
  // The mean of 100 squares of standard normals is 1 +- sqrt(2/100): five of these.
  CHECK(std::abs(var - 1) < 5 * std::sqrt(2.0 / runs));
  CHECK(std::abs(es - 1) < 5 * std::sqrt(2.0 / runs));
}

TEST_CASE("a thin tail is refused, and errors are true where it is just thick enough") {
  Engine engine;
  const Portfolio portfolio = four_indices(Returns::normal);
  CHECK(portfolio_paths_min(0.99) == 10'000);
  CHECK(portfolio_paths_min(0.9999) == 1'000'000);
  CHECK_THROWS_WITH(portfolio_risk(engine, {.paths = 10'000}, portfolio, 0.9999),
                    Catch::Contains("at least 1000000 paths"));
  CHECK_THROWS_WITH(portfolio_risk(engine, {.error = 1}, portfolio, 1 - 1e-14),
                    Catch::Contains("more than 2^40"));
  constexpr double level = 0.998;
  const ExactRisk exact = exact_portfolio_risk(portfolio, level);
  double var = 0;
  double es = 0;
  constexpr int runs = 100;
  for (int seed = 0; seed < runs; ++seed) {
    const MonteCarloOptions options{.paths = 50'000, .seed = static_cast<std::uint64_t>(seed)};
    const PortfolioRisk risk = portfolio_risk(engine, options, portfolio, level);
    CHECK(!risk.thin);
    const double v =
        (risk.value_at_risk.value - exact.value_at_risk) / risk.value_at_risk.standard_error;
    const double e = (risk.expected_shortfall.value - exact.expected_shortfall) /
                     risk.expected_shortfall.standard_error;
    var += v * v / runs;
    es += e * e / runs;
  }
  // An error that is known to a seventh adds a few hundredths to the mean of 100 squares.
  CHECK(std::abs(var - 1.05) < 5 * std::sqrt(2.0 / runs));
  CHECK(std::abs(es - 1.05) < 5 * std::sqrt(2.0 / runs));
  // By time there may be too few; what is said then is no NaN.
  MonteCarloOptions brief{.time_ns = 1, .seed = 3};
  const PortfolioRisk risk = portfolio_risk(engine, brief, portfolio, 0.99999);
  CHECK(risk.thin);
  CHECK(std::isfinite(risk.value_at_risk.value));
  CHECK(risk.value_at_risk.standard_error > 0);
  CHECK(risk.expected_shortfall.standard_error > 0);
  // An error asked for is not believed on a few paths.
  const auto by_error = portfolio_risk(engine, {.error = 1e9, .seed = 3}, portfolio, 0.9999);
  CHECK(by_error.simulation.paths >= 1'000'000);
}

TEST_CASE("risk that is small beside the mean is found all the same") {
  Engine engine;
  const Portfolio sure{.weights = {1},
                       .volatility = {1e-4},
                       .growth = {0.5},
                       .correlation = {1},
                       .returns = Returns::normal};
  const ExactRisk exact = exact_portfolio_risk(sure);
  const auto risk = portfolio_risk(engine, {.paths = 100'000, .seed = 2}, sure);
  check_within(risk.value_at_risk.value, risk.value_at_risk.standard_error, exact.value_at_risk);
  check_within(risk.expected_shortfall.value, risk.expected_shortfall.standard_error,
               exact.expected_shortfall);
}

TEST_CASE("risk has the same bits for 1, 2 and 7 workers") {
  const Portfolio portfolio = four_indices(Returns::lognormal);
  PortfolioRisk first;
  for (const std::size_t count : {1, 2, 7}) {
    Engine engine(workers(count));
    const auto risk = portfolio_risk(engine, {.paths = 300'001, .seed = 5}, portfolio);
    if (count == 1) first = risk;
    CHECK(risk.value_at_risk.value == first.value_at_risk.value);
    CHECK(risk.expected_shortfall.value == first.expected_shortfall.value);
    CHECK(risk.expected_shortfall.standard_error == first.expected_shortfall.standard_error);
  }
}

TEST_CASE("portfolios that are none are refused") {
  Engine engine(workers(1));
  const auto refused = [&](auto change, const char* says, double level = 0.99) {
    Portfolio portfolio = four_indices(Returns::lognormal);
    change(portfolio);
    CHECK_THROWS_MATCHES(portfolio_risk(engine, {.paths = 100}, portfolio, level), InvalidArgument,
                         Catch::Matchers::Predicate<InvalidArgument>(
                             [&](const InvalidArgument& e) {
                               return std::string(e.what()).find(says) != std::string::npos;
                             },
                             says));
  };
  refused([](Portfolio& p) { p.volatility[2] = -0.1; }, "volatility is -0.1");
  refused([](Portfolio& p) { p.volatility.pop_back(); }, "3 volatilities");
  refused([](Portfolio& p) { p.weights.clear(); }, "1 to 16 assets");
  refused([](Portfolio& p) { p.correlation[1] = 0.71; }, "symmetric");
  refused([](Portfolio& p) { p.correlation[5] = 0.9; }, "with itself is 1");
  refused([](Portfolio& p) { p.correlation[1] = p.correlation[4] = 1; }, "positive definite");
  refused([](Portfolio& p) { p.correlation[1] = p.correlation[4] = -0.9; }, "positive definite");
  refused([](Portfolio& p) { p.correlation[1] = p.correlation[4] = 1.5; }, "from -1 to 1");
  refused([](Portfolio& p) { p.correlation.resize(9); }, "16 numbers");
  refused([](Portfolio& p) { p.horizon = 0; }, "horizon");
  refused([](Portfolio& p) { p.weights[0] = NAN; }, "weight");
  refused([](Portfolio& p) { p.volatility = {0, 0, 0, 0}; }, "by chance");
  refused([](Portfolio&) {}, "level", 1.0);
}
