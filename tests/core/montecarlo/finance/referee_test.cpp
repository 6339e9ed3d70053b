// Prices without a closed form against QuantLib's finite differences and simulations, where it is
// installed.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include <furrow/montecarlo/finance/american.hpp>
#include <furrow/montecarlo/finance/asian.hpp>
#include <furrow/montecarlo/finance/barrier.hpp>
#include <furrow/montecarlo/finance/basket.hpp>

#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::finance;

namespace {

/// A line of the referee's.
struct Line {
  std::string kind;
  int sign = 0;
  double spot = 0, strike = 0, rate = 0, dividend = 0, sigma = 0, maturity = 0;
  double dates = 0, x = 0, price = 0, error = 0;

  Right right() const { return static_cast<Right>(sign); }
  std::int64_t count() const { return static_cast<std::int64_t>(dates); }
};

std::istream& operator>>(std::istream& in, Line& l) {
  return in >> l.kind >> l.sign >> l.spot >> l.strike >> l.rate >> l.dividend >> l.sigma >>
         l.maturity >> l.dates >> l.x >> l.price >> l.error;
}

MonteCarloResult simulated(Engine& engine, const Line& l) {
  const MonteCarloOptions options{.paths = 200'000, .seed = 77};
  if (l.kind == "asian") {
    return asian(engine, options,
                 {.right = l.right(),
                  .spot = l.spot,
                  .strike = l.strike,
                  .rate = l.rate,
                  .dividend = l.dividend,
                  .sigma = l.sigma,
                  .maturity = l.maturity,
                  .fixings = l.count()});
  }
  if (l.kind == "basket") {
    return basket(engine, options,
                  {.right = l.right(),
                   .spot = {l.spot, l.spot, l.spot},
                   .weights = {1.0 / 3, 1.0 / 3, 1.0 / 3},
                   .sigma = {l.sigma, l.sigma, l.sigma},
                   .dividend = {l.dividend, l.dividend, l.dividend},
                   .correlation = {1, l.x, l.x, l.x, 1, l.x, l.x, l.x, 1},
                   .strike = l.strike,
                   .rate = l.rate,
                   .maturity = l.maturity});
  }
  return barrier(engine, options,
                 {.knock = l.kind == "up-in" ? Knock::up_in : Knock::down_out,
                  .right = l.right(),
                  .spot = l.spot,
                  .strike = l.strike,
                  .barrier = l.x,
                  .rate = l.rate,
                  .dividend = l.dividend,
                  .sigma = l.sigma,
                  .maturity = l.maturity,
                  .steps = l.count()});
}

void check_american(Engine& engine, const Line& l) {
  const AmericanPrice price = american(engine, {.paths = 200'000, .seed = 77},
                                       {.right = l.right(),
                                        .spot = l.spot,
                                        .strike = l.strike,
                                        .rate = l.rate,
                                        .dividend = l.dividend,
                                        .sigma = l.sigma,
                                        .maturity = l.maturity,
                                        .dates = l.count()});
  INFO("price " << price.price << " +- " << price.standard_error << ", QuantLib " << l.price);
  // Below finite differences (whose own error is less than 0.05 %) by no more than 0.5 %.
  CHECK(price.price < 1.0005 * l.price + 5 * price.standard_error);
  CHECK(price.price > 0.995 * l.price - 5 * price.standard_error);
}

}  // namespace

TEST_CASE("prices without a closed form agree with QuantLib's") {
  const int status =
      std::system(FURROW_PYTHON " " FURROW_TEST_FOLDER "/quantlib_referee.py referee_prices.txt");
  if (status == 3 << 8) {
    WARN("no QuantLib here: apt-get install quantlib-python");
    return;
  }
  REQUIRE(status == 0);
  Engine engine;
  std::ifstream file("referee_prices.txt");
  int lines = 0;
  for (Line l; file >> l; ++lines) {
    INFO(l.kind << " sign " << l.sign << " spot " << l.spot);
    if (l.kind == "american") {
      check_american(engine, l);
      continue;
    }
    const MonteCarloResult result = simulated(engine, l);
    check_within(result.mean() - l.price, std::hypot(result.standard_error(), l.error), 0);
  }
  CHECK(lines == 20);
}
