// furrow/kernels/elementwise/trigonometric.cpp
//
// tan, asin, acos, atan and atan2, by the functions of math/. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/trigonometric.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/asin-inl.h>
#include <furrow/kernels/math/atan-inl.h>
#include <furrow/kernels/math/tan-inl.h>
#include <furrow/kernels/elementwise/trigonometric_entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

#if HWY_NATIVE_FMA
FURROW_MAP_OF_ONE_WITH_FAST(Tan, tan, tan_fast);
#else
FURROW_MAP_OF_ONE(Tan, tan);
FURROW_MAP_OF_ONE(TanShort, tan_short);
#endif
FURROW_MAP_OF_ONE(Asin, asin);
FURROW_MAP_OF_ONE(Acos, acos);
FURROW_MAP_OF_ONE(Atan, atan);
FURROW_MAP_OF_TWO_WITH_FAST(Atan2, atan2, atan2_fast);

constexpr TrigonometricTable make_trigonometric() noexcept {
  TrigonometricTable table;
#if HWY_NATIVE_FMA
  put_in_pairs<Tan>(table, TrigonometricOp::tan);
#else
  put<Tan, TanShort>(table, TrigonometricOp::tan);
#endif
  put_in_pairs<Asin>(table, TrigonometricOp::asin);
  put_in_pairs<Acos>(table, TrigonometricOp::acos);
  put_in_pairs<Atan>(table, TrigonometricOp::atan);
  put_in_pairs<Atan2>(table, TrigonometricOp::atan2);
  return table;
}

const TrigonometricTable* trigonometric_table() {
  static constexpr TrigonometricTable table = make_trigonometric();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(TrigonometricTable, trigonometric);

}  // namespace furrow::kernels
#endif
