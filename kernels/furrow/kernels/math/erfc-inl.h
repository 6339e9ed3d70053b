// furrow/kernels/math/erfc-inl.h
//
// erfc x = 1 - erf x and ndtr x, the standard normal distribution function (NumPy users know it
// from SciPy under this name), on a vector of f64; the same for numbers of type f32.
//
// Error   2.0 ULP at most, far tails and denormal results included; the short forms 0.51 ULP of f32
//         after rounding to it
// Special erfc(+inf) = 0, erfc(-inf) = 2, ndtr(-inf) = 0, ndtr(+inf) = 1, NaN gives NaN
// Method  for a = |x| (for ndtr u = a/sqrt 2 takes the place of a on the right):
//           erfc a = e^(-a^2) W(t) / (1 + 2a/sqrt(pi)),   t = (a - k)/(a + k)
//         W stays within [0.63, 1]: one polynomial (Chebyshev interpolation) over the whole tail:
//         the scheme of Shepherd and Laframboise (Math. Comp. 36, 1981). The square, the
//         exponential and the quotient keep what their roundings lose.
#if defined(FURROW_KERNELS_ERFC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ERFC_INL_H_
#undef FURROW_KERNELS_ERFC_INL_H_
#else
#define FURROW_KERNELS_ERFC_INL_H_
#endif

#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A positive number as value * 2^k.
template <class V>
struct Scaled {
  V value, k;
};

/// e^x = (high + low) 2^k for x = high + low of the argument, -756 <= x <= 0.
template <class V>
struct ExpSum {
  V high, low, k;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE ExpSum<V> exp_sum(D d, V x, V x_low) noexcept {
  // e^r = 1 + r + r^2 P(r), the P of exp-inl.h
  static constexpr double series[] = {
      0x1.000000000000ap-1,  0x1.55555555554f9p-3,  0x1.555555555083fp-5,  0x1.1111111127d10p-7,
      0x1.6c16c184388eap-10, 0x1.a01a012a0e024p-13, 0x1.a01999e2b7996p-16, 0x1.71df25b66c101p-19,
      0x1.28ad9b3ef2749p-22, 0x1.ad7f393e88573p-26};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V magic = c(0x1.8p52);
  const V k = hn::Sub(hn::MulAdd(x, c(0x1.71547652b82fep+0), magic), magic);
  const V coarse = hn::NegMulAdd(k, c(0x1.62e42fefa3800p-1), x);  // exact
  const V fine = hn::NegMulAdd(k, c(0x1.ef35793c76730p-45), x_low);
  const Pair<V> r = fast_two_sum(coarse, fine);
  const V square = hn::Mul(r.high, r.high);
  const V p = polynomial(d, r.high, square, series);
  const Pair<V> sum = fast_two_sum(c(1.0), r.high);
  const V r_low = hn::MulAdd(r.high, r.low, r.low);  // times e^r, nearly
  return {sum.high, hn::Add(sum.low, hn::MulAdd(square, p, r_low)), k};
}

/// W - 0.8125 as a polynomial in t, |t| <= 1, k = 3.5
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tail_series(D d, V t) noexcept {
  static constexpr double series[] = {
      -0x1.67a2de789e734p-5,  -0x1.a3f4a194b99e4p-3,  0x1.87c3670dfcd0bp-4,
      -0x1.f5254a4de1c2bp-7,  -0x1.859b6b4fd5558p-6,  0x1.e8dafad3f790bp-6,
      -0x1.4a167c6280121p-6,  0x1.2483b14fefc65p-7,   -0x1.286cba679574ep-9,
      -0x1.77a68040b1278p-15, 0x1.1c7eae055aff2p-12,  -0x1.28168adc3e26bp-14,
      -0x1.3361a4a2bf806p-16, 0x1.b378e0d38ff93p-17,  0x1.5e9e03afde3c8p-21,
      -0x1.0b3ddc0fb8db3p-19, 0x1.dd9c5ab68b917p-25,  0x1.4fd1d5aa90143p-22,
      -0x1.b953dbf8b2232p-27, -0x1.adbfb68d6331dp-25, -0x1.411453022acadp-31,
      0x1.bbe25370fd7acp-28,  0x1.62025d2d593bfp-31,  -0x1.3c451a4cb2a8fp-32};
  return polynomial(d, t, hn::Mul(t, t), series);
}

/// erfc(a) for 0 <= a <= 27.5, or with Normal twice ndtr(-a) for 0 <= a <= 38.8.
template <bool Normal, class D, class V = hn::Vec<D>>
HWY_INLINE Scaled<V> error_tail(D d, V a) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V minus_a = Normal ? hn::Mul(a, c(-0.5)) : hn::Neg(a);
  const Pair<V> square = two_product(minus_a, a);
  const ExpSum<V> e = exp_sum(d, square.high, square.low);
  // The denominator, to twice the digits.
  Pair<V> slope = two_product(a, c(Normal ? 0x1.9884533d43651p-1 : 0x1.20dd750429b6dp+0));
  slope.low = hn::MulAdd(a, c(Normal ? -0x1.cbc0d30ebfd15p-55 : 0x1.1ae3a914fed80p-56), slope.low);
  Pair<V> below = two_sum(slope.high, c(1.0));
  below.low = hn::Add(below.low, slope.low);
  const V pole = c(Normal ? 0x1.3cc8a99af5453p+2 : 3.5);
  const V inverse_both = hn::Div(c(1.0), hn::Mul(below.high, hn::Add(a, pole)));
  const V inverse = hn::Mul(inverse_both, hn::Add(a, pole));
  const V t = hn::Mul(hn::Sub(a, pole), hn::Mul(inverse_both, below.high));
  const V series = tail_series(d, t);
  // (e.high + e.low) (0.8125 + series) = above + above_low
  const V above = hn::Mul(e.high, c(0.8125));
  const V lost = product_rest(e.high, c(0.8125), above);
  const V side = hn::MulAdd(e.low, c(0.8125), hn::Mul(hn::Add(e.high, e.low), series));
  const V above_low = hn::Add(lost, side);
  const V q = hn::Mul(above, inverse);
  const V rest =
      hn::Sub(hn::NegMulAdd(q, below.low, above_low), product_rest(q, below.high, above));
  return {hn::MulAdd(rest, inverse, q), e.k};
}

