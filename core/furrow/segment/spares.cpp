#include <furrow/segment/spares.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <furrow/os/file.hpp>
#include <furrow/os/forks.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/segment/state.hpp>

namespace furrow {

struct Segment::State::Spares {
  std::timed_mutex mutex;
  std::uint64_t process = 0;
  std::uint64_t bytes = 0;
  std::vector<std::unique_ptr<State>> states;  // the last that went last

  // Leaked on purpose: arrays may be let go by destructors of static objects.
  static Spares& all() {
    static auto* const the_spares = new Spares;
    return *the_spares;
  }

  /// A forked child has its parent's, mapped and open, but not to use or to close.
  void be_of_this_process() noexcept {
    const std::uint64_t self = os::this_process_id();
    if (process == self) return;
    for (const auto& state : states) state->file.release();
    states.clear();
    bytes = 0;
    process = self;
  }
};

namespace {

// Each takes a place in an engine's table of what its workers map.
constexpr std::size_t spares_max = 32;

// Set as soon as there may be something to drop: only Segment's own may name its state.
std::atomic<bool (*)() noexcept> drop{nullptr};

}  // namespace

std::unique_ptr<Segment::State> Segment::State::take_spare(std::string_view name,
                                                           const Place& place,
                                                           std::uint64_t segment_bytes) {
  std::unique_ptr<State> state;
  {
    Spares& spares = Spares::all();
    // Not waited for: in a forked child a thread that is not there may have it.
    const std::unique_lock lock(spares.mutex, std::try_to_lock);
    if (!lock) return nullptr;
    spares.be_of_this_process();
    auto& states = spares.states;
    const auto found = std::find_if(states.rbegin(), states.rend(), [&](const auto& s) {
      return s->facts.segment_bytes == segment_bytes && s->name == name &&
             s->place.directory == place.directory && s->place.prefix == place.prefix;
    });
    if (found == states.rend()) return nullptr;
    state = std::move(*found);
    states.erase(std::next(found).base());
    spares.bytes -= segment_bytes;
  }
  // Children forked before now have it mapped, but nothing that refers to it.
  state->forks = os::fork_count();
  std::memset(reinterpret_cast<void*>(state->address), 0, segment_bytes);
  return state;
}

bool Segment::State::keep_spare(std::unique_ptr<State>& state) noexcept {
  State& s = *state;
  const std::uint64_t bytes = s.facts.segment_bytes;
  const bool fits = !s.published && !s.borrowed && s.reserved && s.draft_path.empty() &&
                    s.facts.lifetime == Lifetime::owned && s.access == Access::read_write &&
                    s.facts.kind == segment::Kind::array && s.forks == os::fork_count() &&
                    bytes <= segment::spare_bytes_max;
  if (!fits) return false;
  std::error_code error;
  const os::FileSystem system = os::file_system_of(s.place.directory, error);
  if (error || system.huge_pages) return false;
  std::vector<std::unique_ptr<State>> gone;
  {
    Spares& spares = Spares::all();
    const std::unique_lock lock(spares.mutex, std::try_to_lock);
    if (!lock) return false;
    spares.be_of_this_process();
    const std::uint64_t room = std::min(segment::spare_bytes_max, system.bytes_free / 8);
    if (bytes > room) return false;
    auto& states = spares.states;
    try {
      gone.reserve(states.size());
      states.reserve(spares_max + 1);
    } catch (const std::bad_alloc&) {
      return false;
    }
    while (!states.empty() && (spares.bytes + bytes > room || states.size() >= spares_max)) {
      spares.bytes -= states.front()->facts.segment_bytes;
      gone.push_back(std::move(states.front()));
      states.erase(states.begin());
    }
    spares.bytes += bytes;
    states.push_back(std::move(state));
    drop.store(&State::drop_spares, std::memory_order_release);
  }
  for (const auto& old : gone) old->let_go();
  return true;
}

bool Segment::State::drop_spares() noexcept {
  std::vector<std::unique_ptr<State>> gone;
  {
    Spares& spares = Spares::all();
    // Others hold it for moments; a fork may have left it held for ever.
    const std::unique_lock lock(spares.mutex, std::chrono::milliseconds(100));
    if (!lock) return false;
    spares.be_of_this_process();
    gone.swap(spares.states);
    spares.bytes = 0;
  }
  for (const auto& old : gone) old->let_go();
  return !gone.empty();
}

bool segment::drop_spares() noexcept {
  bool (*const f)() noexcept = drop.load(std::memory_order_acquire);
  return f != nullptr && f();
}

}  // namespace furrow
