// furrow/process/managed.hpp
//
// Proxies of what a Manager keeps: handles that any process may use, send and put into each other.
// Made by a Manager (process/manager.hpp).
//
//   ManagedDict<K, V>    keys and values are what sync/message.hpp can send; keys are equal when
//                        their bytes are. In the order of insertion, as Python's.
//   ManagedList<T>       negative indices count from the end
//   ManagedNamespace     attributes by name, of any type each
//   Managed<T>           any object of a class of yours, called by functions that run in the
//                        manager
//   Held<L>              a lock, queue, value … of sync/, which lives in shared memory: calls do
//                        not go through the manager, it only keeps it alive
//
// Reading   ManagedDict::get looks into a table that the manager keeps in shared memory
//           (mirror.hpp) once a process has asked a few times: the value at one moment between call
//           and return, as if it had asked. Long values (240 bytes with the key) and those with
//           proxies are asked for.
// Atomic    each call, the changes by a function among them (update_value, sort), which are tried
//           again when somebody else was faster. d[k] = d[k] + 1 is two calls.
// Values    go by value: what was read is a copy, and changing it changes nothing there (Python
//           too). Proxies inside of values stay proxies, and keep what they refer to alive.
// Alive     an object lives while a proxy in a living process or inside of a value refers to it; a
//           killed process's proxies do not count. A proxy on its way (in a Queue, a message, a
//           task's result) is none: its sender keeps one until the receiver has it. Arguments of
//           tasks and processes are kept until they have ended, or have theirs.
// Time      a call waits for ever for a manager that is busy or stopped, but through within(): its
//           limit is that of the whole call, of connecting and of all tries (update_value)
// Errors    NotFound: no such key, index, or object any more. ManagerDied. RemoteError and furrow's
//           own classes: what a call threw in the manager. TypeMismatch: a proxy read as another
//           type.
// Threads   any
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/process/held.hpp>
#include <furrow/process/managed_object.hpp>
#include <furrow/process/manager_client.hpp>
#include <furrow/process/shipping.hpp>
#include <furrow/process/shown.hpp>
#include <furrow/sync/message.hpp>

namespace furrow::mp {

/// What all proxies have in common.
template <class Self>
class Proxy {
 public:
  /// Refers to nothing until it is assigned.
  Proxy() = default;
  explicit Proxy(process::ProxyReference reference) : reference_(std::move(reference)) {}
  bool valid() const noexcept { return reference_.valid(); }
  const process::ProxyReference& reference() const noexcept { return reference_; }
  /// The same object, by calls that take no longer: d.within(100ms).set("a", 1). Throws
  /// furrow::Timeout; what was asked may yet be done then.
  Self within(Timeout timeout) const { return Self(reference_.within(timeout)); }
  friend bool operator==(const Self& a, const Self& b) noexcept {
    return a.reference_ == b.reference_;
  }
  template <class Archive>
  void save(Archive& archive) const {
    reference_.save(archive);
  }
  template <class Archive>
  void load(Archive& archive) {
    reference_.load(archive);
    reference_.check(fingerprint_of<Self>());
  }

 protected:
  using Call = process::ManagerCall;
  using Result = process::ManagerClient::Result;

  Result call(Call what, const Bytes& arguments = {}) const {
    return reference_.call(what, arguments, reference_.time());
  }
  /// One of several round trips.
  Result call(Call what, const Bytes& arguments, const process::CallTime& time) const {
    return reference_.call(what, arguments, time);
  }
  template <class T>
  void put(const T& value, Bytes& out) const {
    process::put_value(process::to_wire(reference_.client(), value), out);
  }
  /// Reads with `read(body)` while the shares that came with the result can be taken.
  template <class Read>
  auto read_from(Result& result, const Read& read) const {
    const process::ReadingFromManager reading(reference_.client(), std::move(result.references));
    process::Unpacker body = result.body();
    return read(body);
  }
  template <class T>
  static T take(process::Unpacker& in) {
    const auto bytes = process::take_span(in);
    process::take_references(in);
    return decode<T>(bytes);
  }
  /// Of a result that is not read: gives back the shares that came with it.
  void let_go(Result& result) const {
    const process::ReadingFromManager reading(reference_.client(), std::move(result.references));
  }
  template <class T>
  T take_one(Result result) const {
    return read_from(result, [](process::Unpacker& in) { return take<T>(in); });
  }
  static std::uint64_t number_of(const Result& result) { return result.body().take_length(); }

