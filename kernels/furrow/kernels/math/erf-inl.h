// furrow/kernels/math/erf-inl.h
//
// The error function on a vector of f64, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x; the
// same for numbers of type f32.
//
// Error   1.0 ULP at most; erf_short: 0.501 ULP of f32 after rounding to it
// Special erf(+-0) = +-0, erf(+-inf) = +-1, NaN gives NaN
// Method  x + x P(x^2 - 1/2) below 1; above, erf(m) + P(x - m) in three intervals up to where erf
//         rounds to 1. One evaluation, the coefficients picked lane by lane (piecewise-inl.h);
//         Chebyshev interpolation, errors below 2^-56 (short: 2^-32)
#if defined(FURROW_KERNELS_ERF_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ERF_INL_H_
#undef FURROW_KERNELS_ERF_INL_H_
#else
#define FURROW_KERNELS_ERF_INL_H_
#endif

#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/piecewise-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct ErfTable {
  alignas(64) static constexpr double middle[4] = {0, 0x1.ap+0, 0x1.8p+1, 0x1.38p+2};
  alignas(64) static constexpr double value[4] = {0, 0x1.f4f693b67bd77p-1, 0x1.fffd1ac4135f9p-1,
                                                  0x1.fffffffff4188p-1};
  static constexpr double bounds[3] = {1, 2.25, 3.75};
  static constexpr double end = 6;
  alignas(64) static constexpr double rows[20][4] = {
      {-0x1.1ae14dc34815ap-5, -0x1.2902534e67f24p-56, 0x1.03de43d5906f3p-54, 0x1.25df0376e9368p-55},
      {-0x1.1fd16292151fdp-2, 0x1.499d478bca735p-4, 0x1.2408e9ba33262p-13, 0x1.d9a881e7ebe64p-35},
      {0x1.454368017b042p-4, -0x1.0bcfca21947ecp-3, -0x1.b60d5e9751154p-12, -0x1.20a2467f98105p-32},
      {-0x1.2b902b7b2f28ep-6, 0x1.d6631e1a28e90p-4, 0x1.9db74b1d1e6f8p-11, 0x1.cb2a24e23b3a2p-31},
      {0x1.c82aa249df460p-9, -0x1.974c036865bfdp-5, -0x1.11c85b1e502aap-10, -0x1.0bc84036da377p-29},
      {-0x1.263991b802ee6p-11, -0x1.17d430bd4e72ep-9, 0x1.0a7b5546a288cp-10, 0x1.e7ba9530e3564p-29},
      {0x1.486638bc9befep-14, 0x1.d857f2c402b8bp-7, -0x1.82f235bba8476p-11, -0x1.688c93a8ea36cp-28},
      {-0x1.429e93e668f24p-17, -0x1.954ab0f6147d9p-8, 0x1.998b47ccf3ac1p-12, 0x1.bc2989adbbf9dp-28},
      {0x1.1ad5edf90dd80p-20, -0x1.2e43ee3042888p-11, -0x1.1aa5e02a8e9d6p-13,
       -0x1.d0326a237b904p-28},
      {-0x1.bf8d2c72b9b8cp-24, 0x1.71cd787d91f47p-10, 0x1.d2a332ff33a4dp-17, 0x1.a064b0874081ap-28},
      {0x1.428e938efe043p-27, -0x1.754580bcc051fp-12, 0x1.05fecb4989d3fp-16,
       -0x1.4310059642372p-28},
      {-0x1.acbabce2865e7p-31, -0x1.078939e2e494ap-13, -0x1.6a2c3a5581467p-17,
       0x1.b4fdb10827d3ap-29},
      {0x1.05ffd737fb32ep-34, 0x1.70fa9525ee74ep-14, 0x1.96d4404df637ap-19, -0x1.0295034403ffap-29},
      {0, -0x1.1e91f624ad2b4p-18, 0x1.08b731a38581fp-23, 0x1.06fb517d024bcp-30},
      {0, -0x1.64222eb268ca7p-17, -0x1.e6fac29c18ef8p-22, -0x1.bf24fe05118eap-32},
      {0, 0x1.7b3cd570b7bafp-19, 0x1.64902c060c6f7p-23, 0x1.4cdc3deb8695dp-33},
      {0, 0x1.69a54af9ce2aap-21, -0x1.0d7ac30fda9aap-27, -0x1.cdf97305c204fp-35},
      {0, -0x1.d2b0e471d6c96p-22, -0x1.094a5424bccb7p-26, 0x1.6b8930c466db5p-37},
      {0, -0x1.b12670ae9cb4cp-29, 0x1.435c43cb136a9p-28, 0x1.8564f8616ef81p-39},
      {0, 0x1.3dfc3169bc4ebp-25, 0x1.4a20ed8797556p-37, -0x1.9d2b503bff2e9p-40}};
};

