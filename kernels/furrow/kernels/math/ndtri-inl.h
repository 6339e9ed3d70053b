// furrow/kernels/math/ndtri-inl.h
//
// The x with ndtr(x) = p, the quantile of the standard normal distribution (NumPy users know it
// from SciPy under this name), on a vector of f64; the same for numbers of type f32.
//
// Error   2.0 ULP at most, for denormal p too; ndtri_short: 0.55 ULP of f32 after rounding to it
// Special ndtri(0) = -inf, ndtri(1) = +inf, ndtri(1/2) = 0, others outside of [0, 1] and NaN give
//         NaN
// Method  q = p - 1/2; for 1/512 <= p <= 511/512 x = q P(-ln 4p(1-p)), the variable of Giles,
//         "Approximating the erfinv function" (2010): one branch for all but 0.4 % of uniforms.
//         In the tails, with m the smaller of p and 1 - p and r = sqrt(-2 ln m) as a pair,
//         |x| = r - H((r-6)/(r+6)): the variables of Wichura's AS 241 (Appl. Statist. 37, 1988).
//         Short: x = q P(q^2) for |q| <= 3/8, tails as above. Polynomials of our own (Chebyshev
//         interpolation, relative errors of x below 2^-54; short: 2^-32)
#if defined(FURROW_KERNELS_NDTRI_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_NDTRI_INL_H_
#undef FURROW_KERNELS_NDTRI_INL_H_
#else
#define FURROW_KERNELS_NDTRI_INL_H_
#endif

#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/pow-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// For 1/512 <= p <= 511/512.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_centre(D d, V p) noexcept {
  static constexpr double series[] = {
      0x1.66e67c37c1fd7p-1,   0x1.89f6bc341d532p-7,   -0x1.b87e32f90d13ep-8,
      0x1.28f1789b047e6p-12,  0x1.c5331b1607839p-14,  -0x1.95c7a5aa65955p-17,
      -0x1.ad25b5e684620p-20, 0x1.737a2142b7fa1p-22,  0x1.25808f110446bp-26,
      -0x1.25e51eadb522dp-27, 0x1.9b7ef725b01f8p-35,  0x1.a43bf647abc25p-33,
      -0x1.6e95cdafb938ap-37, -0x1.1296b1ed0533dp-38, 0x1.cf53d700070cdp-42,
      0x1.a91d500a961b9p-44,  -0x1.c789f65ff2681p-46, 0x1.19d6111e0f240p-49,
      0x1.b58f81e96534ap-55,  -0x1.31620dcb717cfp-56, 0x1.c7d5542fa33e1p-61};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V y = hn::Mul(hn::Mul(p, c(4.0)), hn::Sub(c(1.0), p));
  const V t = hn::Sub(c(-1.0), log_normal(d, y, hn::Zero(d)));
  const V curve = hn::MulAdd(t, polynomial(d, t, hn::Mul(t, t), series), c(-0x1.e7884bcf08323p-53));
  const Pair<V> slope = fast_two_sum(c(0x1.9827336a96b91p+1), curve);
  const Pair<V> q = fast_two_sum(c(-0.5), p);  // some of it is lost below p = 1/4
  const V rest = hn::MulAdd(q.high, slope.low, hn::Mul(q.low, slope.high));
  return hn::MulAdd(q.high, slope.high, rest);
}

