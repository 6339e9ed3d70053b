// furrow/array/view.hpp
//
// View<T>: a pointer with a shape and strides. It owns nothing and keeps nothing alive.
//
// Copies  trivially copyable: capture it by value in closures. A view of an array that the
//         coordinator holds means the same memory in every worker of its engine.
// Bounds  not checked (data plane)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <furrow/array/shape.hpp>

namespace furrow {

template <class T>
class View {
 public:
  using value_type = std::remove_const_t<T>;

  View() = default;
  View(T* data, const Shape& shape, const Strides& strides) noexcept
      : data_(data), shape_(shape), strides_(strides) {}
  /// A view to read is made from a view to write.
  operator View<const T>() const noexcept requires(!std::is_const_v<T>) {
    return {data_, shape_, strides_};
  }

  T* data() const noexcept { return data_; }
  const Shape& shape() const noexcept { return shape_; }
  const Strides& strides() const noexcept { return strides_; }
  std::size_t ndim() const noexcept { return shape_.ndim(); }
  std::int64_t extent(std::size_t axis) const noexcept { return shape_[axis]; }
  std::int64_t size() const noexcept { return size_of(shape_); }
  bool is_contiguous() const noexcept { return furrow::is_contiguous(shape_, strides_); }

  /// One index per axis.
  template <class... I>
  T& operator()(I... index) const noexcept {
    static_assert((std::is_integral_v<I> && ...), "indices are integers, one per axis");
    std::size_t axis = 0;
    std::int64_t offset = 0;
    ((offset += static_cast<std::int64_t>(index) * strides_[axis++]), ...);
    return data_[offset];
  }

  /// REQUIRES: is_contiguous().
  std::span<T> span() const noexcept { return {data_, static_cast<std::size_t>(size())}; }
  /// The i-th element in C order. REQUIRES: is_contiguous().
  T& operator[](std::int64_t i) const noexcept { return data_[i]; }

 private:
  T* data_ = nullptr;
  Shape shape_;
  Strides strides_;
};

static_assert(std::is_trivially_copyable_v<View<double>>);

}  // namespace furrow
