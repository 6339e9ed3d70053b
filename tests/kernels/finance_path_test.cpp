// tests/kernels/finance_path_test.cpp
//
// Barrier and lookback options: the tables of the literature, what must add up, limits where the
// formulas divide by nothing or overflow, and the correction for fixings against a simulation.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/kernels/random/random.hpp>

namespace furrow::kernels::finance {
namespace {

constexpr Right rights[] = {Right::call, Right::put};
constexpr Knock knocks[] = {Knock::down_in, Knock::up_in, Knock::down_out, Knock::up_out};

bool is_down(Knock knock) { return knock == Knock::down_in || knock == Knock::down_out; }

}  // namespace

TEST_CASE("barrier options are those of Haug's table 4-13") {
  struct Row {
    Knock knock;
    Right right;
    double barrier;
    std::array<double, 3> by_strike;  // 90, 100, 110
  };
  // S = 100, rebate 3, T = 1/2, r = 8 %, b = 4 %, σ = 25 %
  const Row table[] = {{Knock::down_out, Right::call, 95, {9.0246, 6.7924, 4.8759}},
                       {Knock::up_out, Right::call, 105, {2.6789, 2.3580, 2.3453}},
                       {Knock::down_in, Right::call, 95, {7.7627, 4.0109, 2.0576}},
                       {Knock::up_in, Right::call, 105, {14.1112, 8.4482, 4.5910}},
                       {Knock::down_out, Right::put, 95, {2.2798, 2.2947, 2.6252}},
                       {Knock::up_out, Right::put, 105, {3.7760, 5.4932, 7.5187}},
                       {Knock::down_in, Right::put, 95, {2.9586, 6.5677, 11.9752}},
                       {Knock::up_in, Right::put, 105, {1.4653, 3.3721, 7.0846}}};
  for (const Row& row : table) {
    for (std::size_t i = 0; i < 3; ++i) {
      const double strike = 90 + 10 * static_cast<double>(i);
      const double ours =
          barrier({row.knock, row.right, 100.0, strike, row.barrier, 3.0, 0.08, 0.04, 0.25, 0.5});
      CHECK(ours == Approx(row.by_strike[i]).margin(5.1e-5));
    }
  }
}

TEST_CASE("knocked in and knocked out are the option itself; rebates are paid once") {
  std::mt19937_64 engine(8);
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(engine);
  };
  for (int i = 0; i < 20000; ++i) {
    const double spot = uniform(50, 150), strike = uniform(50, 150), rate = uniform(0, 0.1),
                 dividend = uniform(0, 0.1), maturity = std::exp(uniform(-4, 2)),
                 volatility = std::exp(uniform(-4.6, 0));
    const bool down = i % 2 == 0;
    const double height = spot * (down ? uniform(0.5, 1) : uniform(1, 2));
    const Right right = rights[i / 2 % 2];
    const auto price = [&](Knock knock, double rebate) {
      return barrier(
          {knock, right, spot, strike, height, rebate, rate, dividend, volatility, maturity, 0.0});
    };
    const double in = price(down ? Knock::down_in : Knock::up_in, 0);
    const double out = price(down ? Knock::down_out : Knock::up_out, 0);
    const double plain = black_scholes({right, spot, strike, rate, dividend, volatility, maturity});
    INFO("S " << spot << " K " << strike << " H " << height << " v " << volatility << " T "
              << maturity << " r " << rate << " q " << dividend);
    CHECK(in + out == Approx(plain).margin(1e-13 * (spot + strike)));
    CHECK(in > -1e-13 * (spot + strike));
    CHECK(out > -1e-13 * (spot + strike));
    // A rebate of an option knocked out is worth at most itself, and its probability adds to 1.
    const double paid = price(down ? Knock::down_out : Knock::up_out, 1) - out;
    const double kept = price(down ? Knock::down_in : Knock::up_in, 1) - in;
    const double bond = std::exp(-rate * maturity);
    CHECK(paid > -1e-12);
    CHECK(paid < 1 + 1e-12);
    CHECK(paid + kept >= bond - 1e-12);
    CHECK(paid + kept <= 1 + 1e-12);
  }
}

