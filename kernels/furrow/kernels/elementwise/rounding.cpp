// furrow/kernels/elementwise/rounding.cpp
//
// Rounding and division with remainder of f32 and f64.
//
// fmod is exact. With q = trunc(|x|/|y|) below 2^53, |x| - q|y| is representable, so that one fused
// multiply-add gives it; q may be one too large, by the rounding of the quotient, which shows in
// the sign. Larger quotients, and all of them where there is no fused multiply-add, are reduced in
// integers, lane by lane, 11 bits at a time. f32 goes through f64, where q|y| is exact below 2^29.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/rounding.cpp"
#include <hwy/foreach_target.h>
//
#include <bit>

#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/elementwise/rounding.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// A positive double as mantissa * 2^exponent, denormals too.
struct Parts {
  std::uint64_t mantissa;
  int exponent;

  explicit Parts(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const int field = static_cast<int>(bits >> 52);
    mantissa = bits & 0xfffffffffffff;
    if (field != 0) mantissa |= std::uint64_t{1} << 52;
    exponent = field != 0 ? field : 1;
  }
};

/// fmod(x, y); 0 < y <= x < inf.
HWY_NOINLINE double reduce_lane(double x, double y) noexcept {
  const Parts from(x);
  const Parts by(y);
  std::uint64_t rest = from.mantissa % by.mantissa;
  for (int left = from.exponent - by.exponent; left > 0 && rest != 0;) {
    const int step = left < 11 ? left : 11;
    rest = (rest << step) % by.mantissa;
    left -= step;
  }
  if (rest == 0) return 0;
  // rest < 2^53 at y's exponent: shifted up until it is normal, or the exponent is the smallest.
  int exponent = by.exponent;
  while ((rest >> 52) == 0 && exponent > 1) {
    rest <<= 1;
    --exponent;
  }
  const std::uint64_t field = (rest >> 52) != 0 ? static_cast<std::uint64_t>(exponent) : 0;
  return std::bit_cast<double>((rest & 0xfffffffffffff) | field << 52);
}

template <class D, class V, class M>
HWY_NOINLINE V reduce_lanes(D d, V x, V y, M slow, V others) noexcept {
  using T = hn::TFromD<D>;
  constexpr std::size_t lanes = hn::MaxLanes(D());
  HWY_ALIGN T a[lanes], b[lanes], is_slow[lanes], r[lanes];
  hn::Store(x, d, a);
  hn::Store(y, d, b);
  hn::Store(hn::IfThenElseZero(slow, hn::Set(d, T(1))), d, is_slow);
  hn::Store(others, d, r);
  for (std::size_t i = 0; i < lanes; ++i) {
    if (is_slow[i] != 0) r[i] = reduce_lane(a[i], b[i]);
  }
  return hn::Load(d, r);
}

/// x mod y, both positive or NaN; what is not finite and 0 < y <= x is to be replaced.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V positive_fmod(D d, V x, V y, bool exact_products) noexcept {
  const auto in_range =
      hn::And(hn::Lt(x, hn::Inf(d)), hn::And(hn::Ge(x, y), hn::Gt(y, hn::Zero(d))));
  const V q = hn::Trunc(hn::Div(x, y));
  V r = exact_products ? hn::Sub(x, hn::Mul(q, y)) : hn::NegMulAdd(q, y, x);
  r = hn::IfThenElse(hn::Lt(r, hn::Zero(d)), hn::Add(r, y), r);
#if HWY_NATIVE_FMA
  const double q_end = exact_products ? 0x1p29 : 0x1p53;
#else
  const double q_end = exact_products ? 0x1p29 : 0;
