// furrow/kernels/math/stirling-inl.h
//
// What the gamma function and its logarithm share on a vector of f64: Stirling's series as a pair,
// the product that moves small arguments up to where the series holds, and sin(pi x) for the
// reflection to negative ones.
//
// Error   ln gamma: 2^-60 absolute for arguments of 8 to 16, 2^-59 relative above
// Method  ln gamma(a) = (a - 1/2)(ln a - 1) + (ln(2 pi) - 1)/2 + S(1/a^2)/a for a >= 8, S Chebyshev
//         interpolation (error below 2^-60 after the division by a);
//         gamma(a + 8) = gamma(a) a (a+1) … (a+7), where with u = a (a+7) the product is
//         u (u+6)(u+10)(u+12); gamma(-a) = -pi / (a sin(pi a) gamma(a)).
//         Abramowitz and Stegun, 6.1.15, 6.1.17 and 6.1.41
#if defined(FURROW_KERNELS_STIRLING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_STIRLING_INL_H_
#undef FURROW_KERNELS_STIRLING_INL_H_
#else
#define FURROW_KERNELS_STIRLING_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/pair-inl.h>
#include <furrow/kernels/math/polynomial-inl.h>
#include <furrow/kernels/math/pow-inl.h>
#include <furrow/kernels/math/sincos-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
HWY_INLINE Pair<V> add_pairs(Pair<V> x, Pair<V> y) noexcept {
  const Pair<V> sum = two_sum(x.high, y.high);
  return fast_two_sum(sum.high, hn::Add(sum.low, hn::Add(x.low, y.low)));
}

template <class D, class M, class V = hn::Vec<D>>
HWY_INLINE Pair<V> select_pair(D, M mask, Pair<V> yes, Pair<V> no) noexcept {
  return {hn::IfThenElse(mask, yes.high, no.high), hn::IfThenElse(mask, yes.low, no.low)};
}

/// An argument a > 0 moved up by 8 where it is below 8.
template <class D>
struct Raised {
  using V = hn::Vec<D>;
  hn::Mask<D> small;   // a < 8
  Pair<V> argument;    // a or a + 8
  Pair<V> plus_seven;  // a + 7
  Pair<V> inner;       // (a+1)(a+2) … (a+6)
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Raised<D> raise_argument(D d, V a) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  Raised<D> out;
  out.small = hn::Lt(a, c(8.0));
  const Pair<V> up = fast_two_sum(c(8.0), a);
  out.argument = select_pair(d, out.small, up, Pair<V>{a, hn::Zero(d)});
  out.plus_seven = fast_two_sum(c(7.0), a);
  Pair<V> u = two_product(a, out.plus_seven.high);
  u.low = hn::MulAdd(a, out.plus_seven.low, u.low);
  const auto plus = [&](double value) HWY_ATTR {
    const Pair<V> sum = two_sum(u.high, c(value));
    return Pair<V>{sum.high, hn::Add(sum.low, u.low)};
  };
  out.inner = multiply_pairs(multiply_pairs(plus(6.0), plus(10.0)), plus(12.0));
  return out;
}

/// ln gamma(a.high + a.low) for 8 <= a.high < 2.5e305.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Pair<V> stirling(D d, Pair<V> a) noexcept {
  static constexpr double series[] = {
      0x1.5555555555555p-4,   -0x1.6c16c16c16c0fp-9, 0x1.a01a01a00d0c8p-11,
      -0x1.381381168d370p-11, 0x1.b951b7066a805p-11, -0x1.f69af4cedb3c1p-10,
      0x1.a2565f7c03969p-8,   -0x1.c6897db52d634p-6, 0x1.c29fa984fd96ep-4};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V inverse = hn::Div(c(1.0), a.high);
  const V square = hn::Mul(inverse, inverse);
  const V rest = hn::Mul(inverse, polynomial(d, square, hn::Mul(square, square), series));
  const Pair<V> log = log_pair(d, a.high, hn::Zero(d));
  Pair<V> log_less_one = fast_two_sum(log.high, c(-1.0));
  log_less_one.low = hn::Add(log_less_one.low, hn::MulAdd(a.low, inverse, log.low));
  Pair<V> factor = fast_two_sum(a.high, c(-0.5));
  factor.low = hn::Add(factor.low, a.low);
  const Pair<V> main = multiply_pairs(factor, log_less_one);
  const Pair<V> sum = fast_two_sum(main.high, c(0x1.acfe390c97d69p-2));
  const V low = hn::Add(main.low, c(0x1.3494bc9001442p-56));
  return fast_two_sum(sum.high, hn::Add(rest, hn::Add(sum.low, low)));
}

