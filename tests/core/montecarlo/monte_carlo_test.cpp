// Simulations: closed forms, the same bits for any workers, blocks, cuts and kinds of closure, the
// ends of a simulation, what is kept, and bad input.
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

/// A European call by its discounted payoff; exact price by Black and Scholes.
struct Call {
  double spot = 100, strike = 100, rate = 0.05, sigma = 0.2, maturity = 1;
  static constexpr double exact = 10.450583572185565;

  template <class G>
  auto operator()(G& path) const {
    using std::exp;
    using std::max;
    const typename G::Real price =
        spot * exp((rate - sigma * sigma / 2) * maturity + sigma * path.normal());
    return
        typename G::Real(std::exp(-rate * maturity)) * max(price - strike, typename G::Real(0.0));
  }
};

std::vector<std::uint64_t> bits(const MonteCarloResult& result) {
  std::vector<std::uint64_t> out;
  for (const double word : result.record) out.push_back(std::bit_cast<std::uint64_t>(word));
  return out;
}

/// A named array that a test makes goes with it.
struct Leftover {
  std::string name;
  explicit Leftover(std::string_view n) : name(n) {}
  ~Leftover() { furrow::segment::remove(name, true); }
};

}  // namespace

TEST_CASE("a call's price is Black and Scholes's, within five standard errors") {
  Engine engine;
  const MonteCarloResult result = monte_carlo(engine, {.paths = 4'000'000, .seed = 42}, Call{});
  CHECK(result.paths == 4'000'000);
  CHECK(result.stop == Stop::paths);
  CHECK(std::abs(result.mean() - Call::exact) < 5 * result.standard_error());
  CHECK(result.standard_error() == Approx(14.71 / 2000).epsilon(0.01));
  CHECK(result.outputs[0].min == 0);
  CHECK(result.outputs[0].low < result.mean());
  CHECK(result.mean() < result.outputs[0].high);
}

TEST_CASE("moments are those of the distributions") {
  Engine engine;
  const auto result = monte_carlo(engine, {.paths = 1'000'000, .seed = 7}, [](auto& path) {
    const auto z = path.normal();
    return std::tuple(z, path.exponential(), path.uniform(), 3.0 * z + path.normal());
  });
  const double skew[] = {0, 2, 0, 0};
  const double kurtosis[] = {0, 6, -1.2, 0};
  const double mean[] = {0, 1, 0.5, 0};
  const double variance[] = {1, 1, 1.0 / 12, 10};
  for (std::size_t k = 0; k < 4; ++k) {
    INFO("output " << k);
    CHECK(std::abs(result.mean(k) - mean[k]) < 5 * result.standard_error(k));
    CHECK(result.outputs[k].variance == Approx(variance[k]).epsilon(0.01));
    CHECK(std::abs(result.outputs[k].skew - skew[k]) < 0.05);
    CHECK(std::abs(result.outputs[k].kurtosis - kurtosis[k]) < 0.4);
  }
  CHECK(result.covariance(0, 3) == Approx(3).epsilon(0.01));
  CHECK(result.correlation(3, 0) == Approx(3 / std::sqrt(10)).epsilon(0.01));
  CHECK(std::abs(result.correlation(0, 1)) < 0.005);
}

TEST_CASE("the same bits for 1, 2, 3 and 7 workers, and any pieces") {
  std::vector<std::uint64_t> first;
  for (const std::size_t count : {1, 2, 3, 7}) {
    Engine engine(workers(count));
    for (const bool sliced : {false, true}) {
      INFO("workers " << count << " sliced " << sliced);
      MonteCarloOptions options{.paths = 1'234'567, .seed = 3};
      options.histogram = {0, 100, 10};
      // A target that is not reached cuts the blocks where it is looked at.
      if (sliced) options.error = 1e-9;
      const auto result = monte_carlo(engine, options, Call{});
      CHECK(result.paths == 1'234'567);
      if (first.empty()) first = bits(result);
      CHECK(bits(result) == first);
    }
  }
}

