// furrow/array/array.hpp
//
// Named, typed, N-d arrays in shared memory.
//
//   auto prices = furrow::Array<double>::create("prices", {1860, 4});   // zeros
//   auto same   = furrow::Array<double>::attach("prices");              // in any process
//   prices(3, 1) = 2.5;      prices.column(1).size();      prices.rows(0, 10)
//
// Handle  a cheap copyable handle: copies and slices share the segment, which is let go with the
//         last of them. Slicing never copies elements.
// Rank    0 to 8 (rank 0 holds one element); extents may be 0
// Order   C order as created; slices may have any strides, negative ones too
// Errors  as Segment's, and TypeMismatch (attach to another dtype), ShapeMismatch, InvalidArgument
// Travel  in messages (sync/message.hpp: pools, queues, pipes) an array or a slice goes by its
//         name, never by its elements; read, it attaches. Somebody must hold an owned array
//         meanwhile (a pool does, for a task's arguments). A temporary one is NotSerialisable; an
//         empty handle goes
// Threads as the memory itself: the caller orders accesses to elements
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <furrow/array/shape.hpp>
#include <furrow/array/view.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/segment/attributes.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow {

template <Element T>
class Array;

/// Python's slice: from `begin` (default first) to before `end` (default past the last) by `step`.
/// Negative positions count from the end; out-of-range positions are clipped; step 0 throws.
struct Slice {
  std::optional<std::int64_t> begin;
  std::optional<std::int64_t> end;
  std::int64_t step = 1;
};

/// An array whose dtype is known at run time.
class AnyArray {
 public:
  AnyArray() = default;  // holds nothing: valid() is false, all else is undefined

  static AnyArray create(std::string_view name, Dtype dtype, const Shape& shape,
                         const CreateOptions& options = {});
  static AnyArray attach(std::string_view name, const AttachOptions& options = {});

  /// Scratch that nobody else sees: zeros, without a name, gone with its last holder (its memory
  /// may be the next one's: segment/spares.hpp). Workers of an engine see it as any other array.
  static AnyArray temporary(Dtype dtype, const Shape& shape);

  bool valid() const noexcept { return segment_ != nullptr; }
  const std::string& name() const noexcept { return segment_->name(); }
  /// For messages: array "prices", or a temporary array.
  std::string label() const;
  Dtype dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  const Strides& strides() const noexcept { return strides_; }
  std::size_t ndim() const noexcept { return shape_.ndim(); }
  std::int64_t extent(std::size_t axis) const noexcept { return shape_[axis]; }
  std::int64_t size() const noexcept { return size_of(shape_); }
  std::size_t bytes() const noexcept {
    return static_cast<std::size_t>(size()) * item_bytes(dtype_);
  }
  bool is_contiguous() const noexcept { return furrow::is_contiguous(shape_, strides_); }
  Access access() const noexcept { return segment_->access(); }
  Lifetime lifetime() const noexcept { return segment_->lifetime(); }
  void* data() const noexcept { return data_; }  // element (0, 0, …)
  const std::shared_ptr<Segment>& segment() const noexcept { return segment_; }

  AnyArray slice(std::size_t axis, const Slice& slice) const;
  AnyArray rows(std::int64_t begin, std::int64_t end) const { return slice(0, {begin, end, 1}); }
  AnyArray columns(std::int64_t begin, std::int64_t end) const { return slice(1, {begin, end, 1}); }
  /// One position of an axis, which goes away. Throws InvalidArgument when out of range.
  AnyArray at(std::size_t axis, std::int64_t index) const;
  AnyArray row(std::int64_t index) const { return at(0, index); }
  AnyArray column(std::int64_t index) const { return at(1, index); }
  /// Axes in reverse order.
  AnyArray transpose() const;
  /// Other extents over the same elements. Throws ShapeMismatch when sizes differ or not
  /// contiguous.
  AnyArray reshape(const Shape& shape) const;
  /// NumPy's broadcast_to: axes in front and axes of extent 1 repeat (stride 0). To read, not to
  /// write. Throws ShapeMismatch.
  AnyArray broadcast_to(const Shape& shape) const;