/// |sin(pi a)| for any finite a >= 0 as a pair, and the sign of the sine as that of a zero.
template <class V>
struct SinePi {
  Pair<V> magnitude;
  V sign;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE SinePi<V> sine_of_pi_times(D d, V a) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  // Every step up to `rest` is exact.
  const V turn = hn::NegMulAdd(hn::Floor(hn::Mul(a, c(0.5))), c(2.0), a);
  const V shifted = hn::MulAdd(turn, c(2.0), c(0x1.8p52));
  const V rest = hn::NegMulAdd(hn::Sub(shifted, c(0x1.8p52)), c(0.5), turn);
  Pair<V> r = two_product(rest, c(0x1.921fb54442d18p+1));
  r.low = hn::MulAdd(rest, c(0x1.1a62633145c07p-53), r.low);
  const SinCosSums<V> sums = sincos_sums(d, r.high, r.low);
  const auto quadrant = hn::BitCast(du, shifted);
  const auto odd = hn::RebindMask(d, hn::Ne(hn::And(quadrant, hn::Set(du, 1)), hn::Zero(du)));
  const Pair<V> sine = fast_two_sum(hn::IfThenElse(odd, sums.cos, sums.sin),
                                    hn::IfThenElse(odd, sums.cos_rest, sums.sin_rest));
  const V sign_bit = hn::SignBit(d);
  const V flip = hn::And(sine.high, sign_bit);
  const V of_quadrant = hn::BitCast(d, hn::ShiftLeft<62>(hn::And(quadrant, hn::Set(du, 2))));
  return {{hn::Xor(sine.high, flip), hn::Xor(sine.low, flip)}, hn::Xor(of_quadrant, flip)};
}

/// The same in plain doubles, for numbers of type f32.
template <class D>
struct RaisedShort {
  using V = hn::Vec<D>;
  hn::Mask<D> small;
  V argument, plus_seven, inner;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE RaisedShort<D> raise_short(D d, V a) noexcept {
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const auto small = hn::Lt(a, c(8.0));
  const V plus_seven = hn::Add(a, c(7.0));
  const V u = hn::Mul(a, plus_seven);
  const V inner = hn::Mul(hn::Mul(hn::Add(u, c(6.0)), hn::Add(u, c(10.0))), hn::Add(u, c(12.0)));
  return {small, hn::IfThenElse(small, hn::Add(a, c(8.0)), a), plus_seven, inner};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V stirling_short(D d, V a) noexcept {
  static constexpr double series[] = {0x1.5555555555477p-4, -0x1.6c16c15665122p-9,
                                      0x1.a0195329980f1p-11, -0x1.3797f4ede8393p-11,
                                      0x1.9517858f1a5aap-11};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const V inverse = hn::Div(c(1.0), a);
  const V square = hn::Mul(inverse, inverse);
  const V rest = hn::MulAdd(inverse, polynomial(d, square, hn::Mul(square, square), series),
                            c(0x1.acfe390c97d69p-2));
  const V log_less_one = hn::Sub(log_normal(d, a, hn::Zero(d)), c(1.0));
  return hn::MulAdd(hn::Sub(a, c(0.5)), log_less_one, rest);
}

/// sin(pi a) for 0 <= a < 2^51, in plain doubles; some number for others.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sine_of_pi_times_short(D d, V a) noexcept {
  // sin(r) = r + r^3 P(r^2) for |r| <= pi/2, minimax, relative error below 2^-52
  static constexpr double series[] = {
      -0x1.55555555554a8p-3,  0x1.111111110a573p-7,  -0x1.a01a019a65a19p-13, 0x1.71de3806aecd9p-19,
      -0x1.ae6355aae4d37p-26, 0x1.60e6bee7fb7d0p-33, -0x1.9f1518a7c0801p-41};
  const auto c = [d](double value) HWY_ATTR { return hn::Set(d, value); };
  const hn::RebindToUnsigned<D> du;
  const V shifted = hn::Add(a, c(0x1.8p52));
  const V rest = hn::Sub(a, hn::Sub(shifted, c(0x1.8p52)));
  const V r = hn::Mul(rest, c(0x1.921fb54442d18p+1));
  const V z = hn::Mul(r, r);
  const V y = hn::MulAdd(hn::Mul(r, z), polynomial(d, z, hn::Mul(z, z), series), r);
  return hn::Xor(y, hn::BitCast(d, hn::ShiftLeft<63>(hn::BitCast(du, shifted))));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
