// furrow/sync/value.hpp
//
// One value in shared memory, with a lock, or bare.
//
//   mp::Value<int> count(0);
//   count += 1;                                   // atomic, unlike Python's
//   count.update([](int& x) { x = 2 * x + 1; });  // so is any function of it
//   { std::scoped_lock hold(count.get_lock()); count = count + 1; }   // as in Python
//
// Types    trivially copyable: numbers, plain structs. Zeroed unless a value is given
// Crash    a change of a Value is whole or not at all, however many bytes it has: it is made in a
//          second copy, and one store makes it the value. What is half done under get_lock() by
//          hand is told by owner_died (lock.hpp). RawValue promises nothing
// Throws   update lets go what the function throws, and the value is as before. That function may
//          read the value, as it was, but not change it by another call: InvalidArgument, since one
//          of the two changes would be lost
// Names    shared_object.hpp; attaching with another T is TypeMismatch
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/sync/by_name.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/mutex_hold.hpp>
#include <furrow/sync/value_layout.hpp>

namespace furrow::mp {

namespace detail {

/// While an update runs, under the lock.
class ValueChange {
 public:
  explicit ValueChange(ValueBody& body) : body_(body) {
    // What one that was killed left here is of fewer deaths.
    const std::uint32_t mark = 2 * body.lock.deaths.load(std::memory_order_relaxed) + 1;
    if (body.changing == mark)
      throw InvalidArgument(
          "a Value is changed from within an update of it (change what the "
          "function is given)");
    body.changing = mark;
  }
  ~ValueChange() { body_.changing = 0; }
  ValueChange(const ValueChange&) = delete;
  ValueChange& operator=(const ValueChange&) = delete;

 private:
  ValueBody& body_;
};

}  // namespace detail

template <class T>
class Value : public GoesByName<Value<T>> {
  static_assert(std::is_trivially_copyable_v<T>, "what lies in shared memory is plain bytes");
  static_assert(alignof(T) <= line_bytes);

 public:
  explicit Value(const T& value = T{}) {
    if (!Decoding::active()) *this = create("", value);
  }
  Value(const Value&) = default;  // the same value: a copy of the handle
  static Value create(std::string_view name, const T& value = T{}) {
    return Value(SharedObject::create(kind(), name, half_offset(2), [&](std::byte* body) {
      start_mutex(reinterpret_cast<ValueBody*>(body)->lock, os::MutexKind::recursive);
      new (body + half_offset(0)) T(value);
      new (body + half_offset(1)) T(value);
    }));
  }
  static Value attach(std::string_view name) {
    return Value(SharedObject::attach(kind(), name, half_offset(2)));
  }

  T get() const {
    const MutexHold hold(body().lock);
    return get_obj();
  }
  operator T() const { return get(); }  // NOLINT: it stands for its value

  void set(const T& value) const {
    update([&](T& x) { x = value; });
  }
  /// Assigns the value. (To let a handle mean another value, use std::swap or a new one.)
  Value& operator=(const T& value) {
    set(value);
    return *this;
  }
  Value& operator=(const Value&) = default;

  /// Calls change(T&) with the lock held; what the value is then.
  template <class Change>
  T update(Change&& change) const {
    const MutexHold hold(body().lock);
    ValueBody& b = body();
    const detail::ValueChange changing(b);
    const std::uint32_t current = b.current.load(std::memory_order_relaxed) & 1;
    T copy = half(current);
    std::forward<Change>(change)(copy);
    half(current ^ 1) = copy;
    os::fault_point("value.copied");
    b.current.store(current ^ 1, std::memory_order_release);
    return copy;
  }
  T exchange(const T& value) const {
    const MutexHold hold(body().lock);
    const T before = get_obj();
    set(value);
    return before;
  }

  template <class U>
  T operator+=(const U& u) const {
    return update([&](T& x) { x = static_cast<T>(x + u); });
  }
  template <class U>
  T operator-=(const U& u) const {
    return update([&](T& x) { x = static_cast<T>(x - u); });
  }
  template <class U>
  T operator*=(const U& u) const {
    return update([&](T& x) { x = static_cast<T>(x * u); });
  }
  template <class U>
  T operator/=(const U& u) const {
    return update([&](T& x) { x = static_cast<T>(x / u); });
  }
  T operator++() const {
    return update([](T& x) { ++x; });
  }
  T operator--() const {
    return update([](T& x) { --x; });
  }

  const RLock& get_lock() const noexcept { return lock_; }
  /// The bytes themselves, for who holds the lock, until the next change by the functions above.
  T& get_obj() const { return half(body().current.load(std::memory_order_acquire) & 1); }

  const std::string& name() const { return object_.name(); }

 private:
  explicit Value(SharedObject object)
      : object_(std::move(object)), lock_(RLock::inside(object_, body().lock)) {
    object_.at_release(
        [](std::byte* at) { abandon_mutex(reinterpret_cast<ValueBody*>(at)->lock); });
  }
  static ObjectKind kind() { return {ObjectType::value, 1, "Value", fingerprint_of<T>()}; }
  static constexpr std::size_t half_offset(std::size_t i) {
    return sizeof(ValueBody) + i * ((sizeof(T) + line_bytes - 1) / line_bytes * line_bytes);
  }
  ValueBody& body() const noexcept { return object_.as<ValueBody>(); }
  T& half(std::uint32_t i) const noexcept {
    return *reinterpret_cast<T*>(object_.body() + half_offset(i));
  }

  SharedObject object_;
  RLock lock_{NoObject{}};
};

/// Without a lock. T may be a std::atomic of a number.
template <class T>
class RawValue : public GoesByName<RawValue<T>> {
  static_assert(std::is_trivially_copyable_v<T>, "what lies in shared memory is plain bytes");
  static_assert(alignof(T) <= line_bytes);

 public:
  RawValue() {
    if (!Decoding::active()) *this = create("");
  }
  explicit RawValue(const T& value) : RawValue() { this->value() = value; }
  static RawValue create(std::string_view name) {
    return RawValue(SharedObject::create(kind(), name, sizeof(T)));
  }
  static RawValue attach(std::string_view name) {
    return RawValue(SharedObject::attach(kind(), name, sizeof(T)));
  }

  T& value() const noexcept { return object_.as<T>(); }
  T& operator*() const noexcept { return value(); }
  T* operator->() const noexcept { return &value(); }
  const std::string& name() const { return object_.name(); }

 private:
  explicit RawValue(SharedObject object) : object_(std::move(object)) {}
  static ObjectKind kind() { return {ObjectType::raw_value, 1, "RawValue", fingerprint_of<T>()}; }
  SharedObject object_;
};

}  // namespace furrow::mp
