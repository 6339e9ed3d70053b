// Options on a whole path: Asian, barrier, lookback, against their closed forms.
#include <cmath>

#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/montecarlo/finance/asian.hpp>
#include <furrow/montecarlo/finance/barrier.hpp>
#include <furrow/montecarlo/finance/lookback.hpp>

#include "core/montecarlo/finance/refused.hpp"
#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using namespace furrow::finance;

TEST_CASE("geometric Asian options are their closed form") {
  Engine engine;
  Asian option{.mean = Mean::geometric, .dividend = 0.01, .fixings = 12};
  for (const Right right : {Right::call, Right::put}) {
    option.right = right;
    check_within(asian(engine, {.paths = 500'000, .seed = 8}, option), 0, exact(option));
  }
  // The arithmetic one's control is the same number.
  option.mean = Mean::arithmetic;
  const auto both = asian(engine, {.paths = 500'000, .seed = 9}, option, false);
  option.mean = Mean::geometric;
  check_within(both, 1, exact(option));
  CHECK(std::isnan(exact(Asian{})));
}

TEST_CASE("arithmetic Asian options with a control are those without, and Linetsky's") {
  Engine engine;
  const Asian option{.right = Right::put, .strike = 105, .fixings = 52};
  const auto plain = asian(engine, {.paths = 200'000, .seed = 10}, option, false);
  const auto controlled = asian(engine, {.paths = 200'000, .seed = 11}, option);
  const double error = std::hypot(plain.standard_error(), controlled.standard_error());
  check_within(plain.mean() - controlled.mean(), error, 0);
  CHECK(controlled.variance_reduction.at(0) > 500);
  // Linetsky, Operations Research 52 (2004), table 3, cases 5 and 7: a continuous mean. That of n
  // dates is off by a multiple of 1/n and smaller terms: two numbers of dates take the first away,
  // 1e-4 is more than what is left with 32 and 64.
  for (const auto& [maturity, truth] : {std::pair{1.0, 0.2464156905}, {2.0, 0.3500952190}}) {
    Asian linetsky{.spot = 2, .strike = 2, .rate = 0.05, .sigma = 0.5, .maturity = maturity};
    linetsky.fixings = 32;
    const auto coarse = asian(engine, {.paths = 400'000, .seed = 12}, linetsky);
    linetsky.fixings = 64;
    const auto fine = asian(engine, {.paths = 400'000, .seed = 13}, linetsky);
    check_within(2 * fine.mean() - coarse.mean(),
                 std::hypot(2 * fine.standard_error(), coarse.standard_error()), truth, 1e-4);
  }
}

TEST_CASE("barriers watched at all times: bridges are exact, the corrected barrier nearly") {
  Engine engine;
  struct Case {
    Knock knock;
    double barrier;
  };
  for (const Case& c : {Case{Knock::down_out, 90}, Case{Knock::down_in, 90},
                        Case{Knock::up_out, 125}, Case{Knock::up_in, 125}}) {
    for (const Right right : {Right::call, Right::put}) {
      INFO("knock " << static_cast<int>(c.knock) << " right " << static_cast<int>(right));
      Barrier option{.knock = c.knock, .right = right, .barrier = c.barrier, .dividend = 0.02};
      option.steps = 3;
      option.watch = Watch::bridge;
      check_within(barrier(engine, {.paths = 500'000, .seed = 21}, option), 0, exact(option));
      check_within(barrier(engine, {.paths = 500'000, .seed = 22}, option, false), 0,
                   exact(option));
      option.steps = 100;
      option.watch = Watch::corrected;
      // What Broadie, Glasserman and Kou leave over with 100 dates: 0.018 at most, as found
      // by 3 * 10^6 paths.
      check_within(barrier(engine, {.paths = 200'000, .seed = 23}, option), 0, exact(option), 0.02);
    }
  }
}

TEST_CASE("barriers watched at dates are their approximation, and further off than all times") {
  Engine engine;
  const Barrier option{.dividend = 0.02, .steps = 50};
  CHECK(std::isnan(exact(option)));
  const auto result = barrier(engine, {.paths = 500'000, .seed = 24}, option);
  const kernels::finance::Barrier watched{.strike = 100,
                                          .barrier = 90,
                                          .rate = 0.05,
                                          .dividend = 0.02,
                                          .volatility = 0.2,
                                          .maturity = 1,
                                          .fixings = 50.0};
  check_within(result, 0, kernels::finance::barrier(watched), 0.02);
  kernels::finance::Barrier always = watched;
  always.fixings = 0.0;
  CHECK(result.mean() - kernels::finance::barrier(always) > 10 * result.standard_error());
  // In and out together are the option without a barrier, path by path.
  Barrier in = option;
  in.knock = Knock::down_in;
  const auto other = barrier(engine, {.paths = 500'000, .seed = 24}, in, false);
  const auto out = barrier(engine, {.paths = 500'000, .seed = 24}, option, false);
  CHECK(out.mean() + other.mean() == Approx(out.mean(1)).epsilon(1e-12));
}

TEST_CASE("lookback options: bridges are exact, corrected extremes nearly") {
  Engine engine;
  for (const Strike kind : {Strike::floating, Strike::fixed}) {
    for (const Right right : {Right::call, Right::put}) {
      INFO("kind " << static_cast<int>(kind) << " right " << static_cast<int>(right));
      Lookback option{.kind = kind, .right = right, .strike = 102, .dividend = 0.02};
      option.steps = 2;
      option.watch = Watch::bridge;
      check_within(lookback(engine, {.paths = 500'000, .seed = 31}, option), 0, exact(option));
      // The moved extreme leaves 0.044 at most, as found by 3 * 10^6 paths.
      option.steps = 100;
      option.watch = Watch::corrected;
      check_within(lookback(engine, {.paths = 100'000, .seed = 32}, option), 0, exact(option),
                   0.05);
      option.watch = Watch::discrete;
      const auto dates = lookback(engine, {.paths = 100'000, .seed = 32}, option);
      CHECK(exact(Lookback{.kind = kind,
                           .right = right,
                           .strike = 102,
                           .dividend = 0.02,
                           .watch = Watch::bridge}) -
                dates.mean() >
            5 * dates.standard_error());
    }
  }
}

TEST_CASE("options on a path have the same bits for 1, 2 and 7 workers") {
  MonteCarloResult first[3];
  for (const std::size_t count : {1, 2, 7}) {
    Engine engine(workers(count));
    const MonteCarloOptions options{.paths = 20'001, .seed = 6};
    const MonteCarloResult now[3] = {asian(engine, options, {.fixings = 20}),
                                     barrier(engine, options, {.watch = Watch::bridge}),
                                     lookback(engine, options, {.watch = Watch::bridge})};
    for (int i = 0; i < 3; ++i) {
      if (count == 1) first[i] = now[i];
      CHECK(now[i].record == first[i].record);
    }
  }
}

TEST_CASE("options on a path that are none are refused") {
  Engine engine(workers(1));
  const MonteCarloOptions few{.paths = 100};
  refused([&] { asian(engine, few, {.fixings = 0}); }, "fixings is 0");
  refused([&] { asian(engine, few, {.sigma = -1}); }, "sigma");
  refused([&] { barrier(engine, few, {.barrier = 101}); }, "below the spot");
  refused([&] { barrier(engine, few, {.knock = Knock::up_in, .barrier = 99}); }, "above the spot");
  refused([&] { barrier(engine, few, {.barrier = -1}); }, "barrier is -1");
  refused([&] { barrier(engine, few, {.sigma = 0}); }, "sigma");
  refused([&] { barrier(engine, few, {.steps = -5}); }, "steps is -5");
  refused([&] { lookback(engine, few, {.strike = 0}); }, "strike is 0");
  refused([&] { lookback(engine, few, {.steps = 0}); }, "steps is 0");
}
