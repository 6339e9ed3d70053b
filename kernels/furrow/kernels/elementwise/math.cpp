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

FURROW_MAP_OF_ONE(Exp, exp);
FURROW_MAP_OF_ONE(Log, log);
FURROW_MAP_OF_ONE(Sin, sin);
FURROW_MAP_OF_ONE(Cos, cos);
FURROW_MAP_OF_ONE(SinShort, sin_short);
FURROW_MAP_OF_ONE(CosShort, cos_short);

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
