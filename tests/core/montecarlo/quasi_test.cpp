// Quasi-random paths: that draws are the points' coordinates, on every target; estimates and their
// errors; what is gained; the same bits for any workers and after deaths; bad input.
#include <array>
#include <bit>
#include <cmath>
#include <tuple>
#include <vector>

#include <furrow/kernels/finance/path_dependent.hpp>
#include <furrow/kernels/quasi/halton.hpp>
#include <furrow/kernels/registry.hpp>
#include <furrow/montecarlo/brownian_bridge.hpp>
#include <furrow/montecarlo/quasi.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

constexpr double call_exact = 10.450583572185565;

/// A European call, S = K = 100, r = 5 %, σ = 20 %, a year.
struct Call {
  template <class G>
  auto operator()(G& path) const {
    const auto price = 100.0 * exp(0.03 + 0.2 * path.normal());
    return std::exp(-0.05) * max(price - 100.0, 0.0);
  }
};

std::vector<std::uint64_t> bits(const QuasiResult& result) {
  std::vector<std::uint64_t> out;
  for (const auto& means : result.means) {
    for (const double mean : means) out.push_back(std::bit_cast<std::uint64_t>(mean));
  }
  for (const Estimate& each : result.outputs) {
    out.push_back(std::bit_cast<std::uint64_t>(each.mean));
    out.push_back(std::bit_cast<std::uint64_t>(each.standard_error));
  }
  return out;
}

struct Leftover {
  std::string name;
  explicit Leftover(std::string_view n) : name(n) {}
  ~Leftover() { furrow::segment::remove(name, true); }
};

/// Draws 0, 1, 50 and 600: found once for a block, and anew for each pack.
struct Coordinates {
  template <class G>
  auto operator()(G& path) const {
    std::array<typename G::Real, 4> out;
    for (int draw = 0; draw <= 600; ++draw) {
      const auto u = path.uniform();
      if (draw == 0) out[0] = u;
      if (draw == 1) out[1] = u;
      if (draw == 50) out[2] = u;
      if (draw == 600) out[3] = u;
    }
    return out;
  }
};

template <PointSet S>
void check_coordinates(std::uint64_t first_point, Scrambling scrambling) {
  constexpr std::size_t count = 1024;
  const Leftover samples("quasi-coordinates");
  Engine engine(workers(2));
  const kernels::QuasiRandomisation randomisation{42, 5};
  const auto found = monte_carlo(
      engine, {.paths = count, .samples = samples.name},
      montecarlo::QuasiPath<Coordinates, S>{{}, {randomisation, first_point, scrambling}});
  const std::size_t dimensions[] = {0, 1, 50, 600};
  for (std::size_t k = 0; k < 4; ++k) {
    std::vector<double> u(count);
    if (S == PointSet::sobol) {
      kernels::sobol_uniform(u, {first_point, dimensions[k], scrambling, randomisation});
    } else {
      kernels::halton_uniform(u, {first_point, dimensions[k], scrambling, randomisation});
    }
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (found.samples.data()[k * count + i] != u[i]) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("the draws of a path are the coordinates of its point, on every target") {
  for (const std::string_view name : kernels::targets()) {
    REQUIRE(kernels::force_target(name));
    INFO(name);
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 33}) {
      check_coordinates<PointSet::sobol>(first, Scrambling::owen);
      check_coordinates<PointSet::halton>(first, Scrambling::owen);
    }
    check_coordinates<PointSet::sobol>(4096, Scrambling::none);
    check_coordinates<PointSet::sobol>(4096, Scrambling::shift);
  }
  kernels::force_target("");
}

TEST_CASE("a call by quasi-random points: right, with a small error that is true") {
  Engine engine;
  for (const PointSet set : {PointSet::sobol, PointSet::halton}) {
    const QuasiResult found =
        quasi_monte_carlo(engine, {.points = 1 << 14, .set = set, .seed = 1}, Call{});
    CHECK(found.points == 1 << 14);
    CHECK(found.randomisations == 16);
    CHECK(found.stop == Stop::paths);
    CHECK(std::abs(found.mean() - call_exact) < 5 * found.standard_error());
    // As many random paths have 14.7/sqrt(2^18) = 0.029.
    CHECK(found.standard_error() < (set == PointSet::sobol ? 2e-4 : 2e-3));
    CHECK(found.gain[0] > (set == PointSet::sobol ? 1e4 : 100));
    CHECK(found.outputs[0].min == 0);
    CHECK(found.means[0].size() == 16);
  }
}

TEST_CASE("the intervals of 200 seeds cover as often as they say") {
  Engine engine;
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const QuasiResult found =
        quasi_monte_carlo(engine, {.points = 128, .seed = seed}, [](auto& path) {
          return exp(path.uniform()) * path.uniform() + path.normal() * path.uniform();
        });
    const double exact = (std::exp(1.0) - 1) / 2;
    if (found.outputs[0].low <= exact && exact <= found.outputs[0].high) ++covered;
  }
  // 190 expected, deviation 3.1.
  CHECK(covered >= 175);
  CHECK(covered <= 199);
}

