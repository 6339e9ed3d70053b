// furrow/montecarlo/design.hpp
//
// Paths that are spread better than independent ones, for generic closures:
//
//   monte_carlo(engine, options, stratified(path))        the first draw, one path in each of as
//   many
//                                                         equal strata as a block has paths
//   monte_carlo(engine, options, latin_hypercube(path))   every draw, each shuffled by itself
//   monte_carlo(engine, options, moment_matched(path))    the normals of each of the first 256
//   draws
//                                                         have mean 0 and variance 1 over the block
//
// Normals   of strata by inversion, which is monotone
// Error     the paths of a block (MonteCarloOptions::block_paths) depend on each other, blocks do
//           not: one sample is the mean of a block, and variance, skew and kurtosis are those of
//           such means. min, max, histogram and quantiles are those of paths
// Paths     rounded up to whole blocks. A block with an output that is not finite is left out whole
// Bias      none with strata. Matched moments: of order 1 / block_paths, for what is not linear
// Gain      tests/core/montecarlo/variance_test.cpp measures it; for functions that are sums of
//           functions of one draw each, hypercubes take nearly all of the variance
// Source    McKay, Beckman, Conover, Technometrics 21 (1979); Glasserman, Monte Carlo Methods in
//           Financial Engineering (2004), sections 4.3 to 4.5
#pragma once

#include <furrow/montecarlo/simulate.hpp>

namespace furrow {
namespace montecarlo {

enum class Design { stratified, latin_hypercube, moment_matched };

/// A generic closure whose blocks are drawn by a design.
template <class F, Design D>
struct Designed {
  F path;
  template <class G>
  auto operator()(G& generator) const {
    return path(generator);
  }
};

template <class F, Design D>
struct SimulationOf<Designed<F, D>> : Generic<Designed<F, D>> {
  static constexpr bool grouped = true;
  static constexpr const char* design = D == Design::stratified        ? "stratified"
                                        : D == Design::latin_hypercube ? "latin hypercube"
                                                                       : "moment matched";
  static BlockFunction block() noexcept {
    using Closure = Designed<F, D>;
    if constexpr (D == Design::stratified) {
      return FURROW_BLOCK_FUNCTION(run_stratified_block<Closure>);
    } else if constexpr (D == Design::latin_hypercube) {
      return FURROW_BLOCK_FUNCTION(run_latin_block<Closure>);
    } else {
      return FURROW_BLOCK_FUNCTION(run_matched_block<Closure>);
    }
  }
};

template <Design D, class F>
Designed<F, D> designed(F path) {
  static_assert(!Plain<F>, "designs are for generic closures: [](auto& path)");
  return {path};
}

}  // namespace montecarlo
template <class F>
auto stratified(F path) {
  return montecarlo::designed<montecarlo::Design::stratified>(path);
}
template <class F>
auto latin_hypercube(F path) {
  return montecarlo::designed<montecarlo::Design::latin_hypercube>(path);
}
template <class F>
auto moment_matched(F path) {
  return montecarlo::designed<montecarlo::Design::moment_matched>(path);
}

}  // namespace furrow
