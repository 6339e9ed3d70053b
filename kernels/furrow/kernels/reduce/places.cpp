// furrow/kernels/reduce/places.cpp
//
// argmin and argmax of one tile: the extreme first, then its first place, both over a tile that
// lies in the first-level cache. A NaN is before all numbers, the first of several wins; for
// nanargmin and nanargmax it is as bad as the worst number, and never the one that is found.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/places.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <limits>

#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

template <class T>
using Wide =
    std::conditional_t<std::is_floating_point_v<T>, double,
                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

constexpr std::size_t block_bytes = 256;

/// The first i with test(x[i]); count when there is none. Blocks without one are passed by at
/// vector speed: their loop has no exit.
template <class T, class Test>
HWY_INLINE std::size_t find_first(const T* x, std::size_t count, Test test) noexcept {
  constexpr std::size_t block = block_bytes / sizeof(T);
  std::size_t begin = 0;
  for (; begin + block <= count; begin += block) {
    T hits = 0;
    for (std::size_t i = 0; i < block; ++i) hits = test(x[begin + i]) ? T(1) : hits;
    if (hits != T(0)) break;
  }
  for (std::size_t i = begin; i < count; ++i) {
    if (test(x[i])) return i;
  }
  return count;
}

/// Lanes of one block, each the extreme of its own elements; NaN is passed over (it compares
/// false) and looked for by itself.
template <bool Greatest, class T>
HWY_INLINE T extreme(const T* x, std::size_t count, bool& nan) noexcept {
  constexpr std::size_t block = block_bytes / sizeof(T);
  const auto better = [](T a, T b) HWY_ATTR { return Greatest ? a > b : a < b; };
  if (count < block) {
    T best = x[0];
    bool any = best != best;
    for (std::size_t i = 1; i < count; ++i) {
      best = better(x[i], best) ? x[i] : best;
      any |= x[i] != x[i];
    }
    nan = any;
    return best;
  }
  T best[block];
  T odd[block];  // not 0 where a NaN was seen
  for (std::size_t k = 0; k < block; ++k) {
    best[k] = x[k];
    odd[k] = x[k] != x[k] ? T(1) : T(0);
  }
  const auto take = [&](const T* at) HWY_ATTR {
    for (std::size_t k = 0; k < block; ++k) {
      best[k] = better(at[k], best[k]) ? at[k] : best[k];
      if constexpr (std::is_floating_point_v<T>) odd[k] = at[k] != at[k] ? T(1) : odd[k];
    }
  };
  for (std::size_t begin = block; begin + block <= count; begin += block) take(x + begin);
  take(x + count - block);  // the tail, and some once more
  T result = best[0];
  bool any = odd[0] != T(0);
  for (std::size_t k = 1; k < block; ++k) {
    result = better(best[k], result) ? best[k] : result;
    any |= odd[k] != T(0);
  }
  nan = any;
  return result;
}

template <bool Greatest, class T>
void place(const ReduceCall& call, void* partial) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  auto& out = *static_cast<PlacePartial<Wide<T>>*>(partial);
  bool nan = false;
  const T best = extreme<Greatest>(x, call.count, nan);
  const std::size_t at =
      nan ? find_first(x, call.count, [](T v) HWY_ATTR { return v != v; })
          : find_first(x, call.count, [best](T v) HWY_ATTR { return v == best; });
  out = {static_cast<Wide<T>>(x[at]), call.first_index + at};
}

template <bool Greatest, class T>
void number_place(const ReduceCall& call, void* partial) noexcept {
  constexpr T worst =
      Greatest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  const T* const x = static_cast<const T*>(call.in[0]);
  auto& out = *static_cast<PlacePartial<double>*>(partial);
  alignas(64) T numbers[tile_elements(sizeof(f16))];  // f16 comes widened
  numbers[0] = worst;
  for (std::size_t i = 0; i < call.count; ++i) numbers[i] = x[i] == x[i] ? x[i] : worst;
  bool nan = false;
  const T best = extreme<Greatest>(numbers, call.count, nan);
  const std::size_t at = find_first(x, call.count, [best](T v) HWY_ATTR { return v == best; });
  if (at == call.count) {
    out = {std::numeric_limits<double>::quiet_NaN(), no_place};
  } else {
    out = {static_cast<double>(best), call.first_index + at};
  }
}

template <bool Greatest>
void place_bool(const ReduceCall& call, void* partial) noexcept {
  ReduceCall bytes = call;  // a bool is a byte of 0 or 1
  place<Greatest, std::uint8_t>(bytes, partial);
}

template <bool Greatest, bool Numbers>
void place_f16(const ReduceCall& call, void* partial) noexcept {
  alignas(64) float wide[tile_elements(sizeof(f16))];
  const auto* x = static_cast<const f16*>(call.in[0]);
  for (std::size_t i = 0; i < call.count; ++i) wide[i] = static_cast<float>(x[i]);
  ReduceCall widened = call;
  widened.in[0] = wide;
  if constexpr (Numbers) {
    number_place<Greatest, float>(widened, partial);
  } else {
    place<Greatest, float>(widened, partial);
  }
}

template <class... Ts>
constexpr void put_places(ReduceTable& table) noexcept {
  ((table.at(ReduceOp::argmin, dtype_of<Ts>) = &place<false, Ts>,
    table.at(ReduceOp::argmax, dtype_of<Ts>) = &place<true, Ts>),
   ...);
}

constexpr ReduceTable make_places() noexcept {
  ReduceTable table;
  put_places<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
             std::uint32_t, std::uint64_t, float, double>(table);
  table.at(ReduceOp::argmin, Dtype::bool_) = &place_bool<false>;
  table.at(ReduceOp::argmax, Dtype::bool_) = &place_bool<true>;
  table.at(ReduceOp::argmin, Dtype::f16) = &place_f16<false, false>;
  table.at(ReduceOp::argmax, Dtype::f16) = &place_f16<true, false>;
  table.at(ReduceOp::nanargmin, Dtype::f16) = &place_f16<false, true>;
  table.at(ReduceOp::nanargmax, Dtype::f16) = &place_f16<true, true>;
  table.at(ReduceOp::nanargmin, Dtype::f32) = &number_place<false, float>;
  table.at(ReduceOp::nanargmax, Dtype::f32) = &number_place<true, float>;
  table.at(ReduceOp::nanargmin, Dtype::f64) = &number_place<false, double>;
  table.at(ReduceOp::nanargmax, Dtype::f64) = &number_place<true, double>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ReduceTable* places_table() {
  static constexpr ReduceTable table = make_places();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(places_table);

const ReduceTable* resolve_reduce_places(std::size_t slot) noexcept {
  return FURROW_DISPATCH(places_table, slot);
}

}  // namespace furrow::kernels
#endif
