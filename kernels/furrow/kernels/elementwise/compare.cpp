// furrow/kernels/elementwise/compare.cpp
//
// Comparisons, logic and classes: plain loops from any dtype to bool.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/compare.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/loop-inl.h>
#include <furrow/kernels/elementwise/compare.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <CompareOp O, class... Ts>
constexpr void put(CompareTable& table) noexcept {
  ((table.at(O, dtype_of<Ts>) = &Loop<CompareSpec<O, Ts>>::run), ...);
}

template <CompareOp O>
constexpr void put_all(CompareTable& table) noexcept {
  put<O, bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
      std::uint32_t, std::uint64_t, f16, float, double, c64, c128>(table);
}

constexpr CompareTable make_compare() noexcept {
  using Op = CompareOp;
  CompareTable table;
  put_all<Op::equal>(table);
  put_all<Op::not_equal>(table);
  put_all<Op::less>(table);
  put_all<Op::less_equal>(table);
  put_all<Op::greater>(table);
  put_all<Op::greater_equal>(table);
  put_all<Op::logical_and>(table);
  put_all<Op::logical_or>(table);
  put_all<Op::logical_xor>(table);
  put_all<Op::logical_not>(table);
  put<Op::isnan, f16, float, double, c64, c128>(table);
  put<Op::isinf, f16, float, double, c64, c128>(table);
  put<Op::isfinite, f16, float, double, c64, c128>(table);
  put<Op::signbit, f16, float, double>(table);
  return table;
}

const CompareTable* compare_table() {
  static constexpr CompareTable table = make_compare();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(CompareTable, compare);

}  // namespace furrow::kernels
#endif
