// furrow/kernels/math/lgamma-inl.h
//
// ln |gamma(x)| on a vector of f64.
//
// Error   1.5 ULP at most for x > -2 (seen: 1.01); below, where the function has roots (-2.457…,
//         -2.747…, -3.143…, two in every unit from there), 2 ULP or 2^-54 absolute, whichever is
//         more; lgamma_short: 0.6 ULP of f32 after rounding to it, at the roots too
// Special C's F.10.5.3: lgamma(1) = lgamma(2) = +0, zeros, negative whole numbers and both
//         infinities give +inf, NaN gives NaN
// Method  (x - 1)(x - 2) P(x) around the roots 1 and 2 (Chebyshev interpolation, relative error
//         below 2^-57); elsewhere Stirling's series as a pair, less the logarithm of the product
//         that moves small arguments up, or of the factor of the reflection (stirling-inl.h)
#if defined(FURROW_KERNELS_LGAMMA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LGAMMA_INL_H_
#undef FURROW_KERNELS_LGAMMA_INL_H_
#else
#define FURROW_KERNELS_LGAMMA_INL_H_
#endif

#include <furrow/kernels/math/stirling-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// For 0.875 <= x <= 2.25.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V lgamma_middle(D d, V x) noexcept {
  // ln gamma(x) / ((x-1)(x-2)) = first + first_low + t series(t), t = x - 1.5625
  constexpr double first = 0x1.e5a06e5dfae2ap-2;
  constexpr double first_low = -0x1.064ef46d1ee96p-56;
  static constexpr double series[] = {
      -0x1.1b8a2e50cbd00p-3,  0x1.d6539c27ad250p-5,  -0x1.c1c7d1612a19cp-6,  0x1.cf827ff120ba3p-7,
      -0x1.f38bffdf42f03p-8,  0x1.1532daa419832p-8,  -0x1.39fcbfd8cc34cp-9,  0x1.6907b4b225b85p-10,
      -0x1.a3e7487ae75efp-11, 0x1.ecd16f7611590p-12, -0x1.23548a3963d9ep-12, 0x1.5a8e01a187b1cp-13,
      -0x1.9e70c5920c2ecp-14, 0x1.f1c69cb6138ccp-15, -0x1.2b8075f215a86p-15, 0x1.6a578a8a56cbbp-16,
      -0x1.c107001dcdfcbp-17, 0x1.114daddbc4bcap-17, -0x1.1abc94ca553a9p-18, 0x1.58d9e2b59a81dp-19,
      -0x1.8efbcf63c9840p-19, 0x1.ebbee31aa97afp-20, 0x1.2bafcb822bf75p-21,  -0x1.772af9acd1e89p-22,
      -0x1.04f90bab65a0ap-20, 0x1.43405aaa90a2bp-21};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V t = hn::Sub(x, c(1.5625));
  const V curve = polynomial(d, t, hn::Mul(t, t), series);
  Pair<V> ratio = fast_two_sum(c(first), hn::Mul(t, curve));
  ratio.low = hn::Add(ratio.low, c(first_low));
  const Pair<V> product = multiply_pairs(two_sum(x, c(-1.0)), two_sum(x, c(-2.0)));
  const Pair<V> y = multiply_pairs(product, ratio);
  return hn::Add(hn::Add(y.high, y.low), hn::Zero(d));  // never -0
}

/// What is to be subtracted: ln of the product that moves x up, of the factor of the reflection for
/// negative x, of |x| itself where that is tiny.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Pair<V> lgamma_correction(D d, V x, V a, const Raised<D>& at) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V one = c(1.0);
  const V zero = hn::Zero(d);
  Pair<V> u = two_product(a, at.plus_seven.high);
  u.low = hn::MulAdd(a, at.plus_seven.low, u.low);
  Pair<V> w = select_pair(d, at.small, multiply_pairs(u, at.inner), Pair<V>{one, zero});
  const auto negative = hn::Lt(x, zero);
  if (HWY_UNLIKELY(!hn::AllFalse(d, negative))) {
    const Pair<V> pi = {c(0x1.921fb54442d18p+1), c(0x1.1a62633145c07p-53)};
    const Pair<V> product = multiply_pairs(at.inner, at.plus_seven);
    const Pair<V> above = multiply_pairs(pi, select_pair(d, at.small, product, Pair<V>{one, zero}));
    const V below = hn::IfThenElse(at.small, one, a);
    const Pair<V> slope = multiply_pairs(sine_of_pi_times(d, a).magnitude, Pair<V>{below, zero});
    const V inverse = hn::Div(one, slope.high);
    const V q = hn::Mul(above.high, inverse);
    const V rest =
        hn::Sub(hn::NegMulAdd(q, slope.low, above.low), product_rest(q, slope.high, above.high));
    w = select_pair(d, negative, fast_two_sum(q, hn::Mul(rest, inverse)), w);
  }
  const auto tiny = hn::Lt(a, c(0x1p-60));
  w = select_pair(d, tiny, Pair<V>{hn::Mul(a, c(0x1p60)), zero}, w);
  Pair<V> log = log_pair(d, w.high, hn::IfThenElseZero(tiny, c(60.0)));
  log.low = hn::Add(log.low, hn::Div(w.low, w.high));
  return log;
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V lgamma(D d, V x) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V zero = hn::Zero(d);
  const V infinity = c(std::numeric_limits<double>::infinity());
  const V a = hn::Abs(x);
  const Raised<D> at = raise_argument(d, a);
  Pair<V> log = stirling(d, at.argument);
  V y = hn::Add(log.high, log.low);
  // Lanes are the same with and without these steps, or special: neighbours change no bits.
  if (!hn::AllTrue(d, hn::Ge(x, c(8.0)))) {
    const auto tiny = hn::Lt(a, c(0x1p-60));
    const Pair<V> less = lgamma_correction(d, x, a, at);
    log = select_pair(d, tiny, Pair<V>{zero, zero}, log);
    const Pair<V> sum = two_sum(log.high, hn::Neg(less.high));
    V both = hn::Add(sum.high, hn::Add(sum.low, hn::Sub(log.low, less.low)));
    both = hn::IfThenElse(hn::AndNot(tiny, hn::Lt(x, zero)), hn::Neg(both), both);
    y = hn::IfThenElse(hn::Ge(x, c(8.0)), y, both);
    const auto middle = hn::And(hn::Ge(x, c(0.875)), hn::Le(x, c(2.25)));
    if (!hn::AllFalse(d, middle)) y = hn::IfThenElse(middle, lgamma_middle(d, x), y);
    const auto pole = hn::And(hn::Le(x, zero), hn::Eq(hn::Round(x), x));
    y = hn::IfThenElse(pole, infinity, y);
  }
  // The least number whose logarithm of gamma rounds to infinity is the next one.
  y = hn::IfThenElse(hn::Gt(x, c(0x1.754d9278b51a7p+1014)), infinity, y);
  return hn::IfThenElse(hn::Eq(x, x), y, x);
}

