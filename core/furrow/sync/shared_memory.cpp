#include <furrow/sync/shared_memory.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>

namespace furrow::mp {
namespace {

constexpr std::size_t name_bytes_max = 254;  // a file's name, and Python's leading slash

std::string path_of(std::string_view name) {
  const bool possible = !name.empty() && name.size() <= name_bytes_max && name != "." &&
                        name != ".." && name.find('/') == std::string_view::npos &&
                        name.find('\0') == std::string_view::npos;
  if (!possible)
    throw InvalidArgument(fmt::format(
        "\"{}\" is no name for shared memory (1 to {} bytes without '/')", name, name_bytes_max));
  return fmt::format("{}/{}", os::default_segment_directory(), name);
}

[[noreturn]] void throw_error(std::error_code error, const std::string& asked) {
  const std::string text = fmt::format("{}: {}", asked, error.message());
  if (error == std::errc::no_such_file_or_directory) throw NotFound(text);
  if (error == std::errc::file_exists)
    throw AlreadyExists(text + " (attach to it, unlink it, or choose another name)");
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted)
    throw PermissionDenied(text);
  if (error == std::errc::no_space_on_device || error == std::errc::not_enough_memory ||
      error == std::errc::file_too_large)
    throw OutOfSpace(text);
  throw IoError(text);
}

}  // namespace

struct SharedMemory::Inner {
  std::string name;
  os::Descriptor file;
  std::size_t bytes = 0;
  std::uintptr_t address = 0;

  Inner() = default;
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;
  ~Inner() { close(); }

  void close() noexcept {
    if (address != 0) os::unmap(std::exchange(address, 0), bytes, false);
    file.close();
  }
  void map(bool writable) {
    std::error_code error;
    address = os::map_file(file.get(), bytes, writable, 0, error);
    if (address == 0)
      throw_error(error,
                  fmt::format("shared memory \"{}\" ({} bytes) cannot be mapped", name, bytes));
  }
};

SharedMemory SharedMemory::create(std::string_view name, std::size_t bytes, unsigned mode) {
  return create(name, bytes, mode, {});
}

SharedMemory SharedMemory::create(std::string_view name, std::size_t bytes, unsigned mode,
                                  const Fill& fill) {
  if (bytes == 0) throw InvalidArgument("shared memory has at least one byte");
  auto inner = std::make_shared<Inner>();
  inner->bytes = bytes;
  const bool generated = name.empty();
  std::error_code error;
  do {
    inner->name = generated
                      ? fmt::format("psm_{:08x}", static_cast<std::uint32_t>(os::random_bits()))
                      : std::string(name);
    const std::string path = path_of(inner->name);
    const std::string asked =
        fmt::format("shared memory \"{}\" ({} bytes) cannot be created", inner->name, bytes);
    if (!inner->file.valid()) {
      const std::string folder = os::default_segment_directory();
      inner->file = os::create_unnamed(folder, mode, error);
      if (error) throw_error(error, asked);
      const std::uint64_t free = os::file_system_of(folder, error).bytes_free;
      if (!error && free < bytes)
        throw OutOfSpace(fmt::format("{}: {} has {} bytes free", asked, folder, free));
      error = os::reserve(inner->file, bytes);
      if (error) throw_error(error, asked);
      inner->map(true);
      if (fill) fill(SharedMemory(inner));
      os::fault_point("shared_memory.reserved");
    }
    error = os::publish_unnamed(inner->file, path);
    if (error && !(generated && error == std::errc::file_exists)) throw_error(error, asked);
  } while (error);
  return SharedMemory(std::move(inner));
}

SharedMemory SharedMemory::attach(std::string_view name, Access access, Timeout timeout) {
  const Deadline deadline(timeout);
  const std::string path = path_of(name);
  const bool writable = access == Access::read_write;
  auto inner = std::make_shared<Inner>();
  inner->name = name;
  std::error_code error;
  inner->file =
      os::open_file(path, writable ? os::OpenMode::read_write : os::OpenMode::read_only, error);
  const std::string asked = fmt::format("shared memory \"{}\" cannot be attached", name);
  if (error) throw_error(error, asked);
  for (;;) {
    const os::FileStatus status = os::status_of(inner->file, error);
    if (error) throw_error(error, asked);
    if (!status.regular) throw Corrupt(asked + ": it is no regular file");
    inner->bytes = status.bytes;
    if (inner->bytes != 0) break;
    if (deadline.passed())
      throw Corrupt(asked + ": its creator never gave it a size, or died before it could");
    os::sleep_ns(std::clamp<std::int64_t>(deadline.left_ns_within(1'000'000), 1, 1'000'000));
  }
  inner->map(writable);
  return SharedMemory(std::move(inner));
}

bool SharedMemory::valid() const noexcept { return inner_ != nullptr && inner_->address != 0; }

const std::string& SharedMemory::name() const {
  if (inner_ == nullptr) throw InvalidArgument("there is no shared memory in this handle");
  return inner_->name;
}

std::size_t SharedMemory::size() const noexcept { return inner_ == nullptr ? 0 : inner_->bytes; }

std::span<std::byte> SharedMemory::buf() const {
  if (!valid()) throw Closed("the shared memory of this handle was closed");
  return {reinterpret_cast<std::byte*>(inner_->address), inner_->bytes};
}

void SharedMemory::reserve() const {
  buf();
  const std::error_code error = os::reserve(inner_->file, inner_->bytes);
  if (error)
    throw_error(error, fmt::format("the {} bytes of shared memory \"{}\" are not to be had",
                                   inner_->bytes, inner_->name));
}

void SharedMemory::close() const noexcept {
  if (inner_ != nullptr) inner_->close();
}

void SharedMemory::unlink() const {
  const std::error_code error = os::remove_file(path_of(name()));
  if (error) throw_error(error, fmt::format("shared memory \"{}\" cannot be unlinked", name()));
}

}  // namespace furrow::mp
