// π, from the part of a square that its inscribed circle covers: 4 P(u² + v² < 1).
#include <numbers>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters&) {
  return named(monte_carlo(engine, options,
                           [](auto& path) {
                             const auto u = path.uniform();
                             const auto v = path.uniform();
                             return where(u * u + v * v < 1.0, furrow::RealOf<decltype(path)>(4.0),
                                          0.0);
                           }),
               {{"pi", std::numbers::pi}});
}

}  // namespace

Model pi() { return {"pi", "the number pi, by points in a square", "mathematics", {}, &run}; }

}  // namespace furrow::models
