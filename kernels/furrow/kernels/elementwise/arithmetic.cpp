// furrow/kernels/elementwise/arithmetic.cpp
//
// Floating-point arithmetic. Every multiply-add is written out, so all targets with a fused one
// give the same bits; the compiler may fuse nothing (-ffp-contract=off).
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/arithmetic.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/elementwise/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <class D>
HWY_INLINE hn::Vec<D> parameter(D d, const Scalar& value) noexcept {
  return hn::Set(d, element_of<hn::TFromD<D>>(value));
}

template <class D>
struct Scale {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  V a;
  Scale(D d, const Scalar* p) noexcept : a(parameter(d, p[0])) {}
  HWY_INLINE V operator()(D, V x) const noexcept { return hn::Mul(a, x); }
};

template <class D>
struct Affine {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  V a, b;
  Affine(D d, const Scalar* p) noexcept : a(parameter(d, p[0])), b(parameter(d, p[1])) {}
  HWY_INLINE V operator()(D, V x) const noexcept { return hn::MulAdd(a, x, b); }
};

template <class D>
struct Axpby {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  V a, b;
  Axpby(D d, const Scalar* p) noexcept : a(parameter(d, p[0])), b(parameter(d, p[1])) {}
  HWY_INLINE V operator()(D, V x, V y) const noexcept { return hn::MulAdd(a, x, hn::Mul(b, y)); }
};

template <class D>
struct Fma {
  static constexpr std::size_t inputs = 3;
  using V = hn::Vec<D>;
  Fma(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x, V y, V z) const noexcept { return hn::MulAdd(x, y, z); }
};

template <class D>
struct Add {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Add(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x, V y) const noexcept { return hn::Add(x, y); }
};

template <class D>
struct Subtract {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Subtract(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x, V y) const noexcept { return hn::Sub(x, y); }
};

template <class D>
struct Multiply {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Multiply(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x, V y) const noexcept { return hn::Mul(x, y); }
};

template <class D>
struct Divide {
  static constexpr std::size_t inputs = 2;
  using V = hn::Vec<D>;
  Divide(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x, V y) const noexcept { return hn::Div(x, y); }
};

template <class D>
struct Negate {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  V sign;
  Negate(D d, const Scalar*) noexcept : sign(hn::SignBit(d)) {}
  // Not 0 - x, which would make +0 of +0.
  HWY_INLINE V operator()(D, V x) const noexcept { return hn::Xor(x, sign); }
};

template <class D>
struct Abs {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  V sign;
  Abs(D d, const Scalar*) noexcept : sign(hn::SignBit(d)) {}
  HWY_INLINE V operator()(D, V x) const noexcept { return hn::AndNot(sign, x); }
};

template <class D>
struct Sqrt {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Sqrt(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D, V x) const noexcept { return hn::Sqrt(x); }
};

template <class D>
struct Clip {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  V low, high, poison;
  Clip(D d, const Scalar* p) noexcept : low(parameter(d, p[0])), high(parameter(d, p[1])) {
    // A NaN bound makes every result NaN, as in NumPy: all bits set, or none.
    using T = hn::TFromD<D>;
    const T l = element_of<T>(p[0]);
    const T h = element_of<T>(p[1]);
    poison = hn::VecFromMask(d, hn::Set(d, l == l && h == h ? T(0) : T(1)) != hn::Zero(d));
  }
  HWY_INLINE V operator()(D, V x) const noexcept {
    // Compare and select, not Min and Max: those differ between targets for NaN and for -0.
    x = hn::IfThenElse(hn::Lt(x, low), low, x);
    return hn::Or(hn::IfThenElse(hn::Gt(x, high), high, x), poison);
  }
};

// Complex numbers: pairs of reals, by the schoolbook formulas without the recovery of infinities
// that C's Annex G adds (NumPy has none either). Not plain loops: with FMA, g++ 12 makes
// vfmaddsub of them in spite of -ffp-contract=off, and the bits would depend on the target.
#if HWY_TARGET == HWY_SCALAR
template <class P>
HWY_INLINE void multiply_pair(const P* x, const P* y, P* out) noexcept {
  const P real = x[0] * y[0] - x[1] * y[1];
  const P imaginary = x[0] * y[1] + x[1] * y[0];
  out[0] = real;
  out[1] = imaginary;
}
#else
template <class D, class V>
HWY_INLINE V swap_parts(D, V x) noexcept {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return hn::Shuffle2301(x);
  } else {
    return hn::Shuffle01(x);
  }
}

