// furrow/kernels/math/atan-inl.h
//
// atan x and atan2(y, x) on vectors of f64; the same for numbers of type f32.
//
// Error   1.0 ULP at most, denormal results included; the short forms 0.501 ULP of f32 after
//         rounding to it
// Special C's table: atan(+-0) = +-0, atan(+-inf) = +-pi/2, and atan2 on the axes, at the signed
//         zeros and at the infinities
// Method  t = smaller / larger <= 1, and what its rounding lost; atan t = t + t z P(z), z = t^2,
//         P by Chebyshev interpolation; the octant's multiple of pi/2 is added in two parts
#if defined(FURROW_KERNELS_ATAN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ATAN_INL_H_
#undef FURROW_KERNELS_ATAN_INL_H_
#else
#define FURROW_KERNELS_ATAN_INL_H_
#endif

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V arc_tangent_series(D d, V z) noexcept {
  static constexpr double full[] = {
      -0x1.09615e90afcd2p-2,  0x1.c5e5c41d92f24p-4,  -0x1.c10b0d776cf6ap-5,  0x1.dd5caa4cefafap-6,
      -0x1.08fa5f9239442p-6,  0x1.2ee0b5fe4b187p-7,  -0x1.618d99dee15abp-8,  0x1.a352824b2c745p-9,
      -0x1.f7903b41076f4p-10, 0x1.316a18294ee35p-10, -0x1.758c2111c94d7p-11, 0x1.cc192b8f90afep-12,
      -0x1.1cffd20294896p-12, 0x1.62287fd46e94fp-13, -0x1.bae989e8993a1p-14, 0x1.1d67304444ee1p-14,
      -0x1.67b2e653ed13ep-15, 0x1.6908dfaba4cf6p-16, -0x1.c86ddead43ff8p-17, 0x1.372c9c33f6e13p-16,
      -0x1.8d087295ab9f4p-17};
  static constexpr double few[] = {
      -0x1.555555545639ap-2, 0x1.9999974e4387ap-3, -0x1.2491d83e99516p-3, 0x1.c70b42d1f0fabp-4,
      -0x1.73ada90426d68p-4, 0x1.36ddd358dfcf9p-4, -0x1.002f26bc8eec7p-4, 0x1.84ac1d397f554p-5,
      -0x1.ed0473cfc14bfp-6, 0x1.d1718436e1e01p-7, -0x1.18415c70209efp-8, 0x1.3c1741f3b5784p-11};
  if constexpr (Short) {
    return polynomial(d, z, hn::Mul(z, z), few);
  } else {
    const V centred = hn::Sub(z, hn::Set(d, 0.5));  // no cancellation near z = 1
    return polynomial(d, centred, hn::Mul(centred, centred), full);
  }
}

/// base + sign * atan(small / large), base = high + low a multiple of pi/2, sign +-1 as a mask of
/// the sign bit. REQUIRES: 0 <= small <= large <= 2^901, and large >= 2^-474.
template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V arc_tangent(D d, V small, V large, V high, V low, V sign) noexcept {
  const V inverse = hn::Div(hn::Set(d, 1.0), large);
  const V t = hn::Mul(small, inverse);
  const V z = hn::Mul(t, t);
  const V tz = hn::Mul(t, z);
  const V series = arc_tangent_series<Short>(d, z);
  const V term = hn::Xor(t, sign);
  const V sum = hn::Add(high, term);
  if constexpr (Short) {
    return hn::Add(sum, hn::Xor(hn::Mul(tz, series), sign));
  } else {
    // What t lost, times the slope of atan, 1/(1 + z): a few digits of it will do.
    const V t_low = hn::Mul(product_rest(t, large, small), inverse);
    const V slope = hn::MulAdd(z, hn::Set(d, 0.5), hn::Set(d, -1.0));
    const V rest = hn::Xor(hn::MulAdd(tz, series, hn::Mul(t_low, slope)), sign);
    const V lost = hn::Add(hn::Sub(high, sum), term);
    return hn::Add(sum, hn::Add(lost, hn::Add(low, rest)));
  }
}

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V atan_of(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V a = hn::Abs(x);
  const auto steep = hn::Gt(a, c(1.0));
  V bounded = a;
  // What the quotient loses is not found for infinities, nor asked for in f32.
  if constexpr (!Short) bounded = hn::IfThenElse(hn::Gt(a, c(0x1p900)), c(0x1p900), a);
  const V small = hn::IfThenElse(steep, c(1.0), a);
  const V large = hn::IfThenElse(steep, bounded, c(1.0));
  const V high = hn::IfThenElseZero(steep, c(0x1.921fb54442d18p+0));
  const V low = hn::IfThenElseZero(steep, c(0x1.1a62633145c07p-54));
  const V sign = hn::IfThenElseZero(steep, c(-0.0));
  return hn::CopySign(arc_tangent<Short>(d, small, large, high, low, sign), x);
}

