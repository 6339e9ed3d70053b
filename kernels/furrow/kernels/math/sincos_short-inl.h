// furrow/kernels/math/sincos_short-inl.h
//
// sin and cos of numbers of type f32, computed on vectors of f64 and to be rounded to f32.
//
// Error   0.501 ULP of f32 (tests/kernels: accuracy)
// Special as sincos-inl.h
// Method  x = q pi + r, |r| <= pi/2, q whole for the sine and whole plus 1/2 for the cosine: one
//         minimax polynomial, odd in r (relative error below 2^-35), and no choice between two.
//         Arguments beyond the limit, and the tangent: that of sincos-inl.h, with 24 bits of f64 to
//         spare, so without a tail of the reduced argument (polynomials below 2^-37)
#if defined(FURROW_KERNELS_SINCOS_SHORT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SINCOS_SHORT_INL_H_
#undef FURROW_KERNELS_SINCOS_SHORT_INL_H_
#else
#define FURROW_KERNELS_SINCOS_SHORT_INL_H_
#endif

#include <furrow/kernels/math/polynomial-inl.h>
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

/// x = quadrant pi/2 + high, the quadrant even for the sine and odd for the cosine.
template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_INLINE V sine_by_half_turns(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V magic = c(0x1.8p52);
  const V turns = Cosine ? hn::MulAdd(x, c(0x1.45f306dc9c883p-2), c(-0.5))
                         : hn::Mul(x, c(0x1.45f306dc9c883p-2));
  const V shifted = hn::Add(turns, magic);
  V q = hn::Sub(shifted, magic);
  if constexpr (Cosine) q = hn::Add(q, c(0.5));
#if HWY_NATIVE_FMA
  const V near = hn::NegMulAdd(q, c(0x1.921fb54442d18p+1), x);
  const V r = hn::NegMulAdd(q, c(0x1.1a62633145c07p-53), near);
#else
  const V near = hn::Sub(x, hn::Mul(q, c(0x1.921fb54400000p+1)));
  const V second = hn::Mul(q, c(0x1.0b4611a600000p-33));
  const V r = hn::Sub(hn::Sub(near, second), hn::Mul(q, c(0x1.3198a2e037073p-68)));
#endif
  constexpr double series[] = {-0x1.5555554769739p-3, 0x1.11110c4a03e06p-7, -0x1.a017d9a10a654p-13,
                               0x1.717080397bc04p-19, -0x1.9a68894c4b0cfp-26};
  const V z = hn::Mul(r, r);
  const V curve = hn::MulAdd(z, polynomial(d, z, hn::Mul(z, z), series), c(1.0));
  // cos(q pi + r) with q = n + 1/2 is -sin r for even n.
  auto sign = hn::ShiftLeft<63>(hn::BitCast(du, shifted));
  if constexpr (Cosine) sign = hn::Xor(sign, hn::Set(du, 0x8000000000000000));
  return hn::Mul(hn::Xor(r, hn::BitCast(d, sign)), curve);  // keeps the sign of zero
}

/// Every lane by way of quadrants. A call, because it is rare and long.
template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_NOINLINE V sine_of_large(D d, V x) noexcept {
  const Reduced<D> at = reduce_short(d, x);
  const SinCos<V> parts = sincos_reduced_short(d, at.high);
  return Cosine ? cosine_in_quadrant(d, parts, at.quadrant)
                : sine_in_quadrant(d, parts, at.quadrant);
}

template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_INLINE V sine_short(D d, V x) noexcept {
  const V y = sine_by_half_turns<Cosine>(d, x);
  const auto large = hn::Gt(hn::Abs(x), hn::Set(d, reduction_limit));
  if (HWY_LIKELY(hn::AllFalse(d, large))) return y;
  return hn::IfThenElse(large, sine_of_large<Cosine>(d, x), y);
}

/// REQUIRES: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin_short(D d, V x) noexcept {
  return sine_short<false>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos_short(D d, V x) noexcept {
  return sine_short<true>(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
