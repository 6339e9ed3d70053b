// furrow/kernels/finance/path_dependent.cpp
//
// Geometric Asian, barrier and lookback options. In Haug's notation, x = ln(S/H) and the like.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/finance/path_dependent.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/finance/lognormal-inl.h>
#include <furrow/kernels/math/sine-inl.h>
#include <furrow/kernels/finance/path_dependent.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// e^a N(x), also where the one is too large and the other too small for a double.
HWY_NOINLINE Real exp_ndtr(Real a, Real x) noexcept {
  const Mask far = x < Real(-30.0);
  if (!any(far)) return exp(a) * ndtr(x);
  // N(x) = n(x)/|x| (1 - 1/x² + 3/x⁴ - 15/x⁶ + 105/x⁸ …)
  const Real w = Real(1.0) / (x * x);
  const Real series =
      Real(1.0) - w * (Real(1.0) - w * (Real(3.0) - w * (Real(15.0) - w * Real(105.0))));
  const Real tail = exp(fma(x, x * Real(-0.5), a)) * Real(0x1.9884533d43651p-2) * series / -x;
  return where(far, where(x == -infinity(), 0.0, tail), exp(a) * ndtr(x));
}

/// y/π ∫ e^(-t²)/((x - t)² + y²) dt for y > 0, which is Voigt's function, the real part of
/// e^(-z²) erfc(-iz) at z = x + iy. By the trapezoidal rule, which is right to the last digit with
/// the residue of the pole that the integrand has near the axis; nodes keep away from that pole.
/// Hunter, Regan, Math. Comp. 26 (1972).
HWY_NOINLINE Real voigt(Real x, Real y) noexcept {
  constexpr double step = 0.5, pi = 3.14159265358979323846;
  const Real place = x * Real(1 / step);
  const Mask near = abs(place - Real(hn::Round(place.v))) < Real(0.25);
  const Real begin = where(near, 0.5, 0.0);
  Real sum = 0.0;
  for (int k = -13; k <= 13; ++k) {
    const Real t = Real(step) * (begin + Real(static_cast<double>(k)));
    sum = sum + exp(-t * t) / fma(x - t, x - t, y * y);
  }
  sum = sum * y * Real(step / pi);
  // 2 e^(-z²)/(1 ∓ e^(-2πiz/step)); nothing beyond the height where the sum alone is right.
  const Real low = min(y, pi / step);
  const auto turned = math::sincos_turns(D(), place.v);
  const auto angle = Real(2.0) * x * low;
  const Real grown = where(near, -1.0, 1.0) * exp(Real(2 * pi / step) * low);
  const Real real = Real(1.0) - grown * Real(turned.cos), imaginary = grown * Real(turned.sin);
  const Real top = Real(math::cos(D(), angle.v)) * real - Real(math::sin(D(), angle.v)) * imaginary;
  const Real residue =
      Real(2.0) * exp(low * low - x * x) * top / (real * real + imaginary * imaginary);
  return where(y < Real(pi / step), sum + residue, sum);
}

struct GeometricAsianFormula {
  static constexpr std::size_t columns = 7;
  double sign;
  explicit GeometricAsianFormula(const FormulaCall& call) noexcept : sign(call.sign) {}

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real rate = in[2], volatility = in[4], maturity = in[5];
    // The logarithm's mean grows for (n+1)/2n of the time, its variance for (n+1)(2n+1)/6n² of it.
    const Real inverse = where(in[6] > Real(0.0), Real(1.0) / in[6], 0.0);
    const Real share = Real(0.5) + Real(0.5) * inverse;
    const Real spread = (Real(1.0) + inverse) * (Real(2.0) + inverse) * Real(1.0 / 6);
    const Real drift = rate - in[3] - Real(0.5) * volatility * volatility;
    Lognormal at;
    at.deviation = volatility * sqrt(maturity * spread);
    const Real growth =
        drift * maturity * share + Real(0.5) * volatility * volatility * maturity * spread;
    at.asset = in[0] * exp(growth - rate * maturity);
    at.bond = in[1] * exp(-rate * maturity);
    set_d(at, log(in[0] / in[1]) + growth);
    return european_price(at, sign);
  }
};

/// The terms A … F of Reiner and Rubinstein, as Haug names them.
struct BarrierTerms {
  Real a, b, c, d, e, f;
};

struct BarrierFormula {
  static constexpr std::size_t columns = 9;
  Knock knock;
  double phi;
  explicit BarrierFormula(const FormulaCall& call) noexcept
      : knock(static_cast<Knock>(call.choice)), phi(call.sign) {}

  bool down() const noexcept { return knock == Knock::down_in || knock == Knock::down_out; }
  bool in() const noexcept { return knock == Knock::down_in || knock == Knock::up_in; }

