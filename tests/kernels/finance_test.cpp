// tests/kernels/finance_test.cpp
//
// Closed forms against the literature, against the same formula in long double, against each other
// (parity, limits, derivatives), and as columns on every target.
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/kernels/finance/models.hpp>
#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::finance {
namespace {

using Wide = long double;
constexpr Right rights[] = {Right::call, Right::put};

Wide normal(Wide x) { return std::erfc(-x / std::sqrt(Wide(2))) / 2; }

Wide exact_price(Right right, Wide s, Wide k, Wide r, Wide q, Wide v, Wide t) {
  const Wide phi = static_cast<int>(right);
  const Wide deviation = v * std::sqrt(t);
  const Wide d1 = (std::log(s / k) + (r - q) * t) / deviation + deviation / 2;
  return phi * (s * std::exp(-q * t) * normal(phi * d1) -
                k * std::exp(-r * t) * normal(phi * (d1 - deviation)));
}

struct Case {
  double spot, strike, rate, dividend, volatility, maturity;
};

Case random_case(std::mt19937_64& engine) {
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(engine);
  };
  return {100 * std::exp(uniform(-1, 1)), 100 * std::exp(uniform(-1, 1)),
          uniform(-0.02, 0.15),           uniform(-0.02, 0.1),
          std::exp(uniform(-3.5, 0.2)),   std::exp(uniform(-4, 2))};
}

European european(const Case& c, Right right) {
  return {right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity};
}

}  // namespace

TEST_CASE("European prices are those of the literature") {
  // Haug (2007), page 3, and its table 4-1 (Margrabe).
  CHECK(black_scholes(
            {.spot = 60, .strike = 65, .rate = 0.08, .volatility = 0.3, .maturity = 0.25}) ==
        Approx(2.1334).margin(5e-5));
  CHECK(margrabe({22, 20, 0.06, 0.04, 0.2, 0.15, -0.5, 0.1}) == Approx(2.1251).margin(5e-5));
}

TEST_CASE("Black and Scholes's formula has the digits that it promises, on every target") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    std::mt19937_64 engine(1);
    double worst = 0;
    for (int i = 0; i < 20000; ++i) {
      const Case c = random_case(engine);
      const Right right = rights[i % 2];
      const Wide exact =
          exact_price(right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity);
      const double ours = black_scholes(european(c, right));
      const double scale =
          (c.spot + c.strike) * (1 + std::fabs(std::log(c.spot / c.strike))) * std::exp(0.15);
      worst = std::max(worst, static_cast<double>(std::fabs(ours - exact)) / scale);
      CHECK(ours >= 0);
    }
    INFO(name);
    CHECK(worst < 4e-16);
  }
  force_target("");
}

TEST_CASE("calls and puts agree: parity of all European values") {
  std::mt19937_64 engine(2);
  for (int i = 0; i < 2000; ++i) {
    const Case c = random_case(engine);
    const European call = european(c, Right::call), put = european(c, Right::put);
    const double asset = c.spot * std::exp(-c.dividend * c.maturity);
    const double bond = c.strike * std::exp(-c.rate * c.maturity);
    const double scale = 1e-14 * (asset + bond) * (1 + c.maturity);
    const auto difference = [&](Greek greek) {
      return black_scholes(call, greek) - black_scholes(put, greek);
    };
    CHECK(std::fabs(difference(Greek::price) - (asset - bond)) < scale);
    CHECK(std::fabs(difference(Greek::delta) - asset / c.spot) < 1e-14);
    CHECK(std::fabs(difference(Greek::rho) - c.maturity * bond) < scale * 10);
    CHECK(std::fabs(difference(Greek::theta) - (c.dividend * asset - c.rate * bond)) < scale);
    CHECK(difference(Greek::gamma) == 0);
    CHECK(difference(Greek::vega) == 0);
    const double digital =
        black_scholes(call, Greek::cash_digital) + black_scholes(put, Greek::cash_digital);
    CHECK(digital == Approx(bond / c.strike).epsilon(1e-14));
    CHECK(black_scholes(call, Greek::asset_digital) -
              c.strike * black_scholes(call, Greek::cash_digital) ==
          Approx(black_scholes(call)).margin(scale));
  }
}

