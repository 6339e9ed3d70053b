// furrow/sync/message.hpp
//
// Values as bytes, for what goes from process to process.
//
//   mp::Bytes bytes = mp::encode(value);
//   auto value = mp::decode<std::map<std::string, int>>(bytes);
//
// Types    trivially copyable ones go as their bytes, and so do the elements of a string or of a
//          vector of such; all others by cereal's binary archive: the containers of the standard
//          library, and classes with a serialize() of their own, which also comes first for a
//          trivially copyable class that has one. Pointers, references and views (span,
//          string_view) do not compile: they mean nothing elsewhere. Pointers hidden in a trivially
//          copyable class are not seen
// Between  processes of one machine and one build: no byte order, no versions
// Errors   NotSerialisable, with the reason, for bytes that are cut short or too long for the
//          value (strings and vectors that are a whole message have whatever length it has), and
//          for what a class throws while it is written or read
// Trust    none: bytes that were not made by encode<T> may throw, but they come from peers
// Source   cereal 1.3 (uscilab.github.io/cereal)
#pragma once

#include <cereal/archives/binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <istream>
#include <new>
#include <ostream>
#include <span>
#include <streambuf>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/sync/decoding.hpp>

namespace furrow::mp {

using Bytes = std::vector<std::byte>;

namespace detail {

template <class T>
struct IsView : std::is_pointer<T> {};
template <class C, class R>
struct IsView<std::basic_string_view<C, R>> : std::true_type {};
template <class T, std::size_t n>
struct IsView<std::span<T, n>> : std::true_type {};

template <class T>
inline constexpr bool has_serialize =
    cereal::traits::has_member_serialize<T, cereal::BinaryOutputArchive>::value ||
    cereal::traits::has_member_save<T, cereal::BinaryOutputArchive>::value ||
    cereal::traits::has_non_member_serialize<T, cereal::BinaryOutputArchive>::value;

inline void append(Bytes& out, const void* from, std::size_t count) {
  const std::size_t before = out.size();
  out.resize(before + count);
  if (count != 0) std::memcpy(out.data() + before, from, count);
}

class Writer : public std::streambuf {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

 protected:
  std::streamsize xsputn(const char* from, std::streamsize count) override {
    append(out_, from, static_cast<std::size_t>(count));
    return count;
  }
  int_type overflow(int_type c) override {
    out_.push_back(static_cast<std::byte>(c));
    return c;
  }

 private:
  Bytes& out_;
};

class Reader : public std::streambuf {
 public:
  explicit Reader(std::span<const std::byte> in) {
    auto* begin = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    setg(begin, begin, begin + in.size());
  }
  std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

[[noreturn]] inline void throw_wrong_size(std::size_t got, std::size_t wanted) {
  throw NotSerialisable("a message of " + std::to_string(got) + " bytes is no value of " +
                        std::to_string(wanted) +
                        " (sender and receiver name different types, or one of another build)");
}

/// Gives a string or a vector the length of so many bytes.
template <class T>
void fit_elements(T& value, std::size_t bytes) {
  constexpr std::size_t element = sizeof(value[0]);
  if (bytes % element != 0) throw_wrong_size(bytes, bytes / element * element);
  value.resize(bytes / element);
}

}  // namespace detail

/// True for types that go as their bytes, without an archive.
template <class T>
inline constexpr bool goes_as_bytes = std::is_trivially_copyable_v<T> && !detail::has_serialize<T>;

/// True for strings and vectors whose elements go as their bytes, one after the other.
template <class T>
inline constexpr bool goes_as_elements = false;
template <class C>
inline constexpr bool goes_as_elements<std::basic_string<C>> = true;
template <class U>
inline constexpr bool goes_as_elements<std::vector<U>> =
    goes_as_bytes<U> && !std::is_same_v<U, bool> && !detail::IsView<U>::value &&
    std::is_default_constructible_v<U>;

/// True for what goes as the name of something in shared memory, as furrow's arrays do.
template <class T>
concept GoesAsReference = requires(const T& value, std::string_view text) {
  { value.reference() } -> std::same_as<std::string>;
  { T::from_reference(text) } -> std::same_as<T>;
};

/// Appends the value to `out`.
template <class T>
void encode(const T& value, Bytes& out) {
  static_assert(!std::is_reference_v<T> && !detail::IsView<std::remove_cv_t<T>>::value,
                "pointers and views mean nothing in another process: send what they point to");
  if constexpr (goes_as_bytes<T>) {
    detail::append(out, &value, sizeof(T));
  } else if constexpr (goes_as_elements<T>) {
    detail::append(out, value.data(), value.size() * sizeof(value[0]));
  } else if constexpr (GoesAsReference<T>) {
    const std::string text = value.reference();
    detail::append(out, text.data(), text.size());
  } else {
    detail::Writer writer(out);
    std::ostream stream(&writer);
    try {
      cereal::BinaryOutputArchive archive(stream);
      archive(value);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw NotSerialisable(std::string("a value cannot be made into a message: ") + error.what());
    }
  }
}

template <class T>
Bytes encode(const T& value) {
  Bytes out;
  encode(value, out);
  return out;
}

/// The value that encode was given. T needs a default constructor (unless it goes as bytes).
template <class T>
T decode(std::span<const std::byte> in) {
  static_assert(!std::is_reference_v<T> && !detail::IsView<std::remove_cv_t<T>>::value,
                "pointers and views mean nothing in another process: receive what they point to");
  if constexpr (goes_as_bytes<T>) {
    if (in.size() != sizeof(T)) detail::throw_wrong_size(in.size(), sizeof(T));
    alignas(T) std::byte storage[sizeof(T)];  // T need not have a default constructor
    std::memcpy(storage, in.data(), sizeof(T));
    return *std::launder(reinterpret_cast<const T*>(storage));
  } else if constexpr (goes_as_elements<T>) {
    T value;
    detail::fit_elements(value, in.size());
    if (!in.empty()) std::memcpy(value.data(), in.data(), in.size());
    return value;
  } else if constexpr (GoesAsReference<T>) {
    return T::from_reference({reinterpret_cast<const char*>(in.data()), in.size()});
  } else {
    const Decoding here;  // handles of shared objects make no object of their own meanwhile
    T value{};
    detail::Reader reader(in);
    std::istream stream(&reader);
    try {
      cereal::BinaryInputArchive archive(stream);
      archive(value);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw NotSerialisable(std::string("a message cannot be made into a value: ") + error.what());
    }
    if (reader.left() != 0) detail::throw_wrong_size(in.size(), in.size() - reader.left());
    return value;
  }
}

}  // namespace furrow::mp
