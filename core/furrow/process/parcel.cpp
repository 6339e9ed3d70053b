#include <furrow/process/parcel.hpp>

#include <fmt/format.h>

#include <cstring>

#include <furrow/os/socket.hpp>

namespace furrow::process {
namespace {

thread_local Loading* loading = nullptr;
thread_local Unloading* unloading = nullptr;

}  // namespace

Loading::Loading() noexcept : outer_(std::exchange(loading, this)) {}
Loading::~Loading() { loading = outer_; }

Unloading::Unloading(std::vector<os::Descriptor> descriptors) noexcept
    : outer_(std::exchange(unloading, this)), descriptors_(std::move(descriptors)) {}
Unloading::~Unloading() { unloading = outer_; }

std::uint32_t load_descriptor(int descriptor) {
  if (loading == nullptr) {
    throw NotSerialisable(
        "a connection travels only through another connection or as an argument of a Process: "
        "what is asked for carries bytes alone");
  }
  constexpr std::size_t most = os::packet_descriptors_max - 1;  // one may hold the message
  if (loading->descriptors_.size() == most) {
    throw NotSerialisable(
        fmt::format("a message carries at most {} connections", os::packet_descriptors_max));
  }
  loading->descriptors_.push_back(descriptor);
  return static_cast<std::uint32_t>(loading->descriptors_.size() - 1);
}

os::Descriptor unload_descriptor(std::uint32_t number) {
  if (unloading == nullptr || number >= unloading->descriptors_.size() ||
      !unloading->descriptors_[number].valid()) {
    throw NotSerialisable(
        fmt::format("a message speaks of its connection {}, which did not come with it", number));
  }
  return std::move(unloading->descriptors_[number]);
}

void append_bytes(const void* from, std::size_t count, std::vector<std::byte>& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + count);
  if (count != 0) std::memcpy(bytes.data() + before, from, count);
}

void append_length(std::uint64_t length, std::vector<std::byte>& bytes) {
  append_bytes(&length, sizeof length, bytes);
}

void set_length(std::size_t at, std::vector<std::byte>& bytes) noexcept {
  const std::uint64_t length = bytes.size() - at - sizeof length;
  std::memcpy(bytes.data() + at, &length, sizeof length);
}

std::uint64_t Unpacker::take_length() {
  std::uint64_t length = 0;
  std::memcpy(&length, take_bytes(sizeof length).data(), sizeof length);
  return length;
}

std::span<const std::byte> Unpacker::take_bytes(std::uint64_t count) {
  if (count > left_.size()) {
    throw NotSerialisable(
        fmt::format("a message ends {} bytes early: it holds another type than was asked "
                    "for",
                    count - left_.size()));
  }
  const auto part = left_.first(static_cast<std::size_t>(count));
  left_ = left_.subspan(static_cast<std::size_t>(count));
  return part;
}

void Unpacker::done() const {
  if (left_.empty()) return;
  throw NotSerialisable(
      fmt::format("a message has {} bytes more than what was asked for: it holds another "
                  "type",
                  left_.size()));
}

}  // namespace furrow::process
