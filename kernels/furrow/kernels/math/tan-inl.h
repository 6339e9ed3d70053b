// furrow/kernels/math/tan-inl.h
//
// tan of radians on a vector of f64 or f32.
//
// Error   1.3 ULP at most for every number (tests/kernels: accuracy)
// Special tan(+-0) = +-0, infinities and NaN give NaN
// Method  |x| = q pi/2 + r + tail (sine-inl.h); r cot r = 1 + z Q(z), z = r^2, as a pair, Q minimax
//         (fpminimax of Sollya, relative error below 2^-55.1, f32 2^-30.9); tan is r / (r cot r),
//         in odd quadrants -(r cot r) / r: one division and a correction of its quotient. f32
//         beyond the limit, and f32 on targets without fused multiply-add: in f64, the quotient of
//         sine and cosine
#if defined(FURROW_KERNELS_TAN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_TAN_INL_H_
#undef FURROW_KERNELS_TAN_INL_H_
#else
#define FURROW_KERNELS_TAN_INL_H_
#endif

#include <furrow/kernels/math/narrow-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/sine-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The tangent from the reduced argument of |x|, with the sign of x.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tangent(D d, const Reduced<D>& at, V x) noexcept {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V z = hn::Mul(at.high, at.high);
  V q;
  if constexpr (sizeof(T) == 8) {
    constexpr T series[] = {-0x1.5555555555556p-2,  -0x1.6c16c16c16268p-6,  -0x1.1566abc0dbd5cp-9,
                            -0x1.bbd77864d5a96p-13, -0x1.66a927a4791c7p-16, -0x1.2278c21676bc1p-19,
                            -0x1.d822d68bbc7dbp-23, -0x1.6dbccf4f9fb5ap-26, -0x1.9d1cb296e93f2p-29};
    q = polynomial(d, z, hn::Mul(z, z), series);
  } else {
    constexpr T series[] = {-0x1.555556p-2f, -0x1.6c15bep-6f, -0x1.159e84p-9f, -0x1.b20dbp-13f,
                            -0x1.c44cb4p-16f};
    q = polynomial(d, z, hn::Mul(z, z), series);
  }
  // r cot r and what it lost; its slope is near -2r/3.
  const V whole = hn::MulAdd(z, q, one);
  const V lost = hn::MulAdd(z, q, hn::Sub(one, whole));
  const V slope = hn::Mul(at.high, hn::Set(d, T(-2.0 / 3)));
  const V whole_low = hn::MulAdd(slope, at.low, lost);
  const auto odd = odd_lanes(d, at.quadrant);
  const V top = hn::IfThenElse(odd, whole, at.high);
  const V top_low = hn::IfThenElse(odd, whole_low, at.low);
  const V bottom = hn::IfThenElse(odd, at.high, whole);
  const V bottom_low = hn::IfThenElse(odd, at.low, whole_low);
  // Beside a tiny r the tail is not small: a corrected quotient needs the sum's inverse.
  const V inverse = hn::Div(one, hn::Add(bottom, bottom_low));
  const V quotient = hn::Mul(top, inverse);
  const V missing =
      hn::Sub(hn::NegMulAdd(quotient, bottom_low, top_low), product_rest(quotient, bottom, top));
  const V y = hn::MulAdd(missing, inverse, quotient);
  constexpr int to_sign = sizeof(T) == 8 ? 63 : 31;
  const V turned = hn::BitCast(d, hn::ShiftLeft<to_sign>(at.quadrant));  // tan(r + pi/2) = -cot r
  return hn::Xor(y, hn::And(hn::Xor(turned, x), hn::SignBit(d)));
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

#if HWY_NATIVE_FMA

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan_moderate(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V magic = hn::Set(d, sizeof(T) == 8 ? T(0x1.8p52) : T(0x1.8p23));
  return tangent(d, reduce_by_parts(d, hn::Abs(x), magic), x);
}

/// Any numbers. A call, because it is rare and long.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V tan_of_any(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V magnitude = hn::Abs(x);
  V large;
  if constexpr (sizeof(T) == 8) {
    Reduced<D> at = reduce_moderate(d, magnitude);
    reduce_large(d, magnitude, at);
    large = tangent(d, at, x);
  } else {
    constexpr std::size_t lanes = hn::MaxLanes(D());
    alignas(64) float y[lanes];
    hn::Store(x, d, y);
    const hn::CappedTag<double, lanes> wide;
    const hn::Rebind<float, decltype(wide)> narrow;
    for (std::size_t i = 0; i < lanes; i += hn::Lanes(wide)) {
      const auto in = hn::PromoteTo(wide, hn::Load(narrow, y + i));
      hn::Store(rounded(narrow, tan_short(wide, in)), narrow, y + i);
    }
    large = hn::Load(d, y);
  }
  const auto moderate = hn::Le(magnitude, hn::Set(d, sine_limit<T>));
  return hn::IfThenElse(moderate, tan_moderate(d, x), large);
}

/// Right where |x| is within the limit, and takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan_fast(hn::Mask<D>& right, D d, V x) noexcept {
  right = hn::And(right, hn::Le(hn::Abs(x), hn::Set(d, sine_limit<hn::TFromD<D>>)));
  return tan_moderate(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan(D d, V x) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V y = tan_fast(right, d, x);
  return HWY_LIKELY(hn::AllTrue(d, right)) ? y : tan_of_any(d, x);
}

#else

template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> tan(D d, hn::Vec<D> x)
noexcept { return tangent(d, reduce_by_half_pi(d, hn::Abs(x)), x); }

#endif

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
