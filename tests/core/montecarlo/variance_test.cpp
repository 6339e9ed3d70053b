// What reduces variance: designs, importance sampling, common random numbers, multilevel. Each is
// without bias, has an error that is right, and gains what the literature has it gain.
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <set>
#include <vector>

#include <furrow/montecarlo/design.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/multilevel.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

/// The true mean is 4: a sum of functions of one draw each, and then some that is not.
struct Additive {
  template <class G>
  auto operator()(G& path) const {
    const auto u = path.uniform();
    const auto v = path.uniform();
    const auto z = path.normal();
    return 3.0 * u + exp(v) - 1.718281828459045 + z * z + 1.5;
  }
};

struct Call {
  template <class G>
  auto operator()(G& path) const {
    const auto price = 100.0 * exp(0.03 + 0.2 * path.normal());
    return 0.951229424500714 * max(price - 100.0, 0.0);
  }
  static constexpr double exact = 10.450583572185565;
};

std::vector<double> first_samples(const MonteCarloResult& result) {
  return {result.samples.data(), result.samples.data() + result.samples.size()};
}

struct Leftover {
  std::string name;
  ~Leftover() { segment::remove(name, true); }
};

}  // namespace

TEST_CASE("strata hold one path each, in every block, mirrored too") {
  Engine engine(workers(2));
  for (const bool antithetic : {false, true}) {
    for (const std::int64_t block : {32, 256, 1024}) {
      MonteCarloOptions options{.paths = 4 * block, .seed = 3, .antithetic = antithetic};
      options.block_paths = block;
      options.samples = "strata";
      const Leftover gone{"strata"};
      const auto third = [](auto& path) {
        const auto first = path.uniform();
        path.uniform();
        const auto last = path.uniform();
        return std::array{first, last};
      };
      const auto result = monte_carlo(engine, options, latin_hypercube(third));
      const std::vector<double> u = first_samples(result);
      for (std::size_t output = 0; output < 2 && !antithetic; ++output) {
        for (std::int64_t b = 0; b < 4; ++b) {
          std::set<std::int64_t> strata;
          for (std::int64_t i = 0; i < block; ++i) {
            const double x = u[output * 4 * static_cast<std::size_t>(block) +
                               static_cast<std::size_t>(b * block + i)];
            strata.insert(static_cast<std::int64_t>(x * static_cast<double>(block)));
          }
          CHECK(strata.size() == static_cast<std::size_t>(block));
        }
      }
      // A path and its mirror image: u and 1 - u.
      if (antithetic) {
        CHECK(result.mean(0) == Approx(0.5).epsilon(1e-14));
        CHECK(result.outputs[0].variance < 1e-28);
      }
    }
  }
}

TEST_CASE("hypercubes have independent draws, and shuffles of all kinds") {
  Engine engine(workers(2));
  MonteCarloOptions options{.paths = 1 << 18, .seed = 5};
  const auto products = [](auto& path) {
    const auto u = path.uniform() - 0.5;
    const auto v = path.uniform() - 0.5;
    const auto w = path.uniform() - 0.5;
    return std::array{u * v, v * w, u * w, u * v * w, (12.0 * u * u - 1.0) * (12.0 * w * w - 1.0)};
  };
  const auto result = monte_carlo(engine, options, latin_hypercube(products));
  for (std::size_t k = 0; k < 5; ++k) {
    INFO("output " << k);
    CHECK(std::abs(result.mean(k)) < 5 * result.standard_error(k));
  }
  // Of products of independent uniforms, a hypercube takes nothing: the error is the plain one's.
  const auto plain = monte_carlo(engine, options, products);
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(result.standard_error(k) / plain.standard_error(k) == Approx(1).epsilon(0.1));
  }
}

TEST_CASE("designs are without bias, and gain") {
  Engine engine(workers(2));
  const MonteCarloOptions options{.paths = 1 << 20, .seed = 17};
  const auto plain = monte_carlo(engine, options, Additive{});
  const auto strata = monte_carlo(engine, options, stratified(Additive{}));
  const auto cube = monte_carlo(engine, options, latin_hypercube(Additive{}));
  const auto matched = monte_carlo(engine, options, moment_matched(Additive{}));
  for (const auto* each : {&plain, &strata, &cube, &matched}) {
    CHECK(std::abs(each->mean() - 4) < 5 * each->standard_error());
    CHECK(each->paths == 1 << 20);
  }
  const auto gain = [&plain](const MonteCarloResult& x) {
    return std::pow(plain.standard_error() / x.standard_error(), 2);
  };
  std::printf("variance reduction: stratified %.2f, hypercube %.0f, matched %.2f\n", gain(strata),
              gain(cube), gain(matched));
  // Variances of the parts: 0.75 (the first draw), 0.242, 2.
  CHECK(gain(strata) == Approx(2.992 / 2.242).epsilon(0.1));
  CHECK(gain(cube) > 100);
  CHECK(gain(matched) == Approx(2.992 / 0.992).epsilon(0.1));
}