TEST_CASE("greeks are derivatives") {
  std::mt19937_64 engine(3);
  for (int i = 0; i < 300; ++i) {
    const Case c = random_case(engine);
    const Right right = rights[i % 2];
    const European option = european(c, right);
    const auto price = [&](double ds, double dr, double dq, double dv, double dt) {
      return exact_price(right, Wide(c.spot) + ds, c.strike, Wide(c.rate) + dr,
                         Wide(c.dividend) + dq, Wide(c.volatility) + dv, Wide(c.maturity) + dt);
    };
    const double scale = 1e-5 * (c.spot + c.strike) * (1 + c.maturity);
    const auto near = [&](Greek greek, Wide difference, double tolerance) {
      INFO(static_cast<int>(greek));
      CHECK(std::fabs(black_scholes(option, greek) - static_cast<double>(difference)) < tolerance);
    };
    const double h = c.spot * 1e-5, v = c.volatility * 1e-5, t = c.maturity * 1e-5;
    const auto all = [&](double a) { return price(a, 0, 0, 0, 0); };
    near(Greek::delta, (all(h) - all(-h)) / (2 * h), 1e-6);
    near(Greek::gamma, (all(h) - 2 * all(0) + all(-h)) / (Wide(h) * h),
         1e-5 * (1 / c.spot + std::fabs(black_scholes(option, Greek::gamma))));
    near(Greek::vega, (price(0, 0, 0, v, 0) - price(0, 0, 0, -v, 0)) / (2 * v), scale);
    near(Greek::rho, (price(0, 1e-6, 0, 0, 0) - price(0, -1e-6, 0, 0, 0)) / 2e-6L, scale);
    near(Greek::dividend_rho, (price(0, 0, 1e-6, 0, 0) - price(0, 0, -1e-6, 0, 0)) / 2e-6L, scale);
    near(Greek::theta, (price(0, 0, 0, 0, -t) - price(0, 0, 0, 0, t)) / (2 * t),
         scale / c.maturity);
    near(Greek::volga, (price(0, 0, 0, v, 0) - 2 * all(0) + price(0, 0, 0, -v, 0)) / (Wide(v) * v),
         scale / c.volatility);
    near(Greek::vanna,
         (price(h, 0, 0, v, 0) - price(-h, 0, 0, v, 0) - price(h, 0, 0, -v, 0) +
          price(-h, 0, 0, -v, 0)) /
             (4 * Wide(h) * v),
         1e-4 * (1 + c.maturity) / c.volatility);
  }
}

TEST_CASE("what is certain is worth its discounted value; nonsense is NaN") {
  for (const Right right : rights) {
    const double phi = static_cast<int>(right);
    for (const double strike : {0.0, 50.0, 100.0, 150.0}) {
      const European still{right, 100, strike, 0.05, 0.02, 0.0, 2.0};
      const double worth = 100 * std::exp(-0.04) - strike * std::exp(-0.1);
      CHECK(black_scholes(still) == Approx(std::max(phi * worth, 0.0)).margin(1e-13));
      const European now{right, 100, strike, 0.05, 0.02, 0.3, 0.0};
      CHECK(black_scholes(now) == std::max(phi * (100 - strike), 0.0));
      if (strike != 100) CHECK(black_scholes(now, Greek::gamma) == 0);
    }
    CHECK(std::isnan(black_scholes({.right = right, .volatility = -0.1})));
    CHECK(std::isnan(black_scholes({.right = right, .spot = -1})));
    CHECK(std::isnan(black_scholes({.right = right, .strike = -1})));
    CHECK(std::isnan(black_scholes({.right = right, .maturity = -1})));
    CHECK(std::isnan(black_scholes({.right = right, .spot = std::nan("")})));
    CHECK(std::isnan(barrier({.right = right, .volatility = -0.1})));
    CHECK(std::isnan(lookback({.right = right, .volatility = -0.1})));
    CHECK(std::isnan(geometric_asian({.right = right, .volatility = -0.1})));
    CHECK(std::isnan(merton_jump({.right = right, .volatility = -0.1})));
    CHECK(std::isnan(merton_jump({.right = right, .intensity = -1})));
    CHECK(std::isnan(heston({.right = right, .correlation = 1.5}).price));
  }
}

