#include <furrow/os/file.hpp>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

namespace furrow::os {
namespace {

struct flock byte_range(std::uint64_t byte, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(byte);
  range.l_len = 1;
  return range;
}

}  // namespace

bool try_lock(const Descriptor& file, LockKind kind, std::error_code& error) {
  const int operation = (kind == LockKind::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  int result = 0;
  do result = ::flock(file.get(), operation);
  while (result != 0 && errno == EINTR);
  error.clear();
  if (result != 0 && errno != EWOULDBLOCK) error.assign(errno, std::system_category());
  return result == 0;
}

void unlock(const Descriptor& file) noexcept { ::flock(file.get(), LOCK_UN); }

bool try_lock_byte(const Descriptor& file, std::uint64_t byte, LockKind kind,
                   std::error_code& error) {
  struct flock range = byte_range(byte, kind == LockKind::shared ? F_RDLCK : F_WRLCK);
  const int result = ::fcntl(file.get(), F_OFD_SETLK, &range);
  error.clear();
  if (result != 0 && errno != EAGAIN && errno != EACCES)
    error.assign(errno, std::system_category());
  return result == 0;
}

void unlock_byte(const Descriptor& file, std::uint64_t byte) noexcept {
  struct flock range = byte_range(byte, F_UNLCK);
  ::fcntl(file.get(), F_OFD_SETLK, &range);
}

bool byte_is_locked(const Descriptor& file, std::uint64_t byte) noexcept {
  struct flock range = byte_range(byte, F_WRLCK);
  return ::fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

}  // namespace furrow::os