 private:
  process::ProxyReference reference_;
};

template <class K, class V>
class ManagedDict : public Proxy<ManagedDict<K, V>> {
  using Base = Proxy<ManagedDict<K, V>>;
  using Call = process::ManagerCall;

 public:
  using Base::Base;

  /// Throws NotFound.
  V get(const K& key) const {
    auto value = try_get(key);
    if (!value) process::throw_no_key(process::shown(key));
    return *std::move(value);
  }
  V get(const K& key, V otherwise) const {
    auto value = try_get(key);
    return value ? *std::move(value) : std::move(otherwise);
  }
  std::optional<V> try_get(const K& key) const {
    const auto time = this->reference().time();
    if (const auto bytes = this->reference().mirrored(encode(key), time)) return decode<V>(*bytes);
    return one_or_none(this->call(Call::dict_get, key_bytes(key), time));
  }
  void set(const K& key, const V& value) const {
    Bytes arguments = key_bytes(key);
    this->put(value, arguments);
    this->call(Call::dict_set, arguments);
  }
  /// Removes a key. Throws NotFound.
  V pop(const K& key) const {
    auto value = one_or_none(this->call(Call::dict_pop, key_bytes(key)));
    if (!value) process::throw_no_key(process::shown(key));
    return *std::move(value);
  }
  /// False when it was not there.
  bool erase(const K& key) const {
    auto result = this->call(Call::dict_pop, key_bytes(key));
    this->let_go(result);
    return !result.missing;
  }
  /// The last that was added. Throws NotFound when the dict is empty.
  std::pair<K, V> popitem() const {
    auto result = this->call(Call::dict_pop_last);
    if (result.missing) throw NotFound("popitem: the manager's dict is empty");
    return this->read_from(result, [](process::Unpacker& in) { return take_item(in); });
  }
  bool contains(const K& key) const {
    return this->number_of(this->call(Call::dict_contains, key_bytes(key))) != 0;
  }
  V setdefault(const K& key, const V& value) const {
    Bytes arguments = key_bytes(key);
    this->put(value, arguments);
    return this->template take_one<V>(this->call(Call::dict_set_default, arguments));
  }
  /// All of them at once, for every other process.
  void update(const std::vector<std::pair<K, V>>& items) const {
    Bytes arguments;
    process::put_number(items.size(), arguments);
    for (const auto& [key, value] : items) {
      process::put_bytes(encode(key), arguments);
      this->put(value, arguments);
    }
    this->call(Call::dict_update, arguments);
  }
  /// Replaces the value by f(value), whatever others do meanwhile; starts from V{} when the key is
  /// new. f may be called several times. Returns the new value.
  template <class F>
  V update_value(const K& key, const F& f) const {
    const auto time = this->reference().time();
    for (;;) {
      auto result = this->call(Call::dict_get, key_bytes(key), time);
      const bool missing = result.missing;
      Bytes before;
      V value{};
      if (!missing) {
        value = this->read_from(result, [&](process::Unpacker& in) {
          const auto bytes = process::take_span(in);
          before.assign(bytes.begin(), bytes.end());
          return decode<V>(bytes);
        });
      }
      const V next = f(std::move(value));
      Bytes arguments = key_bytes(key);
      process::put_number(missing ? 0 : 1, arguments);
      process::put_bytes(before, arguments);
      this->put(next, arguments);
      if (this->number_of(this->call(Call::dict_swap, arguments, time)) != 0) return next;
    }
  }
  std::vector<std::pair<K, V>> items() const {
    auto result = this->call(Call::dict_all);
    return this->read_from(result, [](process::Unpacker& in) {
      std::vector<std::pair<K, V>> items;
      for (std::uint64_t left = in.take_length(); left > 0; --left) items.push_back(take_item(in));
      return items;
    });
  }
  std::vector<K> keys() const {
    std::vector<K> keys;
    for (auto& [key, value] : items()) keys.push_back(std::move(key));
    return keys;
  }
  std::vector<V> values() const {
    std::vector<V> values;
    for (auto& [key, value] : items()) values.push_back(std::move(value));
    return values;
  }
  std::size_t size() const { return this->number_of(this->call(Call::size)); }
  bool empty() const { return size() == 0; }
  void clear() const { this->call(Call::clear); }

  /// d[k] reads and is assigned, each by one call.
  class Element {
   public:
    operator V() const { return dict_.get(key_); }    // NOLINT: it stands for the value
    const Element& operator=(const V& value) const {  // NOLINT: a reference, not a value
      dict_.set(key_, value);
      return *this;
    }

