// furrow/kernels/math/log1p-inl.h
//
// ln(1 + x) on a vector of f64 or f32, and of 1 + high + low for the inverse hyperbolic functions.
//
// Error   1.5 ULP at most over the whole range (tests/kernels: accuracy)
// Special log1p(NaN) = NaN, log1p(inf) = inf, log1p(-1) = -inf, log1p(x < -1) = NaN,
//         log1p(+-0) = +-0, log1p(x) = x for the smallest numbers
// Method  u = 1 + x rounded, and what it lost; log_rows-inl.h of u, with the lost part divided by
//         u to first order
#if defined(FURROW_KERNELS_LOG1P_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG1P_INL_H_
#undef FURROW_KERNELS_LOG1P_INL_H_
#else
#define FURROW_KERNELS_LOG1P_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log_rows-inl.h>
#include <furrow/kernels/math/pair-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// ln(u.high + u.low) + extra ln2, `extra` a vector or none. REQUIRES: u.high is a positive normal
/// number below 2^1001 (f32: 2^121), u.low small beside it
template <class D, class V = hn::Vec<D>, class... Extra>
HWY_INLINE V log_of_pair(D d, Pair<V> u, Extra... extra) noexcept {
  using C = LogOfE<hn::TFromD<D>>;
  const hn::RebindToUnsigned<D> du;
  const NearCentre<D> at(d, u.high, hn::Zero(d));
  V inverse, log_centre;
  at.place.template pick<0>(d, C::rows, inverse, log_centre);
  const V r = beyond_centre(at.m, inverse);
  // 2^-k is m/u.high: a difference of bits.
  const auto down = hn::Sub(hn::BitCast(du, at.m), hn::BitCast(du, u.high));
  const auto one = hn::BitCast(du, hn::Set(d, hn::TFromD<D>(1)));
  const V low = hn::Mul(hn::Mul(u.low, hn::BitCast(d, hn::Add(down, one))), inverse);
  V k = at.k;
  if constexpr (sizeof...(extra) != 0) k = hn::Add(k, extra...);
  const V high = hn::MulAdd(k, hn::Set(d, C::of_two_high), log_centre);  // exact
  const V small = hn::MulAdd(k, hn::Set(d, C::of_two_low), hn::NegMulAdd(low, r, low));
  const V r2 = hn::Mul(r, r);
  return hn::Add(high, hn::Add(r, hn::MulAdd(r2, polynomial(d, r, r2, C::series), small)));
}

/// ln(1 + z) + extra ln2. REQUIRES: -1 < z.high < 2^1000 (f32: 2^120)
template <class D, class V = hn::Vec<D>, class... Extra>
HWY_INLINE V log1p_pair(D d, Pair<V> z, Extra... extra) noexcept {
  Pair<V> u = two_sum(hn::Set(d, hn::TFromD<D>(1)), z.high);
  u.low = hn::Add(u.low, z.low);
  return log_of_pair(d, u, extra...);
}

/// Right within (-1, huge), and takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p_fast(hn::Mask<D>& right, D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V huge = hn::Set(d, sizeof(T) == 8 ? T(0x1p1000) : T(0x1p120f));
  right = hn::And(right, hn::And(hn::Gt(x, hn::Neg(one)), hn::Lt(x, huge)));
  return hn::CopySign(log_of_pair(d, two_sum(one, x)), x);  // the sign of zero
}

/// Any number; lane by lane the same as above, or a special value: neighbours change no bits. A
/// call, because it is rare and long.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V log1p_of_any(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V zero = hn::Zero(d);
  const V minus_one = hn::Set(d, T(-1));
  const auto large = hn::Ge(x, hn::Set(d, f64 ? T(0x1p1000) : T(0x1p120f)));
  const V extra = hn::IfThenElseZero(large, hn::Set(d, f64 ? T(100) : T(20)));
  const V scale = hn::Set(d, f64 ? T(0x1p-100) : T(0x1p-20f));
  V y = log1p_pair(d, Pair<V>{hn::IfThenElse(large, hn::Mul(x, scale), x), zero}, extra);
  y = hn::CopySign(y, x);
  y = hn::IfThenElse(hn::Lt(x, hn::Set(d, L::infinity())), y, x);  // inf and NaN
  y = hn::IfThenElse(hn::Lt(x, minus_one), hn::Set(d, L::quiet_NaN()), y);
  return hn::IfThenElse(hn::Eq(x, minus_one), hn::Set(d, -L::infinity()), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p(D d, V x) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V y = log1p_fast(right, d, x);
  return HWY_LIKELY(hn::AllTrue(d, right)) ? y : log1p_of_any(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
