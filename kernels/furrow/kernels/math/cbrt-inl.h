// furrow/kernels/math/cbrt-inl.h
//
// The cube root on a vector of f64 or f32.
//
// Error   0.51 ULP at most over the whole range, denormals included (tests/kernels: accuracy)
// Special cbrt is odd; +-0, +-inf and NaN stay
// Method  |x| = 2^(3q) a, 1/2 <= a < 4; r near a^(-1/3) by a minimax polynomial (Sollya) and one
//         step of Halley's type (f32: of Newton's); c = a r^2 and one last Newton step in which
//         c^3 - a is exact but for its own rounding
#if defined(FURROW_KERNELS_CBRT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_CBRT_INL_H_
#undef FURROW_KERNELS_CBRT_INL_H_
#else
#define FURROW_KERNELS_CBRT_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Of a positive normal number.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt_normal(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const hn::RebindToUnsigned<D> du;
  using U = hn::TFromD<decltype(du)>;
  constexpr int fraction_bits = f64 ? 52 : 23;
  const V one = hn::Set(d, T(1));
  const auto bits = hn::BitCast(du, x);
  const auto fraction = hn::And(bits, hn::Set(du, (U(1) << fraction_bits) - 1));
  const V m = hn::Or(hn::BitCast(d, fraction), one);
  const V base = hn::Set(d, f64 ? T(0x1p52) : T(0x1p23f));
  const auto field = hn::Or(hn::ShiftRight<fraction_bits>(bits), hn::BitCast(du, base));
  const V k = hn::Sub(hn::BitCast(d, field), hn::Add(base, hn::Set(d, f64 ? T(1023) : T(127))));
  const V q = nearest_whole(hn::Mul(k, hn::Set(d, T(1) / T(3))));
  const V step = hn::NegMulAdd(q, hn::Set(d, T(3)), k);  // -1, 0 or 1
  const V zero = hn::Zero(d);
  const auto less = hn::Lt(step, zero);
  const auto more = hn::Gt(step, zero);
  const V two = hn::Set(d, T(2));
  const V a = hn::Mul(m, hn::IfThenElse(more, two, hn::IfThenElse(less, hn::Set(d, T(0.5)), one)));
  const V up = hn::Set(d, T(0x1.428a2f98d728bp+0));
  const V down = hn::Set(d, T(0x1.965fea53d6e3dp-1));
  const V factor = hn::IfThenElse(more, down, hn::IfThenElse(less, up, one));
  constexpr T c[] = {T(0x1.8ab91b7f0c05bp+0), T(-0x1.9eb31e9029616p-1), T(0x1.45621f98f6e77p-2),
                     T(-0x1.991545e68ce52p-5)};
  V r = hn::Mul(polynomial(d, m, hn::Mul(m, m), c), factor);
  const V error = hn::NegMulAdd(hn::Mul(hn::Mul(r, r), a), r, one);  // 1 - a r^3
  const V third = hn::Set(d, T(1) / T(3));
  const V second = f64 ? hn::MulAdd(error, hn::Set(d, T(2) / T(9)), third) : third;
  r = hn::MulAdd(hn::Mul(r, error), second, r);
  const V r2 = hn::Mul(r, r);
  const V root = hn::Mul(a, r2);
  // c - (c^3 - a) / (3 c^2), with 1/c^2 = r^2 near enough.
  const Pair<V> square = two_product(root, root);
  const Pair<V> cube = two_product(square.high, root);
  const V excess = hn::Add(hn::Sub(cube.high, a), hn::MulAdd(square.low, root, cube.low));
  const V y = hn::NegMulAdd(hn::Mul(excess, third), r2, root);
  return hn::Mul(y, power_of_two(q));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V magnitude = hn::Abs(x);
  const V infinity = hn::Set(d, L::infinity());
  const V least = hn::Set(d, L::min());
  const auto plain = hn::And(hn::Ge(magnitude, least), hn::Lt(magnitude, infinity));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) return hn::CopySign(cbrt_normal(d, magnitude), x);
  // Lane by lane the same as above, or x itself: neighbours change no bits.
  const auto tiny = hn::Lt(magnitude, least);
  const V scaled = hn::Mul(magnitude, hn::Set(d, f64 ? T(0x1p54) : T(0x1p24f)));
  V y = cbrt_normal(d, hn::IfThenElse(tiny, scaled, magnitude));
  y = hn::IfThenElse(tiny, hn::Mul(y, hn::Set(d, f64 ? T(0x1p-18) : T(0x1p-8f))), y);
  y = hn::CopySign(y, x);
  const auto itself = hn::Or(hn::Eq(x, hn::Zero(d)), hn::Not(hn::Lt(magnitude, infinity)));
  return hn::IfThenElse(itself, x, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
