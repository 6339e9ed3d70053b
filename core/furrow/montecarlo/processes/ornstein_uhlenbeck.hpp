// furrow/montecarlo/processes/ornstein_uhlenbeck.hpp
//
// Ornstein and Uhlenbeck's process; as a short rate, Vasicek's.
//                                              dX = reversion (mean - X) dt + volatility dW
//
//   X(t + dt) = mean + (X(t) - mean) e^(-reversion dt) + deviation z
//   deviation² = volatility² (1 - e^(-2 reversion dt)) / (2 reversion)
//
// Units   reversion per year, mean and X in one unit, volatility in it per square root of a year
// Scheme  exact: no error of the step; reversion 0 is Brownian motion
// Draws   one normal a step
// Source  Gillespie, Phys. Rev. E 54 (1996); Glasserman (2003), 3.3
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

class OrnsteinUhlenbeck {
 public:
  /// Throws InvalidArgument for a negative reversion, volatility or step.
  OrnsteinUhlenbeck(double reversion, double mean, double volatility, double dt) : mean_(mean) {
    check_not_negative("the speed of reversion", reversion);
    check_finite("the mean", mean);
    check_not_negative("the volatility", volatility);
    check_not_negative("the time step", dt);
    kept_ = std::exp(-reversion * dt);
    const double time =
        reversion * dt > 0 ? -std::expm1(-2 * reversion * dt) / (2 * reversion) : dt;
    deviation_ = volatility * std::sqrt(time);
  }

  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& value) const {
    return mean_ + (value - mean_) * kept_ + deviation_ * path.normal();
  }
  double deviation() const noexcept { return deviation_; }

 private:
  double mean_;
  double kept_;  // part of a distance from the mean that is left after a step
  double deviation_;
};

}  // namespace furrow::processes
