// furrow/kernels/sort/unique.hpp
//
// The different elements, how often each occurs, and which of them each element is.
//
//   values[inverse[i]] = x[i],  values ascending,  counts[k] = #{i : inverse[i] = k}
//
//   std::list<std::vector<std::byte>> rooms;
//   auto memory = [&](std::size_t bytes) { return rooms.emplace_back(bytes).data(); };
//   std::vector<double> values;
//   std::vector<std::int64_t> counts;
//   auto make = [&](std::int64_t n) {
//     values.resize(n), counts.resize(n);
//     return UniqueOut<double>{values.data(), counts.data()};
//   };
//   unique<double>(Threads{}, x.data(), std::ssize(x), nullptr, make, memory);    // no inverse
//
// Equal   as numbers: -0 and +0 are one value, +0; NaNs are one value, the last (np.unique)
// Types   all real dtypes; counts and inverse i64
// Cut     blocks of 65536 sorted elements
// Memory  the sorted elements, and with the inverse their order; one number for each value
#pragma once

#include <cstdint>

#include <furrow/kernels/sort/sort.hpp>

namespace furrow::kernels {

namespace detail {

inline constexpr std::int64_t unique_block = 65536;

/// A value as it is reported: the key of equal elements is equal.
template <class T>
KeyOf<T> unique_key(T x) noexcept {
  return to_key<T>(x, {false, true});
}

/// Is sorted[i] the first of its equals?
template <class T>
bool is_first(const T* sorted, std::int64_t i) noexcept {
  return i == 0 || unique_key(sorted[i - 1]) != unique_key(sorted[i]);
}

}  // namespace detail

template <class T>
struct UniqueOut {
  T* values;
  std::int64_t* counts;
};

/// `make(count)` gives UniqueOut<T> for that many values; `inverse` has count elements or is null.
template <Element T, class Each, class Make, class Memory>
void unique(const Each& each, const T* x, std::int64_t count, std::int64_t* inverse, Make&& make,
            Memory&& memory) {
  constexpr std::int64_t size = detail::unique_block;
  const std::int64_t blocks = (count + size - 1) / size;
  const auto bytes = static_cast<std::size_t>(count);
  T* const sorted = reinterpret_cast<T*>(detail::aligned64(memory(bytes * sizeof(T) + 64)));
  std::int64_t* order = nullptr;
  if (inverse != nullptr) {
    order = reinterpret_cast<std::int64_t*>(detail::aligned64(memory(bytes * 8 + 64)));
    argsort(each, one_lane(dtype_of<T>, x, order, count), count, {}, memory);
    each(blocks, [=](std::int64_t b) {
      const std::int64_t end = std::min(count, (b + 1) * size);
      for (std::int64_t i = b * size; i < end; ++i) sorted[i] = x[order[i]];
    });
  } else {
    sort(each, one_lane(dtype_of<T>, x, sorted, count), {}, memory);
  }
  auto* const before = reinterpret_cast<std::int64_t*>(
      detail::aligned64(memory(static_cast<std::size_t>(blocks + 1) * 8 + 64)));
  each(blocks, [=](std::int64_t b) {
    const std::int64_t end = std::min(count, (b + 1) * size);
    std::int64_t firsts = 0;
    for (std::int64_t i = b * size; i < end; ++i) firsts += detail::is_first(sorted, i) ? 1 : 0;
    before[b + 1] = firsts;
  });
  before[0] = 0;
  for (std::int64_t b = 0; b < blocks; ++b) before[b + 1] += before[b];
  const std::int64_t total = before[blocks];
  const UniqueOut<T> out = make(total);
  auto* const first = reinterpret_cast<std::int64_t*>(
      detail::aligned64(memory(static_cast<std::size_t>(total + 1) * 8 + 64)));
  each(blocks, [=](std::int64_t b) {
    const std::int64_t end = std::min(count, (b + 1) * size);
    std::int64_t k = before[b] - 1;
    for (std::int64_t i = b * size; i < end; ++i) {
      if (detail::is_first(sorted, i)) {
        ++k;
        first[k] = i;
        out.values[k] = from_key<T>(detail::unique_key(sorted[i]), false);
      }
      if (order != nullptr) inverse[order[i]] = k;
    }
  });
  first[total] = count;
  each((total + size - 1) / size, [=](std::int64_t b) {
    const std::int64_t end = std::min(total, (b + 1) * size);
    for (std::int64_t k = b * size; k < end; ++k) out.counts[k] = first[k + 1] - first[k];
  });
}

}  // namespace furrow::kernels
