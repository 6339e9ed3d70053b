// furrow/kernels/math/log2-inl.h
//
// log2 x and log10 x on a vector of f64 or f32.
//
// Error   1.5 ULP at most over the whole range, denormals included (tests/kernels: accuracy); whole
//         results (of powers of 2, of 10) are exact
// Special NaN gives NaN, inf gives inf, +-0 gives -inf, x < 0 gives NaN, 1 gives +0
// Method  log_rows-inl.h; r times log(e) in two parts, the second with the rest of the series
#if defined(FURROW_KERNELS_LOG2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG2_INL_H_
#undef FURROW_KERNELS_LOG2_INL_H_
#else
#define FURROW_KERNELS_LOG2_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log_rows-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rows of 1/c and log c, the series of (log(1+r) - r log e)/r^2, log 2 and log e in two parts. k
/// times the first part of log 2 is exact.
template <class T>
struct LogOfTwo;
template <class T>
struct LogOfTen;

template <>
struct LogOfTwo<double> {
  static constexpr Rows<double, 2> rows{
      {{0x1p+0, 0x1.e1bc45bc3f177p-1, 0x1.c7229eac3c215p-1, 0x1.af62b974e5e75p-1,
        0x1.99a60dfec5cf8p-1, 0x1.85dcc9fbeec4p-1, 0x1.746c0ef5598ep-1, 0x1.644454fc3832ap-1,
        0x1.5548cb9c1c6e8p-1, 0x1.4778221573d1bp-1, 0x1.3b4317b675f86p-1, 0x1.2f538c6ac94a1p-1,
        0x1.24a7ad18459c3p-1, 0x1.1a6bb6397c65ep-1, 0x1.11273c5cae5d4p-1, 0x1.085e98378e537p-1},
       {0x0p+0, 0x1.680cb6c168p-4, 0x1.5bd98c861p-3, 0x1.fa31fbef24p-3, 0x1.497a99b731p-2,
        0x1.929d67ae02p-2, 0x1.d639dd551fp-2, 0x1.0bdef09196p-1, 0x1.2b9b56eep-1,
        0x1.4a212a4c998p-1, 0x1.6630f16afd8p-1, 0x1.82b322074b8p-1, 0x1.9d27a094a18p-1,
        0x1.b772cc9c11p-1, 0x1.d018014798p-1, 0x1.e83cb00d6dp-1}}};
  static constexpr double series[] = {
      -0x1.71547652b82fep-1, 0x1.ec709dc3a03b1p-2, -0x1.71547652b9401p-2,
      0x1.2776c50ff67cdp-2,  -0x1.ec709d98ca6cp-3, 0x1.a617465aa32ffp-3,
      -0x1.7155923eb7c49p-3, 0x1.48e1ddd555f1ap-3, -0x1.255b7a83c2c37p-3};
  static constexpr double of_two_high = 1, of_two_low = 0;
  static constexpr double slope_high = 0x1.71547652b82fep+0, slope_low = 0x1.777d0ffda0d24p-56;
};

template <>
struct LogOfTwo<float> {
  static constexpr Rows<float, 2> rows{
      {{0x1p+0f, 0x1.e36c8p-1f, 0x1.c766a8p-1f, 0x1.aed5c6p-1f, 0x1.9a1388p-1f, 0x1.86390ap-1f,
        0x1.744b42p-1f, 0x1.63dcaap-1f, 0x1.558facp-1f, 0x1.4722bp-1f, 0x1.3af426p-1f,
        0x1.2f47b2p-1f, 0x1.246a8ap-1f, 0x1.1a83bap-1f, 0x1.10c5aep-1f, 0x1.087e58p-1f},
       {0x0p+0f, 0x1.536p-4f, 0x1.5a2p-3f, 0x1.fdf8p-3f, 0x1.47fp-2f, 0x1.914p-2f, 0x1.d6bcp-2f,
        0x1.0cb6p-1f, 0x1.2b02p-1f, 0x1.4ae2p-1f, 0x1.66eap-1f, 0x1.82dp-1f, 0x1.9dc2p-1f,
        0x1.b734p-1f, 0x1.d12p-1f, 0x1.e7e4p-1f}}};
  static constexpr float series[] = {-0x1.715476p-1f, 0x1.ec70bcp-2f, -0x1.718b9ep-2f,
                                     0x1.26a268p-2f};
  static constexpr float of_two_high = 1, of_two_low = 0;
  static constexpr float slope_high = 0x1.715476p+0f, slope_low = 0x1.4ae0cp-26f;
};

