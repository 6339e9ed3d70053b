// furrow/kernels/elementwise/power.cpp
//
// pow, cbrt, hypot and the reciprocal, by the functions of math/. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/power.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/cbrt-inl.h>
#include <furrow/kernels/math/hypot-inl.h>
#include <furrow/kernels/math/pow-inl.h>
#include <furrow/kernels/elementwise/exponential_entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

FURROW_MAP_OF_TWO_WITH_FAST(Pow, pow, pow_fast);
FURROW_MAP_OF_TWO(Hypot, hypot);
FURROW_MAP_OF_TWO(HypotShort, hypot_short);
FURROW_MAP_OF_ONE_WITH_FAST(Cbrt, cbrt, cbrt_fast);

template <class D, class V = hn::Vec<D>>
HWY_INLINE V reciprocal(D d, V x) noexcept {
  return hn::Div(hn::Set(d, hn::TFromD<D>(1)), x);
}
FURROW_MAP_OF_ONE(Reciprocal, reciprocal);

constexpr ExponentialTable make_power() noexcept {
  ExponentialTable table;
  put_in_pairs<Pow>(table, ExponentialOp::pow);
  put<Hypot, HypotShort>(table, ExponentialOp::hypot);
  put_in_pairs<Cbrt>(table, ExponentialOp::cbrt);
  put<Reciprocal>(table, ExponentialOp::reciprocal);
  return table;
}

const ExponentialTable* power_table() {
  static constexpr ExponentialTable table = make_power();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ExponentialTable, power);

}  // namespace furrow::kernels
#endif
