// Neutrons that fall straight upon a slab: exponential flights, absorption, isotropic scattering.
//
// Exact   by the integral equation (transport.hpp); without scattering exp(-thickness)
// Source  Lux, Koblinger, Monte Carlo Particle Transport Methods (1991), chapter 2
#include <cmath>
#include <tuple>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/transport.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const double thickness = p.real("thickness");
  const double absorption = p.real("absorption");
  MonteCarloResult result = monte_carlo(engine, options, [thickness, absorption](auto& path) {
    using Real = furrow::RealOf<decltype(path)>;
    Real depth = path.exponential();
    Real lives = 1.0;
    auto inside = depth < thickness;
    // Those that fly on draw three numbers more; the others' places do not move.
    while (any(inside)) {
      const Real fate = path.uniform();
      const Real cosine = path.uniform(-1.0, 1.0);
      const Real flight = path.exponential();
      lives = where(inside & (fate < absorption), Real(0.0), lives);
      inside = inside & (fate >= absorption);
      depth = where(inside, depth + cosine * flight, depth);
      inside = inside & (depth > 0.0) & (depth < thickness);
    }
    return std::tuple((depth >= thickness) & (lives > 0.5), (depth <= 0.0) & (lives > 0.5),
                      lives < 0.5);
  });
  const bool known = thickness <= 20;
  const Transport exact = known ? slab_transport(thickness, 1 - absorption)
                                : Transport{std::nan(""), std::nan(""), std::nan("")};
  return named(std::move(result), {{"transmitted", exact.transmitted},
                                   {"reflected", exact.reflected},
                                   {"absorbed", exact.absorbed}});
}

}  // namespace

Model slab() {
  return {"slab",
          "neutrons upon a slab: transmitted, reflected, absorbed",
          "physics",
          {number("thickness", "of the slab", "mean free paths", 2, {1e-3, 1000}),
           number("absorption", "the part of collisions that absorb", "", 0.5, {0, 1})},
          &run};
}

}  // namespace furrow::models