  BarrierTerms terms(const Real* in, Real height) const noexcept {
    const Real spot = in[0], strike = in[1], rebate = in[3], rate = in[4], dividend = in[5],
               volatility = in[6], maturity = in[7];
    const Real sign = phi, eta = down() ? 1.0 : -1.0;
    const Real s = volatility * sqrt(maturity);
    const Real square = volatility * volatility;
    const Real mu = (rate - dividend) / square - Real(0.5);
    const Real lambda_square = mu * mu + Real(2.0) * rate / square;
    const Real lambda = sqrt(lambda_square);
    const Real to_barrier = log(height / spot), to_strike = log(strike / spot);
    const Real shift = (Real(1.0) + mu) * s;
    const Real x1 = shift - to_strike / s, x2 = shift - to_barrier / s;
    const Real y1 = (to_barrier + to_barrier - to_strike) / s + shift, y2 = to_barrier / s + shift;
    const Real z = to_barrier / s + lambda * s;
    const Real bond_log = -rate * maturity;
    const Real asset = spot * exp(-dividend * maturity), bond = strike * exp(bond_log);
    const Real mirror_bond = Real(2.0) * mu * to_barrier;
    const Real mirror_asset = mirror_bond + Real(2.0) * to_barrier;
    BarrierTerms t;
    t.a = sign * (asset * ndtr(sign * x1) - bond * ndtr(sign * (x1 - s)));
    t.b = sign * (asset * ndtr(sign * x2) - bond * ndtr(sign * (x2 - s)));
    t.c = sign *
          (asset * exp_ndtr(mirror_asset, eta * y1) - bond * exp_ndtr(mirror_bond, eta * (y1 - s)));
    t.d = sign *
          (asset * exp_ndtr(mirror_asset, eta * y2) - bond * exp_ndtr(mirror_bond, eta * (y2 - s)));
    const Mask pays = hn::Not(rebate == Real(0.0));
    t.e = where(
        pays,
        rebate * exp(bond_log) * (ndtr(eta * (x2 - s)) - exp_ndtr(mirror_bond, eta * (y2 - s))),
        0.0);
    t.f = where(pays,
                rebate * (exp_ndtr((mu + lambda) * to_barrier, eta * z) +
                          exp_ndtr((mu - lambda) * to_barrier, eta * (z - Real(2.0) * lambda * s))),
                0.0);
    // Rates below 0, and hardly a drift: λ = iω, and the two terms are each other's conjugates.
    const Mask turning = both(pays, lambda_square < Real(0.0));
    if (any(turning)) {
      const Real off = to_barrier / s - mu * s;
      const Real size = rebate * exp(fma(off * off, Real(-0.5), bond_log));
      const Real omega = sqrt(abs(lambda_square)), root_half = 0.70710678118654752440;
      t.f =
          where(turning, size * voigt(omega * s * root_half, abs(to_barrier) / s * root_half), t.f);
    }
    return t;
  }

  /// Untouched so far, volatility and maturity above 0.
  Real alive(const BarrierTerms& t, Mask strike_above) const noexcept {
    const bool call = phi > 0;
    const Real spread = t.a - t.b, cross = t.b - t.c + t.d;
    const Real a = t.a, b = t.b, c = t.c, d = t.d;
    switch (knock) {
      case Knock::down_in:
        return t.e + (call ? where(strike_above, c, spread + d) : where(strike_above, cross, a));
      case Knock::up_in:
        return t.e + (call ? where(strike_above, a, cross) : where(strike_above, spread + d, c));
      case Knock::down_out:
        return t.f + (call ? where(strike_above, a - c, b - d)
                           : where(strike_above, spread + c - d, 0.0));
      default:
        return t.f + (call ? where(strike_above, 0.0, spread + c - d)
                           : where(strike_above, b - d, a - c));
    }
  }

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real spot = in[0], strike = in[1], rate = in[4], dividend = in[5], maturity = in[7];
    const Real s = in[6] * sqrt(maturity);
    // Broadie, Glasserman, Kou: -zeta(1/2)/sqrt(2 pi) deviations of a step further away.
    const Real away = Real(down() ? -0.5825971579390107 : 0.5825971579390107);
    const Real shift = where(in[8] > Real(0.0), exp(away * s / sqrt(in[8])), 1.0);
    const Real height = in[2] * shift;
    const Lognormal plain = lognormal(spot, strike, rate, dividend, in[6], maturity);
    const Real vanilla = european_price(plain, phi);
    const Mask touched = down() ? spot <= in[2] : spot >= in[2];
    const Real knocked = this->in() ? vanilla : in[3];
    // Without volatility the path is the forward's, which touches at maturity or never.
    const Real end = spot * exp((rate - dividend) * maturity);
    const Mask touches = down() ? end <= height : end >= height;
    const Real paid_later = in[3] * exp(-rate * maturity);
    Real certain;
    if (this->in()) {
      certain = where(touches, vanilla, paid_later);
    } else {
      const Real when = log(height / spot) / (rate - dividend);
      certain = where(touches, in[3] * exp(-rate * when), vanilla);
    }
    const Mask moves = s > Real(0.0);
    Real value = where(moves, alive(terms(in, height), strike > height), certain);
    value = where(touched, knocked, value);
    return where(s >= Real(0.0), value, not_a_number());
  }
};

