// furrow/engine/tile.hpp
//
// What a closure sees of the arrays it works on: one tile, a run of elements without holes.
//
// Size    at most 8 KiB per array, so that a tile lives in the first-level cache. It depends on
//         the element types and the array's shape alone, never on the number of workers.
// Strides arrays with holes are gathered into a tile and scattered back; closures need not know
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace furrow {

inline constexpr std::size_t tile_bytes = 8192;

/// `count` elements of one array, the first of which has C-order index `first`.
template <class T>
class Tile {
 public:
  Tile(T* data, std::size_t count, std::int64_t first) noexcept
      : data_(data), count_(count), first_(first) {}

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return count_; }
  T* begin() const noexcept { return data_; }
  T* end() const noexcept { return data_ + count_; }
  T& operator[](std::size_t i) const noexcept { return data_[i]; }
  std::span<T> span() const noexcept { return {data_, count_}; }
  /// C-order index in the whole array of the tile's element i.
  std::int64_t index(std::size_t i = 0) const noexcept {
    return first_ + static_cast<std::int64_t>(i);
  }

 private:
  T* data_;
  std::size_t count_;
  std::int64_t first_;
};

}  // namespace furrow
