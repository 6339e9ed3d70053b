// furrow/kernels/math/log_rows-inl.h
//
// What logarithms without a division share: x = 2^k m, m near one of 16 centres, from which
// log x = k log 2 + log c + log(m/c), for any base.
//
// Method  m within 1/32 of a centre c between 1 and 31/16; r = m/c - 1, rounded once. 1/c is chosen
//         such that it is a floating-point number and log c one of 42 (f32: 16) bits after the
//         point, to 2^-63 (2^-30) (Gal, 1986), so that its sum with k log 2 is exact. Of log(1+r)
//         the first term is added last, the others are fpminimax of Sollya (error below 2^-61 of r,
//         f32 2^-30). Tables of this kind: Tang (1990)
#if defined(FURROW_KERNELS_LOG_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOG_ROWS_INL_H_
#undef FURROW_KERNELS_LOG_ROWS_INL_H_
#else
#define FURROW_KERNELS_LOG_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/rows-inl.h>

#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x = 2^k m, 63/64 <= m < 63/32, and the place of m's centre. REQUIRES: x positive, finite and
/// normal. `bias` is 0, or what is to be subtracted from k.
template <class D>
struct NearCentre {
  hn::Vec<D> k, m;
  Place<D> place;

  HWY_INLINE NearCentre(D d, hn::Vec<D> x, hn::Vec<D> bias) noexcept {
    using T = hn::TFromD<D>;
    const hn::RebindToUnsigned<D> du;
    using U = hn::TFromD<decltype(du)>;
    constexpr U one = sizeof(T) == 8 ? U(0x3ff0000000000000) : U(0x3f800000);
    constexpr U lower = sizeof(T) == 8 ? U(0x3fef800000000000) : U(0x3f7c0000);  // 63/64
    constexpr int bits = sizeof(T) == 8 ? 52 : 23;
    constexpr T whole = sizeof(T) == 8 ? T(0x1p52) : T(0x1p23);
    const auto shifted = hn::Add(hn::BitCast(du, x), hn::Set(du, one - lower));
    const auto fraction = hn::And(shifted, hn::Set(du, (U{1} << bits) - 1));
    const auto field = hn::Or(hn::ShiftRight<bits>(shifted), hn::BitCast(du, hn::Set(d, whole)));
    const T exponent_bias = sizeof(T) == 8 ? 1023 : 127;
    k = hn::Sub(hn::BitCast(d, field), hn::Add(hn::Set(d, whole + exponent_bias), bias));
    m = hn::BitCast(d, hn::Add(fraction, hn::Set(du, lower)));
    // 1/32 to either side of a centre; the fraction counts twice below 1, from 63/64 on.
    place = Place<D>::template of<bits - 4>(fraction);
  }
};

/// Of base e: rows of 1/c and ln c, the series of (ln(1+r) - r)/r^2, ln 2 in two parts.
template <class T>
struct LogOfE;

template <>
struct LogOfE<double> {
  static constexpr Rows<double, 2> rows{
      {{0x1p+0, 0x1.e1f026d057419p-1, 0x1.c6f4f00c53161p-1, 0x1.af669cf4dc8bbp-1,
        0x1.99b4e8bfa9a69p-1, 0x1.85f481233e29ep-1, 0x1.74794bf877f6bp-1, 0x1.6464b737fa5bep-1,
        0x1.554040db71d09p-1, 0x1.47891114f7b7fp-1, 0x1.3afe238c3aaddp-1, 0x1.2f72860db8a66p-1,
        0x1.24af033f5a036p-1, 0x1.1a6b606b9a339p-1, 0x1.1145b6ab02dedp-1, 0x1.08087e355a19fp-1},
       {0x0p+0, 0x1.efb07bc2a8p-5, 0x1.e3d415e364p-4, 0x1.5ecbb2cb9cp-3, 0x1.c876f54872p-3,
        0x1.16d3fc131ep-2, 0x1.45cb2e2666p-2, 0x1.72fbfd6812p-2, 0x1.9f717e2da2p-2,
        0x1.c9732da0f9p-2, 0x1.f16f04d8a8p-2, 0x1.0bd5ec55a08p-1, 0x1.1e53b2afdp-1,
        0x1.309ad549bdp-1, 0x1.4176518698p-1, 0x1.53126a06b18p-1}}};
  static constexpr double series[] = {-0x1p-1,
                                      0x1.555555555551fp-2,
                                      -0x1.000000000052fp-2,
                                      0x1.9999999afddf9p-3,
                                      -0x1.5555554347afdp-3,
                                      0x1.24923551a7777p-3,
                                      -0x1.000087d560941p-3,
                                      0x1.c7ee8a287a67cp-4,
                                      -0x1.9783bd8cd8b31p-4};
  static constexpr double of_two_high = 0x1.62e42fefa3800p-1, of_two_low = 0x1.ef35793c76730p-45;
};

