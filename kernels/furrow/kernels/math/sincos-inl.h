// furrow/kernels/math/sincos-inl.h
//
// What the sine, the cosine and the tangent share on vectors of f64: the reduction of radians, both
// functions of the reduced argument; sine and cosine of turns.
//
// Error   0.9 ULP at most for every double (tests/kernels: accuracy)
// Special sin(+-0) = +-0, infinities and NaN give NaN
// Method  x = q pi/2 + r + tail: Cody and Waite with three parts of pi/2 below the limit, Payne
//         and Hanek in integers above it, lane by lane; minimax polynomials on |r| <= pi/4 with the
//         tail carried along (fdlibm's k_sin.c and k_cos.c, Sun Microsystems 1993; coefficients
//         of our own)
#if defined(FURROW_KERNELS_SINCOS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SINCOS_INL_H_
#undef FURROW_KERNELS_SINCOS_INL_H_
#else
#define FURROW_KERNELS_SINCOS_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/pi_reduction.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
using Bits = hn::Vec<hn::RebindToUnsigned<D>>;

/// x = quadrant * pi/2 + high + low; only the two low bits of `quadrant` count.
template <class D>
struct Reduced {
  hn::Vec<D> high, low;
  Bits<D> quadrant;
};

#if HWY_NATIVE_FMA
constexpr double reduction_limit = 0x1p25;
#else
constexpr double reduction_limit = 0x1p20;
#endif

/// REQUIRES for a useful result: |x| <= reduction_limit.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Reduced<D> reduce_moderate(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V magic = c(0x1.8p52);
  const V shifted = hn::MulAdd(x, c(0x1.45f306dc9c883p-1), magic);
  const V q = hn::Sub(shifted, magic);
  Reduced<D> out;
  out.quadrant = hn::BitCast(du, shifted);
#if HWY_NATIVE_FMA
  // Parts of 53, 27 and 53 bits. The first step is exact, because x is near q*pi/2; so are q times
  // the second part and what `high` loses by it.
  const V second = c(0x1.1a62634p-54);
  const V near = hn::NegMulAdd(q, c(0x1.921fb54442d18p+0), x);
  out.high = hn::NegMulAdd(q, second, near);
  const V lost = hn::NegMulAdd(q, second, hn::Sub(near, out.high));
  out.low = hn::NegMulAdd(q, c(-0x1.d747f23e32ed7p-83), lost);
#else
  // Parts of 33 bits (fdlibm's e_rem_pio2.c): products with q < 2^20 are exact.
  const V near = hn::Sub(x, hn::Mul(q, c(0x1.921fb54400000p+0)));
  const V second = hn::Mul(q, c(0x1.0b4611a600000p-34));
  const V high = hn::Sub(near, second);
  const V third = hn::Mul(q, c(0x1.3198a2e037073p-69));
  const V low = hn::Sub(hn::Sub(hn::Sub(near, high), second), third);
  out.high = hn::Add(high, low);
  out.low = hn::Add(hn::Sub(high, out.high), low);
#endif
  return out;
}

/// Replaces the lanes beyond the limit. A call, because it is rare and long.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE void reduce_large(D d, V x, Reduced<D>& out) noexcept {
  const hn::RebindToUnsigned<D> du;
  constexpr std::size_t lanes = hn::MaxLanes(D());
  alignas(64) double value[lanes], high[lanes], low[lanes];
  alignas(64) std::uint64_t quadrant[lanes];
  hn::Store(x, d, value);
  hn::Store(out.high, d, high);
  hn::Store(out.low, d, low);
  hn::Store(out.quadrant, du, quadrant);
  for (std::size_t i = 0; i < lanes; ++i) {
    const double magnitude = value[i] < 0 ? -value[i] : value[i];
    const bool large = magnitude > reduction_limit;
    if (!large || magnitude - magnitude != 0) continue;  // infinity is NaN already
    const PiReduction exact = reduce_by_pi(value[i]);
    high[i] = exact.high;
    low[i] = exact.low;
    quadrant[i] = exact.quadrant;
  }
  out = {hn::Load(d, high), hn::Load(d, low), hn::Load(du, quadrant)};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE Reduced<D> reduce_by_half_pi(D d, V x) noexcept {
  Reduced<D> out = reduce_moderate(d, x);
  const auto large = hn::Gt(hn::Abs(x), hn::Set(d, reduction_limit));
  if (HWY_UNLIKELY(!hn::AllFalse(d, large))) reduce_large(d, x, out);
  return out;
}

