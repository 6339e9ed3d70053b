// The end of segments, and looking at them without attaching: remove, list, info, sweep.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/segment/failure.hpp>
#include <furrow/segment/state.hpp>

namespace furrow::segment {
namespace {

constexpr std::string_view half_made_mark = "~creating.";

// Looks at a file without holding it. Throws like attach; the descriptor comes back for a probe.
os::Descriptor open_to_look(std::string_view name, const Place& place, const std::string& path) {
  std::error_code error;
  os::Descriptor file = os::open_file(path, os::OpenMode::read_only, error);
  if (error == std::errc::no_such_file_or_directory) throw_not_found(name, place);
  if (error) throw_os_error(error, "cannot look at " + quoted(name, place));
  return file;
}

Facts facts_of(const os::Descriptor& file, const std::string& path) {
  std::error_code error;
  const os::FileStatus status = os::status_of(file, error);
  if (!status.regular) throw Corrupt(path + " is no regular file");
  const auto page = read_header(file, path);
  if (page->state.load(std::memory_order_acquire) != static_cast<std::uint32_t>(State::ready))
    throw Corrupt(path + " is no complete segment: its creator died, or it is foreign");
  return check_header(*page, status.bytes, path);
}

// Furrow's own holders are seen without disturbing anybody; only where there is none is the lock
// tried, for foreign programs that hold nothing but flock.
bool is_held(const os::Descriptor& file) {
  if (os::byte_is_locked(file, holder_lock_byte)) return true;
  if (!try_seize(file)) return true;
  os::unlock(file);
  return false;
}

struct Entry {
  std::string name;  // without the prefix
  std::string path;
  bool half_made;
};

// Files that belong to the place's prefix, by name. A directory that is not there has none.
std::vector<Entry> entries(const Place& place) {
  const std::string some_path = place.path_of("x");
  const std::size_t slash = some_path.rfind('/') + 1;
  const std::string start = some_path.substr(slash, some_path.size() - slash - 1);
  std::error_code error;
  std::vector<Entry> found;
  std::vector<std::string> files = os::list_directory(place.directory, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw_os_error(error, "cannot list " + place.directory);
  std::sort(files.begin(), files.end());
  for (const std::string& file : files)
    if (file.size() > start.size() && file.compare(0, start.size(), start) == 0)
      found.push_back(
          {file.substr(start.size()), some_path.substr(0, slash) + file, is_half_made(file)});
  return found;
}

// True when a sweep may take the file: nobody holds it, and it is owned or half made.
bool is_abandoned(const os::Descriptor& file, const std::string& path, bool half_made) {
  if (is_held(file)) return false;
  if (half_made) return true;
  try {
    const Facts facts = facts_of(file, path);
    return facts.kind != Kind::engine && facts.lifetime == Lifetime::owned;
  } catch (const Error&) {
    return false;  // foreign or damaged: not ours to remove without being asked
  }
}

}  // namespace

std::string half_made_path(const std::string& path) {
  return fmt::format("{}{}{}-{:08x}", path, half_made_mark, os::this_process_id(),
                     static_cast<std::uint32_t>(os::random_bits()));
}

bool is_half_made(std::string_view file_name) noexcept {
  return file_name.find(half_made_mark) != std::string_view::npos ||
         file_name.find(os::removed_mark) != std::string_view::npos;
}

bool try_seize(const os::Descriptor& file) {
  // Others who hold nothing may be asking the same question at this instant, and an attacher takes
  // the lock a moment before it shows the holder's sign: look again before calling it held, as long
  // as somebody may wait for a core on a busy machine.
  for (int attempt = 0; attempt < 400; ++attempt) {
    if (os::byte_is_locked(file, holder_lock_byte)) return false;
    std::error_code error;
    if (os::try_lock(file, os::LockKind::exclusive, error)) {
      // Between the look and the lock somebody may have come and gone, which does not matter.
      return true;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50 + os::random_bits() % 200));
  }
  return false;
}

bool remove_if_abandoned(const std::string& path) {
  std::error_code error;
  const os::Descriptor file = os::open_file(path, os::OpenMode::read_only, error);
  if (error) return error == std::errc::no_such_file_or_directory;
  if (!is_abandoned(file, path, is_half_made(path)) || !try_seize(file)) return false;
  return still_named(file, path) && !os::remove_file(path);
}

void remove(std::string_view name, bool force, const Place& place) {
  const std::string path = place.path_of(name);
  std::error_code error;
  if (force) {
    error = os::remove_file(path);
    if (error == std::errc::no_such_file_or_directory) throw_not_found(name, place);
    if (error) throw_os_error(error, "cannot remove " + quoted(name, place));
    return;
  }
  const os::Descriptor file = open_to_look(name, place, path);
  if (!try_seize(file))
    throw InUse(
        fmt::format("cannot remove {}: somebody is attached to it (let go of it first, or remove "
                    "the name all the same with force, `furrow rm --force {}`)",
                    quoted(name, place), name));
  os::fault_point("segment.remove.seized");
  if (!still_named(file, path)) throw_not_found(name, place);
  error = os::remove_file(path);
  if (error) throw_os_error(error, "cannot remove " + quoted(name, place));
}

std::vector<Info> list(const Place& place) {
  std::vector<Info> infos;
  for (const Entry& entry : entries(place)) {
    if (entry.half_made) continue;
    std::error_code error;
    const os::Descriptor file = os::open_file(entry.path, os::OpenMode::read_only, error);
    if (error) continue;
    try {
      const Facts facts = facts_of(file, entry.path);
      infos.push_back(info_from(facts, entry.name, is_held(file)));
    } catch (const Error&) {
      // not a segment, or no longer one
    }
  }
  return infos;
}

Info info(std::string_view name, const Place& place) {
  const std::string path = place.path_of(name);
  const os::Descriptor file = open_to_look(name, place, path);
  const Facts facts = facts_of(file, path);
  return info_from(facts, name, is_held(file));
}

namespace {

// `wanted` gets each file that can be opened.
template <class Wanted>
std::vector<Swept> sweep_those(bool dry_run, const Place& place, Wanted wanted) {
  std::vector<Swept> swept;
  for (const Entry& entry : entries(place)) {
    std::error_code error;
    const os::Descriptor file = os::open_file(entry.path, os::OpenMode::read_only, error);
    if (error || !wanted(entry, file)) continue;
    const os::FileStatus status = os::status_of(file, error);
    if (!status.regular || !is_abandoned(file, entry.path, entry.half_made)) continue;
    if (!dry_run) {
      if (!try_seize(file) || !still_named(file, entry.path)) continue;
      os::fault_point("segment.sweep.seized");
      if (os::remove_file(entry.path)) continue;
    }
    swept.push_back({entry.name, status.bytes});
  }
  return swept;
}

}  // namespace

std::vector<Swept> sweep(bool dry_run, const Place& place) {
  return sweep_those(dry_run, place, [](const Entry&, const os::Descriptor&) { return true; });
}

std::vector<Swept> sweep_of(const std::vector<std::uint64_t>& creators, const Place& place) {
  return sweep_those(false, place, [&](const Entry& entry, const os::Descriptor& file) {
    try {
      const std::uint64_t creator = facts_of(file, entry.path).creator_pid;
      return std::find(creators.begin(), creators.end(), creator) != creators.end();
    } catch (const Error&) {
      return false;  // half made or damaged
    }
  });
}

}  // namespace furrow::segment
