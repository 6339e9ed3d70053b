// furrow/kernels/math/gamma-inl.h
//
// The gamma function on a vector of f64; the same for numbers of type f32.
//
// Error   1.5 ULP at most (seen: 1.16; 1.0 with a fused multiply-add), denormal results and the
//         neighbourhood of the poles included; tgamma_short: 0.501 ULP of f32 after rounding to it
// Special C's F.10.5.4: tgamma(+-0) = +-inf, tgamma(+inf) = +inf, negative whole numbers and -inf
//         give NaN, NaN gives NaN; gamma of 1, 2, …, 23 is exact
// Method  e^(ln gamma) with the logarithm by Stirling's series, as a pair; small arguments are
//         moved up, negative ones reflected (stirling-inl.h); one rounding at the end
#if defined(FURROW_KERNELS_GAMMA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_GAMMA_INL_H_
#undef FURROW_KERNELS_GAMMA_INL_H_
#else
#define FURROW_KERNELS_GAMMA_INL_H_
#endif

#include <furrow/kernels/math/erfc-inl.h>
#include <furrow/kernels/math/stirling-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The poles, and what e^x of a limited logarithm misses. `y` is the gamma function elsewhere.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gamma_special(D d, V x, V y) noexcept {
  const V zero = hn::Zero(d);
  const V nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  // 1/x - 0.58, and +-inf at +-0
  const auto tiny = hn::Lt(hn::Abs(x), hn::Set(d, 0x1p-55));
  y = hn::IfThenElse(tiny, hn::Div(hn::Set(d, 1.0), x), y);
  const auto pole = hn::And(hn::Lt(x, zero), hn::Eq(hn::Round(x), x));
  return hn::IfThenElse(pole, nan, y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tgamma(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V one = c(1.0);
  // gamma(172) is infinite and gamma(-200) zero, to the last bit of a double.
  const V a = limit(hn::Abs(x), 0.0, 200.0);
  const Raised<D> at = raise_argument(d, a);
  Pair<V> log = stirling(d, at.argument);
  Pair<V> divisor = two_product(a, at.plus_seven.high);
  divisor.low = hn::MulAdd(a, at.plus_seven.low, divisor.low);
  divisor = multiply_pairs(divisor, at.inner);
  divisor = select_pair(d, at.small, divisor, Pair<V>{one, hn::Zero(d)});
  Pair<V> factor = {one, hn::Zero(d)};
  const auto negative = hn::Lt(x, hn::Zero(d));
  // Lanes that are not negative keep their bits.
  if (HWY_UNLIKELY(!hn::AllFalse(d, negative))) {
    const SinePi<V> sine = sine_of_pi_times(d, hn::Abs(x));
    const Pair<V> pi = {hn::Xor(c(-0x1.921fb54442d18p+1), sine.sign),
                        hn::Xor(c(-0x1.1a62633145c07p-53), sine.sign)};
    const Pair<V> product = multiply_pairs(at.inner, at.plus_seven);
    const Pair<V> above =
        multiply_pairs(pi, select_pair(d, at.small, product, Pair<V>{one, hn::Zero(d)}));
    const V below = hn::IfThenElse(at.small, one, a);
    const Pair<V> slope = multiply_pairs(sine.magnitude, Pair<V>{below, hn::Zero(d)});
    factor = select_pair(d, negative, above, factor);
    divisor = select_pair(d, negative, slope, divisor);
    const V flip = hn::And(x, hn::SignBit(d));
    log = {hn::Xor(log.high, flip), hn::Xor(log.low, flip)};
  }
  const ExpSum<V> e = exp_sum(d, log.high, log.low);
  const Pair<V> above = multiply_pairs(Pair<V>{e.high, e.low}, factor);
  const V inverse = hn::Div(one, divisor.high);
  const V q = hn::Mul(above.high, inverse);
  const V rest =
      hn::Sub(hn::NegMulAdd(q, divisor.low, above.low), product_rest(q, divisor.high, above.high));
  return gamma_special(d, x, scale_by_power(hn::MulAdd(rest, inverse, q), e.k));
}

/// The same for numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tgamma_short(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V one = c(1.0);
  // gamma(60) is infinite and gamma(-60) zero in f32.
  const V a = limit(hn::Abs(x), 0.0, 60.0);
  const RaisedShort<D> at = raise_short(d, a);
  V log = stirling_short(d, at.argument);
  V factor = one;
  V divisor = hn::IfThenElse(at.small, hn::Mul(at.inner, hn::Mul(a, at.plus_seven)), one);
  const auto negative = hn::Lt(x, hn::Zero(d));
  // Lanes that are not negative keep their bits.
  if (HWY_UNLIKELY(!hn::AllFalse(d, negative))) {
    const V sine = sine_of_pi_times_short(d, hn::Abs(x));
    const V product = hn::IfThenElse(at.small, hn::Mul(at.inner, at.plus_seven), one);
    factor = hn::IfThenElse(negative, hn::Mul(c(-0x1.921fb54442d18p+1), product), factor);
    divisor = hn::IfThenElse(negative, hn::Mul(sine, hn::IfThenElse(at.small, one, a)), divisor);
    log = hn::Xor(log, hn::And(x, hn::SignBit(d)));
  }
  return gamma_special(d, x, hn::Mul(exp(d, log), hn::Div(factor, divisor)));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
