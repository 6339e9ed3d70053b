// furrow/kernels/elementwise/complex.cpp
//
// Quotients and magnitudes of complex numbers: real and imaginary parts in vectors of their own.
// Not plain loops: see arithmetic.cpp.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/complex.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/hypot-inl.h>
#include <furrow/kernels/elementwise/complex.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <class V>
struct Parts {
  V real, imaginary;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Parts<V> load_parts(D d, const hn::TFromD<D>* p) noexcept {
  Parts<V> x;
  hn::LoadInterleaved2(d, p, x.real, x.imaginary);
  return x;
}

struct Divide {
  static constexpr std::size_t inputs = 2;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Parts<V> of(D d, const Parts<V>& x, const Parts<V>& y) noexcept {
    const auto wide = hn::Ge(hn::Abs(y.real), hn::Abs(y.imaginary));
    const V large = hn::IfThenElse(wide, y.real, y.imaginary);
    const V small = hn::IfThenElse(wide, y.imaginary, y.real);
    const V p = hn::IfThenElse(wide, x.real, x.imaginary);
    const V q = hn::IfThenElse(wide, x.imaginary, x.real);
    const V r = hn::Div(small, large);
    const V s = hn::Div(hn::Set(d, hn::TFromD<D>(1)), hn::Add(large, hn::Mul(small, r)));
    const V pr = hn::Mul(p, r);
    Parts<V> out;
    out.real = hn::Mul(hn::Add(p, hn::Mul(q, r)), s);
    // Not the other difference with its sign changed: equal numbers give +0.
    out.imaginary = hn::Mul(hn::IfThenElse(wide, hn::Sub(q, pr), hn::Sub(pr, q)), s);
    const V zero = hn::Zero(d);
    const auto none = hn::And(hn::Eq(y.real, zero), hn::Eq(y.imaginary, zero));
    if (HWY_UNLIKELY(!hn::AllFalse(d, none))) {
      out.real = hn::IfThenElse(none, hn::Div(x.real, zero), out.real);
      out.imaginary = hn::IfThenElse(none, hn::Div(x.imaginary, zero), out.imaginary);
    }
    return out;
  }
};

struct Reciprocal {
  static constexpr std::size_t inputs = 1;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Parts<V> of(D d, const Parts<V>& x, const Parts<V>&) noexcept {
    const auto wide = hn::Le(hn::Abs(x.imaginary), hn::Abs(x.real));
    const V large = hn::IfThenElse(wide, x.real, x.imaginary);
    const V small = hn::IfThenElse(wide, x.imaginary, x.real);
    const V r = hn::Div(small, large);
    const V q = hn::Add(large, hn::Mul(small, r));
    const V one = hn::Set(d, hn::TFromD<D>(1));
    return {hn::Div(hn::IfThenElse(wide, one, r), q),
            hn::Div(hn::Neg(hn::IfThenElse(wide, r, one)), q)};
  }
};

/// Op on every element: a vector of real parts and one of imaginary parts at a time.
template <class Op, class P>
void map_parts(const MapCall& call) noexcept {
  const hn::ScalableTag<P> d;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<P>());
  const Operands<P> at(call);
  const auto run = [&](const P* const* in, std::size_t i, P* out) HWY_ATTR {
    const auto x = load_parts(d, in[0] + i);
    const auto result = Op::of(d, x, Op::inputs == 2 ? load_parts(d, in[Op::inputs - 1] + i) : x);
    hn::StoreInterleaved2(result.real, result.imaginary, d, out + i);
  };
  const std::size_t count = 2 * call.count;
  std::size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) run(at.in, i, at.out);
  const std::size_t rest = (count - i) * sizeof(P);
  if (rest == 0) return;
  alignas(64) P buffer[2][2 * lanes] = {};
  const P* tail[2] = {buffer[0], buffer[1]};
  for (std::size_t k = 0; k < Op::inputs; ++k) std::memcpy(buffer[k], at.in[k] + i, rest);
  run(tail, 0, buffer[0]);
  std::memcpy(at.out + i, buffer[0], rest);
}

void magnitudes(const MapCall& call, double) noexcept {
  const hn::ScalableTag<double> d;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<double>());
  const auto* x = static_cast<const double*>(call.in[0]);
  auto* out = static_cast<double*>(call.out);
  const auto run = [&](const double* from) HWY_ATTR {
    const auto parts = load_parts(d, from);
    return hypot(d, parts.real, parts.imaginary);
  };
  std::size_t i = 0;
  for (; i + lanes <= call.count; i += lanes) hn::StoreU(run(x + 2 * i), d, out + i);
  const std::size_t rest = (call.count - i) * sizeof(double);
  if (rest == 0) return;
  alignas(64) double buffer[2 * lanes] = {};
  std::memcpy(buffer, x + 2 * i, 2 * rest);
  hn::StoreU(run(buffer), d, buffer);
  std::memcpy(out + i, buffer, rest);
}

/// In f64, where squares of f32 numbers neither round nor overflow.
void magnitudes(const MapCall& call, float) noexcept {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, hn::ScalableTag<double>> narrow;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<double>());
  const auto* x = static_cast<const float*>(call.in[0]);
  auto* out = static_cast<float*>(call.out);
  const auto run = [&](const float* from) HWY_ATTR {
    const auto parts = load_parts(narrow, from);
    const auto real = hn::PromoteTo(d, parts.real);
    return rounded(narrow, hypot_short(d, real, hn::PromoteTo(d, parts.imaginary)));
  };
  std::size_t i = 0;
  for (; i + lanes <= call.count; i += lanes) hn::StoreU(run(x + 2 * i), narrow, out + i);
  const std::size_t rest = (call.count - i) * sizeof(float);
  if (rest == 0) return;
  alignas(64) float buffer[2 * lanes] = {};
  std::memcpy(buffer, x + 2 * i, 2 * rest);
  hn::StoreU(run(buffer), narrow, buffer);
  std::memcpy(out + i, buffer, rest);
}

template <class P>
void abs_packed(const MapCall& call) noexcept {
  if (call.streaming) return map_streaming(call, &abs_packed<P>, {sizeof(P), {2 * sizeof(P)}});
  magnitudes(call, P());
}

template <class P>
constexpr void put_complex(ComplexTable& table, Dtype dtype) noexcept {
  table.at(ComplexOp::divide, dtype) = &map_parts<Divide, P>;
  table.at(ComplexOp::reciprocal, dtype) = &map_parts<Reciprocal, P>;
  table.at(ComplexOp::abs, dtype) = &abs_packed<P>;
}

constexpr ComplexTable make_complex() noexcept {
  ComplexTable table;
  put_complex<float>(table, Dtype::c64);
  put_complex<double>(table, Dtype::c128);
  return table;
}

const ComplexTable* complex_table() {
  static constexpr ComplexTable table = make_complex();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ComplexTable, complex);

}  // namespace furrow::kernels
#endif