TEST_CASE("barriers far away, touched, or met by a path without volatility") {
  for (const Right right : rights) {
    for (const Knock knock : knocks) {
      const bool in = knock == Knock::down_in || knock == Knock::up_in;
      const double plain = black_scholes({right, 100, 95, 0.05, 0.02, 0.3, 1});
      const auto at = [&](double height, double volatility) {
        return barrier({knock, right, 100.0, 95.0, height, 0.0, 0.05, 0.02, volatility, 1.0});
      };
      CHECK(at(is_down(knock) ? 1e-3 : 1e7, 0.3) == Approx(in ? 0 : plain).margin(1e-11));
      CHECK(at(100, 0.3) == (in ? plain : 0));
      CHECK(at(is_down(knock) ? 101 : 99, 0.3) == (in ? plain : 0));
      // The forward rises from 100 to 103.05: it meets 102, and never 98.
      const bool met = !is_down(knock);
      const double sure = black_scholes({right, 100, 95, 0.05, 0.02, 0.0, 1});
      const double height = is_down(knock) ? 98 : 102;
      CHECK(at(height, 0) == Approx(met == in ? sure : 0).margin(1e-12));
      for (const double little : {1e-4, 5e-4, 1e-3}) {
        CHECK(at(height, little) == Approx(met == in ? sure : 0).margin(1e-9));
      }
    }
  }
}

TEST_CASE("a rebate is worth the density of its time, at rates below 0 without a drift too") {
  // ∫ e^(-rt) f(t) dt over the time of first passage, in ln u, u = |ln(H/S)|/(σ sqrt t), where the
  // integrand is smooth: Boole's rule, in long double.
  using Wide = long double;
  const auto worth = [](double way, double r, double q, double v, double t) {
    const Wide drift = Wide(r) - q - Wide(v) * v / 2, distance = std::fabs(Wide(way));
    const auto density = [&](Wide u) {
      const Wide when = (way / (v * u)) * (way / (v * u));
      const Wide off = (way - drift * when) / (v * std::sqrt(when));
      return u * std::exp(-r * when - off * off / 2);
    };
    const Wide least = distance / (v * std::sqrt(Wide(t)));
    constexpr int steps = 8000;
    const Wide width = std::log(std::sqrt(1 + 90 / (least * least))) / steps;
    Wide sum = 0;
    for (int i = 0; i <= steps; ++i) {
      const Wide weight = i == 0 || i == steps ? 7 : i % 2 == 1 ? 32 : i % 4 == 2 ? 12 : 14;
      sum += weight * density(least * std::exp(width * i));
    }
    return static_cast<double>(sum * width * 2 / 45 * 2 / std::sqrt(2 * std::acos(Wide(-1))));
  };
  int turning = 0;
  for (const double rate : {-0.2, -0.05, -0.01, -0.001, 0.03}) {
    for (const double drift : {-0.05, 0.0, 0.02, 0.045}) {
      for (const double maturity : {0.1, 1.0, 10.0, 50.0}) {
        for (const double way : {-2.0, -0.1, -1e-3, 1e-6, 0.05, 0.7}) {
          const double volatility = 0.3, dividend = rate - drift;
          const double mu = drift / 0.09 - 0.5;
          turning += mu * mu + 2 * rate / 0.09 < 0 ? 1 : 0;
          const auto price = [&](double rebate) {
            return barrier({way < 0 ? Knock::down_out : Knock::up_out, Right::call, 100.0, 100.0,
                            100 * std::exp(way), rebate, rate, dividend, volatility, maturity});
          };
          const double height = std::log(100 * std::exp(way) / 100);
          INFO("r " << rate << " drift " << drift << " T " << maturity << " way " << way);
          // A large rebate, beside which the rest of the price rounds to little.
          CHECK((price(1e9) - price(0)) / 1e9 ==
                Approx(worth(height, rate, dividend, volatility, maturity))
                    .epsilon(1e-11)
                    .margin(1e-22));
        }
      }
    }
  }
  CHECK(turning > 150);
}

