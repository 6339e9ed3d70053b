// furrow/kernels/math/tan-inl.h
//
// tan of radians on a vector of f64; the same for numbers of type f32.
//
// Error   1.0 ULP at most for every double; tan_short: 0.501 ULP of f32 after rounding to it
// Special tan(+-0) = +-0, infinities and NaN give NaN
// Method  sine and cosine of the reduced argument, each as a sum of two f64 (sincos-inl.h); their
//         quotient, the other way round in odd quadrants, with one step of correction
#if defined(FURROW_KERNELS_TAN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_TAN_INL_H_
#undef FURROW_KERNELS_TAN_INL_H_
#else
#define FURROW_KERNELS_TAN_INL_H_
#endif

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/sincos-inl.h>
#include <furrow/kernels/math/sincos_short-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan(D d, V x) noexcept {
  const Reduced<D> at = reduce_by_half_pi(d, x);
  const SinCosSums<V> sums = sincos_sums(d, at.high, at.low);
  const Pair<V> sin = fast_two_sum(sums.sin, sums.sin_rest);
  const Pair<V> cos = fast_two_sum(sums.cos, sums.cos_rest);
  const hn::RebindToUnsigned<D> du;
  const auto odd_bit = hn::And(at.quadrant, hn::Set(du, 1));
  const auto odd = hn::RebindMask(d, hn::Ne(odd_bit, hn::Zero(du)));
  const V sign = hn::BitCast(d, hn::ShiftLeft<63>(odd_bit));  // tan(r + pi/2) = -1/tan r
  const V top = hn::IfThenElse(odd, cos.high, sin.high);
  const V top_low = hn::IfThenElse(odd, cos.low, sin.low);
  const V bottom = hn::IfThenElse(odd, sin.high, cos.high);
  const V bottom_low = hn::IfThenElse(odd, sin.low, cos.low);
  const V inverse = hn::Div(hn::Set(d, 1.0), bottom);
  const V q = hn::Mul(top, inverse);
  const V rest = hn::Sub(hn::NegMulAdd(q, bottom_low, top_low), product_rest(q, bottom, top));
  const V y = hn::Xor(hn::MulAdd(rest, inverse, q), sign);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);  // keeps the sign of zero
}

/// REQUIRES: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan_short(D d, V x) noexcept {
  const Reduced<D> at = reduce_short(d, x);
  const SinCos<V> parts = sincos_reduced_short(d, at.high);
  const hn::RebindToUnsigned<D> du;
  const auto odd_bit = hn::And(at.quadrant, hn::Set(du, 1));
  const auto odd = hn::RebindMask(d, hn::Ne(odd_bit, hn::Zero(du)));
  const V sign = hn::BitCast(d, hn::ShiftLeft<63>(odd_bit));
  const V top = hn::IfThenElse(odd, parts.cos, parts.sin);
  const V bottom = hn::IfThenElse(odd, parts.sin, parts.cos);
  const V y = hn::Xor(hn::Div(top, bottom), sign);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