  /// Throws TypeMismatch when the dtype is another.
  template <Element T>
  Array<T> as() const;

  /// Which elements of which segment, as bytes for another process of this machine (messages of
  /// arrays are that, sync/message.hpp); lent (segment/borrowing.hpp). Throws NotSerialisable for a
  /// temporary array.
  std::string reference() const;
  /// Attaches. Throws NotFound, also where the name means another array by now; Corrupt.
  static AnyArray from_reference(std::string_view reference);
  template <class Archive>
  void save(Archive& archive) const {
    archive(reference());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string text;
    archive(text);
    *this = from_reference(text);
  }

  Attributes attributes() const { return read_attributes(*segment_); }
  void set_attributes(const Attributes& attributes) const {
    write_attributes(*segment_, attributes);
  }

 protected:
  std::shared_ptr<Segment> segment_;
  void* data_ = nullptr;
  Dtype dtype_ = Dtype::none;
  Shape shape_;
  Strides strides_;
};

/// An array of T. Everything of AnyArray, typed.
template <Element T>
class Array : public AnyArray {
 public:
  using value_type = T;

  Array() = default;
  static Array create(std::string_view name, const Shape& shape,
                      const CreateOptions& options = {}) {
    return AnyArray::create(name, dtype_of<T>, shape, options).template as<T>();
  }
  static Array attach(std::string_view name, const AttachOptions& options = {}) {
    return AnyArray::attach(name, options).template as<T>();
  }

  static Array temporary(const Shape& shape) {
    return AnyArray::temporary(dtype_of<T>, shape).template as<T>();
  }

  T* data() const noexcept { return static_cast<T*>(data_); }
  View<T> view() const noexcept { return {data(), shape_, strides_}; }
  /// A view to read only, also of arrays attached read-only.
  View<const T> cview() const noexcept { return {data(), shape_, strides_}; }
  template <class... I>
  T& operator()(I... index) const noexcept {
    return view()(index...);
  }
  /// All elements in C order. Throws ShapeMismatch when not contiguous.
  std::span<T> span() const;

  Array slice(std::size_t axis, const Slice& s) const {
    return AnyArray::slice(axis, s).template as<T>();
  }
  Array rows(std::int64_t begin, std::int64_t end) const { return slice(0, {begin, end, 1}); }
  Array columns(std::int64_t begin, std::int64_t end) const { return slice(1, {begin, end, 1}); }
  Array at(std::size_t axis, std::int64_t index) const {
    return AnyArray::at(axis, index).template as<T>();
  }
  Array row(std::int64_t index) const { return at(0, index); }
  Array column(std::int64_t index) const { return at(1, index); }
  Array transpose() const { return AnyArray::transpose().template as<T>(); }
  Array reshape(const Shape& shape) const { return AnyArray::reshape(shape).template as<T>(); }
  Array broadcast_to(const Shape& shape) const {
    return AnyArray::broadcast_to(shape).template as<T>();
  }

  static Array from_reference(std::string_view reference) {
    const AnyArray any = AnyArray::from_reference(reference);
    return any.valid() ? any.template as<T>() : Array();
  }
  template <class Archive>
  void save(Archive& archive) const {
    AnyArray::save(archive);
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string text;
    archive(text);
    *this = from_reference(text);
  }

 private:
  friend class AnyArray;
  explicit Array(const AnyArray& any) : AnyArray(any) {}
};

namespace detail {
[[noreturn]] void throw_dtype_mismatch(const AnyArray& array, Dtype wanted);
[[noreturn]] void throw_not_contiguous(const AnyArray& array);
}  // namespace detail

template <Element T>
Array<T> AnyArray::as() const {
  if (dtype_ != dtype_of<T>) detail::throw_dtype_mismatch(*this, dtype_of<T>);
  return Array<T>(*this);
}

template <Element T>
std::span<T> Array<T>::span() const {
  if (!is_contiguous()) detail::throw_not_contiguous(*this);
  return {data(), static_cast<std::size_t>(size())};
}

}  // namespace furrow
