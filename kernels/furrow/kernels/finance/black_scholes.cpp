// furrow/kernels/finance/black_scholes.cpp
//
// European, digital and exchange options; implied volatility.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/finance/black_scholes.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/finance/lognormal-inl.h>
#include <furrow/kernels/finance/black_scholes.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// x y, and 0 where x is 0 though y is infinite.
HWY_INLINE Real times(Real x, Real y) noexcept { return where(x == Real(0.0), Real(0.0), x * y); }

template <Greek G>
struct BlackScholes {
  static constexpr std::size_t columns = 6;
  double sign;
  explicit BlackScholes(const FormulaCall& call) noexcept : sign(call.sign) {}

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real rate = in[2], dividend = in[3], volatility = in[4], maturity = in[5];
    const Lognormal at = lognormal(in[0], in[1], rate, dividend, volatility, maturity);
    const Real phi = sign;
    if constexpr (G == Greek::price) return european_price(at, phi);
    if constexpr (G == Greek::delta) {
      return phi * exp(-dividend * maturity) * ndtr(phi * at.d1);
    }
    if constexpr (G == Greek::rho) return phi * maturity * at.bond * ndtr(phi * at.d2);
    if constexpr (G == Greek::dividend_rho) {
      return -phi * maturity * at.asset * ndtr(phi * at.d1);
    }
    if constexpr (G == Greek::cash_digital) {
      return exp(-rate * maturity) * ndtr(phi * at.d2);
    }
    if constexpr (G == Greek::asset_digital) return at.asset * ndtr(phi * at.d1);
    const Real hill = at.asset * density(at.d1);  // what all others are made from
    if constexpr (G == Greek::gamma) return times(hill, Real(1.0) / (in[0] * in[0] * at.deviation));
    if constexpr (G == Greek::vega) return hill * sqrt(maturity);
    if constexpr (G == Greek::vanna) return -times(hill / in[0], at.d2 / volatility);
    if constexpr (G == Greek::volga) {
      return times(hill * sqrt(maturity), at.d1 * at.d2 / volatility);
    }
    // Greek::theta
    const Real decay = times(hill, volatility / (Real(2.0) * sqrt(maturity)));
    const Real carry = dividend * at.asset * ndtr(phi * at.d1);
    return phi * (carry - rate * at.bond * ndtr(phi * at.d2)) - decay;
  }
};

struct Margrabe {
  static constexpr std::size_t columns = 8;
  explicit Margrabe(const FormulaCall&) noexcept {}

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real a = in[4], b = in[5];
    // (a - b)^2 + 2ab(1 - ρ): no cancellation for assets that move alike
    const Real square = (a - b) * (a - b) + Real(2.0) * a * b * (Real(1.0) - in[6]);
    const Real volatility = where(min(a, b) >= Real(0.0), sqrt(square), not_a_number());
    return european_price(lognormal(in[0], in[1], in[3], in[2], volatility, in[7]), 1.0);
  }
};

/// The price of the option that is out of the money, in parts of sqrt(forward strike), with
/// x = -|ln(forward/strike)| and deviation s: e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2).
HWY_INLINE Real normalised(Real x, Real s, Real up) noexcept {
  const Real h = x / s;
  return up * ndtr(fma(s, 0.5, h)) - ndtr(fma(s, -0.5, h)) / up;
}

struct ImpliedVolatility {
  static constexpr std::size_t columns = 6;  // price, then spot … maturity, without the volatility
  double sign;
  explicit ImpliedVolatility(const FormulaCall& call) noexcept : sign(call.sign) {}

  /// A step of Newton's for the deviation, in a variable in which the price is nearly straight:
  /// below the inflection 1/ln(price), above it ln(limit - price) (Jäckel). Always inside of
  /// (low, high), which it narrows.
  static HWY_INLINE Real step(Real x, Real up, Real target, Real bend_price, Real s, Real& low,
                              Real& high) noexcept {
    const Real b = normalised(x, s, up);
    const Mask above = b > target;
    high = where(above, s, high);
    low = where(b < target, s, low);
    const Real h = x / s, t = s * Real(0.5);
    const Real slope = Real(0x1.9884533d43651p-2) * exp(Real(-0.5) * fma(h, h, t * t));
    const Real log_b = log(b), log_target = log(target);
    // (1/ln b - 1/ln β) / (d/ds 1/ln b)
    const Real tail = (log_target - log_b) * log_b / log_target * b / slope;
    const Real limit = up;
    const Real wide = log((limit - b) / (limit - target)) * (limit - b) / slope;
    const Real next = s + where(target < bend_price, tail, wide);
    const Mask inside = both(next > low, next < high);
    // Halved towards zero by magnitude, as the low end starts there.
    const Real middle = where(high < Real(1e30), Real(0.5) * (low + high), s * Real(2.0));
    return where(inside, next, middle);
  }

