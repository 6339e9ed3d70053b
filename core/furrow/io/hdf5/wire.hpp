// furrow/io/hdf5/wire.hpp
//
// A request or an answer as bytes, between a coordinator and its own workers.
//
// Order    the machine's: both sides are the same program
// Reading  checked, for the writer may have died half way. Throws Corrupt
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <furrow/array/shape.hpp>
#include <furrow/error.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow::hdf5 {

class WireWriter {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) { raw(&value, sizeof value); }
  void text(std::string_view value) {
    put<std::uint64_t>(value.size());
    raw(value.data(), value.size());
  }
  void texts(const std::vector<std::string>& values) {
    put<std::uint64_t>(values.size());
    for (const std::string& value : values) text(value);
  }
  void attributes(const Attributes& values) {
    put<std::uint64_t>(values.size());
    for (const auto& [name, value] : values) {
      text(name);
      put(value.dtype);
      put(Extents(std::span<const std::int64_t>(value.shape)));
      text({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
    }
  }
  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

 private:
  void raw(const void* from, std::size_t count) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + count);
    if (count != 0) std::memcpy(bytes_.data() + at, from, count);
  }
  std::vector<std::byte> bytes_;
};

class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  template <class T>
  requires std::is_trivially_copyable_v<T> T get() {
    T value{};
    std::memcpy(static_cast<void*>(&value), take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() {
    const std::span<const std::byte> part = take(get<std::uint64_t>());
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (std::uint64_t left = get<std::uint64_t>(); left != 0; --left) values.push_back(text());
    return values;
  }
  Attributes attributes() {
    Attributes values;
    for (std::uint64_t left = get<std::uint64_t>(); left != 0; --left) {
      std::string name = text();
      Attribute value;
      value.dtype = get<Dtype>();
      const auto shape = get<Extents>();
      value.shape.assign(shape.begin(), shape.end());
      const std::span<const std::byte> part = take(get<std::uint64_t>());
      value.bytes.assign(part.begin(), part.end());
      values.emplace(std::move(name), std::move(value));
    }
    return values;
  }

 private:
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size()) throw Corrupt("the answer of a worker is incomplete");
    const std::span<const std::byte> part = bytes_.first(static_cast<std::size_t>(count));
    bytes_ = bytes_.subspan(static_cast<std::size_t>(count));
    return part;
  }
  std::span<const std::byte> bytes_;
};

}  // namespace furrow::hdf5