template <>
struct LogOfTen<double> {
  static constexpr Rows<double, 2> rows{
      {{0x1p+0, 0x1.e1d9c8a7ac64fp-1, 0x1.c701ac41d5bf7p-1, 0x1.af450ebea8421p-1,
        0x1.9976c372b3dc7p-1, 0x1.86442e2523898p-1, 0x1.749c5d8cb5483p-1, 0x1.640a655c713a4p-1,
        0x1.5561a9324e84bp-1, 0x1.47d13655b2477p-1, 0x1.3b1a5cbb2b5e4p-1, 0x1.2f9ec2ca22d44p-1,
        0x1.24a4162b7ff01p-1, 0x1.1a85cec100bf3p-1, 0x1.10e35f7781a75p-1, 0x1.08632e8d900d9p-1},
       {0x0p+0, 0x1.afd728fe68p-6, 0x1.a3dbeb90a8p-5, 0x1.313ce33eeep-4, 0x1.8d88d5027ep-4,
        0x1.e2f46b50aap-4, 0x1.1aa75b3cb8p-3, 0x1.431d24111ap-3, 0x1.688269d8ecp-3,
        0x1.8c922c4255p-3, 0x1.afc10fb4c3p-3, 0x1.d0c594d3f9p-3, 0x1.f187d2b75fp-3,
        0x1.0869f0ff518p-2, 0x1.17d8163ab1p-2, 0x1.25eaf8cf0fp-2}}};
  static constexpr double series[] = {
      -0x1.bcb7b1526e50ep-3, 0x1.287a7636f4331p-3,  -0x1.bcb7b15270294p-4,
      0x1.63c6277653664p-4,  -0x1.287a761540d5bp-4, 0x1.fc3f842d452c4p-5,
      -0x1.bcb95993ddb1p-5,  0x1.8c0306ea7b00cp-5,  -0x1.60ad42eae9717p-5};
  static constexpr double of_two_high = 0x1.34413509f7800p-2, of_two_low = 0x1.fef311f12b358p-46;
  static constexpr double slope_high = 0x1.bcb7b1526e50ep-2, slope_low = 0x1.95355baaafad3p-57;
};

template <>
struct LogOfTen<float> {
  static constexpr Rows<float, 2> rows{
      {{0x1p+0f, 0x1.e36778p-1f, 0x1.c7ad2ap-1f, 0x1.af93dap-1f, 0x1.999da2p-1f, 0x1.86a318p-1f,
        0x1.741e8p-1f, 0x1.64bff8p-1f, 0x1.5567f6p-1f, 0x1.47ad2ap-1f, 0x1.3b255ep-1f,
        0x1.2f5c6cp-1f, 0x1.24c4fp-1f, 0x1.1aef4ep-1f, 0x1.115a92p-1f, 0x1.08399p-1f},
       {0x0p+0f, 0x1.98fp-6f, 0x1.9eap-5f, 0x1.2ff8p-4f, 0x1.8cep-4f, 0x1.e144p-4f, 0x1.1bd4p-3f,
        0x1.4158p-3f, 0x1.6872p-3f, 0x1.8cf4p-3f, 0x1.afa2p-3f, 0x1.d188p-3f, 0x1.f124p-3f,
        0x1.07c4p-2f, 0x1.1716p-2f, 0x1.2631p-2f}}};
  static constexpr float series[] = {-0x1.bcb7bp-3f, 0x1.287a84p-3f, -0x1.bd0406p-4f,
                                     0x1.6307b6p-4f};
  static constexpr float of_two_high = 0x1.344p-2f, of_two_low = 0x1.3509f8p-18f;
  static constexpr float slope_high = 0x1.bcb7b2p-2f, slope_low = -0x1.5b235ep-27f;
};

/// Of a positive, finite, normal number; `bias` as in NearCentre.
template <class Base, class D, class V = hn::Vec<D>>
HWY_INLINE V log_normal_base(D d, V x, V bias) noexcept {
  const NearCentre<D> at(d, x, bias);
  V inverse, log_centre;
  at.place.template pick<0>(d, Base::rows, inverse, log_centre);
  const V r = beyond_centre(at.m, inverse);
  V high, low = hn::Mul(r, hn::Set(d, Base::slope_low));
  if constexpr (Base::of_two_high == 1) {
    high = hn::Add(at.k, log_centre);
  } else {
    high = hn::MulAdd(at.k, hn::Set(d, Base::of_two_high), log_centre);  // exact
    low = hn::MulAdd(at.k, hn::Set(d, Base::of_two_low), low);
  }
  const V r2 = hn::Mul(r, r);
  const V rest = hn::MulAdd(r2, polynomial(d, r, r2, Base::series), low);
  const V slope = hn::Set(d, Base::slope_high);
#if HWY_NATIVE_FMA
  return hn::Add(high, hn::MulAdd(r, slope, rest));
#else
  const Pair<V> first = two_product(r, slope);
  const Pair<V> sum = fast_two_sum(high, first.high);
  return hn::Add(sum.high, hn::Add(sum.low, hn::Add(first.low, rest)));
#endif
}

/// Right for positive, finite, normal numbers, and takes the other lanes out of `right`.
template <class Base, class D, class V = hn::Vec<D>>
HWY_INLINE V log_base_fast(hn::Mask<D>& right, D d, V x) noexcept {
  right = hn::And(right, plain_for_log(d, x));
  return log_normal_base<Base>(d, x, hn::Zero(d));
}

template <class Base, class D, class V = hn::Vec<D>>
HWY_INLINE V log_base(D d, V x) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V y = log_base_fast<Base>(right, d, x);
  if (HWY_LIKELY(hn::AllTrue(d, right))) return y;
  return log_of_any(d, x,
                    [d](V of, V bias) HWY_ATTR { return log_normal_base<Base>(d, of, bias); });
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log2(D d, V x) noexcept {
  return log_base<LogOfTwo<hn::TFromD<D>>>(d, x);
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log2_fast(hn::Mask<D>& right, D d, V x) noexcept {
  return log_base_fast<LogOfTwo<hn::TFromD<D>>>(right, d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log10(D d, V x) noexcept {
  return log_base<LogOfTen<hn::TFromD<D>>>(d, x);
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log10_fast(hn::Mask<D>& right, D d, V x) noexcept {
  return log_base_fast<LogOfTen<hn::TFromD<D>>>(right, d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