TEST_CASE("a price implies its volatility, also far from the money and near none") {
  std::mt19937_64 engine(4);
  int compared = 0;
  for (int i = 0; i < 20000; ++i) {
    const Case c = random_case(engine);
    const European option = european(c, rights[i % 2]);
    const double price = black_scholes(option);
    const double asset = c.spot * std::exp(-c.dividend * c.maturity);
    const double bond = c.strike * std::exp(-c.rate * c.maturity);
    const double intrinsic = std::max(static_cast<int>(option.right) * (asset - bond), 0.0);
    const double vega = black_scholes(option, Greek::vega);
    // What the price's own rounding, and that of the value without volatility, leave of it.
    const double held = 8e-16 * (asset + bond) / (vega * c.volatility);
    if (!(price - intrinsic > 1e-300) || !(held < 1e-3)) continue;
    ++compared;
    const double implied = implied_volatility(price, option);
    INFO(c.spot << " " << c.strike << " " << c.volatility << " " << c.maturity);
    CHECK(std::fabs(implied / c.volatility - 1) < 1e-13 + held);
  }
  CHECK(compared > 10000);
  const European far{Right::put, 100, 20, 0, 0, 0.15, 1};
  CHECK(black_scholes(far) < 1e-25);
  CHECK(implied_volatility(black_scholes(far), far) == Approx(0.15).epsilon(1e-12));
  CHECK(implied_volatility(0, far) == 0);
  CHECK(std::isnan(implied_volatility(-1e-3, far)));
  CHECK(std::isnan(implied_volatility(20.0, far)));
  CHECK(std::isnan(implied_volatility(std::nan(""), far)));
}

TEST_CASE("geometric means: of fixings and of baskets") {
  // Clewlow and Strickland, "Implementing derivatives models" (1998), pages 118 to 123.
  CHECK(geometric_asian({.rate = 0.06, .dividend = 0.03, .volatility = 0.2, .fixings = 10}) ==
        Approx(5.3425606635).epsilon(1e-10));
  std::mt19937_64 engine(5);
  for (int i = 0; i < 300; ++i) {
    const Case c = random_case(engine);
    for (const Right right : rights) {
      const auto asian = [&](double fixings) {
        return geometric_asian(
            {right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity, fixings});
      };
      const double plain = black_scholes(european(c, right));
      CHECK(asian(1) == Approx(plain).epsilon(1e-12).margin(1e-12));  // one fixing, the last
      CHECK(asian(1e9) == Approx(asian(0)).epsilon(1e-6).margin(1e-6));
      const double one[] = {1.0};
      const GeometricBasket basket{right, {&c.spot, 1}, {&c.dividend, 1}, {&c.volatility, 1}, one,
                                   one,   c.strike,     c.rate,           c.maturity};
      CHECK(geometric_basket(basket) == Approx(plain).epsilon(1e-12).margin(1e-12));
    }
  }
  // Two equal assets, wholly correlated, are one; and S1/S2 is what Margrabe exchanges.
  const double spot[] = {100, 100}, dividend[] = {0.01, 0.01}, volatility[] = {0.3, 0.3},
               half[] = {0.5, 0.5}, together[] = {1, 1, 1, 1};
  CHECK(geometric_basket({Right::call, spot, dividend, volatility, half, together, 105, 0.03, 2}) ==
        Approx(black_scholes({Right::call, 100, 105, 0.03, 0.01, 0.3, 2})).epsilon(1e-13));
}

