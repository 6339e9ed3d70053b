// furrow/kernels/math/cbrt-inl.h
//
// The cube root on a vector of f64 or f32.
//
// Error   1.0 ULP at most over the whole range, denormals included (tests/kernels: accuracy)
// Special cbrt is odd; +-0, +-inf and NaN stay
// Method  r near |x|^(-1/3) by dividing the bits by -3 as one number, exponent and fraction (the
//         logarithm of Mitchell, 1962), within 3.5 %; from what is missing, e = 1 - |x| r^3,
//         r (1-e)^(-1/3) by a minimax polynomial (Sollya; to 2^-31, f32 2^-18); c = |x| r^2 and one
//         Newton step with c^2 rounded and the rest of it exact
#if defined(FURROW_KERNELS_CBRT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_CBRT_INL_H_
#undef FURROW_KERNELS_CBRT_INL_H_
#else
#define FURROW_KERNELS_CBRT_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/polynomial-inl.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x^(-1/3) within 3.5 %. REQUIRES: x positive and normal.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V rough_inverse_root(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const hn::RebindToUnsigned<D> du;
  constexpr bool f64 = sizeof(T) == 8;
  constexpr int shift = f64 ? 12 : 8;
  // The upper bits as the fraction of 2^52 (f32: 2^23), and from there back.
  const auto base = hn::BitCast(du, hn::Set(d, f64 ? T(0x1p52) : T(0x1p23)));
  const auto upper = hn::Or(hn::ShiftRight<shift>(hn::BitCast(du, x)), base);
  const V offset = hn::Set(d, f64 ? T(7504458541680855.0) : T(16731295.0));
  const V divided = hn::MulAdd(hn::BitCast(d, upper), hn::Set(d, T(-1.0 / 3)), offset);
  return hn::BitCast(d, hn::ShiftLeft<shift>(hn::BitCast(du, divided)));
}

/// Of magnitudes between these neither what a step loses nor a cube leaves the range.
template <class T>
constexpr T cbrt_least = sizeof(T) == 8 ? T(0x1p-900) : T(0x1p-90);
template <class T>
constexpr T cbrt_greatest = sizeof(T) == 8 ? T(0x1p1000) : T(0x1p120);

/// REQUIRES: cbrt_least <= x <= cbrt_greatest
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt_moderate(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  V r = rough_inverse_root(d, x);
  const V error = hn::NegMulAdd(hn::Mul(hn::Mul(r, r), x), r, one);
  V p;
  if constexpr (sizeof(T) == 8) {
    constexpr T c[] = {0x1.5555559415186p-2, 0x1.c71c747c24dacp-3, 0x1.61f6641ed5a14p-3,
                       0x1.26f458da094cap-3, 0x1.02e8fedeb50aep-3, 0x1.ce7ae53db04cep-4};
    p = polynomial(d, error, hn::Mul(error, error), c);
  } else {
    constexpr T c[] = {0x1.55546ep-2f, 0x1.c9712ep-3f, 0x1.6558dep-3f};
    p = polynomial(d, error, hn::Mul(error, error), c);
  }
  r = hn::MulAdd(hn::Mul(r, error), p, r);
  const V r2 = hn::Mul(r, r);
  const V root = hn::Mul(x, r2);
  // c - (c^3 - x) / (3 c^2), with 1/c^2 = r^2 near enough.
  const V excess = hn::MulSub(hn::Mul(root, root), root, x);
  return hn::NegMulAdd(excess, hn::Mul(r2, hn::Set(d, T(1.0 / 3))), root);
}

/// Right where the magnitude is moderate, and takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt_fast(hn::Mask<D>& right, D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V magnitude = hn::Abs(x);
  const auto least = hn::Ge(magnitude, hn::Set(d, cbrt_least<T>));
  right = hn::And(right, hn::And(least, hn::Le(magnitude, hn::Set(d, cbrt_greatest<T>))));
  return hn::CopySign(cbrt_moderate(d, magnitude), x);
}

/// Any numbers, moderate ones as above: neighbours change no bits.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V cbrt_of_any(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V one = hn::Set(d, T(1));
  const V magnitude = hn::Abs(x);
  const auto tiny = hn::Lt(magnitude, hn::Set(d, cbrt_least<T>));
  const auto huge = hn::Gt(magnitude, hn::Set(d, cbrt_greatest<T>));
  const auto either = [&](T of_tiny, T of_huge) HWY_ATTR {
    const V other = hn::IfThenElse(huge, hn::Set(d, of_huge), one);
    return hn::IfThenElse(tiny, hn::Set(d, of_tiny), other);
  };
  const V scale = f64 ? either(T(0x1p180), T(0x1p-180)) : either(T(0x1p60), T(0x1p-60));
  const V back = f64 ? either(T(0x1p-60), T(0x1p60)) : either(T(0x1p-20), T(0x1p20));
  const V y = hn::Mul(cbrt_moderate(d, hn::Mul(magnitude, scale)), back);
  const auto finite = hn::Lt(magnitude, hn::Set(d, std::numeric_limits<T>::infinity()));
  const auto itself = hn::Or(hn::Eq(x, hn::Zero(d)), hn::Not(finite));
  return hn::IfThenElse(itself, x, hn::CopySign(y, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt(D d, V x) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V y = cbrt_fast(right, d, x);
  return HWY_LIKELY(hn::AllTrue(d, right)) ? y : cbrt_of_any(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