/// A call, because it is rare and long.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V lgamma_at_roots(D d, V x) noexcept {
  return lgamma(d, x);
}

/// What is to be subtracted, in plain doubles, for numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V lgamma_correction_short(D d, V x, V a, const RaisedShort<D>& at) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V one = c(1.0);
  V w = hn::IfThenElse(at.small, hn::Mul(at.inner, hn::Mul(a, at.plus_seven)), one);
  const auto negative = hn::Lt(x, hn::Zero(d));
  if (HWY_UNLIKELY(!hn::AllFalse(d, negative))) {
    const V sine = hn::Abs(sine_of_pi_times_short(d, a));
    const V product = hn::IfThenElse(at.small, hn::Mul(at.inner, at.plus_seven), one);
    const V below = hn::Mul(sine, hn::IfThenElse(at.small, one, a));
    const V reflected = hn::Div(hn::Mul(product, c(0x1.921fb54442d18p+1)), below);
    w = hn::IfThenElse(negative, reflected, w);
  }
  // No f32 number but 0 is below the least normal f64.
  return log_normal(d, w, hn::Zero(d));
}

/// The same for numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V lgamma_short(D d, V x) noexcept {
  static constexpr double series[] = {
      0x1.e5a06e5dfae2ap-2,  -0x1.1b8a2e5cc0249p-3,  0x1.d6539c44b83d6p-5,  -0x1.c1c7b402aa922p-6,
      0x1.cf825c4438dfcp-7,  -0x1.f3965d570febbp-8,  0x1.15392629ad66fp-8,  -0x1.393024d9a0812p-9,
      0x1.680f350914e56p-10, -0x1.b3dfe63fddb53p-11, 0x1.001b2541bf811p-11, -0x1.a03e326c273fcp-13,
      0x1.eb1704dfa17c0p-14, -0x1.9dc1463ed7c21p-13, 0x1.f370872798756p-14};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V zero = hn::Zero(d);
  const V infinity = c(std::numeric_limits<double>::infinity());
  const V a = hn::Abs(x);
  const RaisedShort<D> at = raise_short(d, a);
  V y = stirling_short(d, at.argument);
  if (!hn::AllTrue(d, hn::Ge(x, c(8.0)))) {
    // Lane by lane: neighbours change no bits.
    const auto negative = hn::Lt(x, zero);
    const V both = hn::Sub(y, lgamma_correction_short(d, x, a, at));
    y = hn::IfThenElse(hn::Ge(x, c(8.0)), y, hn::IfThenElse(negative, hn::Neg(both), both));
    const V t = hn::Sub(x, c(1.5625));
    const V roots = hn::Mul(hn::Sub(x, c(1.0)), hn::Sub(x, c(2.0)));
    const V ratio = polynomial(d, t, hn::Mul(t, t), series);
    const V middle = hn::MulAdd(roots, ratio, zero);  // never -0
    y = hn::IfThenElse(hn::And(hn::Ge(x, c(0.875)), hn::Le(x, c(2.25))), middle, y);
    // The neighbourhood of the other roots takes more digits than plain doubles have.
    const auto root = hn::And(negative, hn::Lt(hn::Abs(y), c(0x1p-14)));
    if (HWY_UNLIKELY(!hn::AllFalse(d, root))) y = hn::IfThenElse(root, lgamma_at_roots(d, x), y);
    const auto pole = hn::And(hn::Le(x, zero), hn::Eq(hn::Round(x), x));
    y = hn::IfThenElse(pole, infinity, y);
  }
  y = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
  return hn::IfThenElse(hn::Eq(x, x), y, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
