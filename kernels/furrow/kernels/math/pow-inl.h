// furrow/kernels/math/pow-inl.h
//
// x^y on vectors of f64 or f32.
//
// Error   1.2 ULP at most over the whole range, denormal results included (tests/kernels: accuracy)
// Special C's Annex F (F.10.4.4): x^+-0 = 1 and 1^y = 1 even for NaN, (-1)^+-inf = 1, a negative
//         base with a fraction in y gives NaN, +-0 and +-inf keep their sign for odd whole y
// Method  ln|x| as a pair, to 2^-64 (f32: 2^-34): x = 2^k m, m within 1/32 of one of 16 centres c
//         between 1 and 31/16, chosen such that 1/c is a floating-point number to 2^-15 (2^-11) of
//         a last place (Gal, 1986); r = (m - c)/c as a pair, without a division;
//         ln x = k ln2 + ln c + r - r^2/2 - r^3 P(r)/2 (fpminimax of Sollya, relative error of the
//         sum below 2^-65.7, f32 2^-35.4). Times y; e^t of the pair: t = n ln2/16 + r, 2^(n/16)
//         from 16 numbers as pairs, e^r = 1 + r + r^2 P(r) (error below 2^-64, 2^-27.6). Tables
//         of this kind: Tang (1990)
#if defined(FURROW_KERNELS_POW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_POW_INL_H_
#undef FURROW_KERNELS_POW_INL_H_
#else
#define FURROW_KERNELS_POW_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log_rows-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>
#include <furrow/kernels/math/rows-inl.h>

#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// For logarithms: rows of 1/c, ln c rounded to a multiple of 2^-42 (f32: 2^-16), c, and the rest
/// of ln c; ln2 in two parts, the first such a multiple, too. For exponentials: 2^(n/16) rounded,
/// and what is missing, relative to it; ln2/16 in two parts, n times the first is exact.
template <class T>
struct PowConstants;

template <>
struct PowConstants<double> {
  static constexpr Rows<double, 4> log_rows{
      {{0x1p+0, 0x1.e1e1e1e1a7000p-1, 0x1.c71c71c718f80p-1, 0x1.af286bca3be00p-1,
        0x1.999999999b2a0p-1, 0x1.8618618614200p-1, 0x1.745d1745d0f00p-1, 0x1.642c859081200p-1,
        0x1.5555555554ae8p-1, 0x1.47ae147ac3400p-1, 0x1.3b13b13b14100p-1, 0x1.2f684bda25800p-1,
        0x1.2492492492720p-1, 0x1.1a7b9611db800p-1, 0x1.1111111102780p-1, 0x1.0842108439400p-1},
       {0x0p+0, 0x1.f0a30c0500000p-5, 0x1.e27076e2d0000p-4, 0x1.5ff30709dc000p-3,
        0x1.c8ff7c79a2000p-3, 0x1.1675cabac6000p-2, 0x1.4618bc21c7000p-2, 0x1.739d7f6c4a000p-2,
        0x1.9f323ecbfb000p-2, 0x1.c8ff7c7a07000p-2, 0x1.f128f5faef000p-2, 0x1.0be72e4233800p-1,
        0x1.1e85f5e704000p-1, 0x1.307d733493000p-1, 0x1.41d8fe8482800p-1, 0x1.52a2d2658d800p-1},
       {0x1p+0, 0x1.10000000213c8p+0, 0x1.2000000002331p+0, 0x1.2fffffffe8c89p+0,
        0x1.3ffffffffec73p+0, 0x1.5000000003aa7p+0, 0x1.60000000007d2p+0, 0x1.7000000032967p+0,
        0x1.8000000000bbbp+0, 0x1.9000000024a86p+0, 0x1.9fffffffff82ep+0, 0x1.afffffffe59b4p+0,
        0x1.bfffffffffc17p+0, 0x1.cfffffffaaf44p+0, 0x1.e000000019a91p+0, 0x1.efffffffd28b6p+0},
       {0x0p+0, -0x1.ab33d0e1225a2p-46, -0x1.89a161579e960p-44, 0x1.aa790e704f63ap-44,
        -0x1.7f29ed140f1aap-46, -0x1.cc7f18ce490b8p-44, 0x1.609f42deccea0p-44,
        -0x1.dcb18f273cf8ap-45, 0x1.e4fcada35bb29p-44, 0x1.e86b0964d469ap-44, 0x1.d659ae41d7170p-45,
        -0x1.fd4967778edd2p-45, -0x1.d3e109d32d2e0p-44, 0x1.9f0fda8383ae3p-44,
        0x1.3cc8c9621c7ecp-46, -0x1.15118859b7909p-45}}};
  static constexpr double log_series[] = {
      -0x1.5555555555555p-1, 0x1.fffffffffff7cp-2,  -0x1.999999999b904p-2,
      0x1.55555556eb877p-2,  -0x1.2492490c0b2fdp-2, 0x1.ffffd5c8effe2p-3,
      -0x1.c71d474ed4f3fp-3, 0x1.9a69990634cdbp-3,  -0x1.7382ccfdc0f08p-3};
  static constexpr double ln2_high = 0x1.62e42fefa3800p-1, ln2_low = 0x1.ef35793c76730p-45;
  static constexpr Rows<double, 2> exp_rows{
      {{0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
        0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
        0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
        0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0},
       {0x0p+0, 0x1.79aa65d837b6cp-54, -0x1.01b15eaa59348p-55, 0x1.68efde3a8a893p-54,
        0x1.34d754db0abb6p-55, 0x1.59f48a72a4c6cp-55, 0x1.690cebb7aafb0p-56, 0x1.063e1e21c5409p-54,
        -0x1.3b3efbf5e2229p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55,
        0x1.1affc2b91ce27p-56, 0x1.c1a7792cb3386p-55, 0x1.36eae30af0cb3p-56, 0x1.4a385a63d07a7p-56,
        -0x1.ff7128fd391f1p-55}}};
  static constexpr double exp_series[] = {0x1.0000000000001p-1,  0x1.5555555555557p-3,
                                          0x1.55555554de3acp-5,  0x1.11111110b1e3cp-7,
                                          0x1.6c17f7f09d3d4p-10, 0x1.a01b5c884fb0ap-13};
  static constexpr double step_high = 0x1.62e42fefa0000p-5, step_low = 0x1.cf79abc9e3b3ap-44;
  static constexpr double inverse_step = 0x1.71547652b82fep+4;
};