TEST_CASE("jumps: none is Black and Scholes, and parity holds") {
  std::mt19937_64 engine(6);
  for (int i = 0; i < 200; ++i) {
    const Case c = random_case(engine);
    const auto price = [&](Right right, double intensity) {
      return merton_jump({right, c.spot, c.strike, c.rate, c.dividend, c.volatility, c.maturity,
                          intensity, -0.1, 0.2});
    };
    CHECK(price(Right::call, 0) ==
          Approx(black_scholes(european(c, Right::call))).epsilon(1e-13).margin(1e-13));
    const double forward =
        c.spot * std::exp(-c.dividend * c.maturity) - c.strike * std::exp(-c.rate * c.maturity);
    const double intensity = 0.1 * i;
    CHECK(price(Right::call, intensity) - price(Right::put, intensity) ==
          Approx(forward).margin(1e-12 * (c.spot + c.strike) * (1 + intensity * c.maturity)));
    CHECK(price(Right::call, intensity) >= 0);
  }
}

TEST_CASE("jumps by large factors, down and up: both sides of the price are summed to their end") {
  // By the series in 50 digits.
  struct Row {
    double intensity, mean, put;
  };
  for (const Row& row :
       {Row{20, -5, 95.12148419436875}, {5, -2, 80.15101799974467}, {20, 1.5, 95.12290350083289}}) {
    const auto price = [&](Right right) {
      return merton_jump({right, 100.0, 100.0, 0.05, 0.0, 0.2, 1.0, row.intensity, row.mean, 0.1});
    };
    INFO("intensity " << row.intensity << " mean " << row.mean);
    CHECK(price(Right::put) == Approx(row.put).epsilon(1e-13));
    const double forward = 100 - 100 * std::exp(-0.05);
    CHECK(price(Right::call) - price(Right::put) == Approx(forward).epsilon(1e-11));
  }
  CHECK(std::isnan(merton_jump({.intensity = 701})));
  CHECK(std::isnan(merton_jump({.intensity = 300, .jump_mean = 1})));
}

TEST_CASE("Heston's price: the literature, parity, and no volatility of variance") {
  // The cases of Fang and Oosterlee, SIAM J. Sci. Comput. 31 (2008), tables 4 and 5, who have
  // 5.785155450 and 22.318945791; these digits are by mpmath with 30 of them.
  const Heston one_year{.variance = 0.0175,
                        .reversion = 1.5768,
                        .mean = 0.0398,
                        .volatility = 0.5751,
                        .correlation = -0.5711};
  Heston ten_years = one_year;
  ten_years.maturity = 10;
  CHECK(heston(one_year).price == Approx(5.785155434376189).margin(1e-11));
  CHECK(heston(ten_years).price == Approx(22.31894579115449).margin(1e-11));
  for (const double volatility : {1e-12, 1e-9, 1e-6, 0.01, 0.5, 2.0}) {
    for (const double maturity : {0.01, 0.5, 10.0}) {
      for (const double strike : {60.0, 100.0, 180.0}) {
        Heston option = one_year;
        option.volatility = volatility, option.maturity = maturity, option.strike = strike;
        option.rate = 0.03, option.dividend = 0.01;
        const HestonPrice call = heston(option);
        option.right = Right::put;
        const HestonPrice put = heston(option);
        const double forward =
            100 * std::exp(-0.01 * maturity) - strike * std::exp(-0.03 * maturity);
        CHECK(call.price - put.price == Approx(forward).margin(1e-11));
        CHECK(call.error < 1e-8);
        CHECK(put.price > -1e-10);
        if (volatility > 1e-6) continue;
        const double gone = -std::expm1(-option.reversion * maturity) / option.reversion;
        const double variance = option.mean * maturity + (option.variance - option.mean) * gone;
        const double plain = black_scholes(
            {Right::put, 100, strike, 0.03, 0.01, std::sqrt(variance / maturity), maturity});
        CHECK(put.price == Approx(plain).margin(50 * volatility + 1e-10));
      }
    }
  }
}