/// The same for numbers of type f32, result not scaled; a <= 10.5, or 14.8 with Normal.
template <bool Normal, class D, class V = hn::Vec<D>>
HWY_INLINE V error_tail_short(D d, V a) noexcept {
  static constexpr double exp_series[] = {0x1.0000000b8f62bp-1,  0x1.5555555a78232p-3,
                                          0x1.5554e9114ecf9p-5,  0x1.1110e0f726534p-7,
                                          0x1.6d431504c53d3p-10, 0x1.a124e3f154d32p-13};
  static constexpr double series[] = {
      0x1.9c67e482ee305p-1,  -0x1.d92b0deaee890p-3, 0x1.b8fafd0efb12ap-5,   0x1.1a26f31a9bfbcp-5,
      -0x1.4d5e2e7ae6293p-5, 0x1.125364733c7a7p-6,  -0x1.47b02ba36cd6dp-11, -0x1.12740d60f1677p-9,
      0x1.859d0c872fca3p-12, 0x1.4176e255bbd09p-12, -0x1.9bf72812f4c48p-15, -0x1.c93cbc0ee1c4fp-15,
      -0x1.2c6f6ee190811p-17};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V x = hn::Mul(hn::Mul(a, a), c(Normal ? -0.5 : -1.0));
  const V magic = c(0x1.8p52 + 1023);  // leaves k plus the exponent bias in the low bits
  const V shifted = hn::MulAdd(x, c(0x1.71547652b82fep+0), magic);
  const V power = hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(du, shifted)));
  const V r = hn::NegMulAdd(hn::Sub(shifted, magic), c(0x1.62e42fefa39efp-1), x);
  const V r2 = hn::Mul(r, r);
  const V e = hn::MulAdd(r2, polynomial(d, r, r2, exp_series), hn::Add(r, c(1.0)));
  const V below = hn::MulAdd(a, c(Normal ? 0x1.9884533d43651p-1 : 0x1.20dd750429b6dp+0), c(1.0));
  const V pole = c(Normal ? 0x1.c48c6001f0ac0p+1 : 2.5);
  const V sum = hn::Add(a, pole);
  const V inverse_both = hn::Div(c(1.0), hn::Mul(below, sum));
  const V t = hn::Mul(hn::Sub(a, pole), hn::Mul(inverse_both, below));
  const V w = hn::Mul(polynomial(d, t, hn::Mul(t, t), series), hn::Mul(inverse_both, sum));
  return hn::Mul(hn::Mul(e, w), power);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erfc(D d, V x) noexcept {
  const Scaled<V> tail = error_tail<false>(d, limit(hn::Abs(x), 0.0, 27.5));
  const V y = scale_by_power(tail.value, tail.k);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Sub(hn::Set(d, 2.0), y), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtr(D d, V x) noexcept {
  const Scaled<V> tail = error_tail<true>(d, limit(hn::Abs(x), 0.0, 38.8));
  const V y = scale_by_power(tail.value, hn::Sub(tail.k, hn::Set(d, 1.0)));
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Sub(hn::Set(d, 1.0), y), y);
}

/// REQUIRES of both: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erfc_short(D d, V x) noexcept {
  const V y = error_tail_short<false>(d, limit(hn::Abs(x), 0.0, 10.5));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Sub(hn::Set(d, 2.0), y), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtr_short(D d, V x) noexcept {
  const V y = hn::Mul(error_tail_short<true>(d, limit(hn::Abs(x), 0.0, 14.8)), hn::Set(d, 0.5));
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Sub(hn::Set(d, 1.0), y), y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
