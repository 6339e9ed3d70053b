// Packs on every SIMD target that this processor has: the same bits with fused multiply-add, nearly
// the same numbers without, and as a closure that was compiled without optimisation.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/montecarlo/processes/numbers.hpp>

#include "core/montecarlo/every_function.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

MonteCarloResult unoptimised(Engine& engine, const MonteCarloOptions& options);

namespace {

std::vector<std::uint64_t> bits(const MonteCarloResult& result) {
  std::vector<std::uint64_t> out;
  for (const double word : result.record) out.push_back(std::bit_cast<std::uint64_t>(word));
  return out;
}

/// Workers that are forked meanwhile use it, too.
struct Forced {
  explicit Forced(std::string_view target) { REQUIRE(kernels::force_target(target)); }
  ~Forced() { kernels::force_target(""); }
};

bool fuses(std::string_view target) { return target != "SSE4" && target != "SCALAR"; }

}  // namespace

TEST_CASE("every target runs closures; those with fused multiply-add give the same bits") {
  const MonteCarloOptions options{.paths = 10'000, .seed = 77};
  std::vector<std::uint64_t> fused;
  std::vector<double> means;
  for (const std::string_view target : kernels::targets()) {
    INFO("target " << target);
    const Forced forced(target);
    Engine engine(workers(2));
    const auto result = monte_carlo(engine, options, EveryFunction{});
    REQUIRE(result.outputs.size() == every_function_outputs);
    CHECK(result.invalid == 0);
    if (fuses(target)) {
      if (fused.empty()) fused = bits(result);
      CHECK(bits(result) == fused);
    }
    for (std::size_t k = 0; k < every_function_outputs; ++k) {
      INFO("output " << k);
      if (means.size() <= k) means.push_back(result.mean(k));
      CHECK(result.mean(k) == Approx(means[k]).epsilon(1e-12).margin(1e-12));
    }
    CHECK(bits(unoptimised(engine, options)) == bits(result));
  }
}

TEST_CASE("min and max give no number where an operand is none, on every target") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  // Each is 1 where it is not a number.
  const auto hidden = [none = nan](auto& path) {
    const auto u = path.uniform();
    const auto x = where(u < 0.5, none, u);
    const auto is = [](const auto& y) { return y != y; };
    const auto zero = 0.0 * u;
    return std::tuple{u < 0.5,          is(max(x, 0.0)), is(max(0.0, x)),  is(max(x, zero)),
                      is(max(zero, x)), is(min(x, 0.0)), is(min(0.0, x)),  is(min(x, zero)),
                      is(min(zero, x)), is(max(x, 2)),   is(max(none, u)), is(max(u, none)),
                      is(min(none, u)), is(min(u, none))};
  };
  const auto sizes = [](auto& path) {
    const auto z = path.normal();
    const auto y = path.normal();
    const auto half = 0.5 + 0.0 * z;
    return std::array{max(z, 0.5), max(0.5, z), max(z, half), max(half, z), max(z, y),
                      min(z, 0.5), min(0.5, z), min(z, half), min(half, z), min(z, y)};
  };
  const auto plain_sizes = [](Path& path) {
    const double z = path.normal();
    const double y = path.normal();
    const double above = std::max(z, 0.5);
    const double below = std::min(z, 0.5);
    return std::array{above, above, above, above, std::max(z, y),
                      below, below, below, below, std::min(z, y)};
  };
  for (const std::string_view target : kernels::targets()) {
    INFO("target " << target);
    const Forced forced(target);
    Engine engine(workers(1));
    const auto result = monte_carlo(engine, {.paths = 999, .seed = 7}, hidden);
    CHECK(result.invalid == 0);
    CHECK(std::abs(result.mean(0) - 0.5) < 0.1);
    for (std::size_t k = 1; k < 14; ++k) {
      INFO("output " << k);
      CHECK(result.mean(k) == (k < 10 ? result.mean(0) : 1.0));
    }
    const auto packs = monte_carlo(engine, {.paths = 999, .seed = 7}, sizes);
    const auto plain = monte_carlo(engine, {.paths = 999, .seed = 7}, plain_sizes);
    if (fuses(target)) CHECK(bits(packs) == bits(plain));
    for (std::size_t k = 0; k < 10; ++k) CHECK(packs.mean(k) == Approx(plain.mean(k)));
  }
  CHECK(std::isnan(processes::max(0.0, nan)));
  CHECK(std::isnan(processes::max(nan, 0.0)));
  CHECK(std::isnan(processes::min(0.0, nan)));
  CHECK(std::isnan(processes::min(nan, 0.0)));
  CHECK(processes::max(1.0, 2.0) == 2);
  CHECK(processes::min(1.0, 2.0) == 1);
}

TEST_CASE("functions of packs are those of doubles") {
  Engine engine(workers(1));
  const auto result = monte_carlo(engine, {.paths = 10'000, .seed = 77}, EveryFunction{});
  const auto plain = monte_carlo(engine, {.paths = 10'000, .seed = 77}, [](Path& path) {
    const double u = path.uniform();
    const double z = path.normal();
    return every_function_of_doubles(u, z);
  });
  for (std::size_t k = 0; k < every_function_outputs; ++k) {
    INFO("output " << k);
    CHECK(result.mean(k) == Approx(plain.mean(k)).epsilon(1e-13).margin(1e-13));
    CHECK(result.outputs[k].min == Approx(plain.outputs[k].min).epsilon(1e-13).margin(1e-14));
    CHECK(result.outputs[k].max == Approx(plain.outputs[k].max).epsilon(1e-13).margin(1e-14));
  }
}