#endif
  const auto slow = hn::AndNot(hn::Lt(q, hn::Set(d, q_end)), in_range);
  if (HWY_UNLIKELY(!hn::AllFalse(d, slow))) r = reduce_lanes(d, x, y, slow, r);
  return r;
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V fmod(D d, V x, V y) noexcept {
  using T = hn::TFromD<D>;
  const V a = hn::Abs(x);
  const V b = hn::Abs(y);
  V r;
  if constexpr (sizeof(T) == 4) {
    const hn::Rebind<double, D> wide;
    r = hn::DemoteTo(d, positive_fmod(wide, hn::PromoteTo(wide, a), hn::PromoteTo(wide, b), true));
  } else {
    r = positive_fmod(d, a, b, false);
  }
  r = hn::IfThenElse(hn::Lt(a, b), a, r);
  const auto defined = hn::And(hn::Lt(a, hn::Inf(d)), hn::Gt(b, hn::Zero(d)));
  r = hn::IfThenElse(defined, r, hn::NaN(d));
  return hn::Or(r, hn::And(x, hn::SignBit(d)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE auto signs_differ(D d, V r, V y) noexcept {
  const V zero = hn::Zero(d);
  return hn::And(hn::Ne(r, zero), hn::Xor(hn::Lt(r, zero), hn::Lt(y, zero)));
}

template <class D>
struct Fmod {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Fmod(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x, V y) const noexcept { return fmod(d, x, y); }
};

template <class D>
struct Remainder {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Remainder(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x, V y) const noexcept {
    const V zero = hn::Zero(d);
    const V r = fmod(d, x, y);
    const V nonzero = hn::IfThenElse(signs_differ(d, r, y), hn::Add(r, y), r);
    const V signed_zero = hn::And(y, hn::SignBit(d));
    return hn::IfThenElse(hn::Eq(r, zero), signed_zero, nonzero);
  }
};

template <class D>
struct FloorDivide {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  FloorDivide(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x, V y) const noexcept {
    using T = hn::TFromD<D>;
    const V zero = hn::Zero(d);
    const V one = hn::Set(d, T(1));
    const V plain = hn::Div(x, y);
    const V r = fmod(d, x, y);
    V q = hn::Div(hn::Sub(x, r), y);
    q = hn::IfThenElse(signs_differ(d, r, y), hn::Sub(q, one), q);
    const V floor = hn::Floor(q);
    const auto up = hn::Gt(hn::Sub(q, floor), hn::Set(d, T(0.5)));
    V result = hn::IfThenElse(up, hn::Add(floor, one), floor);
    result = hn::IfThenElse(hn::Eq(q, zero), hn::And(plain, hn::SignBit(d)), result);
    return hn::IfThenElse(hn::Eq(y, zero), plain, result);
  }
};

/// Highway's fallback mixes up the zeros.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V keep_sign([[maybe_unused]] D d, V rounded, [[maybe_unused]] V x) noexcept {
#if HWY_TARGET == HWY_SCALAR
  return hn::CopySign(rounded, x);
#else
  return rounded;
#endif
}

template <class D>
struct Floor {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Floor(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return keep_sign(d, hn::Floor(x), x); }
};

template <class D>
struct Ceil {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Ceil(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return keep_sign(d, hn::Ceil(x), x); }
};

template <class D>
struct Trunc {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Trunc(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return keep_sign(d, hn::Trunc(x), x); }
};

template <class D>
struct Rint {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Rint(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return keep_sign(d, hn::Round(x), x); }
};

/// As many floats as a vector has doubles.
using Narrow = hn::Rebind<float, hn::ScalableTag<double>>;

template <template <class> class OpOf>
constexpr void put_division(RoundingTable& table, RoundingOp op) noexcept {
  table.at(op, Dtype::f32) = &map_packed<OpOf, float, Narrow>;
  table.at(op, Dtype::f64) = &map_packed<OpOf, double>;
}

constexpr RoundingTable make_rounding() noexcept {
  RoundingTable table;
  put<Floor>(table, RoundingOp::floor);
  put<Ceil>(table, RoundingOp::ceil);
  put<Trunc>(table, RoundingOp::trunc);
  put<Rint>(table, RoundingOp::rint);
  put_division<FloorDivide>(table, RoundingOp::floor_divide);
  put_division<Remainder>(table, RoundingOp::remainder);
  put_division<Fmod>(table, RoundingOp::fmod);
  return table;
}

const RoundingTable* rounding_table() {
  static constexpr RoundingTable table = make_rounding();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(RoundingTable, rounding);

}  // namespace furrow::kernels
#endif