template <class V>
struct SinCos {
  V sin, cos;
};

/// Both before the last rounding: sin + sin_rest, cos + cos_rest; the rests are small.
template <class V>
struct SinCosSums {
  V sin, sin_rest, cos, cos_rest;
};

/// sin and cos of high + low, |high| <= pi/4.
template <class D, class V = hn::Vec<D>>
HWY_INLINE SinCosSums<V> sincos_sums(D d, V r, V low) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V z = hn::Mul(r, r);
  const V w = hn::Mul(z, z);
  V even = hn::MulAdd(w, c(-0x1.ae5e63ccd798dp-26), c(-0x1.a01a019c0e4a6p-13));
  V odd = hn::MulAdd(w, c(0x1.5d9246a365ba3p-33), c(0x1.71de3574b93edp-19));
  even = hn::MulAdd(w, even, c(-0x1.5555555555549p-3));
  odd = hn::MulAdd(w, odd, c(0x1.111111110f861p-7));
  const V s = hn::MulAdd(z, odd, even);
  even = hn::MulAdd(w, c(0x1.1ee9ea6d4aa9ap-29), c(0x1.a01a019caef49p-16));
  odd = hn::MulAdd(w, c(-0x1.8fadd0b246db4p-37), c(-0x1.27e4f807d6f4bp-22));
  even = hn::MulAdd(w, even, c(0x1.555555555554cp-5));
  odd = hn::MulAdd(w, odd, c(-0x1.6c16c16c15162p-10));
  const V t = hn::MulAdd(z, odd, even);
  const V half_square = hn::Mul(z, c(0.5));
  const V rough = hn::Sub(c(1.0), half_square);  // cos r, to within z^2/24
  const V lost = hn::Sub(hn::Sub(c(1.0), rough), half_square);
  return {r, hn::MulAdd(hn::Mul(z, r), s, hn::Mul(low, rough)), rough,
          hn::NegMulAdd(r, low, hn::MulAdd(w, t, lost))};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE SinCos<V> sincos_reduced(D d, V r, V low) noexcept {
  const SinCosSums<V> sums = sincos_sums(d, r, low);
  return {hn::Add(sums.sin, sums.sin_rest), hn::Add(sums.cos, sums.cos_rest)};
}

/// The sine (cosine) in the quadrant: the one or the other polynomial, and the sign.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sine_in_quadrant(D d, const SinCos<V>& at, Bits<D> quadrant) noexcept {
  const hn::RebindToUnsigned<D> du;
  const auto odd = hn::And(quadrant, hn::Set(du, 1));
  const auto swap = hn::RebindMask(d, hn::Ne(odd, hn::Zero(du)));
  const auto sign = hn::ShiftLeft<62>(hn::And(quadrant, hn::Set(du, 2)));
  return hn::Xor(hn::IfThenElse(swap, at.cos, at.sin), hn::BitCast(d, sign));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cosine_in_quadrant(D d, const SinCos<V>& at, Bits<D> quadrant) noexcept {
  const hn::RebindToUnsigned<D> du;
  return sine_in_quadrant(d, at, hn::Add(quadrant, hn::Set(du, 1)));
}

/// sin and cos of 2*pi*t for |t| <= 2^50: the reduction is exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE SinCos<V> sincos_turns(D d, V t) noexcept {
  const hn::RebindToUnsigned<D> du;
  const V magic = hn::Set(d, 0x1.8p52);
  const V shifted = hn::MulAdd(t, hn::Set(d, 4.0), magic);
  const V rest = hn::NegMulAdd(hn::Sub(shifted, magic), hn::Set(d, 0.25), t);
  const V r = hn::Mul(rest, hn::Set(d, 0x1.921fb54442d18p+2));
  const SinCos<V> at = sincos_reduced(d, r, hn::Zero(d));
  const auto quadrant = hn::BitCast(du, shifted);
  return {sine_in_quadrant(d, at, quadrant), cosine_in_quadrant(d, at, quadrant)};
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
