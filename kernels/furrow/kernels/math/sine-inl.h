// furrow/kernels/math/sine-inl.h
//
// sin and cos of radians on a vector of f64 or f32.
//
// Error   1.2 ULP at most for every number (tests/kernels: accuracy)
// Special sin(+-0) = +-0, infinities and NaN give NaN
// Method  |x| = q pi/2 + r + tail; in even quadrants sin r, in odd ones cos r = 1 - 2 sin^2(r/2):
//         one polynomial for both, of r or r/2. Minimax: that of sincos-inl.h, and for f32 of
//         fpminimax (Sollya; relative error below 2^-28). Arguments beyond the limits, and targets
//         without fused multiply-add: sincos-inl.h, sincos_short-inl.h
#if defined(FURROW_KERNELS_SINE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SINE_INL_H_
#undef FURROW_KERNELS_SINE_INL_H_
#else
#define FURROW_KERNELS_SINE_INL_H_
#endif

#include <furrow/kernels/math/narrow-inl.h>
#include <furrow/kernels/math/sincos-inl.h>
#include <furrow/kernels/math/sincos_short-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Lanes with the lowest bit set.
template <class D>
HWY_INLINE hn::Mask<D> odd_lanes(D d, Bits<D> bits) noexcept {
#if HWY_TARGET == HWY_AVX2
  // A blend reads no more of a mask than its sign.
  constexpr int to_sign = sizeof(hn::TFromD<D>) == 8 ? 63 : 31;
  return hn::MaskFromVec(hn::BitCast(d, hn::ShiftLeft<to_sign>(bits)));
#else
  return hn::RebindMask(d, hn::TestBit(bits, hn::Set(hn::RebindToUnsigned<D>(), 1)));
#endif
}

/// The sine of r + low where `bits` is even, the cosine where it is odd; negative where bit 1 of
/// `bits` is set. `sign` (its sign bit) is put on top. |r| <= pi/4, a little more in f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sine_or_cosine(D d, V r, V low, Bits<D> bits, V sign) noexcept {
  const auto odd = odd_lanes(d, bits);
  const V one = hn::Set(d, hn::TFromD<D>(1));
  const V scale = hn::IfThenElse(odd, hn::Set(d, hn::TFromD<D>(0.5)), one);
  // The sine of t: in odd lanes that of half the angle, from which the cosine follows.
  const V t = hn::Mul(r, scale);
  const V tail = hn::Mul(low, scale);
  const V z = hn::Mul(t, t);
  V p;
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
    const V w = hn::Mul(z, z);
    V p1 = hn::MulAdd(w, c(0x1.5d9246a365ba3p-33), c(0x1.71de3574b93edp-19));
    V p0 = hn::MulAdd(w, c(-0x1.ae5e63ccd798dp-26), c(-0x1.a01a019c0e4a6p-13));
    p1 = hn::MulAdd(w, p1, c(0x1.111111110f861p-7));
    p0 = hn::MulAdd(w, p0, c(-0x1.5555555555549p-3));
    p = hn::MulAdd(z, p1, p0);
  } else {
    const auto c = [d](float value) HWY_ATTR { return hn::Set(d, value); };
    p = hn::MulAdd(z, c(-0x1.9aaee4p-13f), c(0x1.110bdep-7f));
    p = hn::MulAdd(z, p, c(-0x1.555552p-3f));
  }
  const V s = hn::Add(t, hn::MulAdd(hn::Mul(t, z), p, tail));
  const V y = hn::IfThenElse(odd, hn::NegMulAdd(hn::Add(s, s), s, one), s);
  constexpr int to_sign = sizeof(hn::TFromD<D>) == 8 ? 62 : 30;
  const V turned = hn::Xor(sign, hn::BitCast(d, hn::ShiftLeft<to_sign>(bits)));
  return hn::Xor(y, hn::And(turned, hn::SignBit(d)));
}

#if HWY_NATIVE_FMA

/// Arguments of the fast path. f32: q < 2^10, so that 14 bits times q are exact.
template <class T>
constexpr T sine_limit = sizeof(T) == 8 ? T(reduction_limit) : T(1024);

