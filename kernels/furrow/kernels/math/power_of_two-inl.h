// furrow/kernels/math/power_of_two-inl.h
//
// Powers of two as factors, from a whole number in a floating-point lane.
#if defined(FURROW_KERNELS_POWER_OF_TWO_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_POWER_OF_TWO_INL_H_
#undef FURROW_KERNELS_POWER_OF_TWO_INL_H_
#else
#define FURROW_KERNELS_POWER_OF_TWO_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 2^k for whole k within +-1022 (f32: +-126), exact; some number for others and for NaN.
template <class V>
HWY_INLINE V power_of_two(V k) noexcept {
  const hn::DFromV<V> d;
  using T = hn::TFromD<decltype(d)>;
  const hn::RebindToUnsigned<decltype(d)> du;
  constexpr bool f64 = sizeof(T) == 8;
  // Added to a whole number, the magic number leaves it plus the exponent bias in the low bits.
  const V shifted = hn::Add(k, hn::Set(d, f64 ? T(0x1.8p52 + 1023) : T(0x1.8p23 + 127)));
  return hn::BitCast(d, hn::ShiftLeft < f64 ? 52 : 23 > (hn::BitCast(du, shifted)));
}

/// The whole number nearest to x, |x| < 2^51 (f32: 2^22); ties to even.
template <class V>
HWY_INLINE V nearest_whole(V x) noexcept {
  const hn::DFromV<V> d;
  using T = hn::TFromD<decltype(d)>;
  const V magic = hn::Set(d, sizeof(T) == 8 ? T(0x1.8p52) : T(0x1.8p23));
  return hn::Sub(hn::Add(x, magic), magic);
}

/// y * 2^k for whole k within +-1100 (f32: +-160), rounded once.
template <class V>
HWY_INLINE V scale_by_power(V y, V k) noexcept {
  const hn::DFromV<V> d;
  using T = hn::TFromD<decltype(d)>;
#if HWY_TARGET == HWY_AVX3
  // y * 2^k rounded once is what the steps below give too, bit for bit.
  if constexpr (sizeof(T) == 8) {
    return V{_mm512_scalef_pd(y.raw, k.raw)};
  } else {
    return V{_mm512_scalef_ps(y.raw, k.raw)};
  }
#else
  const hn::RebindToUnsigned<decltype(d)> du;
  constexpr bool f64 = sizeof(T) == 8;
  constexpr int fraction_bits = f64 ? 52 : 23;
  // Added to a whole number, the magic number leaves it plus the exponent bias in the low bits.
  constexpr T magic = f64 ? T(0x1.8p52 + 1023) : T(0x1.8p23 + 127);
  const V shift = hn::Set(d, magic);
  const V half = hn::MulAdd(k, hn::Set(d, T(0.5)), shift);  // k/2, rounded
  const V rest = hn::Add(hn::Sub(k, hn::Sub(half, shift)), shift);
  const V first = hn::BitCast(d, hn::ShiftLeft<fraction_bits>(hn::BitCast(du, half)));
  const V second = hn::BitCast(d, hn::ShiftLeft<fraction_bits>(hn::BitCast(du, rest)));
  return hn::Mul(hn::Mul(y, first), second);
#endif
}

/// y * 2^k where that is a normal number: k is added to the exponent. `shifted` is the sum of k and
/// a magic number whose low bits are 0, 1.5 * 2^52 or 1.5 * 2^23.
template <class V>
HWY_INLINE V scale_by_shifted(V y, V shifted) noexcept {
  const hn::DFromV<V> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  constexpr int fraction_bits = sizeof(hn::TFromD<decltype(d)>) == 8 ? 52 : 23;
  const auto exponent = hn::ShiftLeft<fraction_bits>(hn::BitCast(du, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(du, y), exponent));
}

/// The smaller of x and a number; NaN stays.
template <class V, class T>
HWY_INLINE V at_most(V x, T high) noexcept {
  const hn::DFromV<V> d;
#if HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return hn::Min(hn::Set(d, high), x);  // x86 returns its second operand where one is NaN
#else
  return hn::IfThenElse(hn::Gt(x, hn::Set(d, high)), hn::Set(d, high), x);
#endif
}

/// x limited to [low, high]; NaN stays.
template <class V, class T>
HWY_INLINE V limit(V x, T low, T high) noexcept {
  const hn::DFromV<V> d;
#if HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  // x86 returns its second operand where one is NaN.
  return hn::Max(hn::Set(d, low), hn::Min(hn::Set(d, high), x));
#else
  x = hn::IfThenElse(hn::Gt(x, hn::Set(d, high)), hn::Set(d, high), x);
  return hn::IfThenElse(hn::Lt(x, hn::Set(d, low)), hn::Set(d, low), x);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
