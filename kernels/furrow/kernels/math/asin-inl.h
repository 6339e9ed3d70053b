// furrow/kernels/math/asin-inl.h
//
// asin and acos on a vector of f64 or f32.
//
// Error   1.2 ULP at most (tests/kernels: accuracy)
// Special asin(+-0) = +-0, acos(1) = +0; NaN where |x| > 1
// Method  asin s = s + s z R(z), z = s^2 <= 1/4, R minimax (Remez; f32 fpminimax of Sollya, error
//         below 2^-30); above 1/2, acos x = 2 asin s with s = sqrt((1-x)/2), whose rounding weighs
//         half of a last place at most
#if defined(FURROW_KERNELS_ASIN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ASIN_INL_H_
#undef FURROW_KERNELS_ASIN_INL_H_
#else
#define FURROW_KERNELS_ASIN_INL_H_
#endif

#include <furrow/kernels/math/polynomial-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// |x| as s or through s: asin s = s + rest; `big` where |x| > 1/2.
template <class D>
struct ArcSine {
  hn::Vec<D> s, rest;
  hn::Mask<D> big;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE ArcSine<D> arc_sine(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V a = hn::Abs(x);
  const V one_half = hn::Set(d, T(0.5));
  ArcSine<D> out;
  out.big = hn::Gt(a, one_half);
  const V half = hn::NegMulAdd(a, one_half, one_half);  // (1 - a)/2, exact above 1/2
  const V z = hn::IfThenElse(out.big, half, hn::Mul(a, a));
  out.s = hn::IfThenElse(out.big, hn::Sqrt(half), a);
  const V z2 = hn::Mul(z, z);
  V r;
  if constexpr (sizeof(T) == 8) {
    constexpr T series[] = {0x1.5555555555556p-3, 0x1.3333333332dcdp-4, 0x1.6db6db6e4397cp-5,
                            0x1.f1c71c14da09cp-6, 0x1.6e8bb2fe2329ap-6, 0x1.1c4d1bf9d28bap-6,
                            0x1.c9d1cecf332ddp-7, 0x1.780cd7fa32c2cp-7, 0x1.52df0d2513b5cp-7,
                            0x1.60a47d90796c8p-8, 0x1.205df5d5ae1eap-6, -0x1.f07d84dfcd2dbp-7,
                            0x1.da67301f78fdep-6};
    r = polynomial(d, z, z2, series);
  } else {
    constexpr T series[] = {0x1.555554p-3f, 0x1.3334cep-4f, 0x1.6d3e6ap-5f,
                            0x1.ffbf34p-6f, 0x1.0fe1b2p-6f, 0x1.1acb92p-5f};
    r = polynomial(d, z, z2, series);
  }
  out.rest = hn::Mul(hn::Mul(out.s, z), r);
  return out;
}

/// A multiple of pi/2 in two parts.
template <class T>
constexpr T half_pi_high = sizeof(T) == 8 ? T(0x1.921fb54442d18p+0) : T(0x1.921fb6p+0f);
template <class T>
constexpr T half_pi_low = sizeof(T) == 8 ? T(0x1.1a62633145c07p-54) : T(-0x1.777a5cp-25f);

/// base + factor * (s + rest), where base is 0, pi/2 or pi, given as high + low.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V add_arc(D, V high, V low, V factor, const ArcSine<D>& at) noexcept {
  const V term = hn::Mul(factor, at.s);  // factor is +-1 or +-2
  const V sum = hn::Add(high, term);
  const V lost = hn::Add(hn::Sub(high, sum), term);
  return hn::Add(sum, hn::Add(lost, hn::MulAdd(factor, at.rest, low)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V asin(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const ArcSine<D> at = arc_sine(d, x);
  const V high = hn::IfThenElseZero(at.big, hn::Set(d, half_pi_high<T>));
  const V low = hn::IfThenElseZero(at.big, hn::Set(d, half_pi_low<T>));
  const V factor = hn::IfThenElse(at.big, hn::Set(d, T(-2)), hn::Set(d, T(1)));
  return hn::CopySign(add_arc(d, high, low, factor, at), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V acos(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const ArcSine<D> at = arc_sine(d, x);
  const auto negative = hn::Lt(x, hn::Zero(d));
  // pi/2 - asin x in the middle, 2 asin s on the right, pi - 2 asin s on the left
  const V edge_high = hn::IfThenElseZero(negative, hn::Set(d, 2 * half_pi_high<T>));
  const V edge_low = hn::IfThenElseZero(negative, hn::Set(d, 2 * half_pi_low<T>));
  const V high = hn::IfThenElse(at.big, edge_high, hn::Set(d, half_pi_high<T>));
  const V low = hn::IfThenElse(at.big, edge_low, hn::Set(d, half_pi_low<T>));
  const V size = hn::IfThenElse(at.big, hn::Set(d, T(-2)), hn::Set(d, T(1)));
  const V factor = hn::IfThenElse(negative, size, hn::Neg(size));
  return add_arc(d, high, low, factor, at);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
