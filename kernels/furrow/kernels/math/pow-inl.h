// furrow/kernels/math/pow-inl.h
//
// x^y on vectors of f64; for f32 numbers in f64.
//
// Error   1.0 ULP at most over the whole range, denormal results included; pow_short, of f32
//         numbers, 2^-44 before it is rounded to f32 (tests/kernels: accuracy)
// Special C's Annex F (F.10.4.4): x^+-0 = 1 and 1^y = 1 even for NaN, (-1)^+-inf = 1, a negative
//         base with a fraction in y gives NaN, +-0 and +-inf keep their sign for odd whole y
// Method  ln|x| as a pair to 2^-65: x = 2^k (1 + f), s = f/(2 + f) as a pair,
//         ln(1 + f) = 2s + s z (2/3 + z R(z)), z = s^2, R minimax (fpminimax of Sollya, relative
//         error of the sum below 2^-69); times y; e^t of the pair as in expm1-inl.h
#if defined(FURROW_KERNELS_POW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_POW_INL_H_
#undef FURROW_KERNELS_POW_INL_H_
#else
#define FURROW_KERNELS_POW_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/expm1-inl.h>
#include <furrow/kernels/math/log-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// ln of a positive normal number, as a pair; `bias` as in decompose.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Pair<V> log_pair(D d, V x, V bias) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const Decomposed<V> at = decompose(d, x, bias);
  const Pair<V> below = fast_two_sum(c(2.0), at.f);
  const V inverse = hn::Div(c(1.0), below.high);
  Pair<V> s;
  s.high = hn::Mul(at.f, inverse);
  const V missing = hn::MulAdd(s.high, below.low, product_rest(s.high, below.high, at.f));
  s.low = hn::Neg(hn::Mul(missing, inverse));
  const Pair<V> z = multiply_pairs(s, s);
  constexpr double r[] = {0x1.999999999999ap-2, 0x1.24924924922fep-2, 0x1.c71c71c74c77ap-3,
                          0x1.745d173ce41bap-3, 0x1.3b13a9cbb9294p-3, 0x1.111551154f755p-3,
                          0x1.e01971bc08f3ap-4, 0x1.daa559ed8cce9p-4};
  const Pair<V> tail = two_product(z.high, polynomial(d, z.high, hn::Mul(z.high, z.high), r));
  Pair<V> inner = fast_two_sum(c(0x1.5555555555555p-1), tail.high);
  inner.low = hn::Add(inner.low, hn::Add(tail.low, c(0x1.5555555555555p-55)));
  const Pair<V> cubic = multiply_pairs(multiply_pairs(inner, z), s);
  const Pair<V> sum = fast_two_sum(hn::Add(s.high, s.high), cubic.high);
  const V low = hn::Add(sum.low, hn::Add(hn::Add(s.low, s.low), cubic.low));
  // k ln2 in three parts: the first product is exact, the third part is below the error.
  const Pair<V> all = fast_two_sum(hn::Mul(at.k, c(0x1.62e42fefa3800p-1)), sum.high);
  const V rest = hn::Add(all.low, low);
  return fast_two_sum(all.high, hn::MulAdd(at.k, c(0x1.ef35793c76730p-45), rest));
}

/// e^(t.high + t.low), |t.high| <= 750.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_pair(D d, Pair<V> t) noexcept {
  const ReducedByLn2<V> at = reduce_by_ln2(d, t.high);
  const V curve = expm1_rest(d, at.high, hn::Zero(d));
  const V tail = hn::Add(at.low, t.low);
  const V rest = hn::Add(curve, hn::MulAdd(tail, hn::Add(at.high, curve), tail));
  const Pair<V> sum = fast_two_sum(hn::Set(d, 1.0), at.high);
  return scale_by_power(hn::Add(sum.high, hn::Add(sum.low, rest)), at.k);
}

/// The cases that |x|^y = `power` by way of the logarithm misses.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow_special(D d, V x, V y, V power) noexcept {
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0);
  const V infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  const V nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  const V magnitude = hn::Abs(x);
  const V half = hn::Mul(y, hn::Set(d, 0.5));
  const auto whole = hn::Eq(hn::Round(y), y);
  const auto odd = hn::AndNot(hn::Eq(hn::Round(half), half), whole);
  const auto negative = hn::Lt(y, zero);
  V r = power;
  const V of_zero = hn::IfThenElse(negative, infinity, zero);
  r = hn::IfThenElse(hn::Eq(magnitude, zero), of_zero, r);
  const V of_infinity = hn::IfThenElse(negative, zero, infinity);
  r = hn::IfThenElse(hn::Eq(magnitude, infinity), of_infinity, r);
  r = hn::IfThenElse(hn::Eq(magnitude, one), one, r);
  const auto negative_base = hn::And(hn::Lt(x, zero), hn::Gt(x, hn::Neg(infinity)));
  r = hn::IfThenElse(hn::AndNot(whole, negative_base), nan, r);
  r = hn::IfThenElse(odd, hn::CopySign(r, x), r);
  r = hn::IfThenElse(hn::And(hn::Eq(x, x), hn::Eq(y, y)), r, nan);
  return hn::IfThenElse(hn::Or(hn::Eq(y, zero), hn::Eq(x, one)), one, r);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow(D d, V x, V y) noexcept {
  using L = std::numeric_limits<double>;
  const V least = hn::Set(d, L::min());
  const auto plain = hn::And(hn::Ge(x, least), hn::Lt(x, hn::Set(d, L::infinity())));
  const bool simple = hn::AllTrue(d, plain);
  V base = x;
  V bias = hn::Zero(d);
  // Lane by lane the same as without it, or a special value: neighbours change no bits.
  if (HWY_UNLIKELY(!simple)) {
    base = hn::Abs(x);
    const auto tiny = hn::Lt(base, least);
    base = hn::IfThenElse(tiny, hn::Mul(base, hn::Set(d, 0x1p54)), base);
    bias = hn::IfThenElseZero(tiny, hn::Set(d, 54.0));
  }
  const Pair<V> log = log_pair(d, base, bias);
  Pair<V> t = two_product(y, log.high);
  t.low = hn::MulAdd(y, log.low, t.low);
  const auto small = hn::Lt(hn::Abs(t.high), hn::Set(d, 708.0));
  if (HWY_LIKELY(simple && hn::AllTrue(d, small))) return exp_pair(d, t);
  t.low = hn::IfThenElseZero(hn::Lt(hn::Abs(t.high), hn::Set(d, 800.0)), t.low);
  t.high = limit(t.high, -750.0, 710.0);
  return pow_special(d, x, y, exp_pair(d, t));
}

/// For x and y that are f32 numbers.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow_short(D d, V x, V y) noexcept {
  using L = std::numeric_limits<double>;
  // No f32 number but 0 is below the least normal f64.
  const V power = exp(d, hn::Mul(y, log_normal(d, hn::Abs(x), hn::Zero(d))));
  const auto plain = hn::And(hn::Gt(x, hn::Zero(d)), hn::Lt(x, hn::Set(d, L::infinity())));
  const auto finite = hn::Lt(hn::Abs(y), hn::Set(d, L::infinity()));
  if (HWY_LIKELY(hn::AllTrue(d, hn::And(plain, finite)))) return power;
  return pow_special(d, x, y, power);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
