// furrow/kernels/elementwise/special.cpp
//
// Error functions, the normal distribution and the gamma function, by the functions of math/; f32
// is computed in f64 with shorter series. No libm.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/special.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/math/erf-inl.h>
#include <furrow/kernels/math/erfc-inl.h>
#include <furrow/kernels/math/gamma-inl.h>
#include <furrow/kernels/math/lgamma-inl.h>
#include <furrow/kernels/math/ndtri-inl.h>
#include <furrow/kernels/elementwise/special_entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

FURROW_MAP_OF_ONE(Erf, erf);
FURROW_MAP_OF_ONE(ErfShort, erf_short);
FURROW_MAP_OF_ONE(Erfc, erfc);
FURROW_MAP_OF_ONE(ErfcShort, erfc_short);
FURROW_MAP_OF_ONE(Ndtr, ndtr);
FURROW_MAP_OF_ONE(NdtrShort, ndtr_short);
FURROW_MAP_OF_ONE(Ndtri, ndtri);
FURROW_MAP_OF_ONE(NdtriShort, ndtri_short);
FURROW_MAP_OF_ONE(Tgamma, tgamma);
FURROW_MAP_OF_ONE(TgammaShort, tgamma_short);
FURROW_MAP_OF_ONE(Lgamma, lgamma);
FURROW_MAP_OF_ONE(LgammaShort, lgamma_short);

constexpr SpecialTable make_special() noexcept {
  SpecialTable table;
  put<Erf, ErfShort>(table, SpecialOp::erf);
  put<Erfc, ErfcShort>(table, SpecialOp::erfc);
  put<Ndtr, NdtrShort>(table, SpecialOp::ndtr);
  put<Ndtri, NdtriShort>(table, SpecialOp::ndtri);
  put<Tgamma, TgammaShort>(table, SpecialOp::tgamma);
  put<Lgamma, LgammaShort>(table, SpecialOp::lgamma);
  return table;
}

const SpecialTable* special_table() {
  static constexpr SpecialTable table = make_special();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(SpecialTable, special);

}  // namespace furrow::kernels
#endif
