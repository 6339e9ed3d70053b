// furrow/kernels/math/log1p-inl.h
//
// ln(1 + x) on a vector of f64 or f32, and of 1 + high + low for the inverse hyperbolic functions.
//
// Error   1.0 ULP at most over the whole range (tests/kernels: accuracy)
// Special log1p(NaN) = NaN, log1p(inf) = inf, log1p(-1) = -inf, log1p(x < -1) = NaN,
//         log1p(+-0) = +-0, log1p(x) = x for the smallest numbers
// Method  k from 1 + x rounded; f = 2^-k (1 + x) - 1 = 2^-k x + (2^-k - 1), in two parts; then as
//         log-inl.h, the low part of f divided by 1 + f to first order
#if defined(FURROW_KERNELS_LOG1P_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG1P_INL_H_
#undef FURROW_KERNELS_LOG1P_INL_H_
#else
#define FURROW_KERNELS_LOG1P_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// ln(1 + z) + extra ln2. REQUIRES: -1 < z.high < 2^1000 (f32: 2^120)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p_pair(D d, Pair<V> z, V extra) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V ln2_high = hn::Set(d, f64 ? T(0x1.62e42fefa3800p-1) : T(0x1.62e4p-1));
  const V ln2_low = hn::Set(d, f64 ? T(0x1.ef35793c76730p-45) : T(0x1.7f7d1cp-20));
  const V one = hn::Set(d, T(1));
  V k = decompose(d, hn::Add(one, z.high), hn::Zero(d)).k;
  const V scale = power_of_two(hn::Neg(k));
  k = hn::Add(k, extra);
  const Pair<V> sum = two_sum(hn::Mul(z.high, scale), hn::Sub(scale, one));
  const V f = sum.high;
  const V low = hn::MulAdd(z.low, scale, sum.low);
  const V s = hn::Div(f, hn::Add(hn::Set(d, T(2)), f));
  const V series = log_series(d, hn::Mul(s, s));
  const V half_square = hn::Mul(hn::Mul(f, f), hn::Set(d, T(0.5)));
  const V rest = hn::MulAdd(k, ln2_low, hn::NegMulAdd(low, f, low));
  const V correction = hn::MulAdd(s, hn::Add(half_square, series), rest);
  return hn::MulAdd(k, ln2_high, hn::Sub(f, hn::Sub(half_square, correction)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V zero = hn::Zero(d);
  const V minus_one = hn::Set(d, T(-1));
  const V huge = hn::Set(d, f64 ? T(0x1p1000) : T(0x1p120f));
  const auto plain = hn::And(hn::Gt(x, minus_one), hn::Lt(x, huge));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) {
    return hn::CopySign(log1p_pair(d, Pair<V>{x, zero}, zero), x);  // the sign of zero
  }
  // Lane by lane the same as above, or a special value: neighbours change no bits.
  const auto large = hn::Ge(x, huge);
  const V extra = hn::IfThenElseZero(large, hn::Set(d, f64 ? T(100) : T(20)));
  const V scale = hn::Set(d, f64 ? T(0x1p-100) : T(0x1p-20f));
  V y = log1p_pair(d, Pair<V>{hn::IfThenElse(large, hn::Mul(x, scale), x), zero}, extra);
  y = hn::CopySign(y, x);
  y = hn::IfThenElse(hn::Lt(x, hn::Set(d, L::infinity())), y, x);  // inf and NaN
  y = hn::IfThenElse(hn::Lt(x, minus_one), hn::Set(d, L::quiet_NaN()), y);
  return hn::IfThenElse(hn::Eq(x, minus_one), hn::Set(d, -L::infinity()), y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
