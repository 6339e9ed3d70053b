// furrow/kernels/math/expm1-inl.h
//
// e^x - 1 on a vector of f64 or f32, and what it shares with sinh and cosh.
//
// Error   1.0 ULP at most over the whole range (tests/kernels: accuracy)
// Special expm1(NaN) = NaN, expm1(inf) = inf, expm1(-inf) = -1, expm1(+-0) = +-0, expm1(x) = x for
//         the smallest numbers
// Method  x = k ln2 + r + tail; e^x - 1 = 2^k ((1 - 2^-k) + r + r^2/2 + r^3 P(r)), where
//         1 - 2^-k and its sum with r are kept in two parts; P minimax (fpminimax of Sollya,
//         relative error of e^r - 1 below 2^-60, f32 2^-30)
#if defined(FURROW_KERNELS_EXPM1_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_EXPM1_INL_H_
#undef FURROW_KERNELS_EXPM1_INL_H_
#else
#define FURROW_KERNELS_EXPM1_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x = k ln2 + high + low, |high| <= ln2/2, |x| below 800 (f32: 120).
template <class V>
struct ReducedByLn2 {
  V k;
  V high;
  V low;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedByLn2<V> reduce_by_ln2(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V magic = hn::Set(d, f64 ? T(0x1.8p52) : T(0x1.8p23));
  const V inverse = hn::Set(d, f64 ? T(0x1.71547652b82fep+0) : T(0x1.715476p+0));
  const V k = hn::Sub(hn::MulAdd(x, inverse, magic), magic);
  // k times the first part of ln2 is exact, and so is the difference.
  const V ln2_low = hn::Set(d, f64 ? T(0x1.ef35793c76730p-45) : T(0x1.7f7d1cp-20));
  const V part = hn::NegMulAdd(k, hn::Set(d, f64 ? T(0x1.62e42fefa3800p-1) : T(0x1.62e4p-1)), x);
  const V high = hn::NegMulAdd(k, ln2_low, part);
  return {k, high, hn::NegMulAdd(k, ln2_low, hn::Sub(part, high))};
}

/// e^r - 1 - r + low, |r| <= ln2/2: low + r^2/2 + r^3 P(r).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1_rest(D d, V r, V low) noexcept {
  using T = hn::TFromD<D>;
  const V r2 = hn::Mul(r, r);
  V p;
  if constexpr (sizeof(T) == 8) {
    constexpr T c[] = {0x1.5555555555557p-3,  0x1.5555555555557p-5,  0x1.1111111110049p-7,
                       0x1.6c16c16c156a0p-10, 0x1.a01a01ac24106p-13, 0x1.a01a01ab9bae3p-16,
                       0x1.71de01966466cp-19, 0x1.27e4cfa50d095p-22, 0x1.af4efda38bf0dp-26,
                       0x1.1f8704b24e852p-29};
    p = polynomial(d, r, r2, c);
  } else {
    constexpr T c[] = {0x1.555556p-3f, 0x1.5555p-5f, 0x1.110fc2p-7f, 0x1.6d308p-10f,
                       0x1.a2d96ep-13f};
    p = polynomial(d, r, r2, c);
  }
  return hn::MulAdd(r2, hn::Set(d, T(0.5)), hn::MulAdd(hn::Mul(r, r2), p, low));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V limited = f64 ? limit(x, T(-60), T(710)) : limit(x, T(-30), T(89.5));
  const ReducedByLn2<V> at = reduce_by_ln2(d, limited);
  const V one = hn::Set(d, T(1));
  const V exponent = hn::Min(at.k, hn::Set(d, f64 ? T(1000) : T(100)));
  // For k < 0 the low part is not right, nor of any weight.
  const Pair<V> offset = fast_two_sum(one, hn::Neg(power_of_two(hn::Neg(exponent))));
  const V rest = expm1_rest(d, at.high, hn::Add(at.low, offset.low));
  const Pair<V> sum = fast_two_sum(offset.high, at.high);
  const V y = hn::Add(sum.high, hn::Add(sum.low, rest));
  return hn::CopySign(scale_by_power(y, at.k), x);  // the sign of zero
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
