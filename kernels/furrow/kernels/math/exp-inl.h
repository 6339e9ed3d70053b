// furrow/kernels/math/exp-inl.h
//
// e^x on a vector of f64 or f32.
//
// Error   1.1 ULP at most over the whole range, denormal results included (tests/kernels: accuracy)
// Special exp(NaN) = NaN, exp(inf) = inf, exp(-inf) = 0, exp(+-0) = 1; overflow gives inf
// Method  x = k*ln2 + r, |r| <= ln2/2; e^r = 1 + r + r^2 P(r) with P minimax (Remez, relative error
//         of e^r below 2^-57.9, f32 2^-34); 2^k in one exact and one rounding step
#if defined(FURROW_KERNELS_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_EXP_INL_H_
#undef FURROW_KERNELS_EXP_INL_H_
#else
#define FURROW_KERNELS_EXP_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/power_of_two-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// e^r with r = x - k ln2.
template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> exp_reduced(D d, hn::Vec<D> x,
                                                                       hn::Vec<D> k)
noexcept {
  using V = hn::Vec<D>;
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  // ln2 in 42 + 53 bits: k times the first part is exact, with or without a fused multiply-add.
  V r = hn::NegMulAdd(k, c(0x1.62e42fefa3800p-1), x);
  r = hn::NegMulAdd(k, c(0x1.ef35793c76730p-45), r);
  const V r2 = hn::Mul(r, r);
  // Even and odd coefficients apart: half the latency.
  V even = hn::MulAdd(r2, c(0x1.28ad9b3ef2749p-22), c(0x1.a01999e2b7996p-16));
  V odd = hn::MulAdd(r2, c(0x1.ad7f393e88573p-26), c(0x1.71df25b66c101p-19));
  even = hn::MulAdd(r2, even, c(0x1.6c16c184388eap-10));
  odd = hn::MulAdd(r2, odd, c(0x1.a01a012a0e024p-13));
  even = hn::MulAdd(r2, even, c(0x1.555555555083fp-5));
  odd = hn::MulAdd(r2, odd, c(0x1.1111111127d10p-7));
  even = hn::MulAdd(r2, even, c(0x1.000000000000ap-1));
  odd = hn::MulAdd(r2, odd, c(0x1.55555555554f9p-3));
  const V p = hn::MulAdd(r, odd, even);
  return hn::Add(hn::MulAdd(r2, p, r), c(1.0));
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE hn::Vec<D> exp_reduced(D d, hn::Vec<D> x,
                                                                       hn::Vec<D> k)
noexcept {
  using V = hn::Vec<D>;
  const auto c = [d](float value) HWY_ATTR { return hn::Set(d, value); };
  V r = hn::NegMulAdd(k, c(0x1.62e4p-1f), x);
  r = hn::NegMulAdd(k, c(0x1.7f7d1cp-20f), r);
  const V r2 = hn::Mul(r, r);
  V even = hn::MulAdd(r2, c(0x1.6d8d52p-10f), c(0x1.55548ep-5f));
  V odd = hn::MulAdd(r2, c(0x1.9f0874p-13f), c(0x1.111272p-7f));
  even = hn::MulAdd(r2, even, c(0.5f));
  odd = hn::MulAdd(r2, odd, c(0x1.555554p-3f));
  const V p = hn::MulAdd(r, odd, even);
  return hn::Add(hn::MulAdd(r2, p, r), c(1.0f));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V magic = hn::Set(d, f64 ? T(0x1.8p52) : T(0x1.8p23));
  const V inverse_ln2 = hn::Set(d, f64 ? T(0x1.71547652b82fep+0) : T(0x1.715476p+0));
#if HWY_TARGET != HWY_AVX3
  // Where all results are normal numbers, scaling is an addition: the same bits, lane by lane.
  // AVX-512 has an instruction that scales all.
  const auto plain = hn::Le(hn::Abs(x), hn::Set(d, f64 ? T(708) : T(87)));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) {
    const V shifted = hn::MulAdd(x, inverse_ln2, magic);
    return scale_by_shifted(exp_reduced(d, x, hn::Sub(shifted, magic)), shifted);
  }
#endif
  x = f64 ? limit(x, T(-750), T(710)) : limit(x, T(-106), T(89));
  const V k = hn::Sub(hn::MulAdd(x, inverse_ln2, magic), magic);
  return scale_by_power(exp_reduced(d, x, k), k);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
