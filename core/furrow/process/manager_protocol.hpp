// furrow/process/manager_protocol.hpp
//
// What a manager's process and its clients say to each other: one request, one reply, over a
// connection that was authenticated. Internal to the room.
//
//   request   Request · number of references · references (u64) · arguments
//   reply     Reply   · number of references · references (u64) · results
//
//   value       length · bytes (as sync/message.hpp makes them) · its references
//   references  ids of the manager's objects whose proxies are inside of a value. A reply gives its
//               receiver a share in each of them, so that none can vanish on the way. The next
//               request on the connection says that the reply came; a connection that ends before
//               gives the shares of its last reply back. Who has a reply and ends the connection
//               says so first: received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <furrow/process/parcel.hpp>

namespace furrow::process {

enum class ManagerCall : std::uint32_t {
  // of the manager itself
  share,      // id: one more proxy in this process
  drop,       // id: one less; no reply
  received,   // the last reply came; no reply
  publish,    // name, id, fingerprint
  find,       // name -> id, fingerprint
  make_dict,  // fingerprint -> id
  make_list,  // fingerprint -> id
  make_hold,  // fingerprint, name of a shared object -> id
  make_any,   // fingerprint, code, arguments -> id
  objects,    // -> how many there are
  // of dicts
  dict_get,
  dict_set,
  dict_pop,
  dict_pop_last,
  dict_contains,
  dict_set_default,
  dict_update,
  dict_swap,
  dict_all,
  // of lists
  list_append,
  list_insert,
  list_get,
  list_set,
  list_pop,
  list_find,
  list_count,
  list_reverse,
  list_all,
  list_replace,
  // of both
  size,
  clear,
  mirror,  // -> descriptor of the dict's table
  // of other objects
  apply,
};

struct Request {
  std::uint64_t object = 0;
  ManagerCall call{};
};

enum class ReplyState : std::uint32_t {
  ok = 0,
  missing = 1,  // no such key, no such index
  threw = 2,    // the class and the text of an exception
};

struct Reply {
  ReplyState state{};
};

using References = std::vector<std::uint64_t>;

/// A value on its way.
struct WireValue {
  mp::Bytes bytes;
  References references;
};

inline void put_number(std::uint64_t number, mp::Bytes& out) { append_length(number, out); }

inline void put_bytes(std::span<const std::byte> bytes, mp::Bytes& out) {
  append_length(bytes.size(), out);
  append_bytes(bytes.data(), bytes.size(), out);
}

inline void put_text(std::string_view text, mp::Bytes& out) {
  put_bytes(std::as_bytes(std::span(text.data(), text.size())), out);
}

inline void put_references(const References& references, mp::Bytes& out) {
  put_number(references.size(), out);
  append_bytes(references.data(), references.size() * sizeof(std::uint64_t), out);
}

inline void put_value(const WireValue& value, mp::Bytes& out) {
  put_bytes(value.bytes, out);
  put_references(value.references, out);
}

inline std::span<const std::byte> take_span(Unpacker& in) {
  return in.take_bytes(in.take_length());
}

inline std::string take_text(Unpacker& in) {
  const auto bytes = take_span(in);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline References take_references(Unpacker& in) {
  const std::uint64_t count = in.take_length();
  const auto bytes =
      in.take_bytes(count > (std::uint64_t{1} << 32) ? ~std::uint64_t{0} : 8 * count);
  References references(static_cast<std::size_t>(count));
  if (count != 0) std::memcpy(references.data(), bytes.data(), bytes.size());
  return references;
}

inline WireValue take_value(Unpacker& in) {
  const auto bytes = take_span(in);
  return {mp::Bytes(bytes.begin(), bytes.end()), take_references(in)};
}

template <class T>
void put_plain(const T& value, mp::Bytes& out) {
  static_assert(std::is_trivially_copyable_v<T>);
  append_bytes(&value, sizeof(T), out);
}
template <class T>
T take_plain(Unpacker& in) {
  T value;
  std::memcpy(&value, in.take_bytes(sizeof(T)).data(), sizeof(T));
  return value;
}

}  // namespace furrow::process
