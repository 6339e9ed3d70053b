// furrow/montecarlo/processes/merton_jumps.hpp
//
// Geometric Brownian motion with jumps of lognormal size.
//                          dS/S = (growth - intensity (E[J] - 1)) dt + volatility dW + (J - 1) dN
//
//   ln J ~ N(jump_mean, jump_deviation²),  N a Poisson process of `intensity`
//   ln S(t + dt) = ln S(t) + (growth - volatility²/2 - intensity (e^(jump_mean +
//                  jump_deviation²/2) - 1)) dt + volatility sqrt(dt) z + n jump_mean
//                  + sqrt(n) jump_deviation z',  n ~ Poisson(intensity dt)
//
// Units   growth and intensity per year, volatility per square root of a year, dt in years; the
//         expected value grows as e^(growth t): jumps are compensated
// Scheme  exact: no error of the step
// Draws   a normal, a Poisson number, a normal a step
// Source  Merton, J. Financial Economics 3 (1976); Glasserman (2003), 3.5
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

struct Jumps {
  double intensity = 0;
  double mean = 0;
  double deviation = 0;
};

class MertonJumps {
 public:
  /// Throws InvalidArgument for a negative volatility, intensity, deviation or step.
  MertonJumps(double growth, double volatility, const Jumps& jumps, double dt) : jumps_(jumps) {
    check_finite("the growth", growth);
    check_not_negative("the volatility", volatility);
    check_not_negative("the intensity of jumps", jumps.intensity);
    check_finite("the mean of jumps", jumps.mean);
    check_not_negative("the deviation of jumps", jumps.deviation);
    check_not_negative("the time step", dt);
    const double gain = std::expm1(jumps.mean + jumps.deviation * jumps.deviation / 2);
    drift_ = (growth - volatility * volatility / 2 - jumps.intensity * gain) * dt;
    deviation_ = volatility * std::sqrt(dt);
    expected_ = jumps.intensity * dt;
  }

  template <class G>
  RealOf<G> log_step(G& path, const RealOf<G>& log_value) const {
    const RealOf<G> diffusion = drift_ + deviation_ * path.normal();
    const RealOf<G> count = path.poisson(expected_);
    const RealOf<G> spread = sqrt(count) * jumps_.deviation * path.normal();
    return log_value + diffusion + (count * jumps_.mean + spread);
  }
  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& value) const {
    return value * exp(log_step(path, RealOf<G>(0.0)));
  }

 private:
  Jumps jumps_;
  double drift_;
  double deviation_;
  double expected_;  // jumps in a step
};

}  // namespace furrow::processes
