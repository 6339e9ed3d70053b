// furrow/montecarlo/processes/geometric_brownian.hpp
//
// Geometric Brownian motion.                             dS = growth S dt + volatility S dW
//
//   S(t + dt) = S(t) exp((growth - volatility²/2) dt + volatility sqrt(dt) z)
//
// Units   growth per year (a rate less a dividend), volatility per square root of a year, dt in
//         years, or any other unit of time for all three
// Scheme  exact: no error of the step, however long
// Draws   one normal a step
// Source  Glasserman, "Monte Carlo methods in financial engineering" (2003), 3.2
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

class GeometricBrownian {
 public:
  /// Throws InvalidArgument for a negative volatility or step.
  GeometricBrownian(double growth, double volatility, double dt) {
    check_finite("the growth", growth);
    check_not_negative("the volatility", volatility);
    check_not_negative("the time step", dt);
    drift_ = (growth - volatility * volatility / 2) * dt;
    deviation_ = volatility * std::sqrt(dt);
  }

  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& value) const {
    return value * exp(drift_ + deviation_ * path.normal());
  }
  /// The same for ln S, which costs no exponential: for paths that need S only now and then.
  template <class G>
  RealOf<G> log_step(G& path, const RealOf<G>& log_value) const {
    return log_value + (drift_ + deviation_ * path.normal());
  }

  /// Of ln S in a step: mean and standard deviation.
  double drift() const noexcept { return drift_; }
  double deviation() const noexcept { return deviation_; }

 private:
  double drift_;
  double deviation_;
};

}  // namespace furrow::processes
