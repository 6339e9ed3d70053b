// furrow/kernels/math/hyperbolic-inl.h
//
// sinh, cosh and tanh on a vector of f64 or f32.
//
// Error   sinh 1.7 ULP at most, cosh 1.3, tanh 1.6, over the whole range (tests/kernels: accuracy)
// Special sinh and tanh are odd, +-0 gives +-0; sinh(+-inf) = +-inf, cosh(+-inf) = inf, cosh(0) is
//         1, tanh(+-inf) = +-1; NaN gives NaN; overflow gives an infinity
// Method  |x| = k ln2 + r. With q = 2^-2k, C = cosh r, S = sinh r:
//         sinh |x| = 2^(k-1) ((1 - q) C + (1 + q) S),   cosh x = 2^(k-1) ((1 + q) C + (1 - q) S),
//         no division and no cancellation; C and S minimax in r^2 (fpminimax of Sollya, errors
//         below 2^-60, f32 2^-32). tanh |x| = (e^2|x| - 1) / (e^2|x| + 1) with numerator and
//         denominator as pairs, one division and a correction of its quotient; e^2r - 1 minimax
//         (error below 2^-53.8). f32: 1 - 2 / (e^2|x| + 1), below 0.6 a polynomial in x^2
//         (errors below 2^-26)
#if defined(FURROW_KERNELS_HYPERBOLIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_HYPERBOLIC_INL_H_
#undef FURROW_KERNELS_HYPERBOLIC_INL_H_
#else
#define FURROW_KERNELS_HYPERBOLIC_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/expm1-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What sinh and cosh share: |x| = k ln2 + r, cosh r = 1 + even, sinh r = r + odd, q = 2^-2k.
template <class V>
struct HyperbolicParts {
  V k, r, odd, even, q;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE HyperbolicParts<V> hyperbolic_parts(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V magic = hn::Set(d, f64 ? T(0x1.8p52) : T(0x1.8p23));
  const V inverse = hn::Set(d, f64 ? T(0x1.71547652b82fep+0) : T(0x1.715476p+0));
  const V magnitude = at_most(hn::Abs(x), f64 ? T(711) : T(90));
  const V k = hn::Sub(hn::MulAdd(magnitude, inverse, magic), magic);
  // k times the first part of ln2 is exact, and so is the difference.
  const V ln2_high = hn::Set(d, f64 ? T(0x1.62e42fefa3800p-1) : T(0x1.62e4p-1));
  const V ln2_low = hn::Set(d, f64 ? T(0x1.ef35793c76730p-45) : T(0x1.7f7d1cp-20));
  const V r = hn::NegMulAdd(k, ln2_low, hn::NegMulAdd(k, ln2_high, magnitude));
  const V z = hn::Mul(r, r);
  const V z2 = hn::Mul(z, z);
  V odd;
  V even;
  if constexpr (f64) {
    constexpr T s[] = {0x1.5555555555556p-3, 0x1.1111111110704p-7, 0x1.a01a01a908b6bp-13,
                       0x1.71de0a21eeadep-19, 0x1.af3f48761aac4p-26};
    constexpr T c[] = {0x1.0000000000000p-1,  0x1.5555555555556p-5,  0x1.6c16c16c15ff2p-10,
                       0x1.a01a01a81e4a3p-16, 0x1.27e4d80478246p-22, 0x1.1f790b6b6c56bp-29};
    odd = polynomial(d, z, z2, s);
    even = polynomial(d, z, z2, c);
  } else {
    constexpr T s[] = {0x1.555556p-3f, 0x1.110f88p-7f, 0x1.a3633p-13f};
    constexpr T c[] = {0x1p-1f, 0x1.5555p-5f, 0x1.6d3084p-10f};
    odd = polynomial(d, z, z2, s);
    even = polynomial(d, z, z2, c);
  }
  const V exponent = hn::Min(k, hn::Set(d, f64 ? T(500) : T(60)));
  const V q = power_of_two(hn::Neg(hn::Add(exponent, exponent)));
  return {k, r, hn::Mul(hn::Mul(r, z), odd), hn::Mul(z, even), q};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sinh(D d, V x) noexcept {
  const V one = hn::Set(d, hn::TFromD<D>(1));
  const HyperbolicParts<V> at = hyperbolic_parts(d, x);
  // Exact, but for a q below half a last place.
  const V minus = hn::Sub(one, at.q);
  const V plus = hn::Add(one, at.q);
  const V rest = hn::MulAdd(minus, at.even, hn::Mul(plus, at.odd));
  const V y = hn::Add(minus, hn::MulAdd(plus, at.r, rest));
  return hn::CopySign(scale_by_power(y, hn::Sub(at.k, one)), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cosh(D d, V x) noexcept {
  const V one = hn::Set(d, hn::TFromD<D>(1));
  const HyperbolicParts<V> at = hyperbolic_parts(d, x);
  const V minus = hn::Sub(one, at.q);
  const V plus = hn::Add(one, at.q);
  const V rest = hn::MulAdd(plus, at.even, hn::MulAdd(minus, at.odd, at.q));
  const V y = hn::Add(one, hn::MulAdd(minus, at.r, rest));
  return scale_by_power(y, hn::Sub(at.k, one));
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> tanh(D d, hn::Vec<D> x)
noexcept {
  using V = hn::Vec<D>;
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V one = c(1);
  const V magnitude = hn::Abs(x);
  const V y = hn::IfThenElse(hn::Gt(magnitude, c(22)), c(22), magnitude);  // from there on 1
  // |x| = k ln2/2 + u + u_low
  const V magic = c(0x1.8p52);
  const V shifted = hn::MulAdd(y, c(0x1.71547652b82fep+1), magic);
  const V k = hn::Sub(shifted, magic);
  const V part = hn::NegMulAdd(k, c(0x1.62e42fefa3800p-2), y);
  const V u = hn::NegMulAdd(k, c(0x1.ef35793c76730p-46), part);
  const V u_low = hn::NegMulAdd(k, c(0x1.ef35793c76730p-46), hn::Sub(part, u));
  // t = e^2u - 1 and what its rounding lost.
  constexpr double r[] = {0x1p1,
                          0x1.5555555555556p+0,
                          0x1.5555555554ca2p-1,
                          0x1.1111111110439p-2,
                          0x1.6c16c1739d43cp-4,
                          0x1.a01a01ab35fdfp-6,
                          0x1.a019c96357f79p-8,
                          0x1.71de026047421p-10,
                          0x1.28809c5c2664fp-12,
                          0x1.af50008b2f0fbp-15};
  const V u2 = hn::Mul(u, u);
  const V curve = hn::MulAdd(u_low, c(2), hn::Mul(u2, polynomial(d, u, u2, r)));
  const V twice = hn::Add(u, u);
  const V t = hn::Add(twice, curve);
  const V t_low = hn::Sub(curve, hn::Sub(t, twice));
  // Numerator (1 - q) + t, denominator (1 + q) + t, q = 2^-k, each with what it lost. 1 - q is
  // exact, and 0 or greater than t.
  const auto exponent = hn::ShiftLeft<52>(hn::BitCast(du, shifted));
  const V q = hn::BitCast(d, hn::Sub(hn::BitCast(du, one), exponent));
  const V minus = hn::Sub(one, q);
  const V plus = hn::Add(one, q);
  const V plus_low = hn::Sub(q, hn::Sub(plus, one));
  const V top = hn::Add(minus, t);
  const V top_low = hn::Add(hn::Sub(t, hn::Sub(top, minus)), t_low);
  const V bottom = hn::Add(plus, t);
  const V bottom_low = hn::Add(hn::Sub(t, hn::Sub(bottom, plus)), hn::Add(t_low, plus_low));
  const V inverse = hn::Div(one, bottom);
  const V quotient = hn::Mul(top, inverse);
  const V missing =
      hn::Sub(hn::NegMulAdd(quotient, bottom_low, top_low), product_rest(quotient, bottom, top));
  return hn::CopySign(hn::MulAdd(missing, inverse, quotient), x);
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE hn::Vec<D> tanh(D d, hn::Vec<D> x)
noexcept {
  using V = hn::Vec<D>;
  const auto c = [d](float value) HWY_ATTR { return hn::Set(d, value); };
  const V one = c(1);
  const V magnitude = hn::Abs(x);
  const V y = hn::IfThenElse(hn::Gt(magnitude, c(10)), c(10), magnitude);  // from there on 1
  // e^2y, y = k ln2/2 + u
  const V magic = c(0x1.8p23f);
  const V shifted = hn::MulAdd(y, c(0x1.715476p+1f), magic);
  const V k = hn::Sub(shifted, magic);
#if HWY_NATIVE_FMA
  const V u = hn::NegMulAdd(k, c(0x1.62e43p-2f), y);
#else
  const V u = hn::NegMulAdd(k, c(0x1.7f7d1cp-21f), hn::NegMulAdd(k, c(0x1.62e4p-2f), y));
#endif
  constexpr float r[] = {0x1p1f,         0x1p1f,         0x1.5554acp+0f,
                         0x1.5554e2p-1f, 0x1.122a2ap-2f, 0x1.6d5426p-4f};
  const V exponential = hn::MulAdd(u, polynomial(d, u, hn::Mul(u, u), r), one);
  const V power = scale_by_shifted(exponential, shifted);
  const V steep = hn::Sub(one, hn::Div(c(2), hn::Add(power, one)));
  constexpr float s[] = {-0x1.555554p-2f, 0x1.110ef8p-3f, -0x1.b954e4p-5f, 0x1.59b5cap-6f,
                         -0x1.994772p-8f};
  const V z = hn::Mul(y, y);
  const V flat = hn::MulAdd(hn::Mul(y, z), polynomial(d, z, hn::Mul(z, z), s), y);
  return hn::CopySign(hn::IfThenElse(hn::Ge(y, c(0.6f)), steep, flat), x);  // NaN: flat
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
