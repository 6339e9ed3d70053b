// furrow/montecarlo/processes/schemes.hpp
//
// Any diffusion, step by step.                           dX = drift(X, t) dt + diffusion(X, t) dW
//
//   Euler     X + a dt + b dW
//   Milstein  X + a dt + b dW + (b b'/2) (dW² - dt)
//             without b':  b b' ≈ b (b(X + a dt + |b| sqrt(dt)) - b(X)) / (|b| sqrt(dt)), of the
//             same order (Platen's)
//
// Closures  drift(x, t), diffusion(x, t) and derivative(x, t) = ∂diffusion/∂x: generic (auto) for
//           packs, without an if on x; trivially copyable
// Order     of a path (strong): Euler 1/2, Milstein 1; of an expectation (weak): 1, both. Halve dt
//           and see
// Draws     one normal a step
// Source    Kloeden, Platen, "Numerical solution of stochastic differential equations" (1992),
//           10.2, 10.3, 11.1
#pragma once

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

template <class Drift, class Diffusion>
class Euler {
 public:
  /// Throws InvalidArgument for a negative step.
  Euler(Drift drift, Diffusion diffusion, double dt)
      : drift_(drift), diffusion_(diffusion), dt_(dt) {
    check_not_negative("the time step", dt);
    root_ = std::sqrt(dt);
  }

  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& x, double t) const {
    const RealOf<G> noise = root_ * path.normal();
    return x + drift_(x, t) * dt_ + diffusion_(x, t) * noise;
  }

 private:
  Drift drift_;
  Diffusion diffusion_;
  double dt_;
  double root_;
};

/// In place of a derivative: it is taken from two values.
struct FromValues {};

template <class Drift, class Diffusion, class Derivative = FromValues>
class Milstein {
 public:
  /// Throws InvalidArgument for a negative step, or one of 0 where the derivative is from values.
  Milstein(Drift drift, Diffusion diffusion, double dt)
      : Milstein(drift, diffusion, Derivative(), dt) {}
  Milstein(Drift drift, Diffusion diffusion, Derivative derivative, double dt)
      : drift_(drift), diffusion_(diffusion), derivative_(derivative), dt_(dt) {
    if constexpr (std::is_same_v<Derivative, FromValues>) {
      check_positive("the time step", dt);
    } else {
      check_not_negative("the time step", dt);
    }
    root_ = std::sqrt(dt);
  }

  template <class G>
  RealOf<G> step(G& path, const RealOf<G>& x, double t) const {
    using Real = RealOf<G>;
    const Real noise = root_ * path.normal();
    const Real a = drift_(x, t);
    const Real b = diffusion_(x, t);
    const Real second = noise * noise - dt_;
    if constexpr (std::is_same_v<Derivative, FromValues>) {
      const Real size = abs(b) * root_;
      const Real slope = (diffusion_(x + a * dt_ + size, t) - b) / where(size > 0.0, size, 1.0);
      return x + a * dt_ + b * noise + 0.5 * b * slope * second;
    } else {
      return x + a * dt_ + b * noise + 0.5 * b * derivative_(x, t) * second;
    }
  }

 private:
  Drift drift_;
  Diffusion diffusion_;
  Derivative derivative_;
  double dt_;
  double root_;
};

}  // namespace furrow::processes
