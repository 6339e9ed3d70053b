// furrow/kernels/math/pair-inl.h
//
// A number as the unevaluated sum of two, high + low: about twice the bits.
//
// Error   sums and products below are exact, but for underflow of the low part
// Source  Dekker, "A floating-point technique for extending the available precision" (1971);
//         Knuth, TAOCP vol. 2, 4.2.2; targets without a fused multiply-add cut factors in halves by
//         a mask (the low product then may lose its last bit)
#if defined(FURROW_KERNELS_PAIR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_PAIR_INL_H_
#undef FURROW_KERNELS_PAIR_INL_H_
#else
#define FURROW_KERNELS_PAIR_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
struct Pair {
  V high;
  V low;
};

/// a + b, where |a| >= |b| or a = 0.
template <class V>
HWY_INLINE Pair<V> fast_two_sum(V a, V b) noexcept {
  const V high = hn::Add(a, b);
  return {high, hn::Sub(b, hn::Sub(high, a))};
}

/// a + b.
template <class V>
HWY_INLINE Pair<V> two_sum(V a, V b) noexcept {
  const V high = hn::Add(a, b);
  const V of_b = hn::Sub(high, a);
  return {high, hn::Add(hn::Sub(a, hn::Sub(high, of_b)), hn::Sub(b, of_b))};
}

/// x*y - p, where p is x*y rounded, or close to that.
template <class V>
HWY_INLINE V product_rest(V x, V y, V p) noexcept {
#if HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  const hn::DFromV<V> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using U = hn::TFromD<decltype(du)>;
  const V mask = hn::BitCast(d, hn::Set(du, sizeof(U) == 8 ? U(~0ull << 27) : U(~0ull << 12)));
  const V x1 = hn::And(x, mask);
  const V y1 = hn::And(y, mask);
  const V x2 = hn::Sub(x, x1);
  const V y2 = hn::Sub(y, y1);
  const V middle = hn::Add(hn::Sub(hn::Mul(x1, y1), p), hn::Mul(x1, y2));
  return hn::Add(hn::Add(middle, hn::Mul(x2, y1)), hn::Mul(x2, y2));
#else
  return hn::MulSub(x, y, p);
#endif
}

/// x*y.
template <class V>
HWY_INLINE Pair<V> two_product(V x, V y) noexcept {
  const V high = hn::Mul(x, y);
  return {high, product_rest(x, y, high)};
}

/// x*y of two pairs, to about twice the bits less four.
template <class V>
HWY_INLINE Pair<V> multiply_pairs(Pair<V> x, Pair<V> y) noexcept {
  const Pair<V> p = two_product(x.high, y.high);
  return {p.high, hn::MulAdd(x.high, y.low, hn::MulAdd(x.low, y.high, p.low))};
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