   private:
    friend class ManagedDict;
    Element(const ManagedDict& dict, K key) : dict_(dict), key_(std::move(key)) {}
    const ManagedDict& dict_;
    K key_;
  };
  Element operator[](const K& key) const { return Element(*this, key); }

 private:
  static Bytes key_bytes(const K& key) {
    Bytes bytes;
    process::put_bytes(encode(key), bytes);
    return bytes;
  }
  std::optional<V> one_or_none(process::ManagerClient::Result result) const {
    if (result.missing) return std::nullopt;
    return this->template take_one<V>(std::move(result));
  }
  static std::pair<K, V> take_item(process::Unpacker& in) {
    K key = decode<K>(process::take_span(in));
    return {std::move(key), Base::template take<V>(in)};
  }
};

template <class T>
class ManagedList : public Proxy<ManagedList<T>> {
  using Base = Proxy<ManagedList<T>>;
  using Call = process::ManagerCall;

 public:
  using Base::Base;

  void append(const T& value) const { extend({value}); }
  void extend(const std::vector<T>& values) const {
    this->call(Call::list_append, many(values, {}));
  }
  void insert(std::int64_t index, const T& value) const {
    Bytes arguments = index_bytes(index);
    this->put(value, arguments);
    this->call(Call::list_insert, arguments);
  }
  /// Throws NotFound beyond the ends, as set and pop do.
  T get(std::int64_t index) const {
    return one(this->call(Call::list_get, index_bytes(index)), index);
  }
  void set(std::int64_t index, const T& value) const {
    Bytes arguments = index_bytes(index);
    this->put(value, arguments);
    if (this->call(Call::list_set, arguments).missing) process::throw_no_index(index);
  }
  T pop(std::int64_t index = -1) const {
    return one(this->call(Call::list_pop, index_bytes(index)), index);
  }
  /// Where an equal item (its bytes) first is. Throws NotFound.
  std::size_t index(const T& value) const {
    const auto result = this->call(Call::list_find, value_bytes(value));
    if (result.missing) process::throw_no_item(process::shown(value));
    return this->number_of(result);
  }
  std::size_t count(const T& value) const {
    return this->number_of(this->call(Call::list_count, value_bytes(value)));
  }
  bool contains(const T& value) const { return count(value) != 0; }
  void remove(const T& value) const {
    change([&](std::vector<T>& items) {
      for (auto at = items.begin(); at != items.end(); ++at) {
        if (encode(*at) != encode(value)) continue;
        items.erase(at);
        return;
      }
      process::throw_no_item(process::shown(value));
    });
  }
  void reverse() const { this->call(Call::list_reverse); }
  void sort() const {
    change([](std::vector<T>& items) { std::sort(items.begin(), items.end()); });
  }
  template <class Less>
  void sort(const Less& less) const {
    change([&](std::vector<T>& items) { std::sort(items.begin(), items.end(), less); });
  }
  /// Changes the whole list by f(items), whatever others do meanwhile. f may be called several
  /// times.
  template <class F>
  void change(const F& f) const {
    const auto time = this->reference().time();
    for (;;) {
      std::uint64_t version = 0;
      std::vector<T> items = all(version, time);
      f(items);
      Bytes arguments;
      process::put_number(version, arguments);
      arguments = many(items, std::move(arguments));
      if (this->number_of(this->call(Call::list_replace, arguments, time)) != 0) return;
    }
  }
  /// All items at one moment.
  std::vector<T> to_vector() const {
    std::uint64_t version = 0;
    return all(version, this->reference().time());
  }
  std::size_t size() const { return this->number_of(this->call(Call::size)); }
  bool empty() const { return size() == 0; }
  void clear() const { this->call(Call::clear); }

  class Element {
   public:
    operator T() const { return list_.get(index_); }  // NOLINT: it stands for the item
    const Element& operator=(const T& value) const {  // NOLINT: a reference, not an item
      list_.set(index_, value);
      return *this;
    }

   private:
    friend class ManagedList;
    Element(const ManagedList& list, std::int64_t index) : list_(list), index_(index) {}
    const ManagedList& list_;
    std::int64_t index_;
  };
  Element operator[](std::int64_t index) const { return Element(*this, index); }

