// furrow/montecarlo/processes/bridge.hpp
//
// What a Brownian motion does between two points of a path: its greatest and least value there,
// and whether it stays on its side of a level. For geometric Brownian motion: of ln S.
//
//   maximum   (x + y + sqrt((y - x)² - 2 v ln u)) / 2,   minimum  (x + y - sqrt(…)) / 2
//   survival  P(not touched) = 1 - exp(-2 (x - level)(y - level) / v), 0 beyond the level
//
// Units   x and y are the values at both ends, v = volatility² dt the variance between them
// Scheme  exact, for a motion whose volatility is constant in the step
// Draws   one uniform an extreme; survival none: it is a factor that the payoff is multiplied by,
//         of less variance than a draw would have. Maximum and minimum of one step are not drawn
//         jointly
// Source  Beaglehole, Dybvig, Zhou, Financial Analysts J. 53 (1997); Glasserman (2003), 6.4
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

template <class G>
RealOf<G> bridge_maximum(G& path, const RealOf<G>& from, const RealOf<G>& to, double variance) {
  const RealOf<G> way = to - from;
  return 0.5 * (from + to + sqrt(way * way - 2 * variance * log(path.uniform())));
}

template <class G>
RealOf<G> bridge_minimum(G& path, const RealOf<G>& from, const RealOf<G>& to, double variance) {
  const RealOf<G> way = to - from;
  return 0.5 * (from + to - sqrt(way * way - 2 * variance * log(path.uniform())));
}

/// REQUIRES: `from` is on the side where the path lives, or the path is dead (its factor is 0)
/// already. `scale` is -2 / variance.
template <class Real>
Real bridge_survival(const Real& from, const Real& to, double level, double scale) {
  return max(Real(1.0) - exp((from - level) * (to - level) * scale), Real(0.0));
}

}  // namespace furrow::processes
