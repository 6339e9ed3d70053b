// furrow/kernels/finance/lognormal-inl.h
//
// What all formulas of a lognormal asset share: d1 and d2, and the price from them.
#if defined(FURROW_KERNELS_FINANCE_LOGNORMAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_FINANCE_LOGNORMAL_INL_H_
#undef FURROW_KERNELS_FINANCE_LOGNORMAL_INL_H_
#else
#define FURROW_KERNELS_FINANCE_LOGNORMAL_INL_H_
#endif

#include <furrow/kernels/finance/real-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {

/// A European option on what is lognormal at maturity.
struct Lognormal {
  Real asset;      // S e^(-qT), what the asset at maturity is worth now
  Real bond;       // K e^(-rT)
  Real deviation;  // of the asset's logarithm, σ sqrt T
  Real d1, d2;
};

/// x/s + s/2 and x/s - s/2, with their limits for s = 0; NaN for s < 0.
HWY_INLINE void set_d(Lognormal& at, Real moneyness) noexcept {
  // Beyond 10^4 nothing changes any more, but infinite moneyness would be lost.
  const Real s = where(at.deviation > Real(1e4), Real(1e4), at.deviation);
  const Real end = where(moneyness > Real(0.0), infinity(),
                         where(moneyness < Real(0.0), -infinity(), moneyness));
  const Real ratio = where(s > Real(0.0), moneyness / s, end);
  const Real middle = where(s >= Real(0.0), ratio, not_a_number());
  at.d1 = fma(s, 0.5, middle);
  at.d2 = fma(s, -0.5, middle);
}

HWY_INLINE Lognormal lognormal(Real spot, Real strike, Real rate, Real dividend, Real volatility,
                               Real maturity) noexcept {
  Lognormal at;
  at.asset = spot * exp(-dividend * maturity);
  at.bond = strike * exp(-rate * maturity);
  at.deviation = volatility * sqrt(maturity);
  set_d(at, log(spot / strike) + (rate - dividend) * maturity);
  return at;
}

/// φ (asset N(φ d1) - bond N(φ d2))
HWY_INLINE Real european_price(const Lognormal& at, Real sign) noexcept {
  const Real price = sign * (at.asset * ndtr(sign * at.d1) - at.bond * ndtr(sign * at.d2));
  // Far out of the money rounding alone is left; and nothing is 0, not -0.
  return where(price <= Real(0.0), Real(0.0), price);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
