// furrow/montecarlo/processes/cir.hpp
//
// Cox, Ingersoll and Ross's square-root diffusion, exactly.
//                                       dX = reversion (mean - X) dt + volatility sqrt(X) dW
//
//   X(t + dt) = c χ'²(d, λ),  c = volatility² (1 - e^(-reversion dt)) / (4 reversion),
//   d = 4 reversion mean / volatility²,  λ = X(t) e^(-reversion dt) / c
//   χ'²(d, λ) = (z + sqrt λ)² + χ²(d - 1) for d > 1;  χ²(d + 2n), n ~ Poisson(λ/2), otherwise
//
// Units   X and mean in one unit, reversion per year, volatility per year in the root of that unit
// Scheme  exact: no error of the step; X stays at 0 or above. A gamma and a Poisson number
//         cost far more than a normal: quadratic_exponential.hpp is the fast one, with an error
// Draws   a normal and a gamma a step; a Poisson number and a gamma where d <= 1
// Source  Broadie, Kaya, Operations Research 54 (2006); Glasserman (2003), 3.4
#pragma once

#include <furrow/montecarlo/processes/quadratic_exponential.hpp>

namespace furrow::processes {

class CoxIngersollRoss {
 public:
  /// Throws InvalidArgument unless reversion, mean, volatility and dt are positive.
  CoxIngersollRoss(const SquareRootDiffusion& model, double dt) {
    check_positive("the speed of reversion", model.reversion);
    check_positive("the mean", model.mean);
    check_positive("the volatility", model.volatility);
    check_positive("the time step", dt);
    const double square = model.volatility * model.volatility;
    scale_ = square * -std::expm1(-model.reversion * dt) / (4 * model.reversion);
    degrees_ = 4 * model.reversion * model.mean / square;
    shift_ = std::exp(-model.reversion * dt) / scale_;
  }

  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& value) const {
    using Real = RealOf<G>;
    const Real lambda = value * shift_;
    if (degrees_ > 1) {
      const Real z = path.normal() + sqrt(lambda);
      const Real rest = path.gamma((degrees_ - 1) / 2);
      return scale_ * (z * z + 2.0 * rest);
    }
    const Real count = path.poisson(lambda * 0.5);
    return 2 * scale_ * path.gamma(count + degrees_ / 2);
  }

 private:
  double scale_;
  double degrees_;
  double shift_;
};

}  // namespace furrow::processes
