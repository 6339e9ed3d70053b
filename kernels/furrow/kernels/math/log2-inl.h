// furrow/kernels/math/log2-inl.h
//
// log2 x and log10 x on a vector of f64 or f32.
//
// Error   1.0 ULP at most over the whole range, denormals included (tests/kernels: accuracy); whole
//         results (of powers of 2, of 10) are exact
// Special NaN gives NaN, inf gives inf, +-0 gives -inf, x < 0 gives NaN, 1 gives +0
// Method  x = 2^k (1 + f), ln(1 + f) = f + w as in log-inl.h; f times 1/ln(base) in two parts, and
//         k log(2) added as a pair
#if defined(FURROW_KERNELS_LOG2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG2_INL_H_
#undef FURROW_KERNELS_LOG2_INL_H_
#else
#define FURROW_KERNELS_LOG2_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/pair-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The logarithm's base: 1/ln(base) and log_base(2), in two parts each. k times the first part of
/// log_base(2) is exact.
template <class T>
struct Base {
  T inverse_high, inverse_low, of_two_high, of_two_low;
};

template <class T>
inline constexpr Base<T> base_two = sizeof(T) == 8
                                        ? Base<T>{T(0x1.71547652b82fep+0), T(0x1.777d0ffda0d24p-56),
                                                  T(1), T(0)}
                                        : Base<T>{T(0x1.715476p+0), T(0x1.4ae0cp-26), T(1), T(0)};
template <class T>
inline constexpr Base<T> base_ten = sizeof(T) == 8
                                        ? Base<T>{T(0x1.bcb7b1526e50ep-2), T(0x1.95355baaafad3p-57),
                                                  T(0x1.34413509f7800p-2), T(0x1.fef311f12b358p-46)}
                                        : Base<T>{T(0x1.bcb7b2p-2), T(-0x1.5b235ep-27),
                                                  T(0x1.344p-2), T(0x1.3509f8p-18)};

/// Of a positive, finite, normal number; `bias` as in decompose.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_normal_base(D d, V x, V bias, const Base<hn::TFromD<D>>& base) noexcept {
  using T = hn::TFromD<D>;
  const Decomposed<V> at = decompose(d, x, bias);
  const V s = hn::Div(at.f, hn::Add(hn::Set(d, T(2)), at.f));
  const V series = log_series(d, hn::Mul(s, s));
  const V half_square = hn::Mul(hn::Mul(at.f, at.f), hn::Set(d, T(0.5)));
  const V w = hn::MulSub(s, hn::Add(half_square, series), half_square);
  const V inverse = hn::Set(d, base.inverse_high);
  const Pair<V> product = two_product(at.f, inverse);
  V low = hn::MulAdd(at.f, hn::Set(d, base.inverse_low), product.low);
  low = hn::MulAdd(w, inverse, low);
  low = hn::MulAdd(at.k, hn::Set(d, base.of_two_low), low);
  const Pair<V> sum = fast_two_sum(hn::Mul(at.k, hn::Set(d, base.of_two_high)), product.high);
  return hn::Add(sum.high, hn::Add(sum.low, low));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_base(D d, V x, const Base<hn::TFromD<D>>& base) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V infinity = hn::Set(d, L::infinity());
  const auto plain = hn::And(hn::Ge(x, hn::Set(d, L::min())), hn::Lt(x, infinity));
  if (HWY_LIKELY(hn::AllTrue(d, plain))) return log_normal_base(d, x, hn::Zero(d), base);
  // Lane by lane the same as above, or a special value: neighbours change no bits.
  const auto tiny = hn::Lt(x, hn::Set(d, L::min()));
  const V scale = hn::Set(d, f64 ? T(0x1p54) : T(0x1p25));
  const V bias = hn::IfThenElse(tiny, hn::Set(d, f64 ? T(54) : T(25)), hn::Zero(d));
  V y = log_normal_base(d, hn::IfThenElse(tiny, hn::Mul(x, scale), x), bias, base);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);  // inf and NaN
  y = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, L::quiet_NaN()), y);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log2(D d, V x) noexcept {
  return log_base(d, x, base_two<hn::TFromD<D>>);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log10(D d, V x) noexcept {
  return log_base(d, x, base_ten<hn::TFromD<D>>);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