TEST_CASE("quasi-random estimates have the same bits for 1, 2, 3 and 7 workers") {
  std::vector<std::uint64_t> first, halton;
  for (const std::size_t count : {1, 2, 3, 7}) {
    Engine engine(workers(count));
    const auto path = [](auto& p) {
      const auto z = p.normal();
      return std::tuple(z * z * p.uniform(), p.exponential() + p.poisson(2.0));
    };
    const QuasiResult found = quasi_monte_carlo(engine, {.points = 5000, .seed = 3}, path);
    CHECK(found.points == 8192);
    const QuasiResult other =
        quasi_monte_carlo(engine, {.points = 5000, .set = PointSet::halton, .seed = 3}, path);
    CHECK(other.points == 5000);
    if (first.empty()) first = bits(found), halton = bits(other);
    CHECK(bits(found) == first);
    CHECK(bits(other) == halton);
  }
}

TEST_CASE("a target error ends the doubling of the points") {
  Engine engine;
  const QuasiOptions options{.points = 1 << 20, .error = 1e-3, .seed = 4};
  const QuasiResult found = quasi_monte_carlo(engine, options, Call{});
  CHECK(found.stop == Stop::error);
  CHECK(found.standard_error() <= 1e-3);
  CHECK(found.points >= 1024);
  CHECK(found.points < 1 << 18);
  // What was done by halves is what is done at once, but for rounding.
  const QuasiResult whole = quasi_monte_carlo(engine, {.points = found.points, .seed = 4}, Call{});
  CHECK(found.mean() == Approx(whole.mean()).epsilon(1e-13));
  CHECK(found.standard_error() == Approx(whole.standard_error()).epsilon(1e-6));
  CHECK(found.gain[0] == Approx(whole.gain[0]).epsilon(0.01));
  const QuasiResult never =
      quasi_monte_carlo(engine, {.points = 2048, .error = 1e-12, .seed = 4}, Call{});
  CHECK(never.stop == Stop::paths);
  CHECK(never.points == 2048);
}

TEST_CASE("a Brownian bridge puts the gain of the first coordinates into a path") {
  constexpr std::size_t fixings = 32;
  const double exact = kernels::finance::geometric_asian(
      {.spot = 100.0, .strike = 100.0, .rate = 0.05, .volatility = 0.3, .fixings = fixings});
  Engine engine;
  const BrownianBridge bridge(1.0, fixings);
  const auto pay = [](const auto& w) {
    auto sum = w[0];
    for (std::size_t i = 1; i < fixings; ++i) sum = sum + w[i];
    // The mean time of a fixing is (n + 1)/2n.
    const double drift = (0.05 - 0.045) * (fixings + 1.0) / (2.0 * fixings);
    const auto mean = 100.0 * exp(drift + 0.3 / fixings * sum);
    return std::exp(-0.05) * max(mean - 100.0, 0.0);
  };
  const QuasiOptions options{.points = 1 << 12, .seed = 6};
  const QuasiResult bridged =
      quasi_monte_carlo(engine, options, [=, steps = bridge.steps()](auto& path) {
        return pay(steps.template values<fixings>(path));
      });
  const QuasiResult stepwise = quasi_monte_carlo(engine, options, [=](auto& path) {
    std::array<typename std::remove_reference_t<decltype(path)>::Real, fixings> w;
    w[0] = path.normal() * std::sqrt(1.0 / fixings);
    for (std::size_t i = 1; i < fixings; ++i) {
      w[i] = w[i - 1] + path.normal() * std::sqrt(1.0 / fixings);
    }
    return pay(w);
  });
  CHECK(std::abs(bridged.mean() - exact) < 5 * bridged.standard_error());
  CHECK(std::abs(stepwise.mean() - exact) < 5 * stepwise.standard_error());
  CHECK(bridged.gain[0] > 300);
  CHECK(bridged.gain[0] > 3 * stepwise.gain[0]);
  // And a plain simulation takes the same steps.
  const auto random =
      monte_carlo(engine, {.paths = 100'000, .seed = 6}, [=, steps = bridge.steps()](auto& path) {
        const auto dw = steps.template increments<fixings>(path);
        auto w = dw;
        for (std::size_t i = 1; i < fixings; ++i) w[i] = w[i - 1] + dw[i];
        return pay(w);
      });
  CHECK(std::abs(random.mean() - exact) < 5 * random.standard_error());
}

TEST_CASE("more draws than coordinates go on with random ones") {
  Engine engine;
  const QuasiResult found =
      quasi_monte_carlo(engine, {.points = 64, .randomisations = 8, .seed = 2}, [](auto& path) {
        auto sum = path.uniform();
        for (int i = 1; i < 4000; ++i) sum = sum + path.uniform();
        return sum;
      });
  CHECK(std::abs(found.mean() - 2000) < 5 * found.standard_error());
  CHECK(found.standard_error() > 0.01);  // 333 coordinates are random: 5.3/sqrt(512) = 0.23
  CHECK(found.standard_error() < 1);
}

