// furrow/kernels/math/hyperbolic-inl.h
//
// sinh, cosh and tanh on a vector of f64 or f32.
//
// Error   1.0 ULP at most over the whole range (tests/kernels: accuracy)
// Special sinh and tanh are odd, +-0 gives +-0; sinh(+-inf) = +-inf, cosh(+-inf) = inf, cosh(0) =
// 1,
//         tanh(+-inf) = +-1; NaN gives NaN; overflow gives an infinity
// Method  |x| = k ln2 + r. With q = 2^-2k, C = cosh r, S = sinh r:
//           sinh |x| = 2^(k-1) ((1 - q) C + (1 + q) S),   cosh x = 2^(k-1) ((1 + q) C + (1 - q) S),
//         no division and no cancellation; C and S minimax in r^2 (fpminimax of Sollya, errors
//         below 2^-60, f32 2^-32). tanh |x| = (e^2|x| - 1) / (e^2|x| + 1) with numerator and
//         denominator as pairs, one division and a correction of its quotient
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

/// What sinh and cosh share: |x| = k ln2 + r + tail, cosh r = 1 + even, sinh r = r + odd.
template <class V>
struct HyperbolicParts {
  V k;
  V r;
  V odd;  // the tail included
  V even;
  Pair<V> minus;  // 1 - 2^-2k
  Pair<V> plus;   // 1 + 2^-2k
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE HyperbolicParts<V> hyperbolic_parts(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V high = hn::Set(d, f64 ? T(711) : T(90));
  const V magnitude = hn::Abs(x);
  const ReducedByLn2<V> at =
      reduce_by_ln2(d, hn::IfThenElse(hn::Gt(magnitude, high), high, magnitude));
  const V z = hn::Mul(at.high, at.high);
  V odd;
  V even;
  if constexpr (f64) {
    constexpr T s[] = {0x1.5555555555556p-3, 0x1.1111111110704p-7, 0x1.a01a01a908b6bp-13,
                       0x1.71de0a21eeadep-19, 0x1.af3f48761aac4p-26};
    constexpr T c[] = {0x1.0000000000000p-1,  0x1.5555555555556p-5,  0x1.6c16c16c15ff2p-10,
                       0x1.a01a01a81e4a3p-16, 0x1.27e4d80478246p-22, 0x1.1f790b6b6c56bp-29};
    const V z2 = hn::Mul(z, z);
    odd = polynomial(d, z, z2, s);
    even = polynomial(d, z, z2, c);
  } else {
    constexpr T s[] = {0x1.555556p-3f, 0x1.110f88p-7f, 0x1.a3633p-13f};
    constexpr T c[] = {0x1p-1f, 0x1.5555p-5f, 0x1.6d3084p-10f};
    const V z2 = hn::Mul(z, z);
    odd = polynomial(d, z, z2, s);
    even = polynomial(d, z, z2, c);
  }
  odd = hn::MulAdd(hn::Mul(at.high, z), odd, at.low);
  const V one = hn::Set(d, T(1));
  const V exponent = hn::Min(hn::Add(at.k, at.k), hn::Set(d, f64 ? T(1000) : T(100)));
  const V q = power_of_two(hn::Neg(exponent));
  return {
      at.k, at.high, odd, hn::Mul(z, even), fast_two_sum(one, hn::Neg(q)), fast_two_sum(one, q)};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sinh(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const HyperbolicParts<V> at = hyperbolic_parts(d, x);
  const Pair<V> product = two_product(at.plus.high, at.r);
  const Pair<V> sum = fast_two_sum(at.minus.high, product.high);
  V rest = hn::MulAdd(at.plus.low, at.r, hn::Add(at.minus.low, product.low));
  rest = hn::MulAdd(at.minus.high, at.even, hn::MulAdd(at.plus.high, at.odd, rest));
  const V y = hn::Add(sum.high, hn::Add(sum.low, rest));
  return hn::CopySign(scale_by_power(y, hn::Sub(at.k, hn::Set(d, T(1)))), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cosh(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const HyperbolicParts<V> at = hyperbolic_parts(d, x);
  const Pair<V> sum = fast_two_sum(at.plus.high, hn::Mul(at.minus.high, at.r));
  V rest = hn::MulAdd(at.minus.low, at.r, at.plus.low);
  rest = hn::MulAdd(at.plus.high, at.even, hn::MulAdd(at.minus.high, at.odd, rest));
  const V y = hn::Add(sum.high, hn::Add(sum.low, rest));
  return scale_by_power(y, hn::Sub(at.k, hn::Set(d, T(1))));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V high = hn::Set(d, sizeof(T) == 8 ? T(44) : T(20));  // from there on 1
  const V twice = hn::Abs(hn::Add(x, x));
  const ReducedByLn2<V> at = reduce_by_ln2(d, hn::IfThenElse(hn::Gt(twice, high), high, twice));
  const V rest = expm1_rest(d, at.high, at.low);
  // Both divided by 2^k: numerator (1 - q) + r + rest, denominator (1 + q) + r + rest.
  const V q = power_of_two(hn::Neg(at.k));
  const Pair<V> minus = fast_two_sum(one, hn::Neg(q));
  const Pair<V> upper = fast_two_sum(minus.high, at.high);
  const Pair<V> numerator = fast_two_sum(upper.high, hn::Add(hn::Add(upper.low, minus.low), rest));
  const Pair<V> plus = fast_two_sum(one, q);
  const Pair<V> lower = fast_two_sum(plus.high, at.high);
  const Pair<V> denominator = fast_two_sum(lower.high, hn::Add(hn::Add(lower.low, plus.low), rest));
  const V inverse = hn::Div(one, denominator.high);
  const V quotient = hn::Mul(numerator.high, inverse);
  const V missing = hn::Sub(hn::NegMulAdd(quotient, denominator.low, numerator.low),
                            product_rest(quotient, denominator.high, numerator.high));
  return hn::CopySign(hn::MulAdd(missing, inverse, quotient), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