TEST_CASE("designs price a call, with errors that cover, and the same bits for any workers") {
  std::vector<double> first;
  for (const std::size_t count : {1, 2, 3}) {
    Engine engine(workers(count));
    const MonteCarloOptions options{.paths = 100'000, .seed = 21};
    std::vector<double> means;
    for (const auto& result : {monte_carlo(engine, options, stratified(Call{})),
                               monte_carlo(engine, options, latin_hypercube(Call{})),
                               monte_carlo(engine, options, moment_matched(Call{}))}) {
      CHECK(result.paths == 100'096);  // whole blocks
      CHECK(std::abs(result.mean() - Call::exact) < 5 * result.standard_error() + 0.001);
      CHECK(result.standard_error() < 14.71 / std::sqrt(100'096.0) / 1.5);
      means.push_back(result.mean());
    }
    if (first.empty()) first = means;
    CHECK(means == first);
  }
}

TEST_CASE("a design's block with an output that is not finite is left out whole") {
  Engine engine(workers(2));
  const auto rare = [](auto& path) {
    const auto i = path.index();
    const auto u = path.uniform();
    return where(i == 300.0, 0.0 / (u - u), u);
  };
  const auto result = monte_carlo(engine, {.paths = 1024}, latin_hypercube(rare));
  CHECK(result.invalid == 256);
  CHECK(result.paths == 768);
  CHECK(std::abs(result.mean() - 0.5) < 0.001);
}

TEST_CASE("importance sampling: a rare event, its weights, and paths that count") {
  Engine engine(workers(2));
  // P(Z > 5) = 2.8665e-7, drawn around 5.
  const auto rare = [](auto& path) {
    const auto x = 5.0 + path.normal();
    const auto weight = exp(12.5 - 5.0 * x);
    return std::array{where(x > 5.0, weight, 0.0), weight};
  };
  const auto result = monte_carlo(engine, {.paths = 1'000'000, .seed = 9}, rare);
  constexpr double exact = 2.866515718791939e-07;
  CHECK(std::abs(result.mean() - exact) < 5 * result.standard_error());
  CHECK(result.standard_error() < exact / 300);
  CHECK(effective_paths(result, 1) < 20'000);
  // A moderate shift, normalised by its weights: E[Z^2] = 1.
  const auto moderate = [](auto& path) {
    const auto x = 0.5 + path.normal();
    const auto weight = exp(0.125 - 0.5 * x);
    return std::array{weight * x * x, weight};
  };
  const auto square = monte_carlo(engine, {.paths = 1'000'000, .seed = 9}, moderate);
  const Estimate own = ratio(square, 0, 1);
  CHECK(std::abs(own.mean - 1) < 5 * own.standard_error);
  // E[w]^2 / E[w^2] = exp(-1/4).
  CHECK(effective_paths(square, 1) / 1e6 == Approx(std::exp(-0.25)).epsilon(0.01));
}

TEST_CASE("common random numbers: a difference is known better than its parts") {
  Engine engine(workers(2));
  const auto bumped = [](auto& path) {
    const auto growth = exp(0.03 + 0.2 * path.normal());
    const double discount = 0.951229424500714;
    return std::array{discount * max(100.5 * growth - 100.0, 0.0),
                      discount * max(99.5 * growth - 100.0, 0.0)};
  };
  const auto result = monte_carlo(engine, {.paths = 1'000'000, .seed = 1}, bumped);
  const Estimate delta = difference(result, 0, 1);
  CHECK(std::abs(delta.mean - 0.6368306511756191) < 5 * delta.standard_error + 1e-4);
  CHECK(delta.standard_error < result.standard_error() / 20);
}

TEST_CASE("multilevel: a call by Euler steps, to its error, cheaper than on one level") {
  std::vector<double> means;
  for (const std::size_t count : {1, 3}) {
    Engine engine(workers(count));
    const auto path = [](auto& generator, int level) {
      const int steps = 1 << level;
      const double h = 1.0 / steps;
      const double root = std::sqrt(h);
      using Real = RealOf<decltype(generator)>;
      Real fine = 100.0;
      Real coarse = 100.0;
      Real pair = 0.0;
      for (int i = 0; i < steps; ++i) {
        const Real dw = root * generator.normal();
        fine = fine + fine * (0.05 * h + 0.2 * dw);
        pair = pair + dw;
        if (level > 0 && i % 2 == 1) {
          coarse = coarse + coarse * (0.05 * 2 * h + 0.2 * pair);
          pair = 0.0;
        }
      }
      const Real payoff = 0.951229424500714 * max(fine - 100.0, 0.0);
      return level == 0 ? payoff : payoff - 0.951229424500714 * max(coarse - 100.0, 0.0);
    };
    const MultilevelResult result = multilevel(engine, {.error = 0.01, .seed = 42}, path);
    CHECK(result.converged);
    CHECK(std::abs(result.mean - Call::exact) < 0.03);
    CHECK(result.standard_error <= 0.01 / std::sqrt(2) * 1.01);
    CHECK(result.gain > 3);
    CHECK(result.levels.size() >= 3);
    means.push_back(result.mean);
    CHECK(means.front() == result.mean);
    std::printf("multilevel: %zu levels, gain %.1f\n", result.levels.size(), result.gain);
    CHECK_THROWS_AS(multilevel(engine, {}, path), InvalidArgument);
    CHECK_THROWS_AS(multilevel(engine, {.error = 1, .levels_min = 2}, path), InvalidArgument);
    CHECK_THROWS_AS(multilevel(engine, {.error = 1, .confidence = 1}, path), InvalidArgument);
    CHECK_THROWS_AS(multilevel(engine, {.error = 1, .levels_max = 2}, path), InvalidArgument);
  }
}

namespace {

/// Counts of paths by level, in shared memory. Killed workers would count some twice.
struct Counting {
  std::int64_t* counts;
  double rare;  // of each level: only seldom anything
  template <class G>
  auto operator()(G& generator, int level) const {
    using Real = RealOf<G>;
    const Real u = generator.uniform();
    const Real z = generator.normal();
    constexpr auto lanes = static_cast<std::int64_t>(sizeof(Real) / sizeof(double));
    if (counts != nullptr) std::atomic_ref(counts[level]).fetch_add(lanes);
    const double scale = std::pow(0.5, level);
    return where(u < rare, Real(1.0) / rare, Real(0.0)) * scale + z * (rare < 1 ? 0.0 : scale);
  }
};

}  // namespace

TEST_CASE("multilevel simulates no path twice, and its gain is by all that it simulated") {
  Engine engine(workers(2));
  const auto counts = Array<std::int64_t>::temporary({32});
  const MultilevelResult result =
      multilevel(engine, {.error = 0.004, .seed = 4}, Counting{counts.data(), 1});
  CHECK(result.converged);
  double spent = 0;
  for (std::size_t l = 0; l < result.levels.size(); ++l) {
    // The last pack of a block may be more than it holds on no target: 256 are whole packs.
    CHECK(counts.data()[l] == result.levels[l].paths);
    spent += std::pow(2.0, l) * static_cast<double>(counts.data()[l]);
  }
  CHECK(result.levels[0].paths > 16384);
  const double alone = result.levels[0].variance / std::pow(result.standard_error, 2) *
                       std::pow(2.0, result.levels.size() - 1);
  CHECK(result.gain == Approx(alone / spent).epsilon(1e-12));
}

TEST_CASE("multilevel: a level that was gone on with has the bits of one run") {
  Engine engine(workers(3));
  const Counting path{nullptr, 1};
  const MultilevelResult small = multilevel(engine, {.error = 0.004, .seed = 4}, path);
  MultilevelOptions at_once{.error = 0.004, .seed = 4};
  at_once.pilot_paths = small.levels[0].paths;
  const MultilevelResult large = multilevel(engine, at_once, path);
  CHECK(small.levels[0].paths == large.levels[0].paths);
  CHECK(small.levels[0].mean == large.levels[0].mean);
  CHECK(small.levels[0].variance == large.levels[0].variance);
}

TEST_CASE("multilevel does not believe what never varied, nor says that it converged on it") {
  Engine engine(workers(2));
  // One path in 200,000 counts: a pilot of 16,384 sees none, as a rule.
  const MultilevelResult result =
      multilevel(engine, {.error = 0.5, .seed = 1}, Counting{nullptr, 1.0 / 200'000});
  for (const MultilevelResult::Level& level : result.levels) {
    CHECK((level.variance > 0 || level.paths >= 1 << 20));
  }
  CHECK(result.levels[0].variance > 0);
  if (result.converged) CHECK(result.standard_error <= 0.5 / std::sqrt(2));
  CHECK(result.mean != 0);
}

TEST_CASE("multilevel runs of neighbouring streams, and their levels, share no draw") {
  Engine engine(workers(2));
  // The level is not looked at: only its draws tell levels apart.
  const auto path = [](auto& generator, int) { return generator.normal(); };
  MultilevelOptions options{.error = 0.1, .seed = 9};
  options.levels_max = 4;
  std::set<double> means;
  std::size_t count = 0;
  for (const std::uint64_t stream : {0, 1, 2}) {
    options.stream = stream;
    for (const auto& level : multilevel(engine, options, path).levels) {
      means.insert(level.mean);
      ++count;
    }
  }
  CHECK(means.size() == count);
}
