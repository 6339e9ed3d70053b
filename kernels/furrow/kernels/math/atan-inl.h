// furrow/kernels/math/atan-inl.h
//
// atan x and atan2(y, x) on vectors of f64 or f32.
//
// Error   1.2 ULP at most, denormal results included (tests/kernels: accuracy)
// Special C's table: atan(+-0) = +-0, atan(+-inf) = +-pi/2, and atan2 on the axes, at the signed
//         zeros and at the infinities
// Method  the ratio y/x lies in one of 16 intervals, each with a centre c in its middle by angle:
//         atan(y/x) = atan c + atan t, t = (y - c x) / (x + c y), |t| < 0.134: one division, whose
//         error weighs little beside atan c. Two intervals per octave from 1/8 to 16, found by the
//         exponent and the first bit of the fraction of y/x, for atan2 of the difference of both
//         as integers (Mitchell's logarithm, 1962: within 0.09 octaves, which the intervals have
//         to spare). The centres are chosen such that c is a floating-point number and atan c one
//         of 51 (f32: 22) bits after the point, to 2^-8 of a last place (Gal, 1986), so that pi
//         less atan c is exact. atan t = t + t z P(z), z = t^2, P by fpminimax of Sollya (error
//         below 2^-55 of t, f32 2^-31)
#if defined(FURROW_KERNELS_ATAN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ATAN_INL_H_
#undef FURROW_KERNELS_ATAN_INL_H_
#else
#define FURROW_KERNELS_ATAN_INL_H_
#endif

#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/power_of_two-inl.h>
#include <furrow/kernels/math/rows-inl.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rows: the centres and their angles. Place 7 is that of ratios below 1/8, 8 begins at 1/8, 15 at
/// 3/2, 0 at 2, 6 at 16.
template <class T>
struct ArcTangentConstants;

template <>
struct ArcTangentConstants<double> {
  static constexpr Rows<double, 2> rows{
      {{0x1.2ac641d0b1912p+1, 0x1.a4ef5e89a493ep+1, 0x1.2905f0a57c836p+2, 0x1.a38f820da41f4p+2,
        0x1.2882b1bfd35a3p+3, 0x1.a32ff044c4dc6p+3, 0x1.e2d58e4f1221ep+4, 0, 0x1.3854d8e6fa00ep-3,
        0x1.b935a7a8cdcf2p-3, 0x1.375029a3febaap-2, 0x1.b69f0ff36b5c4p-2, 0x1.344d43a59c016p-1,
        0x1.b0764f9d339ebp-1, 0x1.2f06881ca2bd8p+0, 0x1.a90d624b632c7p+0},
       {0x1.2a8147a7b26bcp+0, 0x1.468d779c36292p+0, 0x1.5bcb389041ca4p+0, 0x1.6b5f48b0c54cep+0,
        0x1.769a33e77a932p+0, 0x1.7e9e7e0517f78p+0, 0x1.89a4cacd46fc2p+0, 0, 0x1.35f17a9535f70p-3,
        0x1.b2915a59934a0p-3, 0x1.2e38997e37128p-2, 0x1.9e68f2f7657c0p-2, 0x1.1581116a49184p-1,
        0x1.671b77f41d9b8p-1, 0x1.bd17a7a679d4cp-1, 0x1.0759127dc5672p+0}}};
  static constexpr double series[] = {-0x1.5555555555544p-2, 0x1.9999999976cecp-3,
                                      -0x1.249248cb00211p-3, 0x1.c71bc93e0db05p-4,
                                      -0x1.7415539320cd9p-4, 0x1.2ced6380ad506p-4};
  static constexpr double pi_high = 0x1.921fb54442d18p+1;
  static constexpr double pi_low = 0x1.1a62633145c07p-53;
};

