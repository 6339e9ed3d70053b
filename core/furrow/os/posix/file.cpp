#include <furrow/os/file.hpp>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include <furrow/os/fault.hpp>

namespace furrow::os {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

// Reserved in pieces, so that a signal that ends the process need not wait for hundreds of GiB.
constexpr std::uint64_t reserve_step_bytes = std::uint64_t{64} << 20;

// The permission bits are those asked for, whatever the umask says: the caller chose them.
Descriptor finish_creation(int fd, unsigned mode, std::error_code& error) {
  Descriptor file(fd);
  error.clear();
  if (fd < 0 || ::fchmod(fd, mode & 0777) != 0) {
    error = last_error();
    file.close();
  }
  return file;
}

FileStatus status_from(const struct stat& s) {
  return {static_cast<std::uint64_t>(s.st_dev),
          static_cast<std::uint64_t>(s.st_ino),
          static_cast<std::uint64_t>(s.st_size),
          static_cast<std::uint64_t>(s.st_nlink),
          S_ISREG(s.st_mode),
          S_ISSOCK(s.st_mode)};
}

}  // namespace

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string default_segment_directory() { return "/dev/shm"; }

Descriptor open_file(const std::string& path, OpenMode mode, std::error_code& error) {
  const int access = mode == OpenMode::read_only ? O_RDONLY : O_RDWR;
  const int flags = access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int fd = -1;
  do fd = ::open(path.c_str(), flags);
  while (fd < 0 && errno == EINTR);
  error = fd < 0 ? last_error() : std::error_code();
  return Descriptor(fd);
}

Descriptor create_unnamed(const std::string& directory, unsigned mode, std::error_code& error) {
  if (fault_point("os.create_unnamed")) {
    error.assign(EOPNOTSUPP, std::system_category());
    return {};
  }
  return finish_creation(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode), mode,
                         error);
}

Descriptor create_new(const std::string& path, unsigned mode, std::error_code& error) {
  const int flags = O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  return finish_creation(::open(path.c_str(), flags, mode), mode, error);
}

