// What a JoinableQueue adds to the ring: reports, waiting for all of them, and those that never
// come.
#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/leaving.hpp>
#include <furrow/sync/ring.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

RingTakers* takers_in(std::byte* at) noexcept {
  const auto& body = *reinterpret_cast<const RingBody*>(at);
  if (body.joinable == 0) return nullptr;
  return reinterpret_cast<RingTakers*>(at + sizeof(RingBody) + body.capacity_bytes);
}

}  // namespace

RingTakers* Ring::takers() const noexcept { return takers_in(object_.body()); }

void Ring::begin_taking(RingTakers& takers, std::uint32_t gets) const {
  takers.finish(gets, body().gets.word);  // of one that was killed before it could
  if (!takers.begin(gets + 1)) return;
  object_.at_release([](std::byte* at) { mp::leave(at); });
  mp::enter(object_.body(), [](std::byte* at) noexcept { takers_in(at)->leave(); });
}

void Ring::task_done() const {
  RingBody& b = body();
  std::uint32_t done = b.done.word.load(std::memory_order_relaxed);
  do {
    if (done == b.puts.word.load(std::memory_order_acquire))
      throw InvalidArgument("task_done was called more often than there were messages");
  } while (!b.done.word.compare_exchange_weak(done, done + 1));
  os::fault_point("ring.reported");
  if (RingTakers* const takers_here = takers()) takers_here->report();
  if (done + 1 == b.puts.word.load()) os::futex_wake(b.done.word, os::wake_all);
}

std::size_t Ring::unfinished() const noexcept {
  const RingBody& b = body();
  const std::uint32_t done = b.done.word.load(std::memory_order_acquire);
  return b.puts.word.load(std::memory_order_acquire) - done;
}

bool Ring::join(Timeout timeout) const {
  const Deadline deadline(timeout);
  const RingBody& b = body();
  for (;;) {
    const std::uint32_t done = b.done.word.load(std::memory_order_acquire);
    if (done == b.puts.word.load(std::memory_order_acquire)) return true;
    const bool in_time = sleep_while(b.done.word, done, deadline);
    if (b.done.word.load(std::memory_order_acquire) == done) tell_lost();
    if (!in_time) return false;
  }
}

void Ring::tell_lost() const {
  RingTakers* const takers_here = takers();
  if (takers_here == nullptr) return;
  RingBody& b = body();
  std::uint32_t done = b.done.word.load();
  const LostItems lost = takers_here->lost(done, b.gets.word);
  // Who reported or told meanwhile may have been looked at in between: then we look again later.
  if (lost.count == 0 || !b.done.word.compare_exchange_strong(done, done + lost.count)) return;
  takers_here->settle(lost.count);
  os::futex_wake(b.done.word, os::wake_all);
  throw PeerDied(
      fmt::format("process {} died with {} items that it had taken and not reported done; they "
                  "count as done now",
                  lost.who.pid, lost.count));
}

}  // namespace furrow::mp
