// furrow/array/shape.hpp
//
// Extents and strides of an N-d array: up to 8 of them, on the stack, trivially copyable (so that
// they travel into workers by memcpy).
//
// Units   extents and strides count elements, never bytes
// Order   C order (row-major): the last axis is the fast one
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include <furrow/error.hpp>
#include <furrow/segment/layout.hpp>

namespace furrow {

/// A short list of integers, one per axis. Used for shapes and for strides.
class Extents {
 public:
  Extents() = default;
  Extents(std::initializer_list<std::int64_t> values)
      : Extents(std::span(values.begin(), values.size())) {}
  /// Throws InvalidArgument for more than 8 values.
  explicit Extents(std::span<const std::int64_t> values);

  std::size_t ndim() const noexcept { return ndim_; }
  std::int64_t operator[](std::size_t axis) const noexcept { return values_[axis]; }
  std::int64_t& operator[](std::size_t axis) noexcept { return values_[axis]; }
  const std::int64_t* begin() const noexcept { return values_; }
  const std::int64_t* end() const noexcept { return values_ + ndim_; }
  std::span<const std::int64_t> span() const noexcept { return {values_, ndim_}; }
  void push_back(std::int64_t value);
  void remove(std::size_t axis);
  friend bool operator==(const Extents& a, const Extents& b) noexcept {
    if (a.ndim_ != b.ndim_) return false;
    for (std::size_t i = 0; i < a.ndim_; ++i)
      if (a.values_[i] != b.values_[i]) return false;
    return true;
  }

 private:
  std::size_t ndim_ = 0;
  std::int64_t values_[segment::dimensions_max] = {};
};

using Shape = Extents;
using Strides = Extents;

/// Number of elements; 1 for rank 0. REQUIRES: checked_size did not throw.
std::int64_t size_of(const Shape& shape) noexcept;

/// The same, throwing InvalidArgument for negative extents and for more than 2^62 bytes.
std::int64_t checked_size(const Shape& shape, std::size_t item_bytes);

/// Strides of a C-ordered array without holes.
Strides c_strides(const Shape& shape) noexcept;

/// True when the elements lie without holes in C order (strides of extents 0 and 1 do not count).
bool is_contiguous(const Shape& shape, const Strides& strides) noexcept;

/// Drops axes of extent 1 and joins axes that one stride can walk: the same elements in the same
/// order with the fewest axes. A contiguous array becomes rank 1 (or 0).
void coalesce(Shape& shape, Strides& strides) noexcept;

/// "(1860, 4)", "(5,)", "()".
std::string to_string(const Shape& shape);

/// "1000,64" -> {1000, 64}; "" -> {}. Throws InvalidArgument.
Shape parse_shape(std::string_view text);

}  // namespace furrow
