// furrow/kernels/elementwise/hyperbolic.cpp
//
// sinh, cosh, tanh and their inverses, by the functions of math/. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/hyperbolic.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/area_hyperbolic-inl.h>
#include <furrow/kernels/math/hyperbolic-inl.h>
#include <furrow/kernels/elementwise/exponential_entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

FURROW_MAP_OF_ONE(Sinh, sinh);
FURROW_MAP_OF_ONE(Cosh, cosh);
FURROW_MAP_OF_ONE(Tanh, tanh);
FURROW_MAP_OF_ONE(Asinh, asinh);
FURROW_MAP_OF_ONE(Acosh, acosh);
FURROW_MAP_OF_ONE_WITH_FAST(Atanh, atanh, atanh_fast);

constexpr ExponentialTable make_hyperbolic() noexcept {
  ExponentialTable table;
  put_in_pairs<Sinh>(table, ExponentialOp::sinh);
  put_in_pairs<Cosh>(table, ExponentialOp::cosh);
  put_in_pairs<Tanh>(table, ExponentialOp::tanh);
  put_in_pairs<Asinh>(table, ExponentialOp::asinh);
  put_in_pairs<Acosh>(table, ExponentialOp::acosh);
  put_in_pairs<Atanh>(table, ExponentialOp::atanh);
  return table;
}

const ExponentialTable* hyperbolic_table() {
  static constexpr ExponentialTable table = make_hyperbolic();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ExponentialTable, hyperbolic);

}  // namespace furrow::kernels
#endif
