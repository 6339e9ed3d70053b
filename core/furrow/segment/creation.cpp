// Creating a segment: it is made without a name, and gets its name when it is complete.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include <furrow/os/fault.hpp>
#include <furrow/os/forks.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/failure.hpp>
#include <furrow/segment/state.hpp>

namespace furrow {
namespace {

std::int64_t now_ns() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

std::string cannot_create(std::string_view name, const Place& place) {
  return "cannot create " + segment::quoted(name, place);
}

[[noreturn]] void throw_taken(std::string_view name, const Place& place) {
  throw AlreadyExists(
      fmt::format("{}: the name is taken (attach to it, remove it with `furrow rm {}`, or choose "
                  "another name)",
                  cannot_create(name, place), name));
}

// A name that a crash left behind is free again.
void make_way(std::string_view name, const Place& place, const std::string& path) {
  std::error_code error;
  os::status_of(path, error);
  if (!error && !segment::remove_if_abandoned(path)) throw_taken(name, place);
}

// A file that is being made: unnamed where the system has that, else under a name that no array
// can have, held by a lock so that a sweep can tell it from one whose maker died.
struct Draft {
  os::Descriptor file;
  std::string path;  // empty: unnamed

  Draft() = default;
  Draft(Draft&&) = default;
  ~Draft() { discard(); }

  void discard() noexcept {
    if (!path.empty()) os::remove_file(path);
    path.clear();
  }
};

void hold(const os::Descriptor& file, std::string_view name, const Place& place) {
  std::error_code error;
  const bool held = os::try_lock(file, os::LockKind::shared, error) &&
                    os::try_lock_byte(file, segment::holder_lock_byte, os::LockKind::shared, error);
  if (!held)
    segment::throw_os_error(error, cannot_create(name, place) + ", which cannot be locked");
}

bool is_unsupported(std::error_code error) {
  return error == std::errc::operation_not_supported || error == std::errc::is_a_directory ||
         error == std::errc::invalid_argument || error == std::errc::function_not_supported;
}

Draft start_named(std::string_view name, const Place& place, const std::string& path,
                  unsigned mode) {
  std::error_code error;
  for (int attempt = 0; attempt < 100; ++attempt) {
    Draft draft;
    std::string draft_path = segment::half_made_path(path);
    draft.file = os::create_new(draft_path, mode, error);
    if (error == std::errc::file_exists) continue;
    if (error) segment::throw_os_error(error, cannot_create(name, place));
    draft.path = std::move(draft_path);
    os::fault_point("segment.create.named");
    // A sweep may have taken the file before it was locked; then try again.
    if (!os::try_lock(draft.file, os::LockKind::shared, error)) continue;
    if (segment::still_named(draft.file, draft.path)) {
      hold(draft.file, name, place);
      return draft;
    }
    draft.path.clear();
  }
  throw IoError(cannot_create(name, place) + ": its draft is removed again and again");
}

Draft start(std::string_view name, const Place& place, const std::string& path, unsigned mode) {
  std::error_code error;
  Draft draft;
  draft.file = os::create_unnamed(place.directory, mode, error);
  if (!error) {
    hold(draft.file, name, place);
    return draft;
  }
  if (is_unsupported(error)) return start_named(name, place, path, mode);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory)
    throw NotFound(fmt::format("{}: there is no directory {} (set FURROW_DIR to one that exists)",
                               cannot_create(name, place), place.directory));
  segment::throw_os_error(error, cannot_create(name, place));
}

// True when the name was free and is now that of the file.
bool give_name(const os::Descriptor& file, const std::string& draft_path, std::string_view name,
               const Place& place, const std::string& path) {
  const bool unnamed = draft_path.empty();
  const std::error_code error =
      unnamed ? os::publish_unnamed(file, path) : os::publish_renamed(draft_path, path);
  if (error == std::errc::file_exists) return false;
  if (error == std::errc::no_such_file_or_directory && unnamed)
    throw NotFound(fmt::format(
        "{}: /proc is not mounted, or {} was removed meanwhile (furrow names a finished segment "
        "through /proc/self/fd)",
        cannot_create(name, place), place.directory));
  if (error) segment::throw_os_error(error, cannot_create(name, place));
  return true;
}

}  // namespace

