// furrow/kernels/elementwise/cast.cpp
//
// Conversions between all dtypes: plain loops, vectorised by the compiler for every target.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/cast.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/loop-inl.h>
#include <furrow/kernels/elementwise/cast.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <class From, class To>
constexpr void put(CastTable& table) noexcept {
  if constexpr (!std::is_same_v<From, To>) {
    table.at<false, From, To>() = &Loop<CastSpec<false, From, To>>::run;
    if constexpr (rules_differ<From, To> && !is_complex(dtype_of<From>)) {
      table.at<true, From, To>() = &Loop<CastSpec<true, From, To>>::run;
    }
  }
}

template <class... Ts>
struct AllPairs {
  template <class From>
  static constexpr void put_from(CastTable& table) noexcept {
    (put<From, Ts>(table), ...);
  }
  static constexpr void put_all(CastTable& table) noexcept { (put_from<Ts>(table), ...); }
};

constexpr CastTable make_cast() noexcept {
  CastTable table;
  AllPairs<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
           std::uint32_t, std::uint64_t, f16, float, double, c64, c128>::put_all(table);
  return table;
}

const CastTable* cast_table() {
  static constexpr CastTable table = make_cast();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(CastTable, cast);

}  // namespace furrow::kernels
#endif