TEST_CASE("bond prices solve their equation and moments are those of the process") {
  // P_T = v²r/2 P_rr + a(m - r) P_r - rP, with v² for Vasicek.
  const double r = 0.05, a = 0.5, m = 0.04, v = 0.1, t = 5, h = 1e-3;
  for (const bool square_root : {true, false}) {
    const auto value = [&](double rate, double time, ShortRateValue what) {
      const ShortRate model{rate, a, m, v, time};
      return square_root ? cir(model, what) : vasicek(model, what);
    };
    const auto bond = [&](double rate, double time) {
      return value(rate, time, ShortRateValue::bond);
    };
    const double by_time = (bond(r, t + h) - bond(r, t - h)) / (2 * h);
    const double first = (bond(r + h, t) - bond(r - h, t)) / (2 * h);
    const double second = (bond(r + h, t) - 2 * bond(r, t) + bond(r - h, t)) / (h * h);
    const double spread = v * v * (square_root ? r : 1.0);
    CHECK(by_time ==
          Approx(spread / 2 * second + a * (m - r) * first - r * bond(r, t)).margin(1e-7));
    CHECK(bond(r, 0) == 1);
    // d mean/dT = a (m - mean), d var/dT = noise - 2 a var
    const auto of = [&](double time, ShortRateValue what) { return value(r, time, what); };
    const double mean = of(t, ShortRateValue::mean), variance = of(t, ShortRateValue::variance);
    CHECK((of(t + h, ShortRateValue::mean) - of(t - h, ShortRateValue::mean)) / (2 * h) ==
          Approx(a * (m - mean)).margin(1e-8));
    CHECK((of(t + h, ShortRateValue::variance) - of(t - h, ShortRateValue::variance)) / (2 * h) ==
          Approx(v * v * (square_root ? mean : 1.0) - 2 * a * variance).margin(1e-8));
    CHECK(of(0, ShortRateValue::mean) == r);
    CHECK(of(0, ShortRateValue::variance) == 0);
  }
}

TEST_CASE("Vasicek's bond keeps its digits however slowly the rate reverts, and not at all") {
  // ln P = -r B - m (T - B) + σ²/2 ∫ B²: the integrals by 20,000 steps of Simpson's rule in long
  // double.
  const double r = 0.03, m = 0.05, v = 0.02, t = 7;
  for (const double product : {0.0, 1e-300, 1e-17, 1e-9, 1e-6, 1e-3, 0.1, 0.3, 0.49999, 0.5, 0.7,
                               2.0, 10.0, 30.0, 50.0, -1e-6, -0.4}) {
    const double a = product / t;
    const auto fall = [&](Wide u) { return a == 0 ? u : -std::expm1(-a * u) / a; };
    const auto lag = [&](Wide u) { return a * fall(u); };
    Wide squares = 0, lags = 0;
    constexpr int steps = 20'000;
    for (int i = 0; i <= steps; ++i) {
      const Wide u = Wide(t) * i / steps;
      const Wide weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
      squares += weight * fall(u) * fall(u);
      lags += weight * lag(u);  // T - B is the integral of 1 - e^(-au)
    }
    const Wide third = Wide(t) / steps / 3;
    const Wide log = -r * fall(t) - m * lags * third + Wide(v) * v / 2 * squares * third;
    INFO("reversion times maturity " << product);
    CHECK(vasicek({r, a, m, v, t}, ShortRateValue::bond) ==
          Approx(static_cast<double>(std::exp(log))).epsilon(1e-13));
  }
  CHECK(vasicek({r, 0.0, m, v, t}, ShortRateValue::bond) ==
        Approx(std::exp(v * v * t * t * t / 6 - r * t)).epsilon(1e-15));
  CHECK(vasicek({r, 0.0, m, v, t}, ShortRateValue::variance) == v * v * t);
  CHECK(vasicek({r, 0.0, m, v, t}, ShortRateValue::mean) == r);
}

