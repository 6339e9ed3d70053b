#include <furrow/segment/segment.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/borrowing.hpp>
#include <furrow/segment/failure.hpp>
#include <furrow/segment/state.hpp>

namespace furrow {
namespace segment {
namespace {

// Waits between two looks at what another process is about to finish: short first, since what is
// waited for takes microseconds, then longer, since it may have been stopped.
class Patience {
 public:
  explicit Patience(Deadline deadline) : deadline_(deadline) {}
  bool wait() {
    if (std::chrono::steady_clock::now() >= deadline_) return false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(pause_ * 2, std::chrono::microseconds(5000));
    return true;
  }

 private:
  Deadline deadline_;
  std::chrono::microseconds pause_{20};
};

}  // namespace

Deadline deadline_in(std::int64_t timeout_ns) {
  constexpr std::int64_t year_ns = 365LL * 24 * 3600 * 1'000'000'000;
  const std::int64_t ns = std::clamp<std::int64_t>(timeout_ns, 0, year_ns);
  return std::chrono::steady_clock::now() + std::chrono::nanoseconds(ns);
}

bool still_named(const os::Descriptor& file, const std::string& path) {
  std::error_code error;
  const os::FileStatus held = os::status_of(file, error);
  if (error || held.links == 0) return false;
  const os::FileStatus named = os::status_of(path, error);
  return !error && held.device == named.device && held.inode == named.inode;
}

os::Descriptor open_and_hold(std::string_view name, const Place& place, os::OpenMode mode,
                             Deadline deadline) {
  const std::string path = place.path_of(name);
  Patience patience(deadline);
  std::error_code error;
  do {
    os::Descriptor file = os::open_file(path, mode, error);
    if (error == std::errc::no_such_file_or_directory) throw_not_found(name, place);
    if (error) throw_os_error(error, "cannot attach to " + quoted(name, place));
    if (!os::status_of(file, error).regular) throw Corrupt(path + " is no regular file");
    os::fault_point("segment.attach.opened");
    if (!os::try_lock(file, os::LockKind::shared, error)) {
      if (error) throw_os_error(error, "cannot lock " + quoted(name, place));
      continue;  // somebody is about to remove it, or to look whether it may be removed
    }
    // It may have been removed between opening and locking; from here on it cannot be.
    if (!still_named(file, path)) continue;
    os::try_lock_byte(file, holder_lock_byte, os::LockKind::shared, error);
    os::fault_point("segment.attach.held");
    return file;
  } while (patience.wait());
  throw Timeout(
      fmt::format("cannot attach to {}: another process keeps it locked to remove it or to make it",
                  quoted(name, place)));
}

}  // namespace segment

void Segment::State::map(const os::Descriptor& from) {
  const std::size_t bytes = facts.segment_bytes;
  const std::uintptr_t wanted = segment::allocate_addresses(bytes);
  std::error_code error;
  address = os::map_file(from.get(), bytes, access == Access::read_write, wanted, error);
  in_range = wanted != 0 && address != 0;
  if (address != 0) return;
  if (wanted != 0) segment::free_addresses(wanted, bytes);
  if (error == std::errc::not_enough_memory)
    throw OutOfSpace(fmt::format("cannot map {}: {} of address space are not to be had (ulimit -v)",
                                 segment::quoted(name, place), segment::bytes_text(bytes)));
  segment::throw_os_error(error, "cannot map " + segment::quoted(name, place));
}

void Segment::State::unmap() noexcept {
  if (address == 0) return;
  os::unmap(address, facts.segment_bytes, in_range);
  if (in_range) segment::free_addresses(address, facts.segment_bytes);
  address = 0;
}

void Segment::State::let_go() noexcept {
  segment::remove_attachment(address, borrowed ? segment::Mapping::stays : segment::Mapping::goes);
  attached = false;
}

Segment::Segment(std::unique_ptr<State> state) : state_(std::move(state)) {
  if (std::exchange(state_->attached, true)) return;
  segment::add_attachment({state_->address, state_->facts.segment_bytes, state_->path,
                           state_->identity, state_->access, state_->file.get()});
}

std::shared_ptr<Segment> Segment::attach(std::string_view name, const AttachOptions& options) {
  const segment::Deadline deadline = segment::deadline_in(options.timeout_ns);
  auto state = std::make_unique<State>();
  state->name = name;
  state->place = options.place;
  state->path = options.place.path_of(name);
  state->access = options.access;
  state->process = os::this_process_id();
  const bool writable = options.access == Access::read_write;
  state->file = segment::open_and_hold(
      name, options.place, writable ? os::OpenMode::read_write : os::OpenMode::read_only, deadline);

  segment::Patience patience(deadline);
  const auto ready = static_cast<std::uint32_t>(segment::State::ready);
  auto page = segment::read_header(state->file, state->path);
  while (page->state.load(std::memory_order_acquire) != ready) {
    // furrow names a segment when it is complete; one that is not was left so by its creator, or
    // comes from a foreign one that still holds it.
    if (!os::byte_is_locked(state->file, segment::holder_lock_byte))
      throw Corrupt(
          fmt::format("{} is no complete segment (state {}): its creator died, or it is foreign "
                      "(remove it with `furrow rm`)",
                      state->path, page->state.load()));
    if (!patience.wait())
      throw Timeout(fmt::format("{} is still being created", segment::quoted(name, state->place)));
    page = segment::read_header(state->file, state->path);
  }
  std::error_code error;
  const os::FileStatus status = os::status_of(state->file, error);
  state->facts = segment::check_header(*page, status.bytes, state->path);
  state->identity = {status.device, status.inode};
  state->map(state->file);
  os::fault_point("segment.attach.mapped");
  return std::shared_ptr<Segment>(new Segment(std::move(state)));
}

Segment::~Segment() {
  State& s = *state_;
  if (os::this_process_id() != s.process) {
    // A forked child: the lock is its parent's too, and so is the say over the name.
    s.file.release();
    return;
  }
  if (State::keep_spare(state_)) return;
  s.let_go();
  if (s.borrowed) {
    segment::Borrowing::keep(std::move(state_));
    return;
  }
  if (!s.published) {
    if (!s.draft_path.empty()) os::remove_file(s.draft_path);
    return;
  }
  // Whoever turns the shared lock into an exclusive one was the last holder.
  std::error_code error;
  if (s.facts.lifetime == Lifetime::owned && os::try_lock(s.file, os::LockKind::exclusive, error) &&
      segment::still_named(s.file, s.path)) {
    os::fault_point("segment.release.seized");
    os::remove_file(s.path);
  }
}

const std::string& Segment::name() const noexcept { return state_->name; }
bool Segment::is_published() const noexcept { return state_->published; }
const Place& Segment::place() const noexcept { return state_->place; }
Access Segment::access() const noexcept { return state_->access; }
Lifetime Segment::lifetime() const noexcept { return state_->facts.lifetime; }
segment::FileIdentity Segment::identity() const noexcept { return state_->identity; }
int Segment::descriptor() const noexcept { return state_->file.get(); }
bool Segment::is_reserved() const noexcept { return state_->reserved; }
const segment::Header& Segment::header() const noexcept { return state_->header(); }
std::byte* Segment::data() const noexcept { return state_->bytes_at(segment::header_bytes); }
std::size_t Segment::data_bytes() const noexcept { return state_->facts.data_bytes; }

segment::Info Segment::info() const {
  segment::Info info = segment::info_from(state_->facts, state_->name, true);
  info.generation = state_->header().generation.load(std::memory_order_relaxed);
  return info;
}

void Segment::mark_writer(std::uint64_t engine_id) const noexcept {
  state_->header().last_writer.store(engine_id, std::memory_order_release);
}

void Segment::bump_generation() const noexcept {
  if (state_->access == Access::read_write)
    state_->header().generation.fetch_add(1, std::memory_order_release);
}

}  // namespace furrow