template <>
struct PowConstants<float> {
  static constexpr Rows<float, 4> log_rows{
      {{0x1p+0f, 0x1.e1f08p-1f, 0x1.c71cp-1f, 0x1.af28p-1f, 0x1.99998p-1f, 0x1.8618p-1f,
        0x1.745dp-1f, 0x1.642cp-1f, 0x1.55555p-1f, 0x1.47ad22p-1f, 0x1.3b14p-1f, 0x1.2f68p-1f,
        0x1.24924p-1f, 0x1.1a7cp-1f, 0x1.1111p-1f, 0x1.084104p-1f},
       {0, 0x1.efap-5f, 0x1.e27p-4f, 0x1.5ff8p-3f, 0x1.c9p-3f, 0x1.1678p-2f, 0x1.4618p-2f,
        0x1.73ap-2f, 0x1.9f34p-2f, 0x1.c904p-2f, 0x1.f128p-2f, 0x1.0be8p-1f, 0x1.1e86p-1f,
        0x1.307cp-1f, 0x1.41dap-1f, 0x1.52a4p-1f},
       {0x1p+0f, 0x1.0ff7cp+0f, 0x1.200048p+0f, 0x1.30004cp+0f, 0x1.400014p+0f, 0x1.500054p+0f,
        0x1.600016p+0f, 0x1.70008ap+0f, 0x1.800006p+0f, 0x1.900128p+0f, 0x1.9fff98p+0f,
        0x1.b0006cp+0f, 0x1.c0000ep+0f, 0x1.cfff52p+0f, 0x1.e0001ep+0f, 0x1.f001f8p+0f},
       {0, 0x1.51f87cp-18f, 0x1.1db88cp-18f, -0x1.7c7ae4p-18f, -0x1.c32d2ep-26f, -0x1.354566p-18f,
        0x1.f84388p-19f, -0x1.00948ap-18f, -0x1.b13406p-18f, -0x1.8dc4ep-18f, -0x1.40a5f2p-23f,
        -0x1.46f6f6p-19f, 0x1.79c0f4p-23f, 0x1.66699ap-18f, -0x1.c2f734p-18f, 0x1.b54d8ap-18f}}};
  static constexpr float log_series[] = {-0x1.555554p-1f, 0x1.fffff6p-2f, -0x1.99e8bap-2f,
                                         0x1.55c01p-2f};
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr Rows<float, 2> exp_rows{
      {{0x1p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f, 0x1.306fep+0f, 0x1.3dea64p+0f,
        0x1.4bfdaep+0f, 0x1.5ab07ep+0f, 0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f,
        0x1.9c4918p+0f, 0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f},
       {0, 0x1.8d96d2p-25f, -0x1.9c0c22p-27f, 0x1.964902p-25f, 0x1.125002p-25f, 0x1.370be4p-25f,
        -0x1.0a3552p-25f, -0x1.00d8acp-27f, 0x1.26055cp-26f, -0x1.05cb44p-25f, 0x1.67a1cap-28f,
        0x1.a3b5e4p-28f, -0x1.f9c306p-27f, -0x1.6961b4p-28f, -0x1.a5217cp-28f, 0x1.61428ep-28f}}};
  static constexpr float exp_series[] = {0x1.00014cp-1f, 0x1.555768p-3f};
  static constexpr float step_high = 0x1.62ep-5f, step_low = 0x1.0bfbe8p-19f;
  static constexpr float inverse_step = 0x1.715476p+4f;
};

