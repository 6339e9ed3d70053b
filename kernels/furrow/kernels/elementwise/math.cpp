// furrow/kernels/elementwise/math.cpp
//
// exp, log, sin and cos, by the functions of math/. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/math.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/sincos-inl.h>
#include <furrow/kernels/math/sincos_short-inl.h>
#include <furrow/kernels/elementwise/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <class D>
struct Exp {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Exp(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return exp(d, x); }
};

template <class D>
struct Log {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Log(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return log(d, x); }
};

template <class D>
struct Sin {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Sin(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return sin(d, x); }
};

template <class D>
struct Cos {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  Cos(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return cos(d, x); }
};

template <class D>
struct SinShort {
  using V = hn::Vec<D>;
  HWY_INLINE V operator()(D d, V x) const noexcept { return sin_short(d, x); }
};

template <class D>
struct CosShort {
  using V = hn::Vec<D>;
  HWY_INLINE V operator()(D d, V x) const noexcept { return cos_short(d, x); }
};

/// f32 elements computed in f64 and rounded once more at the end.
template <template <class> class OpOf>
void map_through_f64(const MapCall& call) noexcept {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, hn::ScalableTag<double>> narrow;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<double>());
  const Operands<float> at(call);
  const OpOf<hn::ScalableTag<double>> op;
  std::size_t i = 0;
  for (; i + lanes <= call.count; i += lanes) {
    const auto x = hn::PromoteTo(d, hn::LoadU(narrow, at.in[0] + i));
    hn::StoreU(hn::DemoteTo(narrow, op(d, x)), narrow, at.out + i);
  }
  const std::size_t rest = call.count - i;
  if (rest == 0) return;
  alignas(64) float buffer[lanes] = {};
  std::memcpy(buffer, at.in[0] + i, rest * sizeof(float));
  const auto x = hn::PromoteTo(d, hn::LoadU(narrow, buffer));
  hn::StoreU(hn::DemoteTo(narrow, op(d, x)), narrow, buffer);
  std::memcpy(at.out + i, buffer, rest * sizeof(float));
}

constexpr ElementwiseTable make_math() noexcept {
  ElementwiseTable table;
  table.at(ElementwiseOp::exp, Dtype::f32) = &map_packed<Exp, float>;
  table.at(ElementwiseOp::exp, Dtype::f64) = &map_packed<Exp, double>;
  table.at(ElementwiseOp::log, Dtype::f32) = &map_packed<Log, float>;
  table.at(ElementwiseOp::log, Dtype::f64) = &map_packed<Log, double>;
  table.at(ElementwiseOp::sin, Dtype::f32) = &map_through_f64<SinShort>;
  table.at(ElementwiseOp::sin, Dtype::f64) = &map_packed<Sin, double>;
  table.at(ElementwiseOp::cos, Dtype::f32) = &map_through_f64<CosShort>;
  table.at(ElementwiseOp::cos, Dtype::f64) = &map_packed<Cos, double>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ElementwiseTable* math_table() {
  static constexpr ElementwiseTable table = make_math();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(math_table);

const ElementwiseTable* resolve_math(std::size_t slot) noexcept {
  return FURROW_DISPATCH(math_table, slot);
}

}  // namespace furrow::kernels
#endif
