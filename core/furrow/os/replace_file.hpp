// furrow/os/replace_file.hpp
//
// Replaces a file whole or not at all: the new content is written into a temporary file of the same
// folder, which takes the old one's name in one step.
//
//   FileReplacement r;                 // begin: lock, temporary file
//   r.begin(path, timeout_ns);         // copy_target: when the rest of the file is to be kept
//   r.write_at(…);                     // commit: fsync, rename, fsync of the folder
//   r.commit();
//
// Crash     killed at any instant, the old file or the new one is there, whole. A temporary file is
//           recognised by its name (".<file>.furrow-save") and held by a lock that the kernel drops
//           with its process; begin removes those in the folder that nobody holds
// Savers    of one file wait for each other. A program that holds the file locked against readers
//           (as HDF5 does when it writes in place) is in the way and makes begin fail; one that
//           comes while the replacement lasts finds it locked, and what it changed without asking
//           is noticed: commit fails, and nothing is lost silently
// Speed     the disk begins with what is written while more of it comes: the fsync at the end,
//           which else takes as long as the writing itself, finds little left to do
// Kept      owner and group where allowed, and permission bits; a new file gets 0666 less the
//           umask. A symbolic link is followed. Lost: extended attributes, further hard links
// Errors    by value, never thrown
// Death     of a saver while another process waits for its word (SettledFile): a word in memory
//           that both share says "begun" before the rename and "done" after it, and "no" when it
//           failed. Found dead with "no", it has not published, with "done" it has. With "begun"
//           the names decide: published if the target is the settled file, not published if the
//           temporary name still is. If neither is, somebody else renamed or removed files within
//           the moments between the saver's death and the look: it is then said not to be known,
//           and nobody tries a second time. No mark is left on any file
// Source    the write-fsync-rename-fsync order is that of LevelDB's CURRENT and of zarr's stores
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include <furrow/os/file.hpp>

namespace furrow::os {

/// What failed, of what file, and why. False: nothing failed.
struct ReplaceError {
  enum class Step {
    none,
    target,     // it is a folder or a device, or the links never end
    forbidden,  // the target may not be written
    folder,     // the temporary file cannot be made
    busy,       // another saver kept the lock until the time ran out
    in_use,     // another program has the target open for writing
    copy,       // the old content cannot be copied
    write,      // the disk did not take the new content
    sync,       // the disk did not take the data
    changed,    // somebody changed the target meanwhile
    rename,
    keep,           // the new file has the name, but the disk did not take the folder's change
    not_published,  // its saver died before: the target is what it was
    unknown,        // its saver died, and it cannot be told whether before or after the rename
  };
  Step step = Step::none;
  std::error_code code;
  std::string path;
  explicit operator bool() const noexcept { return step != Step::none; }
};

/// How far publish() has come, in memory that outlives the process.
enum class Publishing : std::uint32_t { no, begun, done };
static_assert(std::atomic<Publishing>::is_always_lock_free);

class FileReplacement {
 public:
  FileReplacement() = default;
  /// Gives up, unless committed: the temporary file is removed.
  ~FileReplacement() { discard(); }
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  /// Waits at most timeout_ns for another saver of the same file.
  ReplaceError begin(const std::string& path, std::int64_t timeout_ns);

  const std::string& target() const noexcept { return target_; }        // links followed
  const std::string& temporary() const noexcept { return temporary_; }  // empty when begun
  bool target_exists() const noexcept { return existing_.valid(); }
  std::uint64_t target_bytes() const noexcept { return before_.bytes; }

  /// Fills the temporary file with the old content: shared blocks where the file system can.
  ReplaceError copy_target();
  /// Takes disk blocks for this many bytes from the start of the file, whose size does not change.
  /// A file system that cannot is no error.
  ReplaceError reserve(std::uint64_t bytes);
  /// The temporary file's content, for writers that do not open it by its name.
  std::error_code write_at(std::uint64_t offset, const void* content, std::size_t bytes);
  /// Past the end are zeros.
  std::error_code read_at(std::uint64_t offset, void* content, std::size_t bytes) const;
  std::error_code resize(std::uint64_t bytes);
  std::uint64_t bytes() const noexcept;
  /// The two steps of commit: permissions and fsync, after which the new content is safe under its
  /// temporary name; and rename with the fsync of the folder, after which it is the file.
  ReplaceError settle();
  ReplaceError publish(std::atomic<Publishing>* progress = nullptr);
  ReplaceError commit() {
    const ReplaceError failed = settle();
    return failed ? failed : publish();
  }
  void discard() noexcept;

 private:
  struct Before {  // the target as it was at begin
    std::uint64_t device = 0, inode = 0, bytes = 0;
    std::int64_t modified_ns = 0;
    unsigned mode = 0, owner = 0, group = 0;
    friend bool operator==(const Before&, const Before&) = default;
  };
  ReplaceError look_at_target();
  ReplaceError rename();
  ReplaceError take_temporary(std::int64_t timeout_ns);
  void take_on_permissions() noexcept;
  void note_written(std::uint64_t offset, std::uint64_t bytes) noexcept;
  static bool status(const std::string& path, Before& out);

  std::string target_;
  std::string temporary_;
  Descriptor file_;      // the temporary file, whose lock says that we live
  Descriptor existing_;  // the target, locked against those who would write it in place
  Before before_;
  std::uint64_t dirty_begin_ = 0;  // written one after the other, and the disk not told yet
  std::uint64_t dirty_end_ = 0;
};

/// What tells whether a file is still the one that was looked at before.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Follows links.
FileStamp stamp_of(const std::string& path, std::error_code& error);
FileStamp stamp_of(const Descriptor& file, std::error_code& error);

/// A plain file, opened to be read; follows links, never blocks on a pipe.
Descriptor open_readable(const std::string& path, std::error_code& error);

/// Holds on to what another process has settled, and tells after that process died whether the
/// content had got its name ("Death" above).
class SettledFile {
 public:
  SettledFile() = default;
  /// REQUIRES: settled, and its saver alive when this returns.
  explicit SettledFile(const std::string& temporary);
  bool valid() const noexcept { return file_.valid(); }
  /// No error: published, and the folder is synced in the saver's place. Else keep, not_published
  /// or unknown. A saver that lives, but stands still or does not answer, may be asked about, too:
  /// one that has begun and has not renamed is unknown then.
  ReplaceError outcome(const std::string& target, Publishing progress, bool dead) const;

 private:
  std::string temporary_;
  Descriptor file_;
};

/// Removes what dead savers left in the folder of `path`, as the next begin there would.
void remove_abandoned(const std::string& path);

/// An error when the file cannot be opened to read; never blocks on a pipe.
std::error_code check_readable(const std::string& path);

}  // namespace furrow::os