template <>
struct ArcTangentConstants<float> {
  static constexpr Rows<float, 2> rows{
      {{0x1.2abf76p+1f, 0x1.a4fd22p+1f, 0x1.28feccp+2f, 0x1.a39316p+2f, 0x1.28871cp+3f,
        0x1.a316d4p+3f, 0x1.e2fc1ep+4f, 0, 0x1.385f1ap-3f, 0x1.b93f3ap-3f, 0x1.375438p-2f,
        0x1.b6a1dcp-2f, 0x1.344bdap-1f, 0x1.b07874p-1f, 0x1.2f08acp+0f, 0x1.a911c0p+0f},
       {0x1.2a7f2cp+0f, 0x1.468fccp+0f, 0x1.5bc9f4p+0f, 0x1.6b5f9cp+0f, 0x1.769a9cp+0f,
        0x1.7e9d54p+0f, 0x1.89a578p+0f, 0, 0x1.35fb80p-3f, 0x1.b29a80p-3f, 0x1.2e3c50p-2f,
        0x1.9e6b50p-2f, 0x1.158008p-1f, 0x1.671cb8p-1f, 0x1.bd1970p-1f, 0x1.075a3cp+0f}}};
  static constexpr float series[] = {-0x1.555554p-2f, 0x1.998f5ep-3f, -0x1.1e9574p-3f};
  static constexpr float pi_high = 0x1.921fb6p+1f;
  static constexpr float pi_low = -0x1.777a5cp-24f;
};

/// Where the ratio lies; what is below 1/8, negative too, in place 7.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Place<D> arc_tangent_place(D d, V ratio) noexcept {
  using T = hn::TFromD<D>;
  const V below = hn::Set(d, T(0.124));
  const V inside = hn::Min(hn::Max(ratio, below), hn::Set(d, T(16)));
  constexpr int shift = sizeof(T) == 8 ? 51 : 22;
  return Place<D>::template of<shift>(hn::BitCast(hn::RebindToUnsigned<D>(), inside));
}

/// atan t - t + plus, |t| < 0.134.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V arc_tangent_series(D d, V t, V plus) noexcept {
  const V z = hn::Mul(t, t);
  const V p = polynomial(d, z, hn::Mul(z, z), ArcTangentConstants<hn::TFromD<D>>::series);
  return hn::MulAdd(hn::Mul(t, z), p, plus);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan(D d, V x) noexcept {
  using T = hn::TFromD<D>;
  const V magnitude = hn::Abs(x);
  const Place<D> place = arc_tangent_place(d, magnitude);
  // From there on pi/2. Its product with a centre is finite.
  const V a = at_most(magnitude, sizeof(T) == 8 ? T(0x1p100) : T(0x1p60));
  V centre, angle;
  place.template pick<0>(d, ArcTangentConstants<T>::rows, centre, angle);
  const V t = hn::Div(hn::Sub(a, centre), hn::MulAdd(a, centre, hn::Set(d, T(1))));
  return hn::CopySign(hn::Add(angle, arc_tangent_series(d, t, t)), x);
}

/// y - c*x, rounded once, or nearly.
template <class V>
HWY_INLINE V less_product(V y, V c, V x) noexcept {
#if HWY_NATIVE_FMA
  return hn::NegMulAdd(c, x, y);
#else
  const Pair<V> p = two_product(c, x);
  return hn::Sub(hn::Sub(y, p.high), p.low);
#endif
}

/// The steps of atan2: |y| and |x|, the number that tells their place, the quotient to the centre.
template <class D>
struct ArcOfPoint {
  hn::Vec<D> y, x, ratio, above, below, t, t_low, angle;

  HWY_INLINE ArcOfPoint(D d, hn::Vec<D> of_y, hn::Vec<D> of_x) noexcept
      : y(hn::Abs(of_y)), x(hn::Abs(of_x)) {
    using T = hn::TFromD<D>;
    const hn::RebindToUnsigned<D> du;
    const auto one = hn::BitCast(du, hn::Set(d, T(1)));
    // Exponents and fractions as one number, near the logarithm. Where it leaves the range, a wrong
    // place gives a large t.
    const auto difference = hn::Sub(hn::BitCast(du, y), hn::Sub(hn::BitCast(du, x), one));
    ratio = hn::BitCast(d, difference);
  }

  HWY_INLINE void divide(D d) noexcept {
    const auto& rows = ArcTangentConstants<hn::TFromD<D>>::rows;
    hn::Vec<D> centre;
    arc_tangent_place(d, ratio).template pick<0>(d, rows, centre, angle);
    below = hn::MulAdd(centre, y, x);
    above = less_product(y, centre, x);
    const auto inverse = hn::Div(hn::Set(d, hn::TFromD<D>(1)), below);
    // In place 7 all of the angle is the quotient's: what its rounding loses is added.
    t = hn::Mul(above, inverse);
    t_low = hn::Neg(hn::Mul(product_rest(t, below, above), inverse));
  }

