// Brownian motion in space between two spheres: does it hit the inner one first?
//
// Walk on spheres: the motion leaves the largest sphere about its place that fits between the two
// at a uniform point of it, so that no time step is needed. It ends within 10^-7 of a sphere, which
// changes the probability by less than that.
// Exact   (1/r - 1/b) / (1/a - 1/b), for inner radius a = 1, outer b, start r: harmonic in r
// Source  Muller, Ann. Math. Stat. 27 (1956)
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const double start = p.real("start");
  const double outer = p.real("outer");
  if (start >= outer) {
    throw InvalidArgument("hitting: the start is between the spheres of radius 1 and `outer`");
  }
  return named(monte_carlo(engine, options,
                           [start, outer](auto& path) {
                             using Real = furrow::RealOf<decltype(path)>;
                             constexpr double near = 1e-7;
                             Real r = start;
                             Real room = min(r - 1.0, outer - r);
                             while (any(room > near)) {
                               const Real cosine = path.uniform(-1.0, 1.0);
                               const Real moved =
                                   sqrt(r * r + room * room + 2.0 * r * room * cosine);
                               r = where(room > near, moved, r);
                               room = min(r - 1.0, outer - r);
                             }
                             return r < 1.0 + 2 * near;
                           }),
               {{"hit", (1 / start - 1 / outer) / (1 - 1 / outer)}});
}

}  // namespace

Model hitting() {
  return {"hitting",
          "the probability that Brownian motion in space hits a ball of radius 1",
          "walks",
          {number("start", "distance of the start from the middle", "", 2, {1.001, 1e6}),
           number("outer", "radius of the sphere that ends it", "", 10, {1.01, 1e6})},
          &run};
}

}  // namespace furrow::models
