// furrow/kernels/math/exp2-inl.h
//
// 2^x on a vector of f64 or f32.
//
// Error   1.0 ULP at most over the whole range, denormal results included (tests/kernels: accuracy)
// Special exp2(NaN) = NaN, exp2(inf) = inf, exp2(-inf) = 0; exact for whole x; overflow gives inf
// Method  x = k + r, k whole, |r| <= 1/2, exact; 2^r = 1 + r ln2 + r^2 P(r), P minimax (fpminimax
//         of Sollya, relative error of 2^r below 2^-56.4, f32 2^-27.3)
#if defined(FURROW_KERNELS_EXP2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_EXP2_INL_H_
#undef FURROW_KERNELS_EXP2_INL_H_
#else
#define FURROW_KERNELS_EXP2_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 2^r for |r| <= 1/2.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2_reduced(D d, V r) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V r2 = hn::Mul(r, r);
  V p;
  if constexpr (f64) {
    constexpr T c[] = {0x1.ebfbdff82c598p-3,  0x1.c6b08d704a1d3p-5,  0x1.3b2ab6fba1ec4p-7,
                       0x1.5d87fe787493ap-10, 0x1.4309130944095p-13, 0x1.ffcbfd479e5bbp-17,
                       0x1.62bfd4df40b7cp-20, 0x1.b52335e6fe3c9p-24, 0x1.e60595a88cd51p-28,
                       0x1.ec6b6282a685bp-32};
    p = polynomial(d, r, r2, c);
  } else {
    constexpr T c[] = {0x1.ebfbep-3f, 0x1.c6af9cp-5f, 0x1.3b2a48p-7f, 0x1.5ef5dp-10f,
                       0x1.442512p-13f};
    p = polynomial(d, r, r2, c);
  }
  // 1 + r ln2 in two parts: its rounding would be felt.
  const V one = hn::Set(d, T(1));
  const V ln2 = hn::Set(d, f64 ? T(0x1.62e42fefa39efp-1) : T(0x1.62e43p-1));
  const V high = hn::MulAdd(r, ln2, one);
  const V low = hn::MulAdd(r, ln2, hn::Sub(one, high));
  return hn::Add(high, hn::MulAdd(r2, p, low));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
#if HWY_TARGET != HWY_AVX3
  // As in exp-inl.h.
  const auto plain = hn::Le(hn::Abs(x), hn::Set(d, f64 ? T(1021) : T(125)));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) {
    const V magic = hn::Set(d, f64 ? T(0x1.8p52) : T(0x1.8p23));
    const V shifted = hn::Add(x, magic);
    return scale_by_shifted(exp2_reduced(d, hn::Sub(x, hn::Sub(shifted, magic))), shifted);
  }
#endif
  x = f64 ? limit(x, T(-1100), T(1025)) : limit(x, T(-160), T(129));
  const V k = nearest_whole(x);
  return scale_by_power(exp2_reduced(d, hn::Sub(x, k)), k);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
