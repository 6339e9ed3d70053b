// An array on its way to another process: its name, and which of its elements.
//
//   Reference   128-bit identity of the file, dtype, access, first element, extents, strides
//   directory   a zero
//   prefix      a zero
//   name
#include <fmt/format.h>

#include <cstring>
#include <type_traits>

#include <furrow/array/array.hpp>
#include <furrow/segment/borrowing.hpp>

namespace furrow {
namespace {

struct Reference {
  segment::FileIdentity identity;
  Dtype dtype;
  Access access;
  std::int64_t first;  // element, from the segment's first
  Shape shape;
  Strides strides;  // in elements
};
static_assert(std::is_trivially_copyable_v<Reference>);

// All of it lies in the segment: the bytes come from another process.
bool fits(const Reference& r, std::size_t data_bytes) {
  const auto elements = static_cast<std::int64_t>(data_bytes / item_bytes(r.dtype));
  if (size_of(r.shape) == 0) return true;
  std::int64_t low = r.first;
  std::int64_t high = r.first;
  for (std::size_t axis = 0; axis < r.shape.ndim(); ++axis) {
    std::int64_t span = 0;
    if (__builtin_mul_overflow(r.shape[axis] - 1, r.strides[axis], &span)) return false;
    if (__builtin_add_overflow(span < 0 ? low : high, span, span < 0 ? &low : &high)) return false;
  }
  return low >= 0 && high < elements;
}

}  // namespace

std::string AnyArray::reference() const {
  if (!valid()) return {};
  if (!segment_->is_published()) {
    throw NotSerialisable(
        fmt::format("{} has no name by which another process could attach to it (create it with "
                    "one)",
                    label()));
  }
  Reference r{};
  r.identity = segment_->identity();
  r.dtype = dtype_;
  r.access = access();
  r.first = (static_cast<const std::byte*>(data_) - segment_->data()) /
            static_cast<std::ptrdiff_t>(item_bytes(dtype_));
  r.shape = shape_;
  r.strides = strides_;
  std::string text(sizeof r, '\0');
  std::memcpy(text.data(), static_cast<const void*>(&r), sizeof r);
  segment::Lending::lend(segment_);
  const Place& place = segment_->place();
  return text + place.directory + '\0' + place.prefix + '\0' + name();
}

AnyArray AnyArray::from_reference(std::string_view reference) {
  if (reference.empty()) return {};
  Reference r;
  const std::size_t first = reference.find('\0', sizeof r);
  const std::size_t second =
      first == std::string_view::npos ? first : reference.find('\0', first + 1);
  if (second == std::string_view::npos) throw Corrupt("this is no reference to an array");
  std::memcpy(static_cast<void*>(&r), reference.data(), sizeof r);
  const std::string_view name = reference.substr(second + 1);
  AttachOptions options;
  options.access = r.access;
  options.place.directory = reference.substr(sizeof r, first - sizeof r);
  options.place.prefix = reference.substr(first + 1, second - first - 1);
  AnyArray array;
  array.segment_ = segment::Borrowing::attach(name, r.identity, options);
  const segment::Header& header = array.segment_->header();
  if (header.kind != static_cast<std::uint32_t>(segment::Kind::array) ||
      header.dtype != static_cast<std::uint32_t>(r.dtype) ||
      !fits(r, array.segment_->data_bytes())) {
    throw Corrupt("this reference to an array leads out of it");
  }
  array.data_ = array.segment_->data() + r.first * static_cast<std::int64_t>(item_bytes(r.dtype));
  array.dtype_ = r.dtype;
  array.shape_ = r.shape;
  array.strides_ = r.strides;
  return array;
}

}  // namespace furrow
