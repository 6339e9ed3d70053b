// furrow/io/npy/runs.hpp
//
// A run of elements as they follow each other in a file, and where they lie in a strided array.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <furrow/array/shape.hpp>

namespace furrow::npy {

/// The file's axes from the slow one to the fast one: extents, and the array's strides for them.
struct FileOrder {
  Extents extents;
  Strides strides;
};

/// f(from, count, to): elements [from, from + count) of the range lie at `to`, `to` + stride of the
/// fast axis, and so on. The range is [begin, end) of the file's elements.
template <class F>
void for_each_run(const FileOrder& order, std::int64_t begin, std::int64_t end, F f) {
  const std::size_t ndim = order.extents.ndim();
  if (begin >= end) return;
  if (ndim == 0) return f(std::int64_t{0}, std::int64_t{1}, std::int64_t{0});
  Extents at = order.extents;
  std::int64_t rest = begin;
  std::int64_t to = 0;
  for (std::size_t left = ndim; left > 0; --left) {
    const std::size_t axis = left - 1;
    at[axis] = rest % order.extents[axis];
    rest /= order.extents[axis];
    to += at[axis] * order.strides[axis];
  }
  const std::size_t fast = ndim - 1;
  for (std::int64_t from = begin; from < end;) {
    const std::int64_t count = std::min(order.extents[fast] - at[fast], end - from);
    f(from - begin, count, to);
    from += count;
    to += (count - 1) * order.strides[fast];
    at[fast] += count - 1;
    // One on, like an odometer.
    for (std::size_t left = ndim; left > 0; --left) {
      const std::size_t axis = left - 1;
      to += order.strides[axis];
      if (++at[axis] < order.extents[axis]) break;
      to -= at[axis] * order.strides[axis];
      at[axis] = 0;
    }
  }
}

/// Copies items between places that lie `from_step` and `to_step` items apart.
inline void copy_items(std::size_t item, std::int64_t count, const std::byte* from,
                       std::int64_t from_step, std::byte* to, std::int64_t to_step) noexcept {
  const auto bytes = static_cast<std::int64_t>(item);
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count * bytes));
    return;
  }
  const auto each = [&](auto word) {
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(&word, from + i * from_step * bytes, sizeof word);
      std::memcpy(to + i * to_step * bytes, &word, sizeof word);
    }
  };
  struct Wide {
    std::uint64_t parts[2];
  };
  switch (item) {
    case 1: return each(std::uint8_t{});
    case 2: return each(std::uint16_t{});
    case 4: return each(std::uint32_t{});
    case 8: return each(std::uint64_t{});
    default: return each(Wide{});
  }
}

}  // namespace furrow::npy