struct ErfShortTable {
  alignas(64) static constexpr double middle[4] = {0, 0x1.7p+0, 0x1.28p+1, 0x1.bp+1};
  alignas(64) static constexpr double value[4] = {0, 0x1.ea7730ed0bbb9p-1, 0x1.ff733814af88cp-1,
                                                  0x1.ffffc316d9ed0p-1};
  static constexpr double bounds[3] = {1, 1.875, 2.75};
  static constexpr double end = 4;
  alignas(64) static constexpr double rows[10][4] = {
      {-0x1.1ae14dc7b87a6p-5, 0x1.16dfc87e802efp-34, 0x1.2b7005d821b2cp-37, -0x1.12d5526ebfb7bp-34},
      {-0x1.1fd1629207160p-2, 0x1.24a7b84831546p-3, 0x1.5ff2752aa68b1p-8, 0x1.abe073f32bea1p-17},
      {0x1.4543691d8f268p-4, -0x1.a4b11b273ea3dp-3, -0x1.96f05c267e763p-7, -0x1.68f44d61e7517p-15},
      {-0x1.2b902beb7bf5ep-6, 0x1.319c7f98046f7p-3, 0x1.1c5a5d6c70fabp-6, 0x1.8454d7a61cfd5p-14},
      {0x1.c827dc5bc9b59p-9, -0x1.3db44ecb46364p-5, -0x1.04f563e53863cp-6, -0x1.29e8e1fae6abfp-13},
      {-0x1.2638790e9e1c6p-11, -0x1.7020757925df3p-6, 0x1.382c4e868b5c2p-7, 0x1.575aba1de3c34p-13},
      {0x1.4a9da0f178cf0p-14, 0x1.59aa61f2e9167p-6, -0x1.95fc48c3f86b1p-9, -0x1.3077fbf72b452p-13},
      {-0x1.445f47d33d87bp-17, -0x1.b00f26d6b97a9p-9, -0x1.db20d77d8a4aap-13,
       0x1.ae0aa206d4d17p-14},
      {0, -0x1.ad17b41d3c691p-9, 0x1.a47ab5c21ffbfp-11, -0x1.ec0daf063fb5dp-15},
      {0, 0x1.9add3c39f407bp-10, -0x1.65340088e2a89p-12, 0x1.555e81d0ca6f6p-16}};
};

template <class Table, class D, class V = hn::Vec<D>>
HWY_INLINE V erf_of(D d, V x) noexcept {
  const V one = hn::Set(d, 1.0);
  const V a = limit(hn::Abs(x), 0.0, Table::end);
  const Interval<D> interval(d, a, Table::bounds);
  const auto above = hn::Ge(a, one);
  const V offset = hn::Sub(a, interval.pick(d, Table::middle));
  const V argument = hn::IfThenElse(above, offset, hn::MulAdd(a, a, hn::Set(d, -0.5)));
  const V base = hn::IfThenElse(above, interval.pick(d, Table::value), a);
  const V factor = hn::IfThenElse(above, one, a);
  const V series = polynomial(d, argument, Table::rows, interval);
  return hn::CopySign(hn::MulAdd(factor, series, base), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf(D d, V x) noexcept {
  return erf_of<ErfTable>(d, x);
}

/// REQUIRES: the lanes of x are numbers of type f32.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf_short(D d, V x) noexcept {
  return erf_of<ErfShortTable>(d, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
