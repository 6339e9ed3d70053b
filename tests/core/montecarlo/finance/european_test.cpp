// European and digital options: prices and sensitivities by every method, coverage of intervals.
#include <cmath>
#include <string>

#include <furrow/error.hpp>
#include <furrow/montecarlo/finance/european.hpp>

#include "core/montecarlo/finance/refused.hpp"
#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::finance;

namespace {

constexpr Greek greeks[] = {Greek::price, Greek::delta, Greek::gamma,
                            Greek::vega,  Greek::theta, Greek::rho};

European put_on_dividends() {
  return {.right = Right::put,
          .spot = 95,
          .strike = 100,
          .rate = 0.03,
          .dividend = 0.02,
          .sigma = 0.25,
          .maturity = 0.75};
}

/// What differences of exact prices are: sensitivities with the bias of the bump.
double bumped(const European& o, std::size_t greek, double bump) {
  const auto at = [&](double spot, double sigma, double rate, double maturity) {
    European other = o;
    other.spot += spot;
    other.sigma += sigma;
    other.rate += rate;
    other.maturity += maturity;
    return exact(other);
  };
  const double h = bump * o.spot;
  switch (greek) {
    case 1: return (at(h, 0, 0, 0) - at(-h, 0, 0, 0)) / (2 * h);
    case 2: return (at(h, 0, 0, 0) - 2 * at(0, 0, 0, 0) + at(-h, 0, 0, 0)) / (h * h);
    case 3: return (at(0, bump, 0, 0) - at(0, -bump, 0, 0)) / (2 * bump);
    case 4: return (at(0, 0, 0, -bump) - at(0, 0, 0, bump)) / (2 * bump);
    case 5: return (at(0, 0, bump, 0) - at(0, 0, -bump, 0)) / (2 * bump);
    default: return at(0, 0, 0, 0);
  }
}

}  // namespace

TEST_CASE("European prices are Black and Scholes's, and Hull's example") {
  Engine engine;
  // Hull, "Options, futures, and other derivatives", example 15.6: 4.76 and 0.81.
  European hull{.spot = 42, .strike = 40, .rate = 0.1, .sigma = 0.2, .maturity = 0.5};
  CHECK(exact(hull) == Approx(4.76).margin(0.005));
  for (const bool control : {false, true}) {
    const auto call = european(engine, {.paths = 1'000'000, .seed = 1}, hull, control);
    check_within(call, 0, exact(hull));
    if (control) CHECK(call.variance_reduction.at(0) > 5);
    const auto put = european(engine, {.paths = 1'000'000, .seed = 2}, put_on_dividends(), control);
    check_within(put, 0, exact(put_on_dividends()));
  }
  hull.right = Right::put;
  CHECK(exact(hull) == Approx(0.81).margin(0.005));
  check_within(european(engine, {.paths = 1'000'000, .seed = 3}, hull), 0, exact(hull));
  hull.sigma = 0;
  hull.right = Right::call;
  const auto certain = european(engine, {.paths = 1000}, hull);
  CHECK(certain.mean() == Approx(42 - 40 * std::exp(-0.05)));
}

TEST_CASE("sensitivities by derivatives of the path, of the density, and by bumps") {
  Engine engine;
  for (const European& option : {European{}, put_on_dividends()}) {
    const MonteCarloOptions options{.paths = 2'000'000, .seed = 17};
    const auto path = european_greeks(engine, options, option, GreekMethod::pathwise);
    const auto density = european_greeks(engine, options, option, GreekMethod::likelihood_ratio);
    const auto bump = european_greeks(engine, options, option, GreekMethod::bumped, 0.01);
    for (std::size_t k = 0; k < 6; ++k) {
      check_within(path, k, exact(option, greeks[k]));
      check_within(density, k, exact(option, greeks[k]));
      check_within(bump, k, bumped(option, k, 0.01));
      // The smooth payoff's derivatives scatter less than the density's.
      CHECK(path.standard_error(k) <= 1.01 * density.standard_error(k));
    }
  }
}

TEST_CASE("digital options") {
  Engine engine;
  for (const European& option : {European{}, put_on_dividends()}) {
    const MonteCarloOptions options{.paths = 1'000'000, .seed = 4};
    check_within(digital(engine, options, option), 0, exact(option, Greek::cash_digital));
    check_within(digital(engine, options, option, Payment::asset), 0,
                 exact(option, Greek::asset_digital));
  }
}

TEST_CASE("intervals of 200 seeds cover the truth as often as they say") {
  // Hits are binomial: of 200 intervals of 95 % on average 190, deviation 3.1, of 50 % 100 and 7.1.
  // Five deviations each way; all 200 of the first would happen once in 28,000 times.
  Engine engine;
  const double truth = exact(European{});
  for (const bool control : {false, true}) {
    for (const double confidence : {0.95, 0.5}) {
      INFO("control " << control << ", confidence " << confidence);
      int hits = 0;
      for (std::uint64_t seed = 0; seed < 200; ++seed) {
        MonteCarloOptions options{.paths = 4000, .seed = seed};
        options.confidence = confidence;
        const auto result = european(engine, options, European{}, control);
        const Estimate& e = result.outputs[0];
        if (e.low <= truth && truth <= e.high) ++hits;
      }
      CHECK(hits >= (confidence == 0.95 ? 175 : 65));
      CHECK(hits <= (confidence == 0.95 ? 199 : 135));
    }
  }
}

TEST_CASE("European options that are none are refused") {
  Engine engine(workers(1));
  const auto priced = [&](auto change) {
    return [&engine, change] {
      European option;
      change(option);
      european(engine, {.paths = 100}, option);
    };
  };
  refused(priced([](European& o) { o.sigma = -0.2; }), "volatility (sigma) is -0.2");
  refused(priced([](European& o) { o.strike = 0; }), "strike is 0");
  refused(priced([](European& o) { o.spot = -1; }), "spot is -1");
  refused(priced([](European& o) { o.maturity = 0; }), "maturity is 0");
  refused(priced([](European& o) { o.rate = NAN; }), "rate is nan");
  refused([&] { european(engine, {}, European{}); }, "no end");
  refused([&] { european_greeks(engine, {.paths = 100}, {.sigma = 0}); }, "sensitivities");
  refused([&] { european_greeks(engine, {.paths = 100}, {}, GreekMethod::bumped, 0.3); }, "bump");
}