/// magnitude = q pi/2 + high + low; the low bits of `quadrant` are q plus those of `magic`.
/// REQUIRES: 0 <= magnitude <= sine_limit
template <class D, class V = hn::Vec<D>>
HWY_INLINE Reduced<D> reduce_by_parts(D d, V magnitude, V magic) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const auto c = [d](double f64_value, float f32_value)
                     HWY_ATTR { return hn::Set(d, f64 ? T(f64_value) : T(f32_value)); };
  const V shifted = hn::MulAdd(magnitude, c(0x1.45f306dc9c883p-1, 0x1.45f306p-1f), magic);
  const V q = hn::Sub(shifted, magic);
  // `near` and q times the second part of pi/2 are exact, and so is what r lost.
  const V second = c(0x1.1a62634p-54, -0x1.7778p-25f);
  const V near = hn::NegMulAdd(q, c(0x1.921fb54442d18p+0, 0x1.921fb6p+0f), magnitude);
  const V r = hn::NegMulAdd(q, second, near);
  const V lost = hn::NegMulAdd(q, second, hn::Sub(near, r));
  const V low = hn::NegMulAdd(q, c(-0x1.d747f23e32ed7p-83, -0x1.2e7b96p-40f), lost);
  return {r, low, hn::BitCast(hn::RebindToUnsigned<D>(), shifted)};
}

/// |x| <= sine_limit. The sine of x is the cosine of a quadrant less: a magic number odd by one.
template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_INLINE V sine_moderate(D d, V x, V magnitude) noexcept {
  using T = hn::TFromD<D>;
  const T magic = sizeof(T) == 8 ? T(0x1.8p52) : T(0x1.8p23);
  const Reduced<D> at = reduce_by_parts(d, magnitude, hn::Set(d, Cosine ? magic + 1 : magic));
  return sine_or_cosine(d, at.high, at.low, at.quadrant, Cosine ? hn::Zero(d) : x);
}

/// The general case, f64. A call, because it is rare and long.
template <bool Cosine, class D, class V = hn::Vec<D>>
requires(sizeof(hn::TFromD<D>) == 8) HWY_NOINLINE V sine_of_any(D d, V x)
noexcept {
  const hn::RebindToUnsigned<D> du;
  const V magnitude = hn::Abs(x);
  Reduced<D> at = reduce_moderate(d, magnitude);
  reduce_large(d, magnitude, at);
  const auto bits = hn::Add(at.quadrant, hn::Set(du, Cosine ? 1 : 0));
  const V large = sine_or_cosine(d, at.high, at.low, bits, Cosine ? hn::Zero(d) : x);
  const auto moderate = hn::Le(magnitude, hn::Set(d, sine_limit<double>));
  return hn::IfThenElse(moderate, sine_moderate<Cosine>(d, x, magnitude), large);
}

template <bool Cosine, class D, class V = hn::Vec<D>>
requires(sizeof(hn::TFromD<D>) == 4) HWY_NOINLINE V sine_of_any(D d, V x)
noexcept {
  constexpr std::size_t lanes = hn::MaxLanes(D());
  alignas(64) float y[lanes];
  hn::Store(x, d, y);
  const hn::CappedTag<double, lanes> wide;
  const hn::Rebind<float, decltype(wide)> narrow;
  for (std::size_t i = 0; i < lanes; i += hn::Lanes(wide)) {
    const auto in = hn::PromoteTo(wide, hn::Load(narrow, y + i));
    hn::Store(rounded(narrow, sine_short<Cosine>(wide, in)), narrow, y + i);
  }
  const V magnitude = hn::Abs(x);
  const auto moderate = hn::Le(magnitude, hn::Set(d, sine_limit<float>));
  return hn::IfThenElse(moderate, sine_moderate<Cosine>(d, x, magnitude), hn::Load(d, y));
}

/// Right where |x| is within the limit, and takes the other lanes out of `right`.
template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_INLINE V sine_fast(hn::Mask<D>& right, D d, V x) noexcept {
  const V magnitude = hn::Abs(x);
  right = hn::And(right, hn::Le(magnitude, hn::Set(d, sine_limit<hn::TFromD<D>>)));
  return sine_moderate<Cosine>(d, x, magnitude);
}

template <bool Cosine, class D, class V = hn::Vec<D>>
HWY_INLINE V sine(D d, V x) noexcept {
  const V magnitude = hn::Abs(x);
  const auto moderate = hn::Le(magnitude, hn::Set(d, sine_limit<hn::TFromD<D>>));
  if (HWY_UNLIKELY(!hn::AllTrue(d, moderate))) return sine_of_any<Cosine>(d, x);
  return sine_moderate<Cosine>(d, x, magnitude);
}

#else

template <bool Cosine, class D, class V = hn::Vec<D>>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE V sine(D d, V x)
noexcept {
  const hn::RebindToUnsigned<D> du;
  const Reduced<D> at = reduce_by_half_pi(d, hn::Abs(x));
  const auto bits = hn::Add(at.quadrant, hn::Set(du, Cosine ? 1 : 0));
  return sine_or_cosine(d, at.high, at.low, bits, Cosine ? hn::Zero(d) : x);
}

#endif

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin(D d, V x) noexcept {
  return sine<false>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos(D d, V x) noexcept {
  return sine<true>(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
