// Reserved ranges are kept in a list of this process and are not taken from the system: it cannot
// map a file into a part of a range that it has reserved without giving all of it back first
// (placeholders, Windows 10 1803, can; they are not used yet). What the list promises is that the
// range was free when it was asked for and that furrow's own mappings do not meet. Windows itself
// puts nothing near 2^45 unless asked.
#include <furrow/os/memory.hpp>

#include <furrow/os/win32/system.hpp>

#include <atomic>
#include <map>
#include <mutex>

namespace furrow::os {
namespace {

constexpr std::size_t hardware_page_bytes = 4096;

struct Reservations {
  std::mutex mutex;
  std::map<std::uintptr_t, std::size_t> ranges;  // begin -> bytes
};

// Leaked on purpose: arrays may be let go by destructors of static objects.
Reservations& reservations() {
  static auto* the_reservations = new Reservations;
  return *the_reservations;
}

void* pointer(std::uintptr_t address) noexcept { return reinterpret_cast<void*>(address); }

bool overlaps_a_reservation(const Reservations& known, std::uintptr_t address, std::size_t bytes) {
  const auto next = known.ranges.lower_bound(address);
  if (next != known.ranges.end() && next->first - address < bytes) return true;
  if (next == known.ranges.begin()) return false;
  const auto previous = std::prev(next);
  return address - previous->first < previous->second;
}

bool is_free(std::uintptr_t address, std::size_t bytes) noexcept {
  std::uintptr_t at = address;
  while (at - address < bytes) {
    MEMORY_BASIC_INFORMATION info{};
    if (::VirtualQuery(pointer(at), &info, sizeof info) == 0 || info.State != MEM_FREE)
      return false;
    at = reinterpret_cast<std::uintptr_t>(info.BaseAddress) + info.RegionSize;
  }
  return true;
}

}  // namespace

std::size_t memory_page_bytes() noexcept {
  // What a mapping's address must be a multiple of; the hardware's pages are smaller.
  static const std::size_t bytes = [] {
    SYSTEM_INFO info{};
    ::GetSystemInfo(&info);
    return static_cast<std::size_t>(info.dwAllocationGranularity);
  }();
  return bytes;
}

std::uint64_t memory_available_bytes() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return ::GlobalMemoryStatusEx(&status) != 0 ? status.ullAvailPageFile : UINT64_MAX;
}

bool reserve_addresses(std::uintptr_t address, std::size_t bytes) noexcept {
  Reservations& known = reservations();
  const std::lock_guard lock(known.mutex);
  if (overlaps_a_reservation(known, address, bytes) || !is_free(address, bytes)) return false;
  known.ranges.emplace(address, bytes);
  return true;
}

void release_addresses(std::uintptr_t address, std::size_t) noexcept {
  Reservations& known = reservations();
  const std::lock_guard lock(known.mutex);
  known.ranges.erase(address);
}

std::uintptr_t map_file(int descriptor, std::size_t bytes, bool writable, std::uintptr_t address,
                        std::error_code& error) noexcept {
  if (descriptor < 0) {  // which would ask for memory of the page file
    error = std::make_error_code(std::errc::bad_file_descriptor);
    return 0;
  }
  const HANDLE section = ::CreateFileMappingW(
      win32::handle_of(descriptor), nullptr, writable ? PAGE_READWRITE : PAGE_READONLY,
      static_cast<DWORD>(std::uint64_t{bytes} >> 32), static_cast<DWORD>(bytes), nullptr);
  if (section == nullptr) {
    error = win32::last_error();
    return 0;
  }
  const DWORD access = writable ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
  void* got = ::MapViewOfFileEx(section, access, 0, 0, bytes, pointer(address));
  error = got == nullptr ? win32::last_error() : std::error_code();
  ::CloseHandle(section);  // the view keeps it
  return reinterpret_cast<std::uintptr_t>(got);
}

void unmap(std::uintptr_t address, std::size_t, bool) noexcept {
  ::UnmapViewOfFile(pointer(address));
}

std::error_code populate(std::uintptr_t address, std::size_t bytes) noexcept {
  // The disk has room for every page since `reserve`; adding nothing loads one, for writing.
  for (std::size_t offset = 0; offset < bytes; offset += hardware_page_bytes)
    std::atomic_ref(*reinterpret_cast<unsigned char*>(address + offset)).fetch_or(0);
  return {};
}

}  // namespace furrow::os
