// furrow/kernels/sort/search.hpp
//
// Where values belong in a sorted array.
//
//   left    i with sorted[i-1] <  v <= sorted[i]: before its equals
//   right   i with sorted[i-1] <= v <  sorted[i]: behind its equals
//
// Types   all real dtypes; both arrays have the same
// Order   that of a sort: NaN after everything, equal to NaN; -0 equal to +0. An array that is not
//         sorted gives indices without meaning, in [0, count]
// Cut     blocks of 16384 values; 32 of them descend side by side, so that their misses of the
//         cache overlap
// Memory  none
#pragma once

#include <cstdint>
#include <span>

#include <furrow/kernels/dtype.hpp>
#include <furrow/kernels/execution.hpp>

namespace furrow::kernels {

enum class Side : std::uint8_t { left, right };

struct Search {
  static constexpr std::int64_t block_elements = 16384;

  Dtype dtype = Dtype::none;
  Side side = Side::left;
  bool backwards = false;  // counts from the end: for bins that decrease
  const void* sorted = nullptr;
  std::int64_t sorted_stride = 1;
  std::int64_t sorted_count = 0;
  const void* values = nullptr;
  std::int64_t value_count = 0;
  std::int64_t* out = nullptr;

  std::int64_t blocks() const noexcept {
    return (value_count + block_elements - 1) / block_elements;
  }
};

void search_block(const Search& search, std::int64_t block) noexcept;

template <class Each>
void searchsorted(const Each& each, const Search& search) {
  each(search.blocks(), [search](std::int64_t block) { search_block(search, block); });
}

/// out[i] = the place of values[i] in `sorted`. REQUIRES: out.size() == values.size().
template <Element T, class Each>
void searchsorted(const Each& each, std::span<const T> sorted, std::span<const T> values, Side side,
                  std::span<std::int64_t> out) {
  Search search;
  search.dtype = dtype_of<T>;
  search.side = side;
  search.sorted = sorted.data();
  search.sorted_count = static_cast<std::int64_t>(sorted.size());
  search.values = values.data();
  search.value_count = static_cast<std::int64_t>(values.size());
  search.out = out.data();
  searchsorted(each, search);
}

}  // namespace furrow::kernels