TEST_CASE("lookback options are those of the literature") {
  // Haug (2007), section 4.15.1 and table 4-9.
  CHECK(lookback({.spot = 120,
                  .extreme = 100,
                  .rate = 0.1,
                  .dividend = 0.06,
                  .volatility = 0.3,
                  .maturity = 0.5}) == Approx(25.3533).margin(5.6e-5));
  const double calls[3][3] = {
      {13.2687, 18.9263, 24.9857}, {8.5126, 14.1702, 20.2296}, {4.3908, 9.8905, 15.8512}};
  const double puts[3][3] = {
      {0.6899, 4.4448, 8.9213}, {3.3917, 8.3177, 13.1579}, {8.1478, 13.0739, 17.9140}};
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t v = 0; v < 3; ++v) {
      Lookback option{.kind = Strike::fixed,
                      .spot = 100,
                      .strike = 95 + 5 * static_cast<double>(k),
                      .rate = 0.1,
                      .volatility = 0.1 * static_cast<double>(v + 1),
                      .maturity = 0.5};
      CHECK(lookback(option) == Approx(calls[k][v]).margin(1.1e-4));
      option.right = Right::put;
      CHECK(lookback(option) == Approx(puts[k][v]).margin(1.1e-4));
    }
  }
}

TEST_CASE("lookbacks pass smoothly through a drift of nothing, and have their limits") {
  for (const Right right : rights) {
    for (const Strike kind : {Strike::floating, Strike::fixed}) {
      for (const double volatility : {0.05, 0.3, 1.0}) {
        for (const double maturity : {0.1, 1.0, 10.0}) {
          const auto at = [&](double drift) {
            return lookback({kind, right, 100.0, 103.0, std::nan(""), 0.04, 0.04 - drift,
                             volatility, maturity});
          };
          // The fifth difference of a smooth function is nothing at this step.
          const double h = 2e-4 * volatility / maturity;
          const double wiggle = at(-2 * h) - 4 * at(-h) + 6 * at(0) - 4 * at(h) + at(2 * h);
          CHECK(std::fabs(wiggle) < 2e-11);
          // And so across the place where one form gives way to the other.
          const double edge =
              0.125 * volatility * volatility / (1 + volatility * volatility * maturity);
          const double step = edge * 1e-3;
          const double there = at(edge - 2 * step) - 4 * at(edge - step) + 6 * at(edge) -
                               4 * at(edge + step) + at(edge + 2 * step);
          CHECK(std::fabs(there) < 2e-10);
        }
      }
    }
    // The extreme so far far away: the path's own hardly counts.
    const double far = right == Right::call ? 1e-3 : 1e5;
    const double forward = 100 * std::exp(-0.02) - far * std::exp(-0.05);
    CHECK(lookback({Strike::floating, right, 100.0, 0.0, far, 0.05, 0.02, 0.3, 1.0}) ==
          Approx(static_cast<int>(right) * forward).epsilon(1e-9));
    // Without volatility: the path is the forward's, rising from 100 to 103.05.
    CHECK(lookback({Strike::floating, right, 100.0, 0.0, std::nan(""), 0.05, 0.02, 0.0, 1.0}) ==
          Approx(right == Right::call ? 100 * std::exp(-0.02) - 100 * std::exp(-0.05) : 0.0)
              .margin(1e-12));
  }
}

TEST_CASE("a watched minute less: discrete barriers by the shifted barrier, against a simulation") {
  // Broadie, Glasserman, Kou (1997): S = K = 100, σ = 30 %, r = 10 %, T = 0.2, 50 fixings.
  constexpr std::size_t paths = 1 << 17, fixings = 50;
  const double step = 0.2 / fixings, s = 0.3 * std::sqrt(step), drift = (0.1 - 0.045) * step;
  std::vector<double> x(paths, 0), least(paths, 1), z(paths);
  for (std::size_t k = 0; k < fixings; ++k) {
    random_normal<double>(z, {.seed = 12, .stream = k});
    for (std::size_t i = 0; i < paths; ++i) {
      x[i] += drift + s * z[i];
      least[i] = std::min(least[i], x[i]);
    }
  }
  for (const double height : {85.0, 91.0, 97.0}) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < paths; ++i) {
      const bool lives = least[i] > std::log(height / 100);
      const double pays = lives ? std::max(100 * std::exp(x[i]) - 100, 0.0) * std::exp(-0.02) : 0;
      sum += pays;
      squares += pays * pays;
    }
    const double mean = sum / paths;
    const double error = std::sqrt((squares / paths - mean * mean) / paths);
    Barrier option{Knock::down_out, Right::call, 100.0, 100.0, height, 0.0, 0.1, 0.0, 0.3, 0.2};
    const double watched = barrier(option);
    option.fixings = static_cast<double>(fixings);
    CHECK(std::fabs(barrier(option) - mean) < 5 * error + 1e-3);
    if (height > 90) CHECK(mean - watched > 5 * error);  // and it is a correction
  }
}

}  // namespace furrow::kernels::finance
