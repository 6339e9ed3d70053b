#include <furrow/array/shape.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace furrow {
namespace {

constexpr std::int64_t bytes_limit = std::int64_t{1} << 62;

[[noreturn]] void throw_too_many(std::size_t count) {
  throw InvalidArgument(fmt::format("{} dimensions were asked for, at most {} can be had", count,
                                    segment::dimensions_max));
}

}  // namespace

Extents::Extents(std::span<const std::int64_t> values) : ndim_(values.size()) {
  if (values.size() > segment::dimensions_max) throw_too_many(values.size());
  std::copy(values.begin(), values.end(), values_);
}

void Extents::push_back(std::int64_t value) {
  if (ndim_ == segment::dimensions_max) throw_too_many(ndim_ + 1);
  values_[ndim_++] = value;
}

void Extents::remove(std::size_t axis) {
  if (axis >= ndim_)
    throw InvalidArgument(fmt::format("there is no axis {} among {}", axis, ndim_));
  std::copy(values_ + axis + 1, values_ + ndim_, values_ + axis);
  values_[--ndim_] = 0;
}

std::int64_t size_of(const Shape& shape) noexcept {
  std::int64_t size = 1;
  for (const std::int64_t extent : shape) size *= extent;
  return size;
}

std::int64_t checked_size(const Shape& shape, std::size_t item_bytes) {
  // An extent of 0 counts as 1 here, so that strides stay within bounds too.
  std::int64_t bytes = std::max<std::int64_t>(1, static_cast<std::int64_t>(item_bytes));
  for (const std::int64_t extent : shape) {
    if (extent < 0)
      throw InvalidArgument(fmt::format(
          "the shape {} has a negative extent (extents are 0 or more)", to_string(shape)));
    const std::int64_t factor = std::max<std::int64_t>(1, extent);
    if (factor > bytes_limit / bytes)
      throw InvalidArgument(
          fmt::format("an array of shape {} with {} bytes per element is too "
                      "large (at most 2^62 bytes)",
                      to_string(shape), item_bytes));
    bytes *= factor;
  }
  return size_of(shape);
}

Strides c_strides(const Shape& shape) noexcept {
  Strides strides = shape;
  std::int64_t stride = 1;
  for (std::size_t axis = shape.ndim(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<std::int64_t>(1, shape[axis]);
  }
  return strides;
}

bool is_contiguous(const Shape& shape, const Strides& strides) noexcept {
  if (size_of(shape) == 0) return true;
  std::int64_t expected = 1;
  for (std::size_t axis = shape.ndim(); axis-- > 0;) {
    if (shape[axis] == 1) continue;
    if (strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

void coalesce(Shape& shape, Strides& strides) noexcept {
  Shape joined_shape;
  Strides joined_strides;
  if (size_of(shape) == 0) {
    // No elements: one empty axis says it all.
    joined_shape.push_back(0);
    joined_strides.push_back(1);
    shape = joined_shape;
    strides = joined_strides;
    return;
  }
  for (std::size_t axis = 0; axis < shape.ndim(); ++axis) {
    if (shape[axis] == 1) continue;
    const std::size_t last = joined_shape.ndim();
    if (last > 0 && joined_strides[last - 1] == strides[axis] * shape[axis]) {
      joined_shape[last - 1] *= shape[axis];
      joined_strides[last - 1] = strides[axis];
    } else {
      joined_shape.push_back(shape[axis]);
      joined_strides.push_back(strides[axis]);
    }
  }
  shape = joined_shape;
  strides = joined_strides;
}

std::string to_string(const Shape& shape) {
  if (shape.ndim() == 1) return fmt::format("({},)", shape[0]);
  return fmt::format("({})", fmt::join(shape.begin(), shape.end(), ", "));
}

Shape parse_shape(std::string_view text) {
  Shape shape;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view number = rest.substr(0, comma);
    while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
    while (!number.empty() && number.back() == ' ') number.remove_suffix(1);
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), extent);
    const bool whole = error == std::errc() && end == number.data() + number.size();
    if (!whole || number.empty() || extent < 0)
      throw InvalidArgument(fmt::format(
          "\"{}\" is no shape (write extents of 0 or more with commas, such as 1000,64)", text));
    shape.push_back(extent);
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
    if (rest.empty() && shape.ndim() > 1)  // "5," is Python's (5,), "5,4," is a slip
      throw InvalidArgument(fmt::format("\"{}\" is no shape (it ends with a comma)", text));
  }
  return shape;
}

}  // namespace furrow