/// ln of a positive normal number, as a pair; `bias` as in NearCentre.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Pair<V> log_pair(D d, V x, V bias) noexcept {
  using C = PowConstants<hn::TFromD<D>>;
  const NearCentre<D> at(d, x, bias);
  V inverse, log_high, centre, log_low;
  at.place.template pick<0>(d, C::log_rows, inverse, log_high);
  at.place.template pick<1>(d, C::log_rows, centre, log_low);
  const V f = hn::Sub(at.m, centre);  // exact
  const Pair<V> r = two_product(f, inverse);
  const V base = hn::MulAdd(at.k, hn::Set(d, C::ln2_high), log_high);  // exact
  const Pair<V> sum = fast_two_sum(base, r.high);
  const V half = hn::Mul(r.high, hn::Set(d, hn::TFromD<D>(-0.5)));
  const Pair<V> square = two_product(r.high, half);
  const Pair<V> all = fast_two_sum(sum.high, square.high);
  const V p = polynomial(d, r.high, hn::Mul(r.high, r.high), C::log_series);
  const V small = hn::Add(hn::MulAdd(at.k, hn::Set(d, C::ln2_low), log_low), square.low);
  const V rest = hn::NegMulAdd(r.low, r.high, hn::Add(r.low, hn::Add(sum.low, all.low)));
  const V low = hn::MulAdd(hn::Mul(r.high, square.high), p, hn::Add(small, rest));
  return fast_two_sum(all.high, low);
}

/// e^(t.high + t.low), |t.high| <= 750 (f32: 110); `Plain`: the result is a normal number.
template <bool Plain, class D, class V = hn::Vec<D>>
HWY_INLINE V exp_pair(D d, Pair<V> t) noexcept {
  using T = hn::TFromD<D>;
  using C = PowConstants<T>;
  const hn::RebindToUnsigned<D> du;
  const V magic = hn::Set(d, sizeof(T) == 8 ? T(0x1.8p52) : T(0x1.8p23));
  const V shifted = hn::MulAdd(t.high, hn::Set(d, C::inverse_step), magic);
  const V n = hn::Sub(shifted, magic);
  V r = hn::NegMulAdd(n, hn::Set(d, C::step_high), t.high);
  r = hn::Add(hn::NegMulAdd(n, hn::Set(d, C::step_low), r), t.low);
  const V r2 = hn::Mul(r, r);
  V power, missing;
  const auto bits = hn::BitCast(du, shifted);
  Place<D>::template of<0>(bits).template pick<0>(d, C::exp_rows, power, missing);
  const V curve = hn::MulAdd(r2, polynomial(d, r, r2, C::exp_series), hn::Add(r, missing));
  const V y = hn::MulAdd(power, curve, power);
  if constexpr (Plain) {
    using U = hn::TFromD<decltype(du)>;
    const auto whole = hn::And(bits, hn::Set(du, static_cast<U>(~U{15})));
    constexpr int to_exponent = sizeof(T) == 8 ? 48 : 19;
    return hn::BitCast(d, hn::Add(hn::BitCast(du, y), hn::ShiftLeft<to_exponent>(whole)));
  } else {
    return scale_by_power(y, hn::Floor(hn::Mul(n, hn::Set(d, T(0.0625)))));
  }
}

