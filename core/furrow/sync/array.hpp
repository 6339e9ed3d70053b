// furrow/sync/array.hpp
//
// A fixed number of values in shared memory, with a lock, or bare. (furrow::Array is the N-d array
// for computing; this is multiprocessing's.)
//
//   mp::Array<double> a(10);                       // zeroed
//   mp::Array<int> b({1, 2, 3});
//   b[1] = 5;  b[2] += 1;  int x = b[0];           // each under the lock: += is atomic
//   b.update([](std::span<int> all) { … });        // all of it under the lock
//
// Types    trivially copyable
// Bounds   checked: InvalidArgument beyond the end
// Crash    killed between elements: those before are changed, those behind are not, and the next
//          who takes get_lock() has owner_died. An element of up to 8 bytes is never torn
// Names    shared_object.hpp; attaching with another T is TypeMismatch
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/sync/by_name.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/mutex_hold.hpp>
#include <furrow/sync/value_layout.hpp>

namespace furrow::mp {

namespace detail {

std::uint64_t checked_bytes(std::size_t count, std::size_t element_bytes);
[[noreturn]] void throw_index(std::size_t index, std::size_t count);
[[noreturn]] void throw_changed(std::size_t index);
void check_count(const SharedObject& object, std::uint64_t count, std::size_t element_bytes,
                 std::size_t head_bytes);

}  // namespace detail

template <class T>
class Array : public GoesByName<Array<T>> {
  static_assert(std::is_trivially_copyable_v<T>, "what lies in shared memory is plain bytes");
  static_assert(alignof(T) <= line_bytes);

 public:
  /// What a[i] is: reading and changing take the lock.
  class Element {
   public:
    operator T() const { return array_.get(index_); }  // NOLINT: it stands for its value
    const Element& operator=(const T& value) const {   // NOLINT: as of a reference
      array_.set(index_, value);
      return *this;
    }
    const Element& operator=(const Element& other) const { return *this = static_cast<T>(other); }
    Element(const Element&) = default;
    template <class U>
    T operator+=(const U& u) const {
      return array_.update(index_, [&](T& x) { x = static_cast<T>(x + u); });
    }
    template <class U>
    T operator-=(const U& u) const {
      return array_.update(index_, [&](T& x) { x = static_cast<T>(x - u); });
    }
    template <class U>
    T operator*=(const U& u) const {
      return array_.update(index_, [&](T& x) { x = static_cast<T>(x * u); });
    }
    template <class U>
    T operator/=(const U& u) const {
      return array_.update(index_, [&](T& x) { x = static_cast<T>(x / u); });
    }

   private:
    friend class Array;
    Element(const Array& array, std::size_t index) : array_(array), index_(index) {}
    const Array& array_;
    std::size_t index_;
  };

  explicit Array(std::size_t count = 0) {
    if (!Decoding::active()) *this = create("", count);
  }
  explicit Array(std::initializer_list<T> values)
      : Array(std::span<const T>(values.begin(), values.size())) {}
  explicit Array(std::span<const T> values) : Array(create("", values.size())) { assign(values); }

  static Array create(std::string_view name, std::size_t count) {
    const std::size_t bytes = sizeof(ArrayBody) + detail::checked_bytes(count, sizeof(T));
    return Array(SharedObject::create(kind(), name, bytes, [&](std::byte* at) {
      auto& body = *reinterpret_cast<ArrayBody*>(at);
      start_mutex(body.lock, os::MutexKind::recursive);
      body.count = count;
    }));
  }
  static Array attach(std::string_view name) {
    SharedObject object = SharedObject::attach(kind(), name, sizeof(ArrayBody));
    detail::check_count(object, object.as<ArrayBody>().count, sizeof(T), sizeof(ArrayBody));
    return Array(std::move(object));
  }

