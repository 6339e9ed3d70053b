#include <furrow/os/replace_file.hpp>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::os {
namespace {

namespace fs = std::filesystem;
using Step = ReplaceError::Step;

constexpr std::string_view suffix = ".furrow-save";
constexpr std::size_t name_bytes_max = 255;
constexpr std::uint64_t write_back_bytes = std::uint64_t{8} << 20;

std::error_code last_error() { return {errno, std::system_category()}; }

std::int64_t modified_ns(const struct stat& s) {
  return std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec;
}

FileStamp stamp_from(const struct stat& s) {
  return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino),
          static_cast<std::uint64_t>(s.st_size), modified_ns(s)};
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// One temporary name per target: the file is then also the lock that savers meet at.
std::string temporary_of(const std::string& target) {
  std::string name = fs::path(target).filename().string();
  if (name.size() + 1 + suffix.size() > name_bytes_max) {
    const std::size_t hash = std::hash<std::string>{}(name);
    name = name.substr(0, 200) + "-" + std::to_string(hash);
  }
  return (fs::path(folder_of(target)) / ("." + name + std::string(suffix))).string();
}

/// Follows symbolic links, also to a name where nothing is yet.
std::error_code follow_links(std::string& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  for (int links = 0; links < 40 && !error; ++links) {
    if (!fs::is_symlink(fs::symlink_status(at, error))) {
      path = at.string();
      return {};
    }
    const fs::path next = fs::read_symlink(at, error);
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return error ? error : std::error_code(ELOOP, std::system_category());
}

bool is_the_file_at(const Descriptor& file, const std::string& path) {
  struct stat a {};
  struct stat b {};
  return ::fstat(file.get(), &a) == 0 && ::lstat(path.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

/// True for a plain file of ours: nothing that another user laid in our way is ever written to.
/// Root may remove what others left, also what root itself had given away already.
bool is_ours(const Descriptor& file, bool to_remove) {
  struct stat s {};
  return ::fstat(file.get(), &s) == 0 && S_ISREG(s.st_mode) &&
         (s.st_uid == ::geteuid() || (to_remove && ::geteuid() == 0));
}

/// Removes the temporary files of dead savers. Whoever has the lock may remove the name, and who
/// waits for the lock looks afterwards whether the name is still that file.
void sweep(const std::string& folder) {
  std::error_code error;
  for (const std::string& name : list_directory(folder, error)) {
    if (name.front() != '.' || !std::string_view(name).ends_with(suffix)) continue;
    const std::string path = (fs::path(folder) / name).string();
    const Descriptor file = open_file(path, OpenMode::read_write, error);
    if (!file.valid() || !is_ours(file, true)) continue;
    if (try_lock_byte(file, 0, LockKind::exclusive, error) && is_the_file_at(file, path)) {
      ::unlink(path.c_str());
    }
  }
}

std::error_code write_all(const Descriptor& file, std::uint64_t offset, const void* content,
                          std::size_t bytes) {
  const auto* from = static_cast<const char*>(content);
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t put =
        ::pwrite(file.get(), from + done, bytes - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno != EINTR) return last_error();
    if (put > 0) done += static_cast<std::size_t>(put);
  }
  return {};
}

std::error_code copy_by_blocks(const Descriptor& from, const Descriptor& to) {
  constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
  const std::unique_ptr<char[]> buffer(new char[buffer_bytes]);
  std::error_code error;
  for (std::uint64_t offset = 0;;) {
    const std::size_t got = read_at(from, offset, buffer.get(), buffer_bytes, error);
    if (error || got == 0) return error;
    if ((error = write_all(to, offset, buffer.get(), got))) return error;
    offset += got;
  }
}

std::error_code copy_content(const Descriptor& from, const Descriptor& to, std::uint64_t bytes) {
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) return {};
  loff_t in = 0;
  loff_t out = 0;
  while (static_cast<std::uint64_t>(in) < bytes) {
    const ssize_t copied =
        ::copy_file_range(from.get(), &in, to.get(), &out, std::size_t{1} << 30, 0);
    if (copied > 0) continue;
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) return last_error();
    return copy_by_blocks(from, to);  // not between these file systems
  }
  return {};
}

std::error_code sync_folder(const std::string& folder) {
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system that keeps no order of names to wait for.
  if (open.valid() && (::fsync(open.get()) == 0 || errno == EINVAL)) return {};
  return last_error();
}

ReplaceError confirm_name(const std::string& target) {
  std::error_code error = sync_folder(folder_of(target));
  if (fault_point("io.save.keep")) error = {EIO, std::system_category()};
  return error ? ReplaceError{Step::keep, error, target} : ReplaceError{};
}

}  // namespace

bool FileReplacement::status(const std::string& path, Before& out) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return false;
  out = {static_cast<std::uint64_t>(s.st_dev),
         static_cast<std::uint64_t>(s.st_ino),
         static_cast<std::uint64_t>(s.st_size),
         modified_ns(s),
         s.st_mode & 0777u,
         s.st_uid,
         s.st_gid};
  return true;
}

