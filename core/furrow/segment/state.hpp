// furrow/segment/state.hpp
//
// What a Segment object keeps, and the steps that creation, attaching and lifetime share. Internal
// to the room.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <furrow/os/file.hpp>
#include <furrow/segment/attachments.hpp>
#include <furrow/segment/header.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow {

struct Segment::State {
  std::string name;
  Place place;
  std::string path;
  Access access = Access::read_write;
  segment::Facts facts;
  segment::FileIdentity identity;
  os::Descriptor file;
  bool published = true;
  bool reserved = true;
  bool borrowed = false;       // without locks of its own (segment/borrowing.hpp)
  std::string draft_path;      // of a file that has no name yet, where the system cannot do without
  std::uintptr_t address = 0;  // of the mapped header page
  bool in_range = false;       // address came from allocate_addresses
  std::uint64_t process = 0;   // pid that made this object; another one is a forked child
  std::uint64_t forks = 0;     // os::fork_count() then
  bool attached = false;       // entered in the process's list (attachments.hpp)
  std::mutex attributes;       // byte locks do not part two threads that share one descriptor

  segment::Header& header() const noexcept { return *reinterpret_cast<segment::Header*>(address); }
  std::byte* bytes_at(std::uint64_t offset) const noexcept {
    return reinterpret_cast<std::byte*>(address + offset);
  }
  /// Maps the whole file, at an address that is free in the process's range. Throws.
  void map(const os::Descriptor& from);
  /// Takes the memory: all of it, or that of the header and the attributes alone. Throws.
  void reserve(const os::Descriptor& from, bool whole) const;
  /// Unmaps, for a state that was never registered as an attachment.
  void unmap() noexcept;
  /// Unmaps what was registered.
  void let_go() noexcept;

  /// A new file, mapped, its memory taken as the options have it; or a spare one that would do.
  /// Neither is in the list of attachments, unless it was. Throws as Segment::create.
  static std::unique_ptr<State> make(std::string_view name, const Place& place,
                                     const segment::Content& content, const CreateOptions& options);
  static std::unique_ptr<State> make_or_take(std::string_view name, const Place& place,
                                             const segment::Content& content,
                                             const CreateOptions& options);

  // Spare memory (segment/spares.hpp).
  struct Spares;
  /// Zeroed, all but its facts as they were; null when there is none of that name and size.
  static std::unique_ptr<State> take_spare(std::string_view name, const Place& place,
                                           std::uint64_t segment_bytes);
  /// False: it is not to be kept, and stays the caller's.
  static bool keep_spare(std::unique_ptr<State>& state) noexcept;
  static bool drop_spares() noexcept;
};

namespace segment {

using Deadline = std::chrono::steady_clock::time_point;
Deadline deadline_in(std::int64_t timeout_ns);

/// Opens the file that `path` names and holds it with the shared locks, so that it is and stays
/// the one at that path until somebody forces it away. Throws as attach does.
os::Descriptor open_and_hold(std::string_view name, const Place& place, os::OpenMode mode,
                             Deadline deadline);

/// Takes the exclusive lock when nobody holds the file. False: somebody does. Waits a moment for
/// others who ask the same question.
bool try_seize(const os::Descriptor& file);

/// True when `path` still names this very file.
bool still_named(const os::Descriptor& file, const std::string& path);

/// Removes the file that a dead creator or the last holder of an owned array left under `path`.
/// False when it is alive, persistent, or something else.
bool remove_if_abandoned(const std::string& path);

/// The names of files that creation uses where the system has no unnamed ones, and that removal
/// leaves where the system cannot remove what is mapped.
std::string half_made_path(const std::string& path);
bool is_half_made(std::string_view file_name) noexcept;

/// Enters and leaves the process's list (attachments.hpp).
void add_attachment(Attachment attachment);
enum class Mapping { stays, goes };
void remove_attachment(std::uintptr_t address, Mapping mapping);

}  // namespace segment
}  // namespace furrow
