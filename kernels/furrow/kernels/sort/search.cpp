// furrow/kernels/sort/search.cpp
//
// Binary search without branches, compiled once per SIMD target: the compiler makes gathers of it.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/sort/search.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/sort/keys.hpp>
#include <furrow/kernels/sort/search.hpp>

#ifndef FURROW_KERNELS_SORT_SEARCH_TABLE_
#define FURROW_KERNELS_SORT_SEARCH_TABLE_
namespace furrow::kernels {
struct SearchTable {
  std::array<void (*)(const Search&, std::int64_t block), 13> block{};
};
}  // namespace furrow::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

/// What is compared: the element, but for f16 its key.
template <class T>
auto comparable(T x) noexcept {
  if constexpr (std::is_same_v<T, f16>) {
    return to_key<f16>(x, {false, true});
  } else if constexpr (std::is_same_v<T, bool>) {
    return static_cast<std::uint8_t>(x);
  } else {
    return x;
  }
}

/// Is the sorted element before the place of v?
template <bool Right, class C>
bool passes(C element, C v) noexcept {
  if constexpr (std::is_floating_point_v<C>) {
    if constexpr (Right) return (element <= v) | (v != v);
    return (element < v) | ((element == element) & (v != v));
  } else {
    if constexpr (Right) return element <= v;
    return element < v;
  }
}

inline constexpr std::int64_t together = 32;

template <bool Right, bool Packed, class T>
void find(const Search& search, std::int64_t first, std::int64_t count) noexcept {
  using C = decltype(comparable(T{}));
  const T* HWY_RESTRICT const sorted = static_cast<const T*>(search.sorted);
  const std::int64_t stride = Packed ? 1 : search.sorted_stride;
  const T* const values = static_cast<const T*>(search.values) + first;
  C v[together] = {};
  std::int64_t at[together];
  for (std::int64_t k = 0; k < count; ++k) v[k] = comparable(values[k]);
  for (auto& place : at) place = 0;
  std::int64_t left = search.sorted_count;
  while (left > 1) {
    const std::int64_t half = left / 2;
    for (std::int64_t k = 0; k < together; ++k) {
      const C element = comparable(sorted[(at[k] + half - 1) * stride]);
      at[k] += passes<Right>(element, v[k]) ? half : 0;
    }
    left -= half;
  }
  std::int64_t* const out = search.out + first;
  for (std::int64_t k = 0; k < count; ++k) {
    if (left == 1) at[k] += passes<Right>(comparable(sorted[at[k] * stride]), v[k]) ? 1 : 0;
    out[k] = search.backwards ? search.sorted_count - at[k] : at[k];
  }
}

template <class T>
void block(const Search& search, std::int64_t index) {
  const std::int64_t begin = index * Search::block_elements;
  const std::int64_t end = std::min(begin + Search::block_elements, search.value_count);
  for (std::int64_t i = begin; i < end; i += together) {
    const std::int64_t count = std::min(together, end - i);
    if (search.sorted_stride == 1) {
      search.side == Side::right ? find<true, true, T>(search, i, count)
                                 : find<false, true, T>(search, i, count);
    } else {
      search.side == Side::right ? find<true, false, T>(search, i, count)
                                 : find<false, false, T>(search, i, count);
    }
  }
}

template <class... Ts>
constexpr SearchTable make_table() noexcept {
  SearchTable table;
  ((table.block[static_cast<std::size_t>(dtype_of<Ts>)] = &block<Ts>), ...);
  return table;
}

const SearchTable* search_table() {
  static constexpr SearchTable table =
      make_table<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                 std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double>();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

namespace {
FURROW_EXPORT_TABLE(SearchTable, search);
}  // namespace

void search_block(const Search& search, std::int64_t block) noexcept {
  static constinit Dispatch<SearchTable> dispatch(&resolve_search);
  dispatch.table().block[static_cast<std::size_t>(search.dtype)](search, block);
}

}  // namespace furrow::kernels
#endif
