// furrow/kernels/math/sincos_short-inl.h
//
// sin and cos of numbers of type f32, computed on vectors of f64 and to be rounded to f32.
//
// Error   0.501 ULP of f32 (tests/kernels: accuracy)
// Special as sincos-inl.h
// Method  that of sincos-inl.h, with 24 bits of f64 to spare: no tail of the reduced argument, and
//         shorter minimax polynomials (relative error below 2^-37)
#if defined(FURROW_KERNELS_SINCOS_SHORT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SINCOS_SHORT_INL_H_
#undef FURROW_KERNELS_SINCOS_SHORT_INL_H_
#else
#define FURROW_KERNELS_SINCOS_SHORT_INL_H_
#endif

#include <furrow/kernels/math/sincos-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V = hn::Vec<D>>
HWY_INLINE SinCos<V> sincos_reduced_short(D d, V r) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V z = hn::Mul(r, r);
  V s = hn::MulAdd(z, c(0x1.6cd7337f3ad50p-19), c(-0x1.a00f98e81c885p-13));
  V t = hn::MulAdd(z, c(-0x1.2429fc1cd202ap-22), c(0x1.a0111c16f3db3p-16));
  s = hn::MulAdd(z, s, c(0x1.111108907b54fp-7));
  t = hn::MulAdd(z, t, c(-0x1.6c16b892bbc25p-10));
  s = hn::MulAdd(z, s, c(-0x1.5555554cb209ep-3));
  t = hn::MulAdd(z, t, c(0x1.5555554f48c13p-5));
  t = hn::MulAdd(z, t, c(-0.5));
  return {hn::MulAdd(hn::Mul(z, r), s, r), hn::MulAdd(z, t, c(1.0))};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE Reduced<D> reduce_short(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V magic = c(0x1.8p52);
  const V shifted = hn::MulAdd(x, c(0x1.45f306dc9c883p-1), magic);
  const V q = hn::Sub(shifted, magic);
  Reduced<D> out;
  out.quadrant = hn::BitCast(du, shifted);
  out.low = hn::Zero(d);
#if HWY_NATIVE_FMA
  const V near = hn::NegMulAdd(q, c(0x1.921fb54442d18p+0), x);
  out.high = hn::NegMulAdd(q, c(0x1.1a62633145c07p-54), near);
#else
  const V near = hn::Sub(x, hn::Mul(q, c(0x1.921fb54400000p+0)));
  const V second = hn::Mul(q, c(0x1.0b4611a600000p-34));
  out.high = hn::Sub(hn::Sub(near, second), hn::Mul(q, c(0x1.3198a2e037073p-69)));
#endif
  const auto large = hn::Gt(hn::Abs(x), c(reduction_limit));
  if (HWY_UNLIKELY(!hn::AllFalse(d, large))) reduce_large(d, x, out);
  return out;
}

/// REQUIRES: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin_short(D d, V x) noexcept {
  const Reduced<D> at = reduce_short(d, x);
  const V y = sine_in_quadrant(d, sincos_reduced_short(d, at.high), at.quadrant);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos_short(D d, V x) noexcept {
  const Reduced<D> at = reduce_short(d, x);
  return cosine_in_quadrant(d, sincos_reduced_short(d, at.high), at.quadrant);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