  std::size_t size() const noexcept { return count_; }
  Element operator[](std::size_t index) const {
    check(index);
    return Element(*this, index);
  }
  T get(std::size_t index) const {
    check(index);
    const MutexHold hold(body().lock);
    return data()[index];
  }
  void set(std::size_t index, const T& value) const {
    update(index, [&](T& x) { x = value; });
  }
  /// Calls change(T&) with the lock held; what the element is then. InvalidArgument when the
  /// function itself changed the element by another call, and that change stays.
  template <class Change>
  T update(std::size_t index, Change&& change) const {
    check(index);
    const MutexHold hold(body().lock);
    T copy = data()[index];
    const auto* const at = reinterpret_cast<const std::byte*>(data() + index);
    std::byte before[sizeof(T)];
    std::copy_n(at, sizeof(T), before);
    std::forward<Change>(change)(copy);
    if (!std::equal(at, at + sizeof(T), before)) detail::throw_changed(index);
    os::fault_point("array.copied");
    data()[index] = copy;
    return copy;
  }
  /// Calls change(std::span<T>) with the lock held: all elements, in place.
  template <class Change>
  decltype(auto) update(Change&& change) const {
    const MutexHold hold(body().lock);
    return std::forward<Change>(change)(get_obj());
  }
  std::vector<T> to_vector() const {
    const MutexHold hold(body().lock);
    return std::vector<T>(data(), data() + count_);
  }
  /// Throws InvalidArgument unless there are as many.
  void assign(std::span<const T> values) const {
    if (values.size() != count_) detail::throw_index(values.size(), count_);
    const MutexHold hold(body().lock);
    std::copy(values.begin(), values.end(), data());
  }

  const RLock& get_lock() const noexcept { return lock_; }
  /// The elements themselves, for who holds the lock.
  std::span<T> get_obj() const noexcept { return {data(), count_}; }

  const std::string& name() const { return object_.name(); }

 private:
  explicit Array(SharedObject object)
      : object_(std::move(object)),
        lock_(RLock::inside(object_, body().lock)),
        count_(body().count) {
    object_.at_release(
        [](std::byte* at) { abandon_mutex(reinterpret_cast<ArrayBody*>(at)->lock); });
  }
  static ObjectKind kind() { return {ObjectType::array, 1, "Array", fingerprint_of<T>()}; }
  ArrayBody& body() const noexcept { return object_.as<ArrayBody>(); }
  T* data() const noexcept { return reinterpret_cast<T*>(object_.body() + sizeof(ArrayBody)); }
  void check(std::size_t index) const {
    if (index >= count_) detail::throw_index(index, count_);
  }

  SharedObject object_;
  RLock lock_{NoObject{}};
  std::size_t count_ = 0;  // not read again from memory that others may write
};

/// Without a lock: what a span is, in shared memory.
template <class T>
class RawArray : public GoesByName<RawArray<T>> {
  static_assert(std::is_trivially_copyable_v<T>, "what lies in shared memory is plain bytes");
  static_assert(alignof(T) <= line_bytes);

 public:
  explicit RawArray(std::size_t count = 0) {
    if (!Decoding::active()) *this = create("", count);
  }
  static RawArray create(std::string_view name, std::size_t count) {
    const std::size_t bytes = sizeof(RawArrayBody) + detail::checked_bytes(count, sizeof(T));
    return RawArray(SharedObject::create(kind(), name, bytes, [&](std::byte* at) {
      reinterpret_cast<RawArrayBody*>(at)->count = count;
    }));
  }
  static RawArray attach(std::string_view name) {
    SharedObject object = SharedObject::attach(kind(), name, sizeof(RawArrayBody));
    detail::check_count(object, object.as<RawArrayBody>().count, sizeof(T), sizeof(RawArrayBody));
    return RawArray(std::move(object));
  }

  std::size_t size() const noexcept { return count_; }
  T& operator[](std::size_t index) const noexcept { return data()[index]; }
  T& at(std::size_t index) const {
    if (index >= count_) detail::throw_index(index, count_);
    return data()[index];
  }
  T* data() const noexcept { return reinterpret_cast<T*>(object_.body() + sizeof(RawArrayBody)); }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + count_; }
  std::span<T> span() const noexcept { return {data(), count_}; }
  const std::string& name() const { return object_.name(); }

 private:
  explicit RawArray(SharedObject object)
      : object_(std::move(object)), count_(object_.as<RawArrayBody>().count) {}
  static ObjectKind kind() { return {ObjectType::raw_array, 1, "RawArray", fingerprint_of<T>()}; }

  SharedObject object_;
  std::size_t count_ = 0;
};

}  // namespace furrow::mp
