// furrow/montecarlo/processes/heston.hpp
//
// Heston's stochastic volatility.    dS = growth S dt + sqrt(V) S dW,  dW dB = correlation dt
//                                    dV = reversion (mean - V) dt + volatility sqrt(V) dB
//
//   ln S' = ln S + growth dt + K0 + K1 V + K2 V' + sqrt(K3 V + K4 V') z
//   V' by the quadratic-exponential scheme; K1 … K4 from the central rule for ∫ V dt; K0 so that
//   E[S'] = S e^(growth dt) given V: the martingale correction
//
// Units   growth and reversion per year, variances per year, times in years
// Scheme  Andersen's QE-M; weak error as quadratic_exponential.hpp says. Where the correction does
//         not exist (a positive correlation with a long step), Andersen's uncorrected K0
// Draws   a normal and a uniform for V', a normal for S'
// Source  Heston, Rev. Financial Studies 6 (1993); Andersen (2008), 4.1 to 4.3
#pragma once

#include <furrow/montecarlo/processes/quadratic_exponential.hpp>

namespace furrow::processes {

template <class Real>
struct HestonState {
  Real log_price;
  Real variance;
};

class Heston {
 public:
  /// Throws InvalidArgument as QuadraticExponential does, and for a correlation beyond ±1.
  Heston(double growth, const SquareRootDiffusion& model, double correlation, double dt)
      : variance_(model, dt) {
    check_finite("the growth", growth);
    check_between("the correlation", correlation, -1, 1);
    const double slope = correlation / model.volatility;
    const double half = dt / 2 * (model.reversion * slope - 0.5);
    drift_ = growth * dt;
    uncorrected_ = -slope * model.reversion * model.mean * dt;
    k1_ = half - slope;
    k2_ = half + slope;
    k34_ = dt / 2 * (1 - correlation * correlation);
    tilt_ = k2_ + k34_ / 2;
  }

  template <class G>
  void step(G& path, HestonState<RealOf<G>>& state) const {
    using Real = RealOf<G>;
    const auto next = variance_.draw(path, state.variance);
    const Real z = path.normal();
    const Real spread = sqrt(k34_ * (state.variance + next.value));
    state.log_price = state.log_price + (drift_ + correction(next, state.variance)) +
                      (k1_ * state.variance + k2_ * next.value) + spread * z;
    state.variance = next.value;
  }

 private:
  /// K0: minus the logarithm of E[exp(tilt V')], less what V contributes.
  template <class Real, class Mask>
  Real correction(const QuadraticExponentialStep<Real, Mask>& next, const Real& variance) const {
    const Real known = (k1_ + k34_ / 2) * variance;
    const Real left = 1.0 - 2 * tilt_ * next.a;
    const Mask exists = left > 0.0;
    const Real safe = where(exists, left, Real(1.0));
    Real k0 = 0.5 * log(safe) - tilt_ * next.b2 * next.a / safe - known;
    if (!all(next.quadratic)) {
      const Real room = next.rate - tilt_;
      const Real tail = next.p + next.rate * (1.0 - next.p) / where(room > 0.0, room, Real(1.0));
      const Real by_tail =
          where(room > 0.0, -log(max(tail, Real(1e-300))) - known, Real(uncorrected_));
      return where(next.quadratic, where(exists, k0, Real(uncorrected_)), by_tail);
    }
    return where(exists, k0, Real(uncorrected_));
  }

  QuadraticExponential variance_;
  double drift_;
  double uncorrected_;
  double k1_;
  double k2_;
  double k34_;  // K3 = K4
  double tilt_;
};

}  // namespace furrow::processes
