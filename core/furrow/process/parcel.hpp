// furrow/process/parcel.hpp
//
// A value on its way into another process: its bytes, and the descriptors that go with them.
//
// Bytes        as sync/message.hpp says
// Descriptors  a Connection writes the number of its descriptor in the parcel. Only a way that can
//              carry descriptors (a Connection, the start of a Process) makes such a parcel.
// Errors       NotSerialisable: a Connection on a way that carries none; bytes that are not what
//              was expected
// Threads      a parcel is packed and unpacked by one thread
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/os/file.hpp>
#include <furrow/sync/message.hpp>

namespace furrow::process {

/// Collects, while values are packed in this thread, the descriptors that they hold.
class Loading {
 public:
  Loading() noexcept;
  ~Loading();
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;
  /// Borrowed: they belong to the values.
  const std::vector<int>& descriptors() const noexcept { return descriptors_; }

 private:
  friend std::uint32_t load_descriptor(int descriptor);
  Loading* outer_;
  std::vector<int> descriptors_;
};

/// Hands out, while values are unpacked in this thread, the descriptors that came with them.
class Unloading {
 public:
  explicit Unloading(std::vector<os::Descriptor> descriptors) noexcept;
  ~Unloading();
  Unloading(const Unloading&) = delete;
  Unloading& operator=(const Unloading&) = delete;

 private:
  friend os::Descriptor unload_descriptor(std::uint32_t number);
  Unloading* outer_;
  std::vector<os::Descriptor> descriptors_;
};

/// For types that hold a descriptor: its number in the parcel that is being packed, and back.
std::uint32_t load_descriptor(int descriptor);
os::Descriptor unload_descriptor(std::uint32_t number);

/// True for what pack and take accept.
template <class T>
inline constexpr bool serialisable =
    !mp::detail::IsView<T>::value &&
    (mp::goes_as_bytes<T> ||
     (std::is_default_constructible_v<T> &&
      cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value &&
      cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value));

void append_bytes(const void* from, std::size_t count, std::vector<std::byte>& bytes);
void append_length(std::uint64_t length, std::vector<std::byte>& bytes);
/// Of what was appended behind the length at `at`.
void set_length(std::size_t at, std::vector<std::byte>& bytes) noexcept;

/// Appends a value, and before it how many bytes it takes.
template <class T>
void pack(const T& value, std::vector<std::byte>& bytes) {
  const std::size_t at = bytes.size();
  append_length(0, bytes);
  mp::encode(value, bytes);
  set_length(at, bytes);
}

/// Takes values from bytes in the order in which they were packed. Throws Corrupt.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) noexcept : left_(bytes) {}

  template <class T>
  T take() {
    return mp::decode<T>(take_bytes(take_length()));
  }
  std::uint64_t take_length();
  std::span<const std::byte> take_bytes(std::uint64_t count);
  std::size_t left() const noexcept { return left_.size(); }
  /// Throws when something is left over.
  void done() const;

 private:
  std::span<const std::byte> left_;
};

}  // namespace furrow::process
