// furrow/kernels/elementwise/exponential.cpp
//
// exp2, expm1, log2, log10 and log1p, by the functions of math/. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/exponential.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/exp2-inl.h>
#include <furrow/kernels/math/expm1-inl.h>
#include <furrow/kernels/math/log1p-inl.h>
#include <furrow/kernels/math/log2-inl.h>
#include <furrow/kernels/elementwise/exponential_entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

FURROW_MAP_OF_ONE(Exp2, exp2);
FURROW_MAP_OF_ONE(Expm1, expm1);
FURROW_MAP_OF_ONE(Log2, log2);
FURROW_MAP_OF_ONE(Log10, log10);
FURROW_MAP_OF_ONE(Log1p, log1p);

constexpr ExponentialTable make_exponential() noexcept {
  ExponentialTable table;
  put<Exp2>(table, ExponentialOp::exp2);
  put<Expm1>(table, ExponentialOp::expm1);
  put<Log2>(table, ExponentialOp::log2);
  put<Log10>(table, ExponentialOp::log10);
  put<Log1p>(table, ExponentialOp::log1p);
  return table;
}

const ExponentialTable* exponential_table() {
  static constexpr ExponentialTable table = make_exponential();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ExponentialTable, exponential);

}  // namespace furrow::kernels
#endif
