// Packs on every SIMD target that this processor has: the same bits with fused multiply-add, nearly
// the same numbers without, and as a closure that was compiled without optimisation.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/montecarlo/monte_carlo.hpp>

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