ReplaceError FileReplacement::begin(const std::string& path, std::int64_t timeout_ns) {
  target_ = path;
  if (const std::error_code error = follow_links(target_)) return {Step::target, error, path};
  std::error_code error;
  const fs::file_status kind = fs::status(target_, error);
  if (fs::exists(kind) && !fs::is_regular_file(kind)) {
    const std::errc code =
        fs::is_directory(kind) ? std::errc::is_a_directory : std::errc::invalid_argument;
    return {Step::target, std::make_error_code(code), target_};
  }
  sweep(folder_of(target_));
  if (ReplaceError failed = take_temporary(timeout_ns)) return failed;
  if (ReplaceError failed = look_at_target()) {
    discard();
    return failed;
  }
  return {};
}

ReplaceError FileReplacement::take_temporary(std::int64_t timeout_ns) {
  const std::string path = temporary_of(target_);
  const std::int64_t deadline = monotonic_ns() + timeout_ns;
  for (std::int64_t pause_ns = 1'000'000;; pause_ns = std::min(pause_ns * 2, {20'000'000})) {
    if (fault_point("io.save.create")) return {Step::folder, {EIO, std::system_category()}, path};
    bool ours = true;
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file.valid() && errno == EEXIST) {
      ours = false;
      file = Descriptor(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
      if (!file.valid() && errno == ENOENT) continue;
    }
    if (!file.valid()) return {Step::folder, last_error(), path};
    if (!is_ours(file, false)) return {Step::folder, {EEXIST, std::system_category()}, path};
    std::error_code error;
    if (try_lock_byte(file, 0, LockKind::exclusive, error)) {
      // The one we waited for has renamed or removed it: what is locked now is no longer the name.
      if (!is_the_file_at(file, path)) continue;
      fault_point("io.save.locked");
      if (!ours) {
        // A dead saver's. Its workers may live a moment longer and write to it, and it may have a
        // second name already: it is never used again, only its name is.
        if (::unlink(path.c_str()) != 0) return {Step::folder, last_error(), path};
        continue;
      }
      file_ = std::move(file);
      temporary_ = path;
      return {};
    }
    if (error) return {Step::folder, error, path};
    if (monotonic_ns() >= deadline) return {Step::busy, {EAGAIN, std::system_category()}, target_};
    file.close();
    sleep_ns(pause_ns);
  }
}

ReplaceError FileReplacement::look_at_target() {
  existing_.close();
  std::error_code error;
  Descriptor file = open_file(target_, OpenMode::read_only, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) return {Step::forbidden, error, target_};
  if (::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) {
    return {Step::forbidden, last_error(), target_};
  }
  if (!try_lock(file, LockKind::shared, error) && !error) {
    return {Step::in_use, {EAGAIN, std::system_category()}, target_};
  }
  if (!status(target_, before_)) return {Step::target, last_error(), target_};
  // Another file took the name in between: what is remembered would not be what is copied.
  if (!is_the_file_at(file, target_)) return look_at_target();
  existing_ = std::move(file);
  // Before any content: a private file's copy is private from the start.
  if (::fchmod(file_.get(), 0600) == 0) return {};
  return {Step::folder, last_error(), temporary_};
}

// Only root gives files away; others may at best choose among their groups. Bits that were meant
// for another owner or group are not granted to ours.
void FileReplacement::take_on_permissions() noexcept {
  const uid_t same_owner = ~uid_t{0};
  const gid_t same_group = ~gid_t{0};
  const bool group = ::fchown(file_.get(), same_owner, before_.group) == 0;
  if (::fchown(file_.get(), before_.owner, same_group) != 0) errno = 0;
  ::fchmod(file_.get(), group ? before_.mode : before_.mode & 0707u);
}

ReplaceError FileReplacement::copy_target() {
  if (!existing_.valid()) return {};
  if (fault_point("io.save.copy")) return {Step::copy, {ENOSPC, std::system_category()}, target_};
  const std::error_code error = copy_content(existing_, file_, before_.bytes);
  ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  fault_point("io.save.copied");
  return error ? ReplaceError{Step::copy, error, target_} : ReplaceError{};
}

ReplaceError FileReplacement::reserve(std::uint64_t bytes) {
  int result = 0;
  do result = ::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes));
  while (result != 0 && errno == EINTR);
  if (result == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EFBIG)) return {};
  return {Step::write, last_error(), target_};
}

std::error_code FileReplacement::write_at(std::uint64_t offset, const void* content,
                                          std::size_t bytes) {
  if (fault_point("io.save.pwrite")) return {ENOSPC, std::system_category()};
  const std::error_code error = write_all(file_, offset, content, bytes);
  if (!error) note_written(offset, bytes);
  return error;
}

// Asks the disk to begin with what was written in one piece, once it is worth asking. Whether it
// does changes nothing but the time that fsync takes.
void FileReplacement::note_written(std::uint64_t offset, std::uint64_t bytes) noexcept {
  const bool goes_on = offset == dirty_end_;
  if (!goes_on) dirty_begin_ = offset;
  dirty_end_ = offset + bytes;
  if (dirty_end_ - dirty_begin_ < write_back_bytes) return;
  ::sync_file_range(file_.get(), static_cast<off64_t>(dirty_begin_),
                    static_cast<off64_t>(dirty_end_ - dirty_begin_), SYNC_FILE_RANGE_WRITE);
  dirty_begin_ = dirty_end_;
}

