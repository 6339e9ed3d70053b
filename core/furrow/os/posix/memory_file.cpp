#include <furrow/os/memory_file.hpp>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace furrow::os {
namespace {

constexpr int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

}  // namespace

Descriptor create_memory_file(std::error_code& error) {
  Descriptor file(::memfd_create("furrow", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  error = file.valid() ? std::error_code() : std::error_code(errno, std::generic_category());
  return file;
}

std::error_code seal(const Descriptor& file) noexcept {
  if (::fcntl(file.get(), F_ADD_SEALS, all_seals) == 0) return {};
  return {errno, std::generic_category()};
}

std::optional<std::uint64_t> sealed_bytes(const Descriptor& file) noexcept {
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  struct stat status {};
  if (seals < 0 || (seals & all_seals) != all_seals || ::fstat(file.get(), &status) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace furrow::os