 private:
  static Bytes index_bytes(std::int64_t index) {
    Bytes bytes;
    process::put_plain(index, bytes);
    return bytes;
  }
  static Bytes value_bytes(const T& value) {
    Bytes bytes;
    process::put_bytes(encode(value), bytes);
    return bytes;
  }
  T one(process::ManagerClient::Result result, std::int64_t index) const {
    if (result.missing) process::throw_no_index(index);
    return this->template take_one<T>(std::move(result));
  }
  Bytes many(const std::vector<T>& values, Bytes arguments) const {
    process::put_number(values.size(), arguments);
    for (const T& value : values) this->put(value, arguments);
    return arguments;
  }
  std::vector<T> all(std::uint64_t& version, const process::CallTime& time) const {
    auto result = this->call(Call::list_all, {}, time);
    return this->read_from(result, [&](process::Unpacker& in) {
      version = in.take_length();
      std::vector<T> items;
      for (std::uint64_t left = in.take_length(); left > 0; --left) {
        items.push_back(Base::template take<T>(in));
      }
      return items;
    });
  }
};

class ManagedNamespace : public Proxy<ManagedNamespace> {
 public:
  using Proxy::Proxy;
  template <class T>
  void set(std::string_view name, const T& value) const {
    Bytes arguments;
    process::put_text(name, arguments);
    process::WireValue wire = process::to_wire(reference().client(), value);
    process::put_number(fingerprint_of<T>(), wire.bytes);
    process::put_value(wire, arguments);
    call(Call::dict_set, arguments);
  }
  /// Throws NotFound, and TypeMismatch when it was set with another type.
  template <class T>
  T get(std::string_view name) const {
    Bytes arguments;
    process::put_text(name, arguments);
    auto result = call(Call::dict_get, arguments);
    if (result.missing) throw NotFound("a namespace has no \"" + std::string(name) + "\"");
    return read_from(result, [&](process::Unpacker& in) {
      const auto bytes = process::take_span(in);
      process::Unpacker tail(bytes.last(sizeof(std::uint64_t)));
      if (tail.take_length() != fingerprint_of<T>())
        throw TypeMismatch("\"" + std::string(name) + "\" was set with another type");
      return decode<T>(bytes.first(bytes.size() - sizeof(std::uint64_t)));
    });
  }
  bool contains(std::string_view name) const {
    Bytes arguments;
    process::put_text(name, arguments);
    return number_of(call(Call::dict_contains, arguments)) != 0;
  }
  /// False when it was not there.
  bool erase(std::string_view name) const {
    Bytes arguments;
    process::put_text(name, arguments);
    auto result = call(Call::dict_pop, arguments);
    let_go(result);
    return !result.missing;
  }
};

/// An object in the manager's process. Calls run there, one at a time: each is atomic, and one that
/// waits holds up the whole manager.
template <class T>
class Managed : public Proxy<Managed<T>> {
 public:
  using Proxy<Managed<T>>::Proxy;

  /// f(object, arguments…) there; its result comes back. f travels as a Process's callable does.
  template <class F, class... Args>
  auto apply(const F& f, const Args&... args) const {
    using R = std::invoke_result_t<F&, T&, Args...>;
    static_assert(process::ships<F>, "the function's captures must be trivially copyable");
    Bytes arguments;
    process::ship_code(reinterpret_cast<process::AnyCode>(&run<F, R, Args...>), arguments);
    process::ship(f, arguments);
    (process::pack(args, arguments), ...);
    auto result = this->call(process::ManagerCall::apply, arguments);
    if constexpr (!std::is_void_v<R>) {
      return this->read_from(result, [](process::Unpacker& in) {
        return decode<std::decay_t<R>>(process::take_span(in));
      });
    }
  }
  /// counter.call<&Counter::add>(3)
  template <auto method, class... Args>
  auto call_method(const Args&... args) const {
    return apply([](T& object, const Args&... a) { return (object.*method)(a...); }, args...);
  }

 private:
  template <class F, class R, class... Args>
  static void run(void* object, process::Unpacker& in, Bytes& result) {
    process::Shipped<F> f(in);
    std::tuple<T&, Args...> arguments{*static_cast<T*>(object), in.take<Args>()...};
    in.done();
    if constexpr (std::is_void_v<R>) {
      std::apply(f.get(), std::move(arguments));
    } else {
      process::put_bytes(encode<std::decay_t<R>>(std::apply(f.get(), std::move(arguments))),
                         result);
    }
  }
};

}  // namespace furrow::mp
