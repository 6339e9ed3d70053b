// furrow/kernels/math/area_hyperbolic-inl.h
//
// asinh, acosh and atanh on a vector of f64 or f32.
//
// Error   1.2 ULP at most over the whole range (tests/kernels: accuracy)
// Special asinh and atanh are odd, +-0 gives +-0; asinh(+-inf) = +-inf; acosh(1) = +0,
//         acosh(inf) = inf, acosh(x < 1) = NaN; atanh(+-1) = +-inf, atanh(|x| > 1) = NaN
// Method  ln(1 + z) of log1p-inl.h with z in two parts:
//           asinh |x| = ln(1 + |x| + x^2 / (1 + sqrt(x^2 + 1))),
//           acosh x = ln(1 + t + sqrt(2 t + t^2)), t = x - 1,
//           atanh |x| = 1/2 ln((1 + |x|) / (1 - |x|)), the quotient in two parts;
//         for the largest x asinh and acosh are ln x + ln 2
#if defined(FURROW_KERNELS_AREA_HYPERBOLIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_AREA_HYPERBOLIC_INL_H_
#undef FURROW_KERNELS_AREA_HYPERBOLIC_INL_H_
#else
#define FURROW_KERNELS_AREA_HYPERBOLIC_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log1p-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// ln(2x) of the largest numbers instead of ln(1 + z), lane by lane.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p_or_log_of_twice(D d, Pair<V> z, V x, V huge) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const auto large = hn::Ge(x, huge);
  const V scaled = hn::Mul(x, hn::Set(d, f64 ? T(0x1p-200) : T(0x1p-20f)));
  z.high = hn::IfThenElse(large, scaled, z.high);
  z.low = hn::IfThenElse(large, hn::Zero(d), z.low);
  const V extra = hn::IfThenElseZero(large, hn::Set(d, f64 ? T(201) : T(21)));
  const V y = log1p_pair(d, z, extra);
  return hn::IfThenElse(hn::Lt(x, infinity), y, x);  // inf and NaN
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V asinh(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V huge = hn::Set(d, sizeof(T) == 8 ? T(0x1p500) : T(0x1p60f));
  const V one = hn::Set(d, T(1));
  const V magnitude = hn::Abs(x);
  const V square = hn::Mul(x, x);
  const V more = hn::Div(square, hn::Add(one, hn::Sqrt(hn::Add(square, one))));
  const Pair<V> z = fast_two_sum(magnitude, more);
  const bool all = hn::AllTrue(d, hn::Lt(magnitude, huge));
  const V y = HWY_LIKELY(all) ? log1p_pair(d, z) : log1p_or_log_of_twice(d, z, magnitude, huge);
  return hn::CopySign(y, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V acosh(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V huge = hn::Set(d, sizeof(T) == 8 ? T(0x1p500) : T(0x1p60f));
  const V one = hn::Set(d, T(1));
  const V t = hn::Sub(x, one);
  const V square = hn::MulAdd(t, t, hn::Add(t, t));
  const V root = hn::Sqrt(square);
  // sqrt(2t + t^2) and t are of one size where it matters: the root's rest is felt.
  const V square_low = hn::MulAdd(t, t, hn::Sub(hn::Add(t, t), square));
  const V missing = hn::Sub(square_low, product_rest(root, root, square));
  const V divisor = hn::Max(root, hn::Set(d, std::numeric_limits<T>::min()));  // x = 1
  Pair<V> z = fast_two_sum(root, t);
  z.low = hn::MulAdd(missing, hn::Div(hn::Set(d, T(0.5)), divisor), z.low);
  const auto plain = hn::And(hn::Ge(x, one), hn::Lt(x, huge));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) return log1p_pair(d, z);
  const V y = log1p_or_log_of_twice(d, z, x, huge);
  return hn::IfThenElse(hn::Ge(x, one), y, hn::Set(d, std::numeric_limits<T>::quiet_NaN()));
}

/// Right within (-1, 1), and takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V atanh_fast(hn::Mask<D>& right, D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V magnitude = hn::Abs(x);
  right = hn::And(right, hn::Lt(magnitude, one));
  // (1 + |x|) / (1 - |x|) and what its roundings lost.
  const Pair<V> above = fast_two_sum(one, magnitude);
  const Pair<V> below = fast_two_sum(one, hn::Neg(magnitude));
  const V inverse = hn::Div(one, below.high);
  const V quotient = hn::Mul(above.high, inverse);
  const V lost = hn::NegMulAdd(quotient, below.low, above.low);
  const V missing = hn::Sub(lost, product_rest(quotient, below.high, above.high));
  const V y = log_of_pair(d, Pair<V>{quotient, hn::Mul(missing, inverse)});
  return hn::CopySign(hn::Mul(y, hn::Set(d, T(0.5))), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atanh(D d, V x) noexcept {
  using L = std::numeric_limits<hn::TFromD<D>>;
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V y = atanh_fast(right, d, x);
  if (HWY_LIKELY(hn::AllTrue(d, right))) return y;
  const auto at_one = hn::Eq(hn::Abs(x), hn::Set(d, hn::TFromD<D>(1)));
  const V infinity = hn::CopySign(hn::Set(d, L::infinity()), x);
  return hn::IfThenElse(right, y, hn::IfThenElse(at_one, infinity, hn::Set(d, L::quiet_NaN())));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
