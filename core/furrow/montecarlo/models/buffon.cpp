// Buffon's needle on lines that are `spacing` apart: does it cross one?
//
// The middle is y < spacing/2 from the nearest line, the angle to the lines θ < π/2, both uniform.
// Exact   length <= spacing: 2 l / (π d); longer: with k = d / l,
//         (2/π) (acos k + (1 - sqrt(1 - k²)) / k)
// Source  Solomon, Geometric Probability, SIAM (1978), chapter 1
#include <cmath>
#include <numbers>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

double crossing(double length, double spacing) {
  using std::numbers::pi;
  const double k = spacing / length;
  if (k >= 1) return 2 / (pi * k);
  return 2 / pi * (std::acos(k) + (1 - std::sqrt(1 - k * k)) / k);
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const double length = p.real("length");
  const double spacing = p.real("spacing");
  const double half = length / spacing;  // in half spacings
  return named(monte_carlo(engine, options,
                           [half](auto& path) {
                             const auto middle = path.uniform();
                             const auto angle = path.uniform() * (std::numbers::pi / 2);
                             return middle <= half * sin(angle);
                           }),
               {{"crossing", crossing(length, spacing)}});
}

}  // namespace

Model buffon() {
  return {"buffon",
          "Buffon's needle: the probability that it crosses a line",
          "mathematics",
          {number("length", "length of the needle", "", 1, positive),
           number("spacing", "distance of the lines", "", 1, positive)},
          &run};
}

}  // namespace furrow::models