  /// Lanes without overflow, nor underflow in what t loses, whose place was right.
  HWY_INLINE hn::Mask<D> plain(D d) const noexcept {
    using T = hn::TFromD<D>;
    const hn::Vec<D> least = hn::Set(d, sizeof(T) == 8 ? T(0x1p-900) : T(0x1p-60));
    const hn::Vec<D> greatest = hn::Set(d, sizeof(T) == 8 ? T(0x1p+1000) : T(0x1p+120));
    const auto large = hn::Ge(hn::Abs(above), least);
    const auto small = hn::Le(below, greatest);
    return hn::And(hn::And(large, small), hn::Lt(hn::Abs(t), hn::Set(d, T(0.14))));
  }

  /// In the half plane of the signs.
  HWY_INLINE hn::Vec<D> turned(D d, hn::Vec<D> of_y, hn::Vec<D> of_x) const noexcept {
    using Constants = ArcTangentConstants<hn::TFromD<D>>;
    const auto zero = hn::Zero(d);
    const hn::RebindToSigned<D> di;  // the minus of -0 counts
    const auto behind = hn::RebindMask(d, hn::Lt(hn::BitCast(di, of_x), hn::Zero(di)));
    const auto base = hn::IfThenElse(behind, hn::Sub(hn::Set(d, Constants::pi_high), angle), angle);
    const auto arc = hn::Add(t, arc_tangent_series(d, t, t_low));
    const auto low = hn::IfThenElse(behind, hn::Set(d, Constants::pi_low), zero);
    const auto forward = hn::Xor(arc, hn::And(of_x, hn::SignBit(d)));
    return hn::CopySign(hn::Add(base, hn::Add(forward, low)), of_y);
  }
};

/// Any numbers. The same as without the preparation where that is right.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V atan2_of_any(D d, V y, V x) noexcept {
  using T = hn::TFromD<D>;
  constexpr bool f64 = sizeof(T) == 8;
  const auto c = [d](double of_f64, double of_f32)
                     HWY_ATTR { return hn::Set(d, f64 ? T(of_f64) : T(of_f32)); };
  ArcOfPoint<D> at(d, y, x);
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, T(1));
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const auto endless_y = hn::Eq(at.y, infinity);
  const auto endless_x = hn::Eq(at.x, infinity);
  const auto endless = hn::Or(endless_y, endless_x);
  at.y = hn::IfThenElse(endless, hn::IfThenElse(endless_y, one, hn::Mul(at.y, zero)), at.y);
  at.x = hn::IfThenElse(endless, hn::IfThenElse(endless_x, one, hn::Mul(at.x, zero)), at.x);
  // Neither products nor what a quotient loses is to leave the range. What underflows here is
  // beyond it.
  const V larger = hn::Max(at.y, at.x);
  const auto less = hn::Lt(hn::Min(at.y, at.x), c(0x1p-400, 0x1p-60));
  const auto tiny = hn::And(less, hn::Le(larger, c(0x1p+300, 0x1p+40)));
  const auto huge = hn::Gt(larger, c(0x1p+900, 0x1p+100));
  const V scale =
      hn::IfThenElse(tiny, c(0x1p+600, 0x1p+70), hn::IfThenElse(huge, c(0x1p-600, 0x1p-60), one));
  at.y = hn::Mul(at.y, scale);
  at.x = hn::Mul(at.x, scale);
  ArcOfPoint<D> scaled(d, at.y, at.x);
  at.ratio = scaled.ratio;
  const V far = c(0x1p+100, 0x1p+20);
  at.ratio = hn::IfThenElse(hn::Gt(at.y, hn::Mul(at.x, far)), far, at.ratio);
  at.ratio = hn::IfThenElse(hn::Ge(at.x, hn::Mul(at.y, far)), zero, at.ratio);
  at.x = hn::IfThenElse(hn::Eq(hn::Add(at.x, at.y), zero), one, at.x);
  at.divide(d);
  return at.turned(d, y, x);
}

/// Right where quotients and products are plain numbers, and takes the other lanes out of `right`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan2_fast(hn::Mask<D>& right, D d, V y, V x) noexcept {
  ArcOfPoint<D> at(d, y, x);
  at.divide(d);
  right = hn::And(right, at.plain(d));
  return at.turned(d, y, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan2(D d, V y, V x) noexcept {
  auto right = hn::FirstN(d, hn::Lanes(d));
  const V arc = atan2_fast(right, d, y, x);
  return HWY_LIKELY(hn::AllTrue(d, right)) ? arc : atan2_of_any(d, y, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
