// furrow/kernels/math/hypot-inl.h
//
// sqrt(x^2 + y^2) on vectors of f64, without undue overflow or underflow.
//
// Error   0.51 ULP at most, 0.76 where the result is denormal; hypot_short, of f32 numbers, 2^-52
//         before it is rounded to f32 (tests/kernels: accuracy)
// Special hypot(+-inf, anything) = inf, NaN included; hypot(+-0, y) = |y|; NaN otherwise
// Method  squares and their sum as pairs, one Newton step on the root; very large and very small
//         lanes are scaled by a power of two first
#if defined(FURROW_KERNELS_HYPOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_HYPOT_INL_H_
#undef FURROW_KERNELS_HYPOT_INL_H_
#else
#define FURROW_KERNELS_HYPOT_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/pair-inl.h>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Of numbers whose squares neither overflow nor, where they count, underflow. a >= b >= 0
template <class D, class V = hn::Vec<D>>
HWY_INLINE V hypot_scaled(D d, V a, V b) noexcept {
  const Pair<V> a2 = two_product(a, a);
  const Pair<V> b2 = two_product(b, b);
  const Pair<V> sum = fast_two_sum(a2.high, b2.high);
  const V low = hn::Add(sum.low, hn::Add(a2.low, b2.low));
  const V root = hn::Sqrt(sum.high);
  const V missing = hn::Sub(low, product_rest(root, root, sum.high));
  return hn::MulAdd(missing, hn::Div(hn::Set(d, 0.5), root), root);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V hypot(D d, V x, V y) noexcept {
  x = hn::Abs(x);
  y = hn::Abs(y);
  const auto more = hn::Gt(x, y);
  const V a = hn::IfThenElse(more, x, y);
  const V b = hn::IfThenElse(more, y, x);
  const V low = hn::Set(d, 0x1p-450);
  const V high = hn::Set(d, 0x1p500);
  if (HWY_LIKELY(hn::AllTrue(d, hn::And(hn::Ge(a, low), hn::Lt(a, high))))) {
    return hypot_scaled(d, a, b);
  }
  // Lane by lane the same as above, or a special value: neighbours change no bits.
  const V one = hn::Set(d, 1.0);
  const V up = hn::Set(d, 0x1p600);
  const V down = hn::Set(d, 0x1p-600);
  const V scale = hn::IfThenElse(hn::Ge(a, high), down, hn::IfThenElse(hn::Lt(a, low), up, one));
  const V back = hn::IfThenElse(hn::Ge(a, high), up, hn::IfThenElse(hn::Lt(a, low), down, one));
  V r = hn::Mul(hypot_scaled(d, hn::Mul(a, scale), hn::Mul(b, scale)), back);
  r = hn::IfThenElse(hn::Eq(a, hn::Zero(d)), b, r);  // 0, or NaN in b
  const V infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  return hn::IfThenElse(hn::Or(hn::Eq(a, infinity), hn::Eq(b, infinity)), infinity, r);
}

/// For x and y that are f32 numbers: their squares are exact and in range.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V hypot_short(D d, V x, V y) noexcept {
  const V r = hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y)));
  const V infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  const auto infinite = hn::Or(hn::Eq(hn::Abs(x), infinity), hn::Eq(hn::Abs(y), infinity));
  return hn::IfThenElse(infinite, infinity, r);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
