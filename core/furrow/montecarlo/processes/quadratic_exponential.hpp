// furrow/montecarlo/processes/quadratic_exponential.hpp
//
// One step of a square-root diffusion by Andersen's quadratic-exponential scheme.
//                                       dV = reversion (mean - V) dt + volatility sqrt(V) dW
//
//   m, s²  mean and variance of V(t + dt) given V(t), ψ = s²/m²
//   ψ <= 1.5   V' = a (b + z)²,  b² = 2/ψ - 1 + sqrt(2/ψ) sqrt(2/ψ - 1),  a = m / (1 + b²)
//   ψ >  1.5   V' = 0 with probability p = (ψ - 1)/(ψ + 1), else exponential of rate (1 - p)/m
//
// Units   V and mean in one unit, reversion per year, volatility per year in the root of that unit
// Scheme  the first two moments of a step are exact, V' is never negative; the law is approximate,
//         with an error of a mean that vanishes with dt (a Heston price of 10.362, volatility of
//         the variance 0.3: 0.009 with 16 steps a year, 0.002 with 32)
// Draws   a normal and a uniform a step, of which one counts
// Source  Andersen, "Simple and efficient simulation of the Heston stochastic volatility model",
//         J. Computational Finance 11 (2008), 3.2
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

struct SquareRootDiffusion {
  double reversion = 1;
  double mean = 0.04;
  double volatility = 0.3;
};

/// A step, with what Heston's martingale correction wants to know of it.
template <class Real, class Mask>
struct QuadraticExponentialStep {
  Real value;
  Mask quadratic;  // which of the two laws
  Real a;
  Real b2;
  Real p;
  Real rate;
};

class QuadraticExponential {
 public:
  /// Throws InvalidArgument unless reversion, mean, volatility and dt are positive.
  QuadraticExponential(const SquareRootDiffusion& model, double dt) : mean_(model.mean) {
    check_positive("the speed of reversion", model.reversion);
    check_positive("the mean variance", model.mean);
    check_positive("the volatility of the variance", model.volatility);
    check_positive("the time step", dt);
    kept_ = std::exp(-model.reversion * dt);
    const double gone = -std::expm1(-model.reversion * dt);
    const double c = model.volatility * model.volatility * gone / model.reversion;
    variance_slope_ = c * kept_;
    variance_base_ = c * gone * model.mean / 2;
  }

  template <class G>
  auto draw(G& path, const RealOf<G>& value) const {
    using Real = RealOf<G>;
    using Mask = decltype(value > value);
    const Real z = path.normal();
    const Real u = path.uniform();
    const Real m = mean_ + (value - mean_) * kept_;
    const Real psi = (value * variance_slope_ + variance_base_) / (m * m);
    const Mask quadratic = psi <= 1.5;
    // Where the other law holds, this one's numbers are not looked at, but are kept finite.
    const Real twice = max(2.0 / psi, Real(1.0));
    const Real b2 = twice - 1.0 + sqrt(twice) * sqrt(twice - 1.0);
    const Real a = m / (1.0 + b2);
    const Real root = sqrt(b2) + z;
    const Real by_square = a * root * root;
    if (all(quadratic)) {
      return QuadraticExponentialStep<Real, Mask>{by_square, quadratic, a, b2, 0.0, 1.0};
    }
    const Real p = (psi - 1.0) / (psi + 1.0);
    const Real rate = (1.0 - p) / m;
    const Real by_tail = where(u <= p, Real(0.0), log((1.0 - p) / (1.0 - u)) / rate);
    return QuadraticExponentialStep<Real, Mask>{
        where(quadratic, by_square, by_tail), quadratic, a, b2, p, rate};
  }
  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& value) const {
    return draw(path, value).value;
  }

 private:
  double mean_;
  double kept_;
  double variance_slope_;
  double variance_base_;
};

}  // namespace furrow::processes