std::error_code publish_unnamed(const Descriptor& file, const std::string& path) {
  if (fault_point("os.publish_unnamed")) return {ENOENT, std::system_category()};
  char self[64];
  ::snprintf(self, sizeof self, "/proc/self/fd/%d", file.get());
  if (::linkat(AT_FDCWD, self, AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return last_error();
}

std::error_code publish_renamed(const std::string& from, const std::string& to) {
  const int result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (result == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return last_error();
  // A file system without that flag: a second name, then the first one goes. Death in between
  // leaves the first name, which a sweep removes.
  if (::link(from.c_str(), to.c_str()) != 0) return last_error();
  ::unlink(from.c_str());
  return {};
}

std::error_code remove_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? std::error_code() : last_error();
}

namespace {

/// A tmpfs counts exactly; elsewhere blocks may be counted that hold no data.
bool has_all_pages(const Descriptor& file, std::uint64_t bytes) {
  struct stat s {};
  struct statfs system {};
  return ::fstat(file.get(), &s) == 0 && static_cast<std::uint64_t>(s.st_size) == bytes &&
         static_cast<std::uint64_t>(s.st_blocks) * 512 >= bytes &&
         ::fstatfs(file.get(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

}  // namespace

std::error_code reserve(const Descriptor& file, std::uint64_t bytes) {
  return reserve_part(file, bytes, 0, bytes);
}

std::error_code reserve_part(const Descriptor& file, std::uint64_t bytes, std::uint64_t begin,
                             std::uint64_t end) {
  if (fault_point("os.reserve")) return {ENOSPC, std::system_category()};
  if (bytes > static_cast<std::uint64_t>(INT64_MAX)) return {EFBIG, std::system_category()};
  if (has_all_pages(file, bytes)) return {};
  // The size first: a limit on it (RLIMIT_FSIZE, quota) shows at once, and with SIGXFSZ blocked it
  // is an error code and no signal.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  int code = 0;
  for (std::uint64_t offset = begin; offset < end && code == 0; offset += reserve_step_bytes) {
    const std::uint64_t step = std::min(reserve_step_bytes, end - offset);
    // A signal would undo the piece and start it again, for ever under a profiler's timer.
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    if (offset == begin && ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) code = errno;
    if (code == 0) do
        code = ::posix_fallocate(file.get(), static_cast<off_t>(offset), static_cast<off_t>(step));
      while (code == EINTR);
    if (code == EFBIG) {  // swallow the pending SIGXFSZ that came with it
      sigset_t limit;
      ::sigemptyset(&limit);
      ::sigaddset(&limit, SIGXFSZ);
      const timespec now{};
      ::sigtimedwait(&limit, nullptr, &now);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  return {code, std::system_category()};
}

void release_part(const Descriptor& file, std::uint64_t begin, std::uint64_t end) noexcept {
  if (begin < end)
    ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                static_cast<off_t>(end - begin));
}

std::error_code write_within_limit(const Descriptor& file, std::uint64_t offset,
                                   const void* content, std::size_t bytes) {
  sigset_t limit;
  sigset_t before;
  ::sigemptyset(&limit);
  ::sigaddset(&limit, SIGXFSZ);
  ::pthread_sigmask(SIG_BLOCK, &limit, &before);
  const std::error_code error = write_at(file, offset, content, bytes);
  if (error.value() == EFBIG) {  // swallow the signal that came with it
    const timespec now{};
    ::sigtimedwait(&limit, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

std::size_t read_at(const Descriptor& file, std::uint64_t offset, void* buffer, std::size_t bytes,
                    std::error_code& error) {
  error.clear();
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(file.get(), static_cast<char*>(buffer) + done, bytes - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = last_error();
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::error_code write_at(const Descriptor& file, std::uint64_t offset, const void* content,
                         std::size_t bytes) {
  if (fault_point("os.write_at")) return {ENOSPC, std::system_category()};
  const auto* from = static_cast<const char*>(content);
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t put =
        ::pwrite(file.get(), from + done, bytes - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put == 0 ? std::error_code(ENOSPC, std::system_category()) : last_error();
    done += static_cast<std::size_t>(put);
  }
  return {};
}

std::uint64_t file_size_limit() noexcept {
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return none;
  return limit.rlim_cur;
}

FileStatus status_of(const Descriptor& file, std::error_code& error) {
  struct stat s {};
  error = ::fstat(file.get(), &s) == 0 ? std::error_code() : last_error();
  return error ? FileStatus{} : status_from(s);
}

FileStatus status_of(const std::string& path, std::error_code& error) {
  struct stat s {};
  error = ::lstat(path.c_str(), &s) == 0 ? std::error_code() : last_error();
  return error ? FileStatus{} : status_from(s);
}

FileSystem file_system_of(const std::string& directory, std::error_code& error) {
  struct statfs s {};
  error = ::statfs(directory.c_str(), &s) == 0 ? std::error_code() : last_error();
  if (error) return {};
  const auto block = static_cast<std::size_t>(s.f_bsize);
  const auto type = static_cast<std::uint64_t>(s.f_type);
  // A hugetlbfs without a limit of its own gives no numbers at all.
  const std::uint64_t bytes_free =
      s.f_blocks == 0 ? UINT64_MAX : static_cast<std::uint64_t>(s.f_bavail) * block;
  return {bytes_free, block, type == HUGETLBFS_MAGIC, type == TMPFS_MAGIC};
}

std::string huge_page_policy(const std::string& directory) {
  struct stat s {};
  if (::stat(directory.c_str(), &s) != 0) return {};
  const std::string device =
      std::to_string(major(s.st_dev)) + ":" + std::to_string(minor(s.st_dev));
  std::string policy;
  std::ifstream mounts("/proc/self/mountinfo");  // proc(5): "36 35 0:24 / /dev/shm … - tmpfs …"
  for (std::string line; std::getline(mounts, line);) {
    const std::size_t type = line.find(" - tmpfs ");
    if (type == std::string::npos || line.find(" " + device + " ") > type) continue;
    constexpr std::string_view key = ",huge=";
    const std::size_t at = line.find(key, type);
    policy = "never";
    if (at != std::string::npos)
      policy = line.substr(at + key.size(), line.find(',', at + 1) - at - key.size());
  }
  // Two words of the whole system stand above every mount.
  std::ifstream system("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  for (std::string word; !policy.empty() && system >> word;) {
    if (word == "[deny]") policy = "never";
    if (word == "[force]") policy = "always";
  }
  return policy;
}

std::vector<std::string> list_directory(const std::string& path, std::error_code& error) {
  std::vector<std::string> names;
  error.clear();
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    error = last_error();
    return names;
  }
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(directory);
  return names;
}

}  // namespace furrow::os