void Segment::State::reserve(const os::Descriptor& from, bool whole) const {
  const std::uint64_t bytes = facts.segment_bytes;
  std::error_code error;
  if (whole) {
    error = os::reserve(from, bytes);
  } else {
    error = os::reserve_part(from, bytes, 0, segment::header_bytes);
    if (!error) error = os::reserve_part(from, bytes, facts.attributes_offset, bytes);
  }
  if (error) segment::throw_out_of_space(name, place, bytes, error);
}

// A new file, mapped, its memory taken.
std::unique_ptr<Segment::State> Segment::State::make(std::string_view name, const Place& place,
                                                     const segment::Content& content,
                                                     const CreateOptions& options) {
  std::error_code ignored;
  const os::FileSystem system = os::file_system_of(place.directory, ignored);
  auto state = std::make_unique<State>();
  state->facts =
      segment::plan(content, options, system.huge_pages ? system.block_bytes : segment::page_bytes);
  state->name = name;
  state->place = place;
  state->path = place.path_of(name);
  state->process = os::this_process_id();
  state->forks = os::fork_count();
  state->published = false;

  Draft draft = start(name, place, state->path, options.mode);
  os::fault_point("segment.create.opened");
  segment::check_space(name, place, state->facts.segment_bytes);
  // What can only be written by mapping (huge pages) is taken at once.
  state->reserved = options.reserve || options.publish || system.huge_pages;
  state->reserve(draft.file, state->reserved);
  os::fault_point("segment.create.reserved");

  std::error_code error;
  const os::FileStatus status = os::status_of(draft.file, error);
  if (error) segment::throw_os_error(error, cannot_create(name, place));
  state->identity = {status.device, status.inode};
  state->map(draft.file);
  state->file = std::move(draft.file);
  state->draft_path = std::exchange(draft.path, {});
  return state;
}

std::unique_ptr<Segment::State> Segment::State::make_or_take(std::string_view name,
                                                             const Place& place,
                                                             const segment::Content& content,
                                                             const CreateOptions& options) {
  const bool is_usual = !options.publish && options.reserve &&
                        options.lifetime == Lifetime::owned && options.mode == CreateOptions{}.mode;
  if (is_usual) {
    segment::Facts facts = segment::plan(content, options, segment::page_bytes);
    if (auto state = take_spare(name, place, facts.segment_bytes)) {
      state->facts = std::move(facts);
      return state;
    }
  }
  try {
    return make(name, place, content, options);
  } catch (const OutOfSpace&) {
    if (!drop_spares()) throw;
  }
  return make(name, place, content, options);
}

std::shared_ptr<Segment> Segment::create(std::string_view name, const segment::Content& content,
                                         const CreateOptions& options) {
  const Place& place = options.place;
  if (options.publish) make_way(name, place, place.path_of(name));
  auto state = State::make_or_take(name, place, content, options);
  state->facts.created_at = now_ns();
  try {
    segment::write_header(state->header(), state->facts, place.prefix + std::string(name));
  } catch (...) {
    if (state->attached) {
      state->let_go();
    } else {
      state->unmap();
    }
    if (!state->draft_path.empty()) os::remove_file(state->draft_path);
    throw;
  }
  os::fault_point("segment.create.written");
  std::shared_ptr<Segment> segment(new Segment(std::move(state)));
  if (options.publish) segment->publish();
  return segment;
}

void Segment::publish(bool replace) {
  State& s = *state_;
  if (s.published) return;
  if (!s.reserved) {
    s.reserve(s.file, true);
    s.reserved = true;
  }
  if (replace) {
    try {
      segment::remove(s.name, false, s.place);
    } catch (const NotFound&) {  // nothing to replace
    }
  }
  if (!give_name(s.file, s.draft_path, s.name, s.place, s.path)) {
    make_way(s.name, s.place, s.path);
    if (!give_name(s.file, s.draft_path, s.name, s.place, s.path)) throw_taken(s.name, s.place);
  }
  s.published = true;
  s.draft_path.clear();
  os::fault_point("segment.create.published");
}

}  // namespace furrow
