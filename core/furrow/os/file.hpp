// furrow/os/file.hpp
//
// Files as the segments need them: opened, reserved, locked, published under a name in one step.
//
// Errors  by std::error_code, never thrown; the caller knows what was asked and says it
// Locks   belong to the open file, not to the process: a forked child shares its parent's, a second
//         open of the same file is another holder, and SIGKILL lets go. Two kinds that do not see
//         each other: one for the whole file (flock), and one for any byte (open file description
//         locks), which can be looked at without being taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace furrow::os {

/// An open file; closed with the object. Not inherited by programs that are executed.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  bool valid() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void close() noexcept;

 private:
  int fd_ = -1;
};

struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::uint64_t links = 0;  // 0: the name is gone
  bool regular = false;
  bool socket = false;
};

struct FileSystem {
  std::uint64_t bytes_free = 0;  // for this user; the largest number where unknown
  std::size_t block_bytes = 0;   // huge page size on hugetlbfs
  bool huge_pages = false;       // hugetlbfs: sizes come in whole blocks
  bool in_memory = false;        // tmpfs: bytes_free may exceed the memory there is
};

enum class OpenMode { read_only, read_write };
enum class LockKind { shared, exclusive };

/// Where remove_file cannot take a file that is still mapped (Win32), it frees the name and leaves
/// the file under the name with this mark and a number behind it, for a sweep.
inline constexpr std::string_view removed_mark = "~removed.";

/// Where segments lie unless the user says otherwise; made where it is a folder of the user's own.
std::string default_segment_directory();

// Every function clears `error` when it succeeds.

/// Opens an existing file; never follows a symbolic link, never blocks on a pipe.
Descriptor open_file(const std::string& path, OpenMode mode, std::error_code& error);
/// A file without a name in `directory`, gone with its last descriptor unless published.
Descriptor create_unnamed(const std::string& directory, unsigned mode, std::error_code& error);
/// A new file; an error when the name is taken.
Descriptor create_new(const std::string& path, unsigned mode, std::error_code& error);

/// Gives an unnamed file its name, in one step; an error when the name is taken.
std::error_code publish_unnamed(const Descriptor& file, const std::string& path);
/// Renames, in one step; an error when the new name is taken.
std::error_code publish_renamed(const std::string& from, const std::string& to);
std::error_code remove_file(const std::string& path);

/// Sets the size and takes the memory or disk blocks for it: no later write can run out of space.
/// Not interrupted by signals; on failure the file's size is undefined.
std::error_code reserve(const Descriptor& file, std::uint64_t bytes);
/// The same for [begin, end) of a file that becomes `bytes` long: the rest stays without. On Win32
/// there is no such file, and all of it is taken.
std::error_code reserve_part(const Descriptor& file, std::uint64_t bytes, std::uint64_t begin,
                             std::uint64_t end);

/// Gives the memory or blocks of [begin, end) back; they read as zeros. Where the system cannot,
/// they stay: of a huge page, only the whole is sure to be given back.
void release_part(const Descriptor& file, std::uint64_t begin, std::uint64_t end) noexcept;

/// Reads up to `bytes` from `offset`; the number read (less at the end of the file).
std::size_t read_at(const Descriptor& file, std::uint64_t offset, void* buffer, std::size_t bytes,
                    std::error_code& error);

/// Writes all of it. What was not reserved is taken now; a full place is an error.
std::error_code write_at(const Descriptor& file, std::uint64_t offset, const void* content,
                         std::size_t bytes);

/// The same, and a limit on the size of files (ulimit -f) is an error, too, never a signal. POSIX
/// only.
std::error_code write_within_limit(const Descriptor& file, std::uint64_t offset,
                                   const void* content, std::size_t bytes);

/// How long a file may become that this process writes (ulimit -f); the largest number: any length.
std::uint64_t file_size_limit() noexcept;

FileStatus status_of(const Descriptor& file, std::error_code& error);
FileStatus status_of(const std::string& path, std::error_code& error);
FileSystem file_system_of(const std::string& directory, std::error_code& error);

/// The largest page that the memory of a file may consist of.
inline constexpr std::uint64_t huge_page_bytes = std::uint64_t{1} << 21;

/// Which files of a tmpfs get huge pages, as its mount's option `huge` has it: "never", "always",
/// "within_size" (those that fill them) or "advise". Empty where the directory is on no tmpfs or
/// that cannot be told. (Linux, Documentation/admin-guide/mm/transhuge.rst and
/// filesystems/tmpfs.rst.) POSIX only.
std::string huge_page_policy(const std::string& directory);

/// Names in a directory, without "." and "..", in no order.
std::vector<std::string> list_directory(const std::string& path, std::error_code& error);

/// Takes or converts the whole-file lock. False with no error: somebody else is in the way, and a
/// lock that this file held before may be lost.
bool try_lock(const Descriptor& file, LockKind kind, std::error_code& error);
void unlock(const Descriptor& file) noexcept;

/// The same for one byte, which need not exist. Shared needs the file open to read, exclusive to
/// write.
bool try_lock_byte(const Descriptor& file, std::uint64_t byte, LockKind kind,
                   std::error_code& error);
void unlock_byte(const Descriptor& file, std::uint64_t byte) noexcept;
/// True when another open file holds a lock on the byte, of either kind. Disturbs nobody.
bool byte_is_locked(const Descriptor& file, std::uint64_t byte) noexcept;

}  // namespace furrow::os
