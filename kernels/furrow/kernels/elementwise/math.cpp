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
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  SinShort(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return sin_short(d, x); }
};

template <class D>
struct CosShort {
  static constexpr std::size_t inputs = 1;
  using V = hn::Vec<D>;
  CosShort(D, const Scalar*) noexcept {}
  HWY_INLINE V operator()(D d, V x) const noexcept { return cos_short(d, x); }
};

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

FURROW_EXPORT_TABLE(ElementwiseTable, math);

}  // namespace furrow::kernels
#endif
