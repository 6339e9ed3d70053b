#include <furrow/array/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace furrow {
namespace {

constexpr std::string_view temporary_name = "temporary";

std::string describe(const AnyArray& array) {
  return fmt::format("{} ({} {})", array.label(), dtype_name(array.dtype()),
                     to_string(array.shape()));
}

void check_axis(const AnyArray& array, std::size_t axis) {
  if (axis >= array.ndim())
    throw InvalidArgument(
        fmt::format("{} has {} axes, there is no axis {}", describe(array), array.ndim(), axis));
}

// What Python's slice.indices(extent) gives: first position, and how many.
struct Positions {
  std::int64_t begin;
  std::int64_t count;
};

Positions positions(const Slice& slice, std::int64_t extent) {
  const bool forward = slice.step > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = forward ? extent : extent - 1;
  const auto clip = [&](std::optional<std::int64_t> position, std::int64_t otherwise) {
    if (!position) return otherwise;
    // Clip before adding: a position near the smallest integer must not overflow.
    if (*position < 0) return *position < -extent ? low : std::max(low, *position + extent);
    return std::min(high, *position);
  };
  const std::int64_t begin = clip(slice.begin, forward ? low : high);
  const std::int64_t end = clip(slice.end, forward ? high : low);
  // Unsigned: the step may be the smallest integer, whose negative does not exist.
  const auto step = forward ? static_cast<std::uint64_t>(slice.step)
                            : std::uint64_t{0} - static_cast<std::uint64_t>(slice.step);
  const std::int64_t distance = forward ? end - begin : begin - end;
  if (distance <= 0) return {begin, 0};
  return {begin, static_cast<std::int64_t>((static_cast<std::uint64_t>(distance) - 1) / step) + 1};
}

void* advance(void* data, std::int64_t elements, Dtype dtype) {
  return static_cast<std::byte*>(data) + elements * static_cast<std::int64_t>(item_bytes(dtype));
}

}  // namespace

AnyArray AnyArray::create(std::string_view name, Dtype dtype, const Shape& shape,
                          const CreateOptions& options) {
  if (item_bytes(dtype) == 0)
    throw InvalidArgument(fmt::format("array \"{}\" needs a dtype (f64, i32, …)", name));
  checked_size(shape, item_bytes(dtype));
  segment::Content content;
  content.dtype = dtype;
  content.shape = shape.span();
  AnyArray array;
  array.segment_ = Segment::create(name, content, options);
  array.data_ = array.segment_->data();
  array.dtype_ = dtype;
  array.shape_ = shape;
  array.strides_ = c_strides(shape);
  return array;
}

AnyArray AnyArray::temporary(Dtype dtype, const Shape& shape) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  options.publish = false;
  return create(temporary_name, dtype, shape, options);
}

std::string AnyArray::label() const {
  if (name() == temporary_name && !segment_->is_published()) return "a temporary array";
  return fmt::format("array \"{}\"", name());
}

AnyArray AnyArray::attach(std::string_view name, const AttachOptions& options) {
  AnyArray array;
  array.segment_ = Segment::attach(name, options);
  const segment::Info info = array.segment_->info();
  if (info.kind != segment::Kind::array)
    throw TypeMismatch(fmt::format("\"{}\" is {}, not an array", name,
                                   info.kind == segment::Kind::engine
                                       ? "the control segment of an engine"
                                       : "a lock, a queue or the like"));
  array.data_ = array.segment_->data();
  array.dtype_ = info.dtype;
  array.shape_ = Shape(info.shape);
  array.strides_ = c_strides(array.shape_);
  return array;
}

AnyArray AnyArray::slice(std::size_t axis, const Slice& slice) const {
  check_axis(*this, axis);
  if (slice.step == 0) throw InvalidArgument("a slice's step cannot be 0");
  const Positions taken = positions(slice, shape_[axis]);
  AnyArray result = *this;
  result.shape_[axis] = taken.count;
  // An empty slice keeps its data pointer: one past the end, or before the start, helps nobody.
  if (taken.count > 0) result.data_ = advance(data_, taken.begin * strides_[axis], dtype_);
  // With one element or none the stride is never walked, and the product may not fit.
  if (taken.count > 1) result.strides_[axis] = strides_[axis] * slice.step;
  return result;
}

AnyArray AnyArray::at(std::size_t axis, std::int64_t index) const {
  check_axis(*this, axis);
  const std::int64_t extent = shape_[axis];
  if (index < -extent || index >= extent)
    throw InvalidArgument(fmt::format("{} has no position {} on axis {} (valid: {} to {})",
                                      describe(*this), index, axis, -extent, extent - 1));
  AnyArray result = *this;
  result.data_ = advance(data_, (index < 0 ? index + extent : index) * strides_[axis], dtype_);
  result.shape_.remove(axis);
  result.strides_.remove(axis);
  return result;
}

AnyArray AnyArray::transpose() const {
  AnyArray result = *this;
  const std::size_t last = ndim() == 0 ? 0 : ndim() - 1;
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    result.shape_[axis] = shape_[last - axis];
    result.strides_[axis] = strides_[last - axis];
  }
  return result;
}

AnyArray AnyArray::broadcast_to(const Shape& shape) const {
  bool fits = shape.ndim() >= ndim();
  const std::size_t added = fits ? shape.ndim() - ndim() : 0;
  AnyArray result = *this;
  result.shape_ = shape;
  result.strides_ = Strides();
  for (std::size_t axis = 0; fits && axis < shape.ndim(); ++axis) {
    const bool repeats = axis < added || shape_[axis - added] == 1;
    fits = repeats || shape_[axis - added] == shape[axis];
    const bool same = axis >= added && shape_[axis - added] == shape[axis];
    result.strides_.push_back(same ? strides_[axis - added] : 0);
  }
  if (!fits)
    throw ShapeMismatch(fmt::format("{} cannot be broadcast to {}: an axis must be equal or 1",
                                    describe(*this), to_string(shape)));
  return result;
}

AnyArray AnyArray::reshape(const Shape& shape) const {
  if (checked_size(shape, item_bytes(dtype_)) != size())
    throw ShapeMismatch(fmt::format("{} has {} elements, the shape {} takes {}", describe(*this),
                                    size(), to_string(shape), size_of(shape)));
  if (!is_contiguous())
    throw ShapeMismatch(
        fmt::format("{} is a view with gaps, which cannot be reshaped (copy it "
                    "into an array of its own first)",
                    describe(*this)));
  AnyArray result = *this;
  result.shape_ = shape;
  result.strides_ = c_strides(shape);
  return result;
}

namespace detail {

void throw_dtype_mismatch(const AnyArray& array, Dtype wanted) {
  throw TypeMismatch(fmt::format("{} is not of {} (attach with the type it has, or as AnyArray)",
                                 describe(array), dtype_name(wanted)));
}

void throw_not_contiguous(const AnyArray& array) {
  throw ShapeMismatch(
      fmt::format("{} is a view with gaps, which is no single span (use view())", describe(array)));
}

}  // namespace detail
}  // namespace furrow