TEST_CASE("workers killed all the while change no bit of a quasi-random estimate") {
  std::vector<std::uint64_t> calm;
  const auto slow = [](auto& path) {
    auto sum = path.normal();
    for (int i = 1; i < 200; ++i) sum = sum + exp(path.normal());
    return sum;
  };
  // Four looks at least: at 1,024 points, and at each doubling.
  const QuasiOptions options{.points = 1 << 13, .randomisations = 8, .error = 1e-12, .seed = 5};
  {
    Engine engine(workers(2));
    calm = bits(quasi_monte_carlo(engine, options, slow));
  }
  Engine engine(workers(2));
  int kills = 0;
  QuasiOptions shot = options;
  shot.progress = [&](const MonteCarloProgress&) {
    const std::vector<pid_t> pids = worker_pids(engine);
    if (kills < 3 && !pids.empty())
      ::kill(pids[static_cast<std::size_t>(kills++) % pids.size()], SIGKILL);
    return true;
  };
  CHECK(bits(quasi_monte_carlo(engine, shot, slow)) == calm);
  CHECK(kills > 0);
}

TEST_CASE("bad input and cancelled quasi-random simulations") {
  Engine engine(workers(1));
  const auto run = [&](const QuasiOptions& options) {
    return quasi_monte_carlo(engine, options, [](auto& path) { return path.uniform(); });
  };
  CHECK_THROWS_AS(run({.points = 0}), InvalidArgument);
  CHECK_THROWS_AS(run({.points = std::int64_t{1} << 41}), InvalidArgument);
  CHECK_THROWS_AS(run({.randomisations = 0}), InvalidArgument);
  CHECK_THROWS_AS(run({.scrambling = Scrambling::none}), InvalidArgument);
  CHECK_THROWS_AS(run({.error = -1}), InvalidArgument);
  CHECK_THROWS_AS(run({.randomisations = 1, .error = 1}), InvalidArgument);
  CHECK_THROWS_AS(run({.confidence = 1}), InvalidArgument);
  CHECK_THROWS_AS(BrownianBridge(std::vector<double>{1.0, 1.0}), InvalidArgument);
  CHECK_THROWS_AS(BrownianBridge(1.0, 0), InvalidArgument);
  const QuasiResult plain =
      run({.points = 256, .randomisations = 1, .scrambling = Scrambling::none});
  CHECK(plain.mean() == 0.5 - 0.5 / 256 + 0x1p-53);
  CHECK(std::isnan(plain.standard_error()));
  CHECK_THROWS_AS(run({.block_paths = 100}), InvalidArgument);
  // Cancelled with what every randomisation has; and before there is anything.
  QuasiOptions cut{.points = 1 << 20, .error = 1e-15};
  cut.progress = [](const MonteCarloProgress& so_far) {
    return std::isnan(so_far.mean) || so_far.paths < 16 * 4096;
  };
  const QuasiResult cancelled = run(cut);
  CHECK(cancelled.stop == Stop::cancelled);
  CHECK(cancelled.points >= 2048);
  CHECK(cancelled.points <= 4096);
  CHECK(std::abs(cancelled.mean() - 0.5) < 0.01);
  const auto endless = [](auto& path) {
    auto x = path.uniform();
    for (int i = 0; i < 500; ++i) x = x + 1e-3 * exp(path.normal());
    return x;
  };
  QuasiOptions none{.points = 1 << 22};
  std::int64_t seen = 0;
  none.progress = [&](const MonteCarloProgress& so_far) {
    CHECK(so_far.paths >= seen);
    CHECK(so_far.paths_limit == std::int64_t{1} << 26);
    CHECK(std::isnan(so_far.mean));
    seen = so_far.paths;
    return seen == 0;  // until some of the job is done
  };
  const QuasiResult nothing = quasi_monte_carlo(engine, none, endless);
  CHECK(nothing.stop == Stop::cancelled);
  CHECK(nothing.points == 0);
  CHECK(seen > 0);
  CHECK(std::isnan(nothing.mean()));
}

TEST_CASE("quasi-random paths that are not finite are left out, or an error") {
  Engine engine(workers(2));
  const auto path = [](auto& p) {
    const auto u = p.uniform();
    return where(u < 0.25, 1.0 / (u - u), u);
  };
  QuasiOptions options{.points = 1024, .seed = 1};
  const QuasiResult found = quasi_monte_carlo(engine, options, path);
  CHECK(found.invalid == 16 * 256);
  CHECK(found.mean() == Approx(0.625).margin(1e-4));
  options.on_invalid = OnInvalid::fail;
  CHECK_THROWS_AS(quasi_monte_carlo(engine, options, path), KernelFailed);
}
