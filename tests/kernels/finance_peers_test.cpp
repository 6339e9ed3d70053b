// tests/kernels/finance_peers_test.cpp
//
// Prices against the same formulas in 50 digits (mpmath), and against QuantLib, where these are
// installed.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/kernels/finance/models.hpp>
#include <furrow/kernels/finance/path_dependent.hpp>

namespace furrow::kernels::finance {
namespace {

/// A price by this library, of what a line of cases says: kind, variant, sign, then x.
double price_of(const std::string& kind, int variant, Right right, const std::vector<double>& x) {
  const auto value = static_cast<ShortRateValue>(variant);
  if (kind == "barrier") {
    return barrier(
        {static_cast<Knock>(variant), right, x[0], x[1], x[6], x[7], x[2], x[3], x[4], x[5], 0.0});
  }
  if (kind == "lookback") {
    return lookback(
        {static_cast<Strike>(variant), right, x[0], x[1], x[6], x[2], x[3], x[4], x[5]});
  }
  if (kind == "merton") {
    return merton_jump({right, x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8]});
  }
  if (kind == "heston") {
    return heston({right, x[0], x[1], x[2], x[3], x[5], x[4], x[6], x[7], x[8], x[9]}).price;
  }
  const ShortRate model{x[0], x[1], x[2], x[3], x[4]};
  return kind == "cir" ? cir(model, value) : vasicek(model, value);
}

}  // namespace

TEST_CASE("prices have the digits of the same formulas in 50 digits") {
  const int status =
      std::system(FURROW_PYTHON " " FURROW_TEST_FOLDER "/mpmath_peer.py mpmath_prices.txt");
  if (status == 3 << 8) {
    WARN("no mpmath here: apt-get install python3-mpmath");
    return;
  }
  REQUIRE(status == 0);
  std::ifstream file("mpmath_prices.txt");
  std::string kind;
  int variant = 0, sign = 0, lines = 0;
  std::size_t count = 0;
  while (file >> kind >> variant >> sign >> count) {
    std::vector<double> x(count);
    for (double& number : x) file >> number;
    double exact = 0;
    file >> exact;
    const bool rates = kind == "cir" || kind == "vasicek";
    const double scale = rates ? std::fabs(exact) : x[0] + x[1];
    const double bound = kind == "heston" ? 1e-11 : rates || kind == "merton" ? 1e-13 : 1e-14;
    INFO(kind << " " << variant << " " << sign << " line " << lines);
    CHECK(std::fabs(price_of(kind, variant, static_cast<Right>(sign), x) - exact) < bound * scale);
    ++lines;
  }
  CHECK(lines > 700);
}

TEST_CASE("prices agree with QuantLib's") {
  const int status =
      std::system(FURROW_PYTHON " " FURROW_TEST_FOLDER "/quantlib_peer.py quantlib_prices.txt");
  if (status == 3 << 8) {
    WARN("no QuantLib here: apt-get install quantlib-python");
    return;
  }
  REQUIRE(status == 0);
  std::ifstream file("quantlib_prices.txt");
  std::string kind;
  int variant = 0, sign = 0, lines = 0;
  struct {
    double spot, strike, rate, dividend, volatility, maturity;
  } c{};
  double x = 0, y = 0, z = 0, peer = 0;
  while (file >> kind >> variant >> sign >> c.spot >> c.strike >> c.rate >> c.dividend >>
         c.volatility >> c.maturity >> x >> y >> z >> peer) {
    const auto right = static_cast<Right>(sign);
    double ours = std::nan(""), margin = 1e-10;
    if (kind == "european") {
      ours = black_scholes({right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity},
                           static_cast<Greek>(variant));
    } else if (kind == "barrier") {
      ours = barrier({static_cast<Knock>(variant), right, c.spot, c.strike, x, y, c.rate,
                      c.dividend, c.volatility, c.maturity, 0.0});
      margin = 1e-9;
    } else if (kind == "lookback") {
      ours = lookback({static_cast<Strike>(variant), right, c.spot, c.strike, x, c.rate, c.dividend,
                       c.volatility, c.maturity});
      margin = 1e-8;
    } else if (kind == "asian") {
      ours = geometric_asian(
          {right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity, x});
    } else if (kind == "heston") {
      ours = heston({right, c.spot, c.strike, c.rate, c.dividend, c.maturity, c.volatility, x, y, z,
                     variant / 100.0})
                 .price;
      margin = 1e-6;
    } else if (kind == "vasicek") {
      ours = vasicek({x, y, z, c.volatility, c.maturity}, ShortRateValue::bond);
    }
    INFO(kind << " " << variant << " " << sign << " S " << c.spot << " K " << c.strike << " r "
              << c.rate << " q " << c.dividend << " v " << c.volatility << " T " << c.maturity
              << " " << x << " " << y << " " << z);
    CHECK(ours == Approx(peer).epsilon(1e-9).margin(margin));
    ++lines;
  }
  CHECK(lines > 500);
}

}  // namespace furrow::kernels::finance
