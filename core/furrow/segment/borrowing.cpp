#include <furrow/segment/borrowing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include <furrow/os/identity.hpp>
#include <furrow/segment/failure.hpp>
#include <furrow/segment/state.hpp>

namespace furrow::segment {
namespace {

thread_local int borrowing = 0;
thread_local Lending::Held* lending = nullptr;

}  // namespace

Lending::Lending(Held& held) noexcept : outer_(lending) { lending = &held; }
Lending::~Lending() { lending = outer_; }
bool Lending::active() noexcept { return lending != nullptr; }
void Lending::lend(Lent lent) { lending->push_back(std::move(lent)); }
void Lending::lend(const std::shared_ptr<Segment>& segment) {
  if (active()) lend({segment, segment->place(), segment->name()});
}

struct Borrowing::Books {
  struct InUse {
    FileIdentity identity;
    Access access;
    std::weak_ptr<Segment> segment;
  };
  // Never held where a Segment may end: its destructor takes it, too.
  std::mutex mutex;
  std::vector<InUse> lent;  // among them some that are gone
  std::vector<std::unique_ptr<Segment::State>> kept;
  // Read without the mutex, so that a task without arrays pays nothing.
  std::atomic<std::size_t> lent_count{0};
  std::atomic<std::size_t> kept_count{0};

  void count() noexcept {
    lent_count.store(lent.size(), std::memory_order_relaxed);
    kept_count.store(kept.size(), std::memory_order_relaxed);
  }
};

// Leaked on purpose: arrays may be let go by destructors of static objects.
Borrowing::Books& Borrowing::books() {
  static auto* the_books = new Books;
  return *the_books;
}

Borrowing::Borrowing() noexcept { ++borrowing; }

Borrowing::~Borrowing() {
  if (--borrowing == 0) drop_kept();
}

std::shared_ptr<Segment> Borrowing::attach(std::string_view name, const FileIdentity& identity,
                                           const AttachOptions& options) {
  if (borrowing != 0)
    if (auto known = find(identity, options.access)) return known;
  auto segment = Segment::attach(name, options);
  if (segment->identity() != identity)
    throw NotFound(fmt::format(
        "array {} is no longer the one that was meant: it was removed, and another was created "
        "under its name",
        quoted(name, options.place)));
  if (borrowing == 0) return segment;
  Segment::State& state = *segment->state_;
  state.borrowed = true;
  os::unlock_byte(state.file, holder_lock_byte);
  os::unlock(state.file);
  Books& b = books();
  const std::lock_guard lock(b.mutex);
  b.lent.push_back({identity, options.access, segment});
  b.count();
  return segment;
}

std::shared_ptr<Segment> Borrowing::find(const FileIdentity& identity, Access access) {
  Books& b = books();
  const std::lock_guard lock(b.mutex);
  for (const Books::InUse& lent : b.lent) {
    if (lent.identity != identity || lent.access != access) continue;
    if (auto segment = lent.segment.lock()) return segment;
  }
  const auto found = std::find_if(b.kept.begin(), b.kept.end(), [&](const auto& state) {
    return state->identity == identity && state->access == access;
  });
  // A forked child's are its parent's, locks and all.
  if (found == b.kept.end() || (*found)->process != os::this_process_id()) return nullptr;
  std::shared_ptr<Segment> segment(new Segment(std::move(*found)));
  b.kept.erase(found);
  b.lent.push_back({identity, access, segment});
  b.count();
  return segment;
}

void Borrowing::keep(std::unique_ptr<Segment::State> state) {
  Books& b = books();
  const std::lock_guard lock(b.mutex);
  std::erase_if(b.lent, [](const Books::InUse& lent) { return lent.segment.expired(); });
  try {
    b.kept.push_back(std::move(state));
  } catch (const std::bad_alloc&) {
    state->unmap();
  }
  b.count();
}

void Borrowing::settle() {
  Books& b = books();
  if (b.lent_count.load(std::memory_order_relaxed) == 0) return;
  std::vector<std::shared_ptr<Segment>> used;
  {
    const std::lock_guard lock(b.mutex);
    for (const Books::InUse& lent : b.lent)
      if (auto segment = lent.segment.lock()) used.push_back(std::move(segment));
    b.lent.clear();
    b.count();
  }
  for (const auto& segment : used) {
    Segment::State& state = *segment->state_;
    std::error_code error;
    os::try_lock(state.file, os::LockKind::shared, error);
    os::try_lock_byte(state.file, holder_lock_byte, os::LockKind::shared, error);
    state.borrowed = false;
  }
}

bool Borrowing::keeps_any() noexcept {
  return books().kept_count.load(std::memory_order_relaxed) != 0;
}

void Borrowing::drop_kept() noexcept {
  if (!keeps_any()) return;
  Books& b = books();
  std::vector<std::unique_ptr<Segment::State>> gone;
  const std::lock_guard lock(b.mutex);
  gone.swap(b.kept);
  b.count();
  for (const auto& state : gone) state->unmap();
}

}  // namespace furrow::segment
