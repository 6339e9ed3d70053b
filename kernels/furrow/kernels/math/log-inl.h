// furrow/kernels/math/log-inl.h
//
// ln x on a vector of f64 or f32.
//
// Error   0.9 ULP at most over the whole range, denormals included (tests/kernels: accuracy)
// Special log(NaN) = NaN, log(inf) = inf, log(+-0) = -inf, log(x < 0) = NaN, log(1) = +0
// Method  x = 2^k m, sqrt(1/2) <= m < sqrt(2), f = m - 1, s = f/(2+f);
//         log(1+f) = f - f^2/2 + s (f^2/2 + R(s^2)), R minimax: the scheme of fdlibm's e_log.c
//         (Sun Microsystems, 1993), with coefficients of our own
#if defined(FURROW_KERNELS_LOG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG_INL_H_
#undef FURROW_KERNELS_LOG_INL_H_
#else
#define FURROW_KERNELS_LOG_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x = 2^k * (1 + f)
template <class V>
struct Decomposed {
  V k;
  V f;
};

/// REQUIRES: x positive, finite, normal. `bias` is 0, or what is to be subtracted from k.
template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE Decomposed<hn::Vec<D>> decompose(D d, hn::Vec<D> x,
                                                                                 hn::Vec<D> bias)
noexcept {
  const hn::RebindToUnsigned<D> du;
  const auto half = hn::Set(du, 0x3fe6a09e00000000);  // sqrt(1/2), a little below
  const auto one = hn::Set(du, 0x3ff0000000000000);
  const auto shifted = hn::Add(hn::BitCast(du, x), hn::Sub(one, half));
  const auto fraction = hn::And(shifted, hn::Set(du, 0x000fffffffffffff));
  // The exponent field as a double: put into the fraction of 2^52.
  const auto field = hn::Or(hn::ShiftRight<52>(shifted), hn::Set(du, 0x4330000000000000));
  const auto k = hn::Sub(hn::BitCast(d, field), hn::Add(hn::Set(d, 0x1p52 + 1023), bias));
  return {k, hn::Sub(hn::BitCast(d, hn::Add(fraction, half)), hn::Set(d, 1.0))};
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE Decomposed<hn::Vec<D>> decompose(D d, hn::Vec<D> x,
                                                                                 hn::Vec<D> bias)
noexcept {
  const hn::RebindToUnsigned<D> du;
  const auto half = hn::Set(du, 0x3f3504f3u);
  const auto one = hn::Set(du, 0x3f800000u);
  const auto shifted = hn::Add(hn::BitCast(du, x), hn::Sub(one, half));
  const auto fraction = hn::And(shifted, hn::Set(du, 0x007fffffu));
  const auto field = hn::Or(hn::ShiftRight<23>(shifted), hn::Set(du, 0x4b000000u));
  const auto k = hn::Sub(hn::BitCast(d, field), hn::Add(hn::Set(d, 0x1p23f + 127), bias));
  return {k, hn::Sub(hn::BitCast(d, hn::Add(fraction, half)), hn::Set(d, 1.0f))};
}

template <class D, class V = hn::Vec<D>>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE V log_series(D d, V z)
noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V w = hn::Mul(z, z);
  V even = hn::MulAdd(w, c(0x1.2f0d8f1a5642bp-3), c(0x1.7466462b86c3ap-3));
  V odd = hn::MulAdd(w, c(0x1.39a0f50666684p-3), c(0x1.c71c51e8021eap-3));
  even = hn::MulAdd(w, even, c(0x1.24924942178a4p-2));
  odd = hn::MulAdd(w, odd, c(0x1.999999997fb34p-2));
  even = hn::MulAdd(w, even, c(0x1.5555555555593p-1));
  return hn::Mul(z, hn::MulAdd(z, odd, even));
}

template <class D, class V = hn::Vec<D>>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE V log_series(D d, V z)
noexcept {
  const auto c = [d](float value) HWY_ATTR { return hn::Set(d, value); };
  const V w = hn::Mul(z, z);
  const V even = hn::MulAdd(w, c(0x1.2438a8p-2f), c(0x1.555554p-1f));
  const V odd = hn::MulAdd(w, c(0x1.e2fdd6p-3f), c(0x1.999a7cp-2f));
  return hn::Mul(z, hn::MulAdd(z, odd, even));
}

/// ln of a positive, finite, normal number; `bias` as in decompose.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_normal(D d, V x, V bias) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  // The first part of ln2 has few enough bits that k times it is exact.
  const V ln2_high = hn::Set(d, f64 ? T(0x1.62e42fefa3800p-1) : T(0x1.62e4p-1));
  const V ln2_low = hn::Set(d, f64 ? T(0x1.ef35793c76730p-45) : T(0x1.7f7d1cp-20));
  const Decomposed<V> at = decompose(d, x, bias);
  const V s = hn::Div(at.f, hn::Add(hn::Set(d, T(2)), at.f));
  const V series = log_series(d, hn::Mul(s, s));
  const V half_square = hn::Mul(hn::Mul(at.f, at.f), hn::Set(d, T(0.5)));
  const V correction = hn::MulAdd(s, hn::Add(half_square, series), hn::Mul(at.k, ln2_low));
  return hn::MulAdd(at.k, ln2_high, hn::Sub(at.f, hn::Sub(half_square, correction)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V infinity = hn::Set(d, L::infinity());
  const auto plain = hn::And(hn::Ge(x, hn::Set(d, L::min())), hn::Lt(x, infinity));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) return log_normal(d, x, hn::Zero(d));
  // Lane by lane the same as above, or a special value: neighbours change no bits.
  const auto tiny = hn::Lt(x, hn::Set(d, L::min()));
  const V scale = hn::Set(d, f64 ? T(0x1p54) : T(0x1p25));
  const V bias = hn::IfThenElse(tiny, hn::Set(d, f64 ? T(54) : T(25)), hn::Zero(d));
  V y = log_normal(d, hn::IfThenElse(tiny, hn::Mul(x, scale), x), bias);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);  // inf and NaN
  y = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, L::quiet_NaN()), y);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
