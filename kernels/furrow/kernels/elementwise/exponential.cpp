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
FURROW_MAP_OF_ONE_WITH_FAST(Log2, log2, log2_fast);
FURROW_MAP_OF_ONE_WITH_FAST(Log10, log10, log10_fast);
FURROW_MAP_OF_ONE_WITH_FAST(Log1p, log1p, log1p_fast);

constexpr ExponentialTable make_exponential() noexcept {
  ExponentialTable table;
  put_in_pairs<Exp2>(table, ExponentialOp::exp2);
  put_in_pairs<Expm1>(table, ExponentialOp::expm1);
  put_in_pairs<Log2>(table, ExponentialOp::log2);
  put_in_pairs<Log10>(table, ExponentialOp::log10);
  put_in_pairs<Log1p>(table, ExponentialOp::log1p);
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