struct LookbackFormula {
  static constexpr std::size_t columns =
      7;  // spot strike extreme rate dividend volatility maturity
  Strike kind;
  double phi;
  explicit LookbackFormula(const FormulaCall& call) noexcept
      : kind(static_cast<Strike>(call.choice)), phi(call.sign) {}

  /// (e^(-kx) N(ψ(ks - a)) - e^(ks²/2) N(-ψ a))/k, for k near 0 too: there the mean of the
  /// difference's derivative over [0, k], by eight points of Gauss and Legendre.
  static HWY_NOINLINE Real bonus(Real k, Real x, Real s, Real a, Real psi) noexcept {
    const Real far =
        exp_ndtr(-k * x, psi * (k * s - a)) - exp_ndtr(Real(0.5) * k * s * s, -psi * a);
    const Real reach = Real(1.0) + abs(x) + s * s;
    const Mask near = abs(k) * reach < Real(0.25);
    if (!any(near)) return far / k;
    static constexpr double node[4] = {0.18343464249564980, 0.52553240991632899,
                                       0.79666647741362674, 0.96028985649753623};
    static constexpr double weight[4] = {0.36268378337836198, 0.31370664587788729,
                                         0.22238103445337447, 0.10122853629037626};
    const Real slope = x + Real(0.5) * s * s;
    Real mean = 0.0;
    for (int i = 0; i < 8; ++i) {
      const double at = 0.5 + (i % 2 == 0 ? 0.5 : -0.5) * node[i / 2];
      const Real j = k * Real(at);
      const Real d = j * s - a;
      const Real value = exp(-j * slope) * (psi * s * density(d) - slope * ndtr(psi * d));
      mean = mean + Real(0.5 * weight[i / 2]) * value;
    }
    return where(near, exp(Real(0.5) * k * s * s) * mean, far / k);
  }

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real spot = in[0], strike = in[1], rate = in[3], dividend = in[4], maturity = in[6];
    const bool fixed = kind == Strike::fixed;
    const bool call = phi > 0;
    // A fixed call looks at the greatest spot, a floating call at the least.
    const bool greatest = fixed == call;
    const Real so_far = where(in[2] == in[2], in[2], spot);
    const Real extreme = greatest ? max(so_far, spot) : min(so_far, spot);
    Real level = extreme;
    if (fixed) level = call ? max(extreme, strike) : min(extreme, strike);
    const Real bond = exp(-rate * maturity);
    const Lognormal at = lognormal(spot, level, rate, dividend, in[5], maturity);
    const Real s = at.deviation;
    const Real k = Real(2.0) * (rate - dividend) / (in[5] * in[5]);
    const Real psi = fixed ? -phi : phi;
    const Real x = log(spot / level);
    const Real moving = european_price(at, phi) + psi * spot * bond * bonus(k, x, s, at.d1, psi);
    // Without volatility the extreme is at one end of the path.
    const Real end = spot * exp((rate - dividend) * maturity);
    const Real last = greatest ? max(extreme, end) : min(extreme, end);
    const Real against = fixed ? Real(phi) * (last - strike) : Real(phi) * (end - last);
    const Real certain = bond * max(against, 0.0);
    const Real sure = fixed ? bond * Real(phi) * (level - strike) : Real(0.0);
    return where(s > Real(0.0), moving + sure, where(s >= Real(0.0), certain, not_a_number()));
  }
};

const PathTable* path_table() {
  static constexpr PathTable table = {&run<GeometricAsianFormula>, &run<BarrierFormula>,
                                      &run<LookbackFormula>};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels::finance {

FURROW_EXPORT_TABLE(PathTable, path);

namespace {
constinit Dispatch<PathTable> path{resolve_path};
}  // namespace

void geometric_asian(std::span<double> out, const GeometricAsian& o) noexcept {
  run_formula(path.table().geometric_asian, out,
              {&o.spot, &o.strike, &o.rate, &o.dividend, &o.volatility, &o.maturity, &o.fixings}, 0,
              static_cast<int>(o.right));
}
double geometric_asian(const GeometricAsian& option) noexcept {
  double out;
  geometric_asian({&out, 1}, option);
  return out;
}

void barrier(std::span<double> out, const Barrier& o) noexcept {
  run_formula(path.table().barrier, out,
              {&o.spot, &o.strike, &o.barrier, &o.rebate, &o.rate, &o.dividend, &o.volatility,
               &o.maturity, &o.fixings},
              static_cast<int>(o.knock), static_cast<int>(o.right));
}
double barrier(const Barrier& option) noexcept {
  double out;
  barrier({&out, 1}, option);
  return out;
}

void lookback(std::span<double> out, const Lookback& o) noexcept {
  run_formula(path.table().lookback, out,
              {&o.spot, &o.strike, &o.extreme, &o.rate, &o.dividend, &o.volatility, &o.maturity},
              static_cast<int>(o.kind), static_cast<int>(o.right));
}
double lookback(const Lookback& option) noexcept {
  double out;
  lookback({&out, 1}, option);
  return out;
}

}  // namespace furrow::kernels::finance
#endif
