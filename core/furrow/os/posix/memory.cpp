#include <furrow/os/memory.hpp>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace furrow::os {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

void* pointer(std::uintptr_t address) noexcept { return reinterpret_cast<void*>(address); }

// MemAvailable + SwapFree of the whole machine.
std::uint64_t machine_available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kib = 0;
  std::uint64_t sum_kib = 0;
  bool known = false;
  for (std::string rest; file >> key >> kib && std::getline(file, rest);) {
    if (key == "MemAvailable:" || key == "SwapFree:") sum_kib += kib;
    known = known || key == "MemAvailable:";
  }
  return known ? sum_kib * 1024 : UINT64_MAX;
}

// What the process's control group (version 2) may still take, page cache not counted as free.
std::uint64_t group_available_bytes() {
  std::ifstream groups("/proc/self/cgroup");
  std::uint64_t available = UINT64_MAX;
  std::string line;
  while (std::getline(groups, line)) {
    if (line.rfind("0::", 0) != 0) continue;
    const std::string folder = "/sys/fs/cgroup" + line.substr(3);
    std::ifstream limit_file(folder + "/memory.max");
    std::ifstream current_file(folder + "/memory.current");
    std::uint64_t limit = 0;
    std::uint64_t current = 0;
    if (limit_file >> limit && current_file >> current)  // "max" is no number: no limit
      available = std::min(available, limit > current ? limit - current : 0);
  }
  return available;
}

}  // namespace

std::uint64_t memory_available_bytes() {
  return std::min(machine_available_bytes(), group_available_bytes());
}

std::size_t memory_page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

bool reserve_addresses(std::uintptr_t address, std::size_t bytes) noexcept {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void* got = ::mmap(pointer(address), bytes, PROT_NONE, flags, -1, 0);
  if (got == MAP_FAILED) return false;
  if (got == pointer(address)) return true;
  ::munmap(got, bytes);  // kernels before 4.17 take the address as a hint
  return false;
}

void release_addresses(std::uintptr_t address, std::size_t bytes) noexcept {
  ::munmap(pointer(address), bytes);
}

std::uintptr_t map_file(int descriptor, std::size_t bytes, bool writable, std::uintptr_t address,
                        std::error_code& error) noexcept {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const int flags = MAP_SHARED | (address != 0 ? MAP_FIXED : 0);
  void* got = ::mmap(pointer(address), bytes, protection, flags, descriptor, 0);
  error = got == MAP_FAILED ? last_error() : std::error_code();
  return got == MAP_FAILED ? 0 : reinterpret_cast<std::uintptr_t>(got);
}

std::uintptr_t map_part(int descriptor, std::uint64_t offset, std::size_t bytes) noexcept {
  void* const got =
      ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(offset));
  return got == MAP_FAILED ? 0 : reinterpret_cast<std::uintptr_t>(got);
}

void unmap(std::uintptr_t address, std::size_t bytes, bool keep_reserved) noexcept {
  if (!keep_reserved) {
    ::munmap(pointer(address), bytes);
    return;
  }
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (::mmap(pointer(address), bytes, PROT_NONE, flags, -1, 0) == MAP_FAILED)
    ::mprotect(pointer(address), bytes, PROT_NONE);
}

std::error_code populate(std::uintptr_t address, std::size_t bytes) noexcept {
  while (::madvise(pointer(address), bytes, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINTR || errno == EAGAIN) continue;
    // Kernels before 5.14 do not know it: the pages come at first touch, as without this call.
    if (errno == EINVAL) return {};
    // EFAULT is what would have been SIGBUS: no room for the page.
    return {errno == EFAULT ? ENOSPC : errno, std::system_category()};
  }
  return {};
}

}  // namespace furrow::os