/// small and large of atan2 made to fit arc_tangent: scaled by a power of two, or, where there is
/// nothing to divide (zeros, infinities), replaced.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void prepare_ratio(D d, V& small, V& large) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V infinity = c(std::numeric_limits<double>::infinity());
  // Even what the quotient loses is to be a normal number. Where `large` forbids it, the quotient
  // is 0.
  const auto tiny = hn::And(hn::Lt(small, c(0x1p-400)), hn::Le(large, c(0x1p300)));
  const auto huge = hn::Gt(large, c(0x1p900));
  const V scale = hn::IfThenElse(tiny, c(0x1p600), hn::IfThenElse(huge, c(0x1p-600), c(1.0)));
  const auto endless = hn::Eq(large, infinity);
  const V corner = hn::IfThenElse(hn::Eq(small, infinity), c(1.0), hn::Mul(small, c(0.0)));
  small = hn::IfThenElse(endless, corner, hn::Mul(small, scale));
  large = hn::Mul(large, scale);
  large = hn::IfThenElse(hn::Or(endless, hn::Eq(large, c(0.0))), c(1.0), large);
}

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V atan2_of(D d, V y, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToSigned<D> di;
  const V ax = hn::Abs(x);
  const V ay = hn::Abs(y);
  const auto steep = hn::Gt(ay, ax);
  V small = hn::IfThenElse(steep, ax, ay);
  V large = hn::IfThenElse(steep, ay, ax);
  const auto plain = hn::And(hn::Ge(small, c(0x1p-400)), hn::Le(large, c(0x1p900)));
  if (HWY_UNLIKELY(!hn::AllTrue(d, plain))) prepare_ratio(d, small, large);
  // The minus of -0 counts.
  const auto behind = hn::RebindMask(d, hn::Lt(hn::BitCast(di, x), hn::Zero(di)));
  // 0 + a, pi - a; steep: pi/2 - a, pi/2 + a
  const V flat_high = hn::IfThenElseZero(behind, c(0x1.921fb54442d18p+1));
  const V flat_low = hn::IfThenElseZero(behind, c(0x1.1a62633145c07p-53));
  const V high = hn::IfThenElse(steep, c(0x1.921fb54442d18p+0), flat_high);
  const V low = hn::IfThenElse(steep, c(0x1.1a62633145c07p-54), flat_low);
  const V minus = c(-0.0);
  const V sign = hn::Xor(hn::And(x, minus), hn::IfThenElseZero(steep, minus));
  return hn::CopySign(arc_tangent<Short>(d, small, large, high, low, sign), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan(D d, V x) noexcept {
  return atan_of<false>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan2(D d, V y, V x) noexcept {
  return atan2_of<false>(d, y, x);
}

/// REQUIRES of both: the lanes are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan_short(D d, V x) noexcept {
  return atan_of<true>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan2_short(D d, V y, V x) noexcept {
  return atan2_of<true>(d, y, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