/// Lanes (r, m) of x times (r, m) of y.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V multiply_complex(D d, V x, V y) noexcept {
  const V real = hn::DupEven(y);
  const V imaginary = hn::DupOdd(y);
  const V minus_plus = hn::OddEven(hn::Zero(d), hn::SignBit(d));
  // xr*yr + xm*(-ym), xm*yr + xr*ym
  return hn::Add(hn::Mul(x, real), hn::Mul(swap_parts(d, x), hn::Xor(imaginary, minus_plus)));
}
#endif

/// Complex product of in[0] and either in[1] or the parameter.
template <class P, bool Constant>
void multiply_complex_packed(const MapCall& call) noexcept {
  const Operands<P> at(call);
  const P constant[2] = {static_cast<P>(call.parameters[0].c128[0]),
                         static_cast<P>(call.parameters[0].c128[1])};
  const std::size_t count = 2 * call.count;
  std::size_t i = 0;
#if HWY_TARGET == HWY_SCALAR
  for (; i < count; i += 2) {
    multiply_pair(at.in[0] + i, Constant ? constant : at.in[1] + i, at.out + i);
  }
#else
  const hn::ScalableTag<P> d;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<P>());
  const auto a = hn::OddEven(hn::Set(d, constant[1]), hn::Set(d, constant[0]));
  for (; i + lanes <= count; i += lanes) {
    const auto y = Constant ? a : hn::LoadU(d, at.in[1] + i);
    hn::StoreU(multiply_complex(d, hn::LoadU(d, at.in[0] + i), y), d, at.out + i);
  }
  const std::size_t rest = (count - i) * sizeof(P);
  if (rest == 0) return;
  alignas(64) P x[lanes] = {};
  alignas(64) P y[lanes] = {};
  std::memcpy(x, at.in[0] + i, rest);
  if (!Constant) std::memcpy(y, at.in[1] + i, rest);
  hn::StoreU(multiply_complex(d, hn::LoadU(d, x), Constant ? a : hn::LoadU(d, y)), d, x);
  std::memcpy(at.out + i, x, rest);
#endif
}

/// Sums and differences of complex numbers are those of their parts.
template <template <class> class OpOf, class P>
void complex_parts(const MapCall& call) noexcept {
  MapCall parts = call;
  parts.count = 2 * call.count;
  map_packed<OpOf, P>(parts);
}

template <class P>
constexpr void put_complex(ElementwiseTable& table, Dtype dtype) noexcept {
  table.at(ElementwiseOp::scale, dtype) = &multiply_complex_packed<P, true>;
  table.at(ElementwiseOp::multiply, dtype) = &multiply_complex_packed<P, false>;
  table.at(ElementwiseOp::add, dtype) = &complex_parts<Add, P>;
  table.at(ElementwiseOp::subtract, dtype) = &complex_parts<Subtract, P>;
  table.at(ElementwiseOp::negate, dtype) = &complex_parts<Negate, P>;
}

template <template <class> class OpOf>
constexpr void put(ElementwiseTable& table, ElementwiseOp op) noexcept {
  table.at(op, Dtype::f32) = &map_packed<OpOf, float>;
  table.at(op, Dtype::f64) = &map_packed<OpOf, double>;
}

constexpr ElementwiseTable make_arithmetic() noexcept {
  ElementwiseTable table;
  put<Scale>(table, ElementwiseOp::scale);
  put<Affine>(table, ElementwiseOp::affine);
  put<Axpby>(table, ElementwiseOp::axpby);
  put<Fma>(table, ElementwiseOp::fma);
  put<Add>(table, ElementwiseOp::add);
  put<Subtract>(table, ElementwiseOp::subtract);
  put<Multiply>(table, ElementwiseOp::multiply);
  put<Divide>(table, ElementwiseOp::divide);
  put<Negate>(table, ElementwiseOp::negate);
  put<Abs>(table, ElementwiseOp::abs);
  put<Clip>(table, ElementwiseOp::clip);
  put<Sqrt>(table, ElementwiseOp::sqrt);
  put_complex<float>(table, Dtype::c64);
  put_complex<double>(table, Dtype::c128);
  return table;
}

const ElementwiseTable* arithmetic_table() {
  static constexpr ElementwiseTable table = make_arithmetic();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ElementwiseTable, arithmetic);

}  // namespace furrow::kernels
#endif