template <>
struct LogOfE<float> {
  static constexpr Rows<float, 2> rows{
      {{0x1p+0f, 0x1.e267c8p-1f, 0x1.c693bp-1f, 0x1.aefef6p-1f, 0x1.99bcb4p-1f, 0x1.85ae74p-1f,
        0x1.73fbf4p-1f, 0x1.6496d8p-1f, 0x1.5544cp-1f, 0x1.47626ep-1f, 0x1.3aa686p-1f,
        0x1.2fc0cp-1f, 0x1.250a5cp-1f, 0x1.1a9e9ap-1f, 0x1.112d56p-1f, 0x1.091eb8p-1f},
       {0x0p+0f, 0x1.e7cp-5f, 0x1.e74p-4f, 0x1.60b8p-3f, 0x1.c85p-3f, 0x1.178cp-2f, 0x1.4724p-2f,
        0x1.726cp-2f, 0x1.9f64p-2f, 0x1.c9ecp-2f, 0x1.f28cp-2f, 0x1.0b52p-1f, 0x1.1db4p-1f,
        0x1.303ep-1f, 0x1.41a4p-1f, 0x1.50f8p-1f}}};
  static constexpr float series[] = {-0x1.fffffep-2f, 0x1.555564p-2f, -0x1.002e7ap-2f,
                                     0x1.98d5d2p-3f};
  static constexpr float of_two_high = 0x1.62e4p-1f, of_two_low = 0x1.7f7d1cp-20f;
};

/// m/c - 1, rounded once, or nearly. `inverse` is 1/c.
template <class V>
HWY_INLINE V beyond_centre(V m, V inverse) noexcept {
  const hn::DFromV<V> d;
  const V one = hn::Set(d, hn::TFromD<decltype(d)>(1));
#if HWY_NATIVE_FMA
  return hn::MulSub(m, inverse, one);
#else
  const Pair<V> p = two_product(m, inverse);
  return hn::Add(hn::Sub(p.high, one), p.low);
#endif
}

/// Where a logarithm needs nothing but log_normal: positive, finite and normal.
template <class D>
HWY_INLINE hn::Mask<D> plain_for_log(D d, hn::Vec<D> x) noexcept {
  using L = std::numeric_limits<hn::TFromD<D>>;
  return hn::And(hn::Ge(x, hn::Set(d, L::min())), hn::Lt(x, hn::Set(d, L::infinity())));
}

/// Any number: `log_normal(x, bias)` with denormal x scaled, and what C says of the others. A call,
/// because it is rare and long; plain lanes get what log_normal gives them.
template <class D, class F, class V = hn::Vec<D>>
HWY_NOINLINE V log_of_any(D d, V x, const F& log_normal) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  constexpr bool f64 = sizeof(T) == 8;
  const V infinity = hn::Set(d, L::infinity());
  const auto tiny = hn::Lt(x, hn::Set(d, L::min()));
  const V scale = hn::Set(d, f64 ? T(0x1p54) : T(0x1p25));
  const V bias = hn::IfThenElseZero(tiny, hn::Set(d, f64 ? T(54) : T(25)));
  V y = log_normal(hn::IfThenElse(tiny, hn::Mul(x, scale), x), bias);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);  // inf and NaN
  y = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, L::quiet_NaN()), y);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