namespace {

/// A formula as columns, and its value for option i alone.
struct Form {
  const char* name;
  std::function<void(std::span<double>, const std::vector<std::vector<double>>&)> columns;
  std::function<double(const std::vector<double>&)> single;
};

std::vector<Form> forms() {
  using Columns = std::vector<std::vector<double>>;
  using Single = std::vector<double>;
  const auto make = [](const auto& x, auto run) { return run(x); };
  std::vector<Form> all;
  for (int greek = 0; greek < 11; ++greek) {
    const auto option = [](const auto& x) {
      return European{Right::put, x[0], x[1], 0.03, x[2], x[3], x[4]};
    };
    all.push_back({"black_scholes",
                   [=](std::span<double> out, const Columns& x) {
                     black_scholes(out, make(x, option), static_cast<Greek>(greek));
                   },
                   [=](const Single& x) {
                     return black_scholes(make(x, option), static_cast<Greek>(greek));
                   }});
  }
  const auto add = [&](const char* name, auto option, auto function) {
    all.push_back({name, [=](std::span<double> out, const Columns& x) { function(out, option(x)); },
                   [=](const Single& x) { return function(option(x)); }});
  };
  const auto barriers = [](auto... a) { return barrier(a...); };
  const auto lookbacks = [](auto... a) { return lookback(a...); };
  for (const Right right : rights) {
    for (const Knock knock : {Knock::down_in, Knock::up_in, Knock::down_out, Knock::up_out}) {
      add(
          "barrier",
          [=](const auto& x) {
            return Barrier{knock, right, x[0], x[1], x[5], 2.0, 0.03, x[2], x[3], x[4], 0.0};
          },
          barriers);
    }
    for (const Strike kind : {Strike::floating, Strike::fixed}) {
      add(
          "lookback",
          [=](const auto& x) {
            return Lookback{kind, right, x[0], x[1], std::nan(""), 0.03, x[2], x[3], x[4]};
          },
          lookbacks);
    }
    add(
        "asian",
        [=](const auto& x) {
          return GeometricAsian{right, x[0], x[1], 0.03, x[2], x[3], x[4], 12.0};
        },
        [](auto... a) { return geometric_asian(a...); });
    add(
        "merton",
        [=](const auto& x) {
          return MertonJump{right, x[0], x[1], 0.03, x[2], x[3], x[4], x[6], -0.1, 0.2};
        },
        [](auto... a) { return merton_jump(a...); });
    all.push_back({"implied",
                   [=](std::span<double> out, const Columns& x) {
                     implied_volatility(out, x[7], European{right, x[0], x[1], 0, x[2], 0, x[4]});
                   },
                   [=](const Single& x) {
                     return implied_volatility(x[7], European{right, x[0], x[1], 0, x[2], 0, x[4]});
                   }});
  }
  add(
      "margrabe",
      [](const auto& x) { return Exchange{x[0], x[1], 0.01, x[2], x[3], 0.2, -0.3, x[4]}; },
      [](auto... a) { return margrabe(a...); });
  return all;
}

bool same_bits(double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); }

}  // namespace

TEST_CASE("columns of options have each option's own bits, any size and target") {
  std::mt19937_64 engine(7);
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(engine);
  };
  constexpr std::size_t most = 37;
  std::vector<std::vector<double>> values(8, std::vector<double>(most));
  for (std::size_t i = 0; i < most; ++i) {
    const double row[] = {uniform(80, 120),   uniform(80, 120), i % 3 == 0 ? 0.03 : uniform(0, 0.1),
                          uniform(0.05, 0.5), uniform(0.1, 3),  uniform(70, 130),
                          uniform(0, 30),     uniform(0, 60)};
    for (std::size_t k = 0; k < 8; ++k) values[k][i] = row[k];
  }
  values[3][5] = 0;
  values[3][6] = -1;
  values[4][9] = 0;
  values[0][11] = std::nan("");
  const std::vector<Form> all = forms();
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    for (const Form& form : all) {
      std::vector<double> singles(most);
      for (std::size_t i = 0; i < most; ++i) {
        std::vector<double> row(8);
        for (std::size_t k = 0; k < 8; ++k) row[k] = values[k][i];
        singles[i] = form.single(row);
      }
      for (const std::size_t size : {0u, 1u, 2u, 3u, 5u, 8u, 17u, 24u, 37u}) {
        std::vector<double> out(size + 2, -7);
        form.columns({out.data() + 1, size}, values);
        bool same = out.front() == -7 && out.back() == -7;
        for (std::size_t i = 0; i < size; ++i) same = same && same_bits(out[i + 1], singles[i]);
        INFO(name << " " << form.name << " " << size);
        CHECK(same);
      }
    }
  }
  force_target("");
}

}  // namespace furrow::kernels::finance