TEST_CASE("the same bits whether workers spin or sleep, and whether the caller computes, too") {
  std::vector<std::uint64_t> first;
  for (const WaitPolicy wait : {WaitPolicy::adaptive, WaitPolicy::active, WaitPolicy::passive}) {
    for (const bool participate : {false, true}) {
      EngineOptions options = workers(2);
      options.wait = wait;
      options.participate = participate;
      Engine engine(options);
      const auto result = bits(monte_carlo(engine, {.paths = 300'000, .seed = 3}, Call{}));
      if (first.empty()) first = result;
      CHECK(result == first);
    }
  }
}

TEST_CASE("a plain closure gets the draws that a generic one gets") {
  Engine engine;
  const auto sum = [](auto& path) {
    auto total = path.uniform();
    total = total + path.uniform(2.0, 3.0);
    total = total + path.poisson(2.5);
    total = total + path.gamma(1.5);
    total = total + path.binomial(10, 0.25);
    total = total + 1.0 * path.integer(-3, 9);
    // On beyond the draws that are made for several paths at once.
    for (int i = 0; i < 100; ++i) total = total + path.uniform();
    return total;
  };
  for (const bool antithetic : {false, true}) {
    const MonteCarloOptions options{
        .paths = 5000, .seed = 5, .stream = 9, .antithetic = antithetic};
    const auto packs = monte_carlo(engine, options, sum);
    const auto plain = monte_carlo(engine, options, [sum](Path& path) { return sum(path); });
    CHECK(bits(packs) == bits(plain));
  }
  const MonteCarloOptions options{.paths = 5000, .seed = 5};
  const auto normals = [](auto& path) {
    auto total = path.normal();
    for (int i = 0; i < 99; ++i) total = total + path.normal(0.5, 2.0);
    return std::array{total, furrow::normals<3>(path)[2], path.normal_by_inversion(),
                      path.exponential(2.0)};
  };
  const auto packs = monte_carlo(engine, options, normals);
  CHECK(bits(packs) ==
        bits(monte_carlo(engine, options, [normals](Path& path) { return normals(path); })));
  CHECK(packs.outputs[0].variance == Approx(1 + 99 * 4).epsilon(0.1));
}

TEST_CASE("draw 0 of all paths is the array that the kernel fills") {
  Engine engine;
  MonteCarloOptions options{.paths = 1000, .seed = 11, .stream = 4};
  options.samples = "draws";
  const Leftover gone("draws");
  const auto result = monte_carlo(engine, options, [](auto& path) {
    return std::tuple{path.normal(), path.uniform()};
  });
  const auto normals = Array<double>::temporary({1000});
  engine.apply("random_normal", normals, {11, 4});
  const auto uniforms = Array<double>::temporary({1000});
  engine.apply("random_uniform", uniforms, {11, std::uint64_t{4} | std::uint64_t{1} << 32});
  for (std::int64_t i = 0; i < 1000; ++i) {
    CHECK(result.samples.data()[i] == normals.data()[i]);
    CHECK(result.samples.data()[1000 + i] == uniforms.data()[i]);
  }
}

TEST_CASE("a simulation stops at the first number of paths that meets its error") {
  std::int64_t paths = 0;
  for (const std::size_t count : {1, 3}) {
    Engine engine(workers(count));
    const auto result = monte_carlo(engine, {.error = 0.02, .seed = 1}, Call{});
    CHECK(result.stop == Stop::error);
    CHECK(result.standard_error() <= 0.02);
    CHECK(result.standard_error() > 0.018);
    if (paths == 0) paths = result.paths;
    CHECK(result.paths == paths);
    const auto relative = monte_carlo(engine, {.relative_error = 0.002, .seed = 1}, Call{});
    CHECK(relative.standard_error() <= 0.002 * relative.mean());
    CHECK(relative.standard_error() > 0.0018 * relative.mean());
    // The same as if this number had been asked for.
    CHECK(bits(monte_carlo(engine, {.paths = paths, .seed = 1}, Call{})) == bits(result));
  }
}

TEST_CASE("an error that cannot be reached: it stops at the limit and says so") {
  Engine engine;
  const auto result = monte_carlo(engine, {.paths = 50'000, .error = 1e-12}, Call{});
  CHECK(result.stop == Stop::paths);
  CHECK(result.paths == 50'000);
}

TEST_CASE("time and progress end a simulation, with an estimate") {
  Engine engine;
  const auto timed = monte_carlo(engine, {.time_ns = 50'000'000}, Call{});
  CHECK(timed.stop == Stop::time);
  CHECK(timed.paths > 0);
  CHECK(std::abs(timed.mean() - Call::exact) < 5 * timed.standard_error());
  int calls = 0;
  MonteCarloOptions options{.time_ns = 60'000'000'000};
  options.progress = [&calls](const MonteCarloProgress& now) {
    return ++calls < 3 || now.paths == 0;
  };
  const auto cancelled = monte_carlo(engine, options, Call{});
  CHECK(cancelled.stop == Stop::cancelled);
  CHECK(calls >= 3);
  CHECK(cancelled.paths > 0);
}

TEST_CASE("controls take the variance that they explain") {
  Engine engine;
  const Call call;
  const double spot = call.spot;
  MonteCarloOptions options{.paths = 1'000'000, .seed = 42};
  options.control_means = {spot};
  const auto result = monte_carlo(engine, options, [call](auto& path) {
    const auto price = call.spot * exp(call.rate - 0.02 + call.sigma * path.normal());
    const double discount = 0.951229424500714;
    return std::array{discount * max(price - call.strike, 0.0), discount * price};
  });
  REQUIRE(result.outputs.size() == 1);
  CHECK(result.control_coefficients[0][0] == Approx(0.674).epsilon(0.01));
  CHECK(result.variance_reduction[0] == Approx(6.9).epsilon(0.02));
  CHECK(std::abs(result.mean() - Call::exact) < 5 * result.standard_error());
  const auto bare = monte_carlo(engine, {.paths = 1'000'000, .seed = 42}, Call{});
  CHECK(result.standard_error() < bare.standard_error() / 2.5);
}

TEST_CASE("antithetic paths are mirror images") {
  Engine engine;
  const auto odd = monte_carlo(engine, {.paths = 10'000, .antithetic = true}, [](auto& path) {
    return std::tuple(path.normal() * 3.0, path.uniform(), path.uniform() - path.uniform());
  });
  CHECK(odd.mean(0) == 0);
  CHECK(odd.outputs[0].variance == 0);
  CHECK(odd.mean(1) == 0.5);
  CHECK(odd.outputs[1].variance == 0);
  CHECK(std::abs(odd.mean(2)) < 1e-15);
  const auto call = monte_carlo(engine, {.paths = 200'000, .antithetic = true}, Call{});
  CHECK(std::abs(call.mean() - Call::exact) < 5 * call.standard_error());
  CHECK(call.standard_error() < 0.6 * 14.71 / std::sqrt(200'000.0));
}

TEST_CASE("quantiles by sketch agree with those of the samples, and both with the truth") {
  Engine engine;
  MonteCarloOptions options{.paths = 200'000, .seed = 8};
  options.quantiles = true;
  options.histogram = {-1, 1, 4};
  const auto normal = [](auto& path) { return path.normal(); };
  const auto sketched = monte_carlo(engine, options, normal);
  options.samples = "samples";
  const Leftover gone("samples");
  const auto kept = monte_carlo(engine, options, normal);
  for (const double q : {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    INFO("q " << q);
    const double exact = kept.quantile(q);
    CHECK(std::abs(sketched.quantile(q) - exact) <= std::abs(exact) / 64 + 0.01);
  }
  CHECK(sketched.quantile(0) == Approx(sketched.outputs[0].min).epsilon(0.02));
  CHECK(sketched.quantile(1) == Approx(sketched.outputs[0].max).epsilon(0.02));
  CHECK(kept.quantile(0.99) == Approx(2.3263).epsilon(0.02));
  const auto counts = sketched.histogram();
  REQUIRE(counts.size() == 6);
  std::int64_t total = 0;
  for (const std::int64_t n : counts) total += n;
  CHECK(total == 200'000);
  CHECK(static_cast<double>(counts[1] + counts[2] + counts[3] + counts[4]) / 200'000 ==
        Approx(0.6827).epsilon(0.01));
}

TEST_CASE("paths without a finite output are left out and counted, or an error") {
  Engine engine;
  const auto half = [](auto& path) {
    const auto u = path.uniform();
    return std::tuple(where(u < 0.5, std::numeric_limits<double>::quiet_NaN(), u), u);
  };
  MonteCarloOptions options{.paths = 100'000, .seed = 2};
  const auto counted = monte_carlo(engine, options, half);
  CHECK(counted.paths + counted.invalid == 100'000);
  CHECK(std::abs(counted.invalid - 50'000) < 800);
  CHECK(counted.mean(0) == Approx(0.75).epsilon(0.01));
  CHECK(counted.mean(1) == counted.mean(0));
  CHECK(counted.outputs[1].min >= 0.5);
  options.on_invalid = OnInvalid::fail;
  CHECK_THROWS_AS(monte_carlo(engine, options, half), KernelFailed);

  const auto thrower = [](Path& path) -> double {
    if (path.index() % 10 == 3) throw std::runtime_error("no price");
    return path.uniform();
  };
  CHECK_THROWS_WITH(monte_carlo(engine, options, thrower), Catch::Contains("no price"));
  CHECK_THROWS_WITH(monte_carlo(engine, options, thrower), Catch::Contains("3: no price"));
  // The first of those that are in the estimate, whatever ran ahead, and for any design.
  for (const bool antithetic : {false, true}) {
    MonteCarloOptions fail = options;
    fail.antithetic = antithetic;
    const auto one = [](Path& path) {
      return path.index() == 40'961 || path.index() == 40'970 ? std::log(-1.0) : path.uniform();
    };
    fail.paths = 100'000;
    CHECK_THROWS_WITH(monte_carlo(engine, fail, one),
                      Catch::Contains("the first of them path 40961 (on_invalid"));
    fail.paths = 40'961;
    CHECK(monte_carlo(engine, fail, one).invalid == 0);
  }
  options.on_invalid = OnInvalid::count;
  CHECK(monte_carlo(engine, options, thrower).invalid == 10'000);
  const auto never = [](Path&) { return std::numeric_limits<double>::infinity(); };
  const auto none = monte_carlo(engine, options, never);
  CHECK(none.paths == 0);
  CHECK(std::isnan(none.mean()));
}

TEST_CASE("the path that throws is found without running all before it again for each NaN") {
  constexpr std::int64_t paths = 1024;
  Engine engine;
  const auto calls = Array<std::int64_t>::temporary({1});
  const auto last_throws = [count = calls.data()](Path& path) -> double {
    std::atomic_ref<std::int64_t>(*count) += 1;
    if (path.index() == paths - 1) throw std::runtime_error("the last");
    return std::numeric_limits<double>::quiet_NaN();
  };
  MonteCarloOptions options{.paths = paths, .seed = 2};
  options.block_paths = paths;
  options.on_invalid = OnInvalid::fail;
  CHECK_THROWS_WITH(monte_carlo(engine, options, last_throws),
                    Catch::Contains("path 1023: the last"));
  // Twice all of them, and for each one up to 32 around it.
  CHECK(calls(0) <= (2 + 32) * paths);
}

TEST_CASE("few paths, constants, and blocks of any size") {
  Engine engine;
  for (const std::int64_t paths : {1, 2, 31, 33, 255, 256, 257, 1000}) {
    INFO("paths " << paths);
    const auto result = monte_carlo(engine, {.paths = paths, .seed = 6}, Call{});
    CHECK(result.paths == paths);
    CHECK(std::isnan(result.standard_error()) == (paths == 1));
    for (const std::int64_t block : {32, 1024}) {
      MonteCarloOptions options{.paths = paths, .seed = 6};
      options.block_paths = block;
      CHECK(monte_carlo(engine, options, Call{}).mean() == Approx(result.mean()).epsilon(1e-12));
    }
  }
  const auto constant = monte_carlo(engine, {.paths = 1000}, [](auto&) { return 2.5; });
  CHECK(constant.mean() == 2.5);
  CHECK(constant.standard_error() == 0);
}

TEST_CASE("workers killed again and again cost no bit") {
  Engine engine(workers(3));
  const MonteCarloOptions options{.paths = 100'000'000, .seed = 4};
  const auto calm = monte_carlo(engine, options, Call{});
  std::atomic<bool> done{false};
  std::thread killer([&engine, &done] {
    std::uint64_t turn = 0;
    while (!done) {
      const auto pids = worker_pids(engine);
      if (!pids.empty()) ::kill(pids[turn++ % pids.size()], SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    }
  });
  const auto wild = monte_carlo(engine, options, Call{});
  done = true;
  killer.join();
  CHECK(deaths(engine) > 0);
  CHECK(bits(wild) == bits(calm));
}

TEST_CASE("what contradicts itself is refused") {
  Engine engine;
  const auto refused = [&engine](const MonteCarloOptions& options) {
    CHECK_THROWS_AS(monte_carlo(engine, options, Call{}), InvalidArgument);
  };
  refused({});
  refused({.paths = -1});
  refused({.paths = 10, .error = -1});
  refused({.paths = 10, .error = std::nan("")});
  refused({.paths = 10, .time_ns = -5});
  refused({.paths = std::int64_t{1} << 48});
  refused({.paths = 10, .stream = std::uint64_t{1} << 32});
  refused({.paths = 10, .control_means = {1.0}});
  refused({.paths = 10, .confidence = 1});
  refused({.paths = 10, .histogram = {1, 1, 10}});
  refused({.error = 1, .samples = "x"});
  for (const std::int64_t block : {0, 16, 48, 2048}) refused({.paths = 10, .block_paths = block});
  CHECK_THROWS_AS(monte_carlo(engine, {.paths = 10}, Call{}).quantile(0.5), InvalidArgument);
  CHECK_THROWS_AS(monte_carlo(engine, {.paths = 10}, Call{}).covariance(0, 1), InvalidArgument);
}