/// The magnitude of x, for 0 < m <= 1/8.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_tail(D d, V m) noexcept {
  static constexpr double series[] = {
      0x1.d84c1bf1b16c9p-2,  -0x1.390ccbec17c1dp-1, 0x1.4abea706567f4p-2,  -0x1.03da32f20358ep-2,
      0x1.70b79117ddb5ep-3,  -0x1.30500cac27badp-3, 0x1.d95b829b63cfcp-4,  -0x1.9a55b2bc2e245p-4,
      0x1.547a6a4b2a789p-4,  -0x1.3285571b1ac7bp-4, 0x1.08e9be8cf346cp-4,  -0x1.e75b3f9cad063p-5,
      0x1.afb0090c3d516p-5,  -0x1.9294084e22c46p-5, 0x1.6b74b218081f7p-5,  -0x1.55bd10325a3bap-5,
      0x1.31c97f5abfffep-5,  -0x1.25a9b3f865f45p-5, 0x1.432d2926ead49p-5,  -0x1.2fa49c6139108p-5,
      -0x1.e256d5f4a779cp-9, 0x1.e827df76df92dp-7,  0x1.34987dc969b82p-3,  -0x1.030a93cae84a6p-2,
      -0x1.08e34a1e407c1p-2, 0x1.8078cd02f1b15p-1,  0x1.19e5f80b21229p-2,  -0x1.abfb17c184578p+0,
      0x1.f00e3f91ef950p-2,  0x1.e9f52af81851dp+0,  -0x1.7fb63e03dfcbep+0, -0x1.842bb861c6fbdp-1,
      0x1.4a0515873854fp+0,  -0x1.b1117a2e7e1a0p-2};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const auto tiny = hn::Lt(m, c(std::numeric_limits<double>::min()));
  const V normal = hn::IfThenElse(tiny, hn::Mul(m, c(0x1p54)), m);
  const Pair<V> log = log_pair(d, normal, hn::IfThenElseZero(tiny, c(54.0)));
  const V square = hn::Mul(log.high, c(-2.0));
  const V r = hn::Sqrt(square);
  const V lost = hn::MulAdd(log.low, c(-2.0), hn::Neg(product_rest(r, r, square)));
  // What r lost, times the slope of x, about 1 + 1/r^2.
  const V inverse = hn::Div(c(1.0), r);
  const V slope = hn::MulAdd(inverse, inverse, c(1.0));
  const V x_low = hn::Mul(hn::Mul(lost, c(0.5)), hn::Mul(inverse, slope));
  const V t = hn::Div(hn::Sub(r, c(6.0)), hn::Add(r, c(6.0)));
  return hn::Add(r, hn::Sub(x_low, polynomial(d, t, hn::Mul(t, t), series)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_centre_short(D d, V p) noexcept {
  static constexpr double series[] = {
      0x1.4ffddea6eb7c1p+1,   0x1.71713d5a3db26p+2,  0x1.f554a152b7eafp+3,   0x1.795bfc9c3714ap+5,
      0x1.19bec82330a0ap+7,   0x1.a6a6dec3c09d5p+9,  -0x1.a9a0deb8abca7p+12, 0x1.1078a22e7ee80p+17,
      -0x1.4759b256d5655p+20, 0x1.0cf5793251ad8p+23, -0x1.eb88b46d8abc9p+24, 0x1.aa034474c24bep+25};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V q = hn::Sub(p, c(0.5));
  const V z = hn::Mul(q, q);
  const V curve = hn::MulAdd(z, polynomial(d, z, hn::Mul(z, z), series), c(0x1.40d931ff62706p+1));
  return hn::Mul(q, curve);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_tail_short(D d, V m) noexcept {
  static constexpr double series[] = {
      0x1.d84c1bf2210fdp-2, -0x1.390ccc0b3fa5cp-1, 0x1.4abea66ccd193p-2, -0x1.03da12760b357p-2,
      0x1.70b7bea86db4bp-3, -0x1.3059dbed8d928p-3, 0x1.d95dc3c872f46p-4, -0x1.99094d4707974p-4,
      0x1.53976a5c9d0e4p-4, -0x1.3d86c30a66c90p-4, 0x1.15b40a9792065p-4, -0x1.8b0e927206711p-5,
      0x1.147f8078834c8p-5, -0x1.11ce1a1fa6186p-4, 0x1.7fee95ecade1cp-4, -0x1.c034e805c0f24p-5,
      0x1.9f690d7b66851p-8};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  // No f32 number but 0 is below the least normal f64.
  const V r = hn::Sqrt(hn::Mul(log_normal(d, m, hn::Zero(d)), c(-2.0)));
  const V t = hn::Div(hn::Sub(r, c(6.0)), hn::Add(r, c(6.0)));
  return hn::Sub(r, polynomial(d, t, hn::Mul(t, t), series));
}

template <bool Short, class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_of(D d, V p) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V infinity = c(std::numeric_limits<double>::infinity());
  const V zero = hn::Zero(d);
  const V one = c(1.0);
  V x;
  if constexpr (Short) {
    x = ndtri_centre_short(d, p);
  } else {
    x = ndtri_centre(d, p);
  }
  constexpr double edge = Short ? 0.125 : 0x1p-9;
  const auto central = hn::And(hn::Ge(p, c(edge)), hn::Le(p, c(1 - edge)));
  if (HWY_LIKELY(hn::AllTrue(d, central))) return x;
  // Lane by lane: neighbours change no bits. 1 - p is exact.
  const auto upper = hn::Gt(p, c(0.5));
  const V m = hn::IfThenElse(upper, hn::Sub(one, p), p);
  V tail;
  if constexpr (Short) {
    tail = ndtri_tail_short(d, m);
  } else {
    tail = ndtri_tail(d, m);
  }
  tail = hn::IfThenElse(hn::Eq(m, zero), infinity, tail);
  tail = hn::IfThenElse(upper, tail, hn::Neg(tail));
  x = hn::IfThenElse(central, x, tail);
  const auto inside = hn::And(hn::Ge(p, zero), hn::Le(p, one));
  return hn::IfThenElse(inside, x, c(std::numeric_limits<double>::quiet_NaN()));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri(D d, V p) noexcept {
  return ndtri_of<false>(d, p);
}

/// REQUIRES: the lanes of p are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ndtri_short(D d, V p) noexcept {
  return ndtri_of<true>(d, p);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