/// The cases that |x|^y = `power` by way of the logarithm misses.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow_special(D d, V x, V y, V power) noexcept {
  using T = hn::TFromD<D>;
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, T(1));
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const V nan = hn::Set(d, std::numeric_limits<T>::quiet_NaN());
  const V magnitude = hn::Abs(x);
  const V half = hn::Mul(y, hn::Set(d, T(0.5)));
  const auto whole = hn::Eq(hn::Round(y), y);
  const auto odd = hn::AndNot(hn::Eq(hn::Round(half), half), whole);
  const auto negative = hn::Lt(y, zero);
  V r = power;
  const V of_zero = hn::IfThenElse(negative, infinity, zero);
  r = hn::IfThenElse(hn::Eq(magnitude, zero), of_zero, r);
  const V of_infinity = hn::IfThenElse(negative, zero, infinity);
  r = hn::IfThenElse(hn::Eq(magnitude, infinity), of_infinity, r);
  r = hn::IfThenElse(hn::Eq(magnitude, one), one, r);
  const auto negative_base = hn::And(hn::Lt(x, zero), hn::Gt(x, hn::Neg(infinity)));
  r = hn::IfThenElse(hn::AndNot(whole, negative_base), nan, r);
  r = hn::IfThenElse(odd, hn::CopySign(r, x), r);
  r = hn::IfThenElse(hn::And(hn::Eq(x, x), hn::Eq(y, y)), r, nan);
  return hn::IfThenElse(hn::Or(hn::Eq(y, zero), hn::Eq(x, one)), one, r);
}

/// y (ln x) as a pair.
template <class V>
HWY_INLINE Pair<V> times_log(V y, Pair<V> log) noexcept {
  const Pair<V> t = two_product(y, log.high);
  return {t.high, hn::MulAdd(y, log.low, t.low)};
}

/// Right where x and the power are positive and normal; takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow_fast(hn::Mask<D>& right, D d, V x, V y) noexcept {
  using T = hn::TFromD<D>;
  using L = std::numeric_limits<T>;
  const auto plain = hn::And(hn::Ge(x, hn::Set(d, L::min())), hn::Lt(x, hn::Set(d, L::infinity())));
  const Pair<V> t = times_log(y, log_pair(d, x, hn::Zero(d)));
  const auto small = hn::Lt(hn::Abs(t.high), hn::Set(d, sizeof(T) == 8 ? T(708) : T(87)));
  right = hn::And(right, hn::And(plain, small));
  return exp_pair<true>(d, t);
}

/// Any numbers. Lane by lane the same as without the preparation, or a special value: neighbours
/// change no bits.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V pow_of_any(D d, V x, V y) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const V magnitude = hn::Abs(x);
  const auto tiny = hn::Lt(magnitude, hn::Set(d, std::numeric_limits<T>::min()));
  const V scaled = hn::Mul(magnitude, hn::Set(d, f64 ? T(0x1p54) : T(0x1p25)));
  const V bias = hn::IfThenElseZero(tiny, hn::Set(d, f64 ? T(54) : T(25)));
  Pair<V> t = times_log(y, log_pair(d, hn::IfThenElse(tiny, scaled, magnitude), bias));
  const auto bounded = hn::Lt(hn::Abs(t.high), hn::Set(d, f64 ? T(800) : T(110)));
  t.low = hn::IfThenElseZero(bounded, t.low);
  t.high = f64 ? limit(t.high, T(-750), T(710)) : limit(t.high, T(-108), T(89));
  return pow_special(d, x, y, exp_pair<false>(d, t));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow(D d, V x, V y) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V power = pow_fast(right, d, x, y);
  return HWY_LIKELY(hn::AllTrue(d, right)) ? power : pow_of_any(d, x, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
