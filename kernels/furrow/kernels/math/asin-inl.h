// furrow/kernels/math/asin-inl.h
//
// asin and acos on a vector of f64; the same for numbers of type f32.
//
// Error   1.0 ULP at most; the short forms 0.501 ULP of f32 after rounding to it
// Special asin(+-0) = +-0, acos(1) = +0; NaN where |x| > 1
// Method  asin s = s + s z R(z), z = s^2 <= 1/4, R minimax (Remez); above 1/2, acos x = 2 asin s
//         with s = sqrt((1-x)/2), whose rounding error is carried along
#if defined(FURROW_KERNELS_ASIN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ASIN_INL_H_
#undef FURROW_KERNELS_ASIN_INL_H_
#else
#define FURROW_KERNELS_ASIN_INL_H_
#endif

#include <furrow/kernels/math/pair-inl.h>
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

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE ArcSine<D> arc_sine(D d, V x) noexcept {
  static constexpr double full[] = {
      0x1.5555555555556p-3, 0x1.3333333332dcdp-4, 0x1.6db6db6e4397cp-5, 0x1.f1c71c14da09cp-6,
      0x1.6e8bb2fe2329ap-6, 0x1.1c4d1bf9d28bap-6, 0x1.c9d1cecf332ddp-7, 0x1.780cd7fa32c2cp-7,
      0x1.52df0d2513b5cp-7, 0x1.60a47d90796c8p-8, 0x1.205df5d5ae1eap-6, -0x1.f07d84dfcd2dbp-7,
      0x1.da67301f78fdep-6};
  static constexpr double few[] = {0x1.555554dd86666p-3, 0x1.33343bac79adep-4,
                                   0x1.6d5902b133c36p-5, 0x1.fdcb1d2e0609dp-6,
                                   0x1.17dda34d79780p-6, 0x1.14e3255728fc3p-5};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V a = hn::Abs(x);
  ArcSine<D> out;
  out.big = hn::Gt(a, c(0.5));
  const V half = hn::NegMulAdd(a, c(0.5), c(0.5));  // (1 - a)/2, exact above 1/2
  const V z = hn::IfThenElse(out.big, half, hn::Mul(a, a));
  const V root = hn::Sqrt(z);
  out.s = hn::IfThenElse(out.big, root, a);
  const V sz = hn::Mul(out.s, z);
  if constexpr (Short) {
    out.rest = hn::Mul(sz, polynomial(d, z, hn::Mul(z, z), few));
  } else {
    // sqrt z - s = (z - s^2)/(2 s), to first order; s is 0 at x = 1
    const V lost = hn::Neg(product_rest(root, root, z));
    const V root_low = hn::Div(lost, hn::Add(hn::Add(root, root), c(0x1p-1000)));
    out.rest = hn::MulAdd(sz, polynomial(d, z, hn::Mul(z, z), full),
                          hn::IfThenElseZero(out.big, root_low));
  }
  return out;
}

/// base + factor * (s + rest), where base is 0, pi/2 or pi, given as high + low.
template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V add_arc(D, V high, V low, V factor, const ArcSine<D>& at) noexcept {
  const V term = hn::Mul(factor, at.s);  // factor is +-1 or +-2
  const V sum = hn::Add(high, term);
  if constexpr (Short) {
    return hn::MulAdd(factor, at.rest, sum);
  } else {
    const V lost = hn::Add(hn::Sub(high, sum), term);
    return hn::Add(sum, hn::Add(lost, hn::MulAdd(factor, at.rest, low)));
  }
}

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V asin_of(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const ArcSine<D> at = arc_sine<Short>(d, x);
  const V high = hn::IfThenElseZero(at.big, c(0x1.921fb54442d18p+0));
  const V low = hn::IfThenElseZero(at.big, c(0x1.1a62633145c07p-54));
  const V factor = hn::IfThenElse(at.big, c(-2.0), c(1.0));
  return hn::CopySign(add_arc<Short>(d, high, low, factor, at), x);
}

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V acos_of(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const ArcSine<D> at = arc_sine<Short>(d, x);
  const auto negative = hn::Lt(x, hn::Zero(d));
  // pi/2 - asin x in the middle, 2 asin s on the right, pi - 2 asin s on the left
  const V edge_high = hn::IfThenElseZero(negative, c(0x1.921fb54442d18p+1));
  const V edge_low = hn::IfThenElseZero(negative, c(0x1.1a62633145c07p-53));
  const V high = hn::IfThenElse(at.big, edge_high, c(0x1.921fb54442d18p+0));
  const V low = hn::IfThenElse(at.big, edge_low, c(0x1.1a62633145c07p-54));
  const V size = hn::IfThenElse(at.big, c(-2.0), c(1.0));
  const V factor = hn::IfThenElse(negative, size, hn::Neg(size));
  return add_arc<Short>(d, high, low, factor, at);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V asin(D d, V x) noexcept {
  return asin_of<false>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V acos(D d, V x) noexcept {
  return acos_of<false>(d, x);
}

/// REQUIRES of both: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V asin_short(D d, V x) noexcept {
  return asin_of<true>(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V acos_short(D d, V x) noexcept {
  return acos_of<true>(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