std::error_code FileReplacement::read_at(std::uint64_t offset, void* content,
                                         std::size_t bytes) const {
  std::error_code error;
  const std::size_t got = os::read_at(file_, offset, content, bytes, error);
  std::memset(static_cast<char*>(content) + got, 0, bytes - got);
  return error;
}

std::error_code FileReplacement::resize(std::uint64_t bytes) {
  return ::ftruncate(file_.get(), static_cast<off_t>(bytes)) == 0 ? std::error_code()
                                                                  : last_error();
}

std::uint64_t FileReplacement::bytes() const noexcept {
  struct stat s {};
  return ::fstat(file_.get(), &s) == 0 ? static_cast<std::uint64_t>(s.st_size) : 0;
}

ReplaceError FileReplacement::settle() {
  struct stat s {};
  fault_point("io.save.written");
  if (existing_.valid()) take_on_permissions();
  if (fault_point("io.save.sync")) return {Step::sync, {EIO, std::system_category()}, target_};
  // To its own size: gives back blocks that were reserved past the end.
  if (::fstat(file_.get(), &s) != 0 || ::ftruncate(file_.get(), s.st_size) != 0 ||
      ::fsync(file_.get()) != 0) {
    return {Step::sync, last_error(), target_};
  }
  fault_point("io.save.synced");
  Before now;
  if (existing_.valid() && (!status(target_, now) || now != before_)) {
    return {Step::changed, {EBUSY, std::system_category()}, target_};
  }
  return {};
}

ReplaceError FileReplacement::rename() {
  if (fault_point("io.save.rename")) return {Step::rename, {EIO, std::system_category()}, target_};
  if (existing_.valid()) {
    if (::rename(temporary_.c_str(), target_.c_str()) == 0) return {};
    return {Step::rename, last_error(), target_};
  }
  const std::error_code error = publish_renamed(temporary_, target_);
  if (!error) return {};
  const bool taken = error == std::errc::file_exists;
  return {taken ? Step::changed : Step::rename, error, target_};
}

ReplaceError FileReplacement::publish(std::atomic<Publishing>* progress) {
  if (progress != nullptr) progress->store(Publishing::begun);
  if (ReplaceError failed = rename()) {
    if (progress != nullptr) progress->store(Publishing::no);
    return failed;
  }
  temporary_.clear();  // the name is the target's now
  fault_point("io.save.named");
  if (progress != nullptr) progress->store(Publishing::done);
  fault_point("io.save.renamed");
  ReplaceError failed = confirm_name(target_);
  fault_point("io.save.done");
  discard();
  return failed;
}

void FileReplacement::discard() noexcept {
  if (!temporary_.empty() && file_.valid()) ::unlink(temporary_.c_str());
  temporary_.clear();
  file_.close();  // after the name is gone: with the lock, others would take it for theirs
  existing_.close();
}

FileStamp stamp_of(const std::string& path, std::error_code& error) {
  struct stat s {};
  error = ::stat(path.c_str(), &s) == 0 ? std::error_code() : last_error();
  return error ? FileStamp() : stamp_from(s);
}

FileStamp stamp_of(const Descriptor& file, std::error_code& error) {
  struct stat s {};
  error = ::fstat(file.get(), &s) == 0 ? std::error_code() : last_error();
  return error ? FileStamp() : stamp_from(s);
}

Descriptor open_readable(const std::string& path, std::error_code& error) {
  struct stat s {};
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  error = {};
  if (!file.valid() || ::fstat(file.get(), &s) != 0) {
    error = last_error();
  } else if (S_ISDIR(s.st_mode)) {
    error = std::make_error_code(std::errc::is_a_directory);
  } else if (!S_ISREG(s.st_mode)) {
    error = std::make_error_code(std::errc::invalid_argument);
  }
  if (error) file.close();
  return file;
}

SettledFile::SettledFile(const std::string& temporary)
    : temporary_(temporary), file_(::open(temporary.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)) {}

ReplaceError SettledFile::outcome(const std::string& target, Publishing progress, bool dead) const {
  if (progress == Publishing::done) return confirm_name(target);
  if (progress == Publishing::no) return {Step::not_published, {}, target};
  if (file_.valid() && is_the_file_at(file_, target)) return confirm_name(target);
  // The rename takes this name away in the same instant: it has not happened, nor will it. (Where
  // a new file is published by a second name, it is there, too: else somebody has taken it away.)
  if (dead && file_.valid() && is_the_file_at(file_, temporary_)) {
    return {Step::not_published, {}, target};
  }
  return {Step::unknown, {}, target};
}

void remove_abandoned(const std::string& path) { sweep(folder_of(path)); }

std::error_code check_readable(const std::string& path) {
  std::error_code error;
  const Descriptor file = open_readable(path, error);
  return error;
}

}  // namespace furrow::os
