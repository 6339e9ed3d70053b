// Locks by LockFileEx on ranges far behind the end of any file, where they lock nothing but
// themselves. The kernel drops them with their handle, and the handle with its process.
//
//   2^61         the lock for the whole file: one byte
//   2^62 + n*W   the lock of byte n: W = 2^48 slots
//
// Windows cannot say who holds a lock without trying to take it. So a shared holder of byte n takes
// one slot of it exclusively, which is its own (pid and handle), an exclusive one takes them all,
// and who looks asks for a shared lock on the range: it meets holders of either kind but neither
// its own handle's lock nor others who look. Taking a slot may meet somebody who looks, for an
// instant: then it is tried again.
#include <furrow/os/file.hpp>

#include <furrow/os/win32/system.hpp>

namespace furrow::os {
namespace {

using win32::handle_of;

constexpr std::uint64_t whole_file = std::uint64_t{1} << 61;
constexpr std::uint64_t bytes_base = std::uint64_t{1} << 62;
constexpr std::uint64_t slots = std::uint64_t{1} << 48;
constexpr std::uint64_t byte_end = std::uint64_t{1} << 13;

bool lock_range(const Descriptor& file, std::uint64_t begin, std::uint64_t count, LockKind kind,
                std::error_code& error) noexcept {
  OVERLAPPED place = win32::at_offset(begin);
  const DWORD flags =
      LOCKFILE_FAIL_IMMEDIATELY | (kind == LockKind::exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0U);
  const bool locked = ::LockFileEx(handle_of(file.get()), flags, 0, static_cast<DWORD>(count),
                                   static_cast<DWORD>(count >> 32), &place) != 0;
  error.clear();
  if (!locked && ::GetLastError() != ERROR_LOCK_VIOLATION && ::GetLastError() != ERROR_IO_PENDING)
    error = win32::last_error();
  return locked;
}

bool unlock_range(const Descriptor& file, std::uint64_t begin, std::uint64_t count) noexcept {
  OVERLAPPED place = win32::at_offset(begin);
  return ::UnlockFileEx(handle_of(file.get()), 0, static_cast<DWORD>(count),
                        static_cast<DWORD>(count >> 32), &place) != 0;
}

std::uint64_t slots_of(std::uint64_t byte) noexcept { return bytes_base + byte * slots; }

// Handles and process ids are multiples of 4; no two open files have the same pair.
std::uint64_t own_slot(const Descriptor& file) noexcept {
  const std::uint64_t handle = static_cast<std::uint32_t>(file.get()) / 4;
  const std::uint64_t process = ::GetCurrentProcessId() / 4;
  return (process << 24 ^ handle) % (slots - 1);
}

}  // namespace

bool try_lock(const Descriptor& file, LockKind kind, std::error_code& error) {
  if (kind == LockKind::exclusive) {
    unlock(file);  // one's own shared lock would be in the way
    return lock_range(file, whole_file, 1, kind, error);
  }
  // Locks of one handle pile up, and unlocking takes an exclusive one first. Two on top of what
  // there was, and one down, is a shared lock without a moment in which nothing is held.
  if (!lock_range(file, whole_file, 1, kind, error)) return false;
  if (lock_range(file, whole_file, 1, kind, error)) unlock_range(file, whole_file, 1);
  return true;
}

void unlock(const Descriptor& file) noexcept {
  while (unlock_range(file, whole_file, 1)) continue;
}

bool try_lock_byte(const Descriptor& file, std::uint64_t byte, LockKind kind,
                   std::error_code& error) {
  if (byte >= byte_end) {
    error = std::make_error_code(std::errc::invalid_argument);
    return false;
  }
  unlock_byte(file, byte);
  const bool exclusive = kind == LockKind::exclusive;
  const std::uint64_t begin = slots_of(byte) + (exclusive ? 0 : own_slot(file));
  const std::uint64_t count = exclusive ? slots : 1;
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (lock_range(file, begin, count, LockKind::exclusive, error)) return true;
    if (error) return false;
    ::Sleep(attempt < 10 ? 0 : 1);
  }
  return false;
}

void unlock_byte(const Descriptor& file, std::uint64_t byte) noexcept {
  unlock_range(file, slots_of(byte), slots);
  unlock_range(file, slots_of(byte) + own_slot(file), 1);
}

bool byte_is_locked(const Descriptor& file, std::uint64_t byte) noexcept {
  // One slot less than an exclusive lock has: unlocking must not take that one away.
  std::error_code error;
  if (!lock_range(file, slots_of(byte), slots - 1, LockKind::shared, error)) return !error;
  unlock_range(file, slots_of(byte), slots - 1);
  return false;
}

}  // namespace furrow::os
