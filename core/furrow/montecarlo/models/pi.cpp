// π, from the part of a square that its inscribed circle covers: 4 P(u² + v² < 1).
#include <numbers>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::models {
namespace {

struct Dart {
  template <class G>
  auto operator()(G& path) const {
    const auto u = path.uniform();
    const auto v = path.uniform();
    return where(u * u + v * v < 1.0, furrow::RealOf<G>(4.0), 0.0);
  }
};

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters&) {
  return named(monte_carlo(engine, options, Dart()), {{"pi", std::numbers::pi}});
}

}  // namespace

ModelResult quasi::pi(Engine& engine, const QuasiOptions& options, const Parameters&) {
  return named(quasi_monte_carlo(engine, options, Dart()), {"pi", std::numbers::pi});
}

Model pi() { return {"pi", "the number pi, by points in a square", "mathematics", {}, &run}; }

}  // namespace furrow::models
