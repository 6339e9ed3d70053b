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
#include <furrow/kernels/math/sine-inl.h>
#include <furrow/kernels/elementwise/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

FURROW_MAP_OF_ONE(Exp, exp);
FURROW_MAP_OF_ONE(Log, log);
#if HWY_NATIVE_FMA
FURROW_MAP_OF_ONE_WITH_FAST(Sin, sin, sine_fast<false>);
FURROW_MAP_OF_ONE_WITH_FAST(Cos, cos, sine_fast<true>);
#else
FURROW_MAP_OF_ONE(Sin, sin);
FURROW_MAP_OF_ONE(Cos, cos);
FURROW_MAP_OF_ONE(SinShort, sin_short);
FURROW_MAP_OF_ONE(CosShort, cos_short);
#endif

constexpr ElementwiseTable make_math() noexcept {
  ElementwiseTable table;
  put<Exp>(table, ElementwiseOp::exp);
  put<Log>(table, ElementwiseOp::log);
#if HWY_NATIVE_FMA
  put_in_pairs<Sin>(table, ElementwiseOp::sin);
  put_in_pairs<Cos>(table, ElementwiseOp::cos);
#else
  put<Sin, SinShort>(table, ElementwiseOp::sin);
  put<Cos, CosShort>(table, ElementwiseOp::cos);
#endif
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