  HWY_INLINE Real operator()(const Real* in) const noexcept {
    const Real maturity = in[5];
    const Real asset = in[1] * exp(-in[4] * maturity);
    const Real bond = in[2] * exp(-in[3] * maturity);
    const Real phi = sign;
    const Real intrinsic = max(phi * (asset - bond), 0.0);
    const Real scale = sqrt(asset * bond);
    const Real target = (in[0] - intrinsic) / scale;
    const Real forward = log(in[1] / in[2]) + (in[3] - in[4]) * maturity;
    const Real x = -abs(forward);
    const Real up = exp(x * Real(0.5));
    const Mask none = target == Real(0.0);
    const Mask below = both(target < up, in[0] < (sign > 0 ? asset : bond));
    const Mask valid = both(both(target > Real(0.0), below), maturity > Real(0.0));
    const Real bend = sqrt(Real(-2.0) * x);  // the price's inflection
    const Real bend_price = where(bend > Real(0.0), normalised(x, bend, up), 0.0);
    Real low = 0.0, high = infinity();
    // At the money the price is 2N(s/2) - 1: its root is the start, nearly.
    Real s = where(bend > Real(0.01), bend, max(bend, target * Real(2.5066282746310002)));
    const Real goal = where(valid, target, 0.1 * up);
    Mask active = valid;
    for (int i = 0; i < 64 && any(active); ++i) {
      const Real next = step(x, up, goal, bend_price, s, low, high);
      const Mask moved = abs(next - s) > s * Real(0x1p-51);
      s = where(active, next, s);  // what has arrived stays, whatever its neighbours do
      active = both(active, moved);
    }
    const Real volatility = s / sqrt(maturity);
    return where(valid, volatility, where(both(none, maturity >= Real(0.0)), 0.0, not_a_number()));
  }
};

/// The product is lognormal: the logarithms' means and covariances add up.
double geometric_basket_of(const GeometricBasket& o) noexcept {
  const std::size_t n = o.spot.size();
  double variance = 0;
  double mean = 0;  // of the logarithm at maturity
  for (std::size_t i = 0; i < n; ++i) {
    const double own = o.volatility[i] * o.weight[i];
    variance += own * own;
    const double drift = o.rate - o.dividend[i] - o.volatility[i] * o.volatility[i] / 2;
    mean += o.weight[i] * (hn::GetLane(call_log(hn::Set(D(), o.spot[i]))) + drift * o.maturity);
    for (std::size_t k = i + 1; k < n; ++k) {
      variance += 2 * own * o.weight[k] * o.volatility[k] * o.correlation[i * n + k];
    }
  }
  variance *= o.maturity;
  Lognormal at;
  const Real discount = Real(-o.rate * o.maturity);
  at.asset = exp(Real(mean + variance / 2) + discount);
  at.bond = Real(o.strike) * exp(discount);
  at.deviation = sqrt(max(variance, 0.0));
  set_d(at, Real(mean + variance / 2) - log(o.strike));
  return hn::GetLane(european_price(at, static_cast<double>(o.right)).v);
}

template <int... G>
constexpr LognormalTable make_lognormal(std::integer_sequence<int, G...>) noexcept {
  return {{&run<BlackScholes<static_cast<Greek>(G)>>...},
          &run<ImpliedVolatility>,
          &run<Margrabe>,
          &geometric_basket_of};
}

const LognormalTable* lognormal_table() {
  static constexpr LognormalTable table = make_lognormal(std::make_integer_sequence<int, 11>());
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels::finance {

FURROW_EXPORT_TABLE(LognormalTable, lognormal);

namespace {
constinit Dispatch<LognormalTable> lognormal{resolve_lognormal};
}  // namespace

void black_scholes(std::span<double> out, const European& o, Greek greek) noexcept {
  run_formula(lognormal.table().black_scholes[static_cast<int>(greek)], out,
              {&o.spot, &o.strike, &o.rate, &o.dividend, &o.volatility, &o.maturity}, 0,
              static_cast<int>(o.right));
}
double black_scholes(const European& option, Greek greek) noexcept {
  double out;
  black_scholes({&out, 1}, option, greek);
  return out;
}

void implied_volatility(std::span<double> out, const Column& price, const European& o) noexcept {
  run_formula(lognormal.table().implied_volatility, out,
              {&price, &o.spot, &o.strike, &o.rate, &o.dividend, &o.maturity}, 0,
              static_cast<int>(o.right));
}
double implied_volatility(double price, const European& option) noexcept {
  double out;
  implied_volatility({&out, 1}, price, option);
  return out;
}

void margrabe(std::span<double> out, const Exchange& o) noexcept {
  run_formula(lognormal.table().margrabe, out,
              {&o.spot1, &o.spot2, &o.dividend1, &o.dividend2, &o.volatility1, &o.volatility2,
               &o.correlation, &o.maturity},
              0, 1);
}
double margrabe(const Exchange& option) noexcept {
  double out;
  margrabe({&out, 1}, option);
  return out;
}

double geometric_basket(const GeometricBasket& option) noexcept {
  return lognormal.table().geometric_basket(option);
}

}  // namespace furrow::kernels::finance
#endif
