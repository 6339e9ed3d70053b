#include <furrow/sync/barrier.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/barrier_layout.hpp>
#include <furrow/sync/leaving.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind kind{ObjectType::barrier, 1, "Barrier"};
constexpr std::size_t parties_max = 65'536;

std::span<BarrierSlot> slots_of(BarrierBody& body) { return {body.slots(), body.slot_count}; }
std::span<BarrierParty> known_of(BarrierBody& body) { return {body.known(), body.parties}; }

void notify(BarrierBody& body) noexcept {
  body.phase.fetch_add(1, std::memory_order_acq_rel);
  os::fault_point("barrier.changed");
  os::futex_wake(body.phase, os::wake_all);
}

/// All who wait get `state`.
void let_go(BarrierBody& body, BarrierSlot::State state) noexcept {
  for (BarrierSlot& slot : slots_of(body))
    if (slot.state.load() == BarrierSlot::waiting) slot.state.store(state);
}

void break_it(BarrierBody& body, BarrierBody::Reason reason) noexcept {
  if (body.state.load() != BarrierBody::broken) body.reason.store(reason);
  body.state.store(BarrierBody::broken);
  let_go(body, BarrierSlot::broken);
  notify(body);
}

[[noreturn]] void throw_broken(const BarrierBody& body) {
  static constexpr const char* reasons[] = {"it was reset while this process waited",
                                            "it was aborted", "a party's time ran out",
                                            "the action failed", "a party died"};
  const std::uint32_t reason = body.state.load() == BarrierBody::broken ? body.reason.load() : 0;
  throw BrokenBarrier(fmt::format("a Barrier of {} parties is broken: {} (reset() makes it new)",
                                  body.parties, reasons[std::min<std::uint32_t>(reason, 4)]));
}

/// Held for moments, but a process may be stopped in such a moment: so waiting is bounded here,
/// too.
class Guard {
 public:
  explicit Guard(BarrierBody& body, std::int64_t until_ns = never) noexcept
      : body_(body), result_(os::robust_mutex_lock(body.guard, until_ns)) {
    if (result_ == os::MutexResult::owner_died) break_it(body, BarrierBody::party_died);
  }
  ~Guard() {
    if (held()) os::robust_mutex_unlock(body_.guard);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  bool held() const noexcept { return result_ != os::MutexResult::busy; }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  BarrierBody& body_;
  os::MutexResult result_;
};

std::size_t count_waiting(BarrierBody& body) noexcept {
  std::size_t count = 0;
  for (const BarrierSlot& slot : slots_of(body))
    count += slot.state.load() == BarrierSlot::waiting ? 1 : 0;
  return count;
}

/// Null: all are taken, by some who were let go and have not run since.
BarrierSlot* free_slot(BarrierBody& body) noexcept {
  for (BarrierSlot& slot : slots_of(body))
    if (slot.state.load() == BarrierSlot::free) return &slot;
  for (BarrierSlot& slot : slots_of(body))
    if (slot.state.load() != BarrierSlot::waiting && is_dead(slot.waiter)) return &slot;
  return nullptr;
}

bool somebody_died(BarrierBody& body) noexcept {
  for (const BarrierSlot& slot : slots_of(body))
    if (slot.state.load() == BarrierSlot::waiting && is_dead(slot.waiter)) return true;
  for (const BarrierParty& party : known_of(body))
    if (party.member.pid != 0 && is_dead(party.member)) return true;
  return false;
}

void make_known(BarrierBody& body, const Member& member) noexcept {
  BarrierParty* free = nullptr;
  for (BarrierParty& party : known_of(body)) {
    if (party.member == member) return;
    if (party.member.pid == 0 && free == nullptr) free = &party;
  }
  // No room: more processes than parties take turns here. A dead one's place has been taken then.
  for (BarrierParty& party : known_of(body))
    if (free == nullptr && is_dead(party.member)) free = &party;
  if (free != nullptr) free->member = member;
}

void leave_body(std::byte* at) noexcept {
  auto& body = *reinterpret_cast<BarrierBody*>(at);
  const Guard guard(body, os::monotonic_ns() + 1'000'000'000);
  if (!guard.held()) return;
  for (BarrierParty& party : known_of(body))
    if (party.member == this_member()) party.member = {};
}

}  // namespace

Barrier::Barrier(std::size_t parties, Action action, Timeout timeout) {
  *this = create("", parties, std::move(action), timeout);
}

Barrier Barrier::create(std::string_view name, std::size_t parties, Action action,
                        Timeout timeout) {
  if (parties == 0 || parties > parties_max)
    throw InvalidArgument(
        fmt::format("a Barrier of {} parties; there may be 1 to {}", parties, parties_max));
  Barrier made;
  made.adopt(
      SharedObject::create(kind, name, BarrierBody::bytes(parties),
                           [&](std::byte* at) {
                             auto& body = *reinterpret_cast<BarrierBody*>(at);
                             body.parties = static_cast<std::uint32_t>(parties);
                             body.slot_count = static_cast<std::uint32_t>(2 * parties + 16);
                             if (!os::robust_mutex_create(body.guard, os::MutexKind::plain))
                               throw Error("this system has no robust locks between processes");
                           }),
      std::move(action), timeout);
  return made;
}

Barrier Barrier::attach(std::string_view name, Action action, Timeout timeout) {
  Barrier same;
  SharedObject object = SharedObject::attach(kind, name, sizeof(BarrierBody));
  const auto& body = object.as<BarrierBody>();
  if (body.parties == 0 || body.parties > parties_max || body.slot_count != 2 * body.parties + 16 ||
      BarrierBody::bytes(body.parties) > object.body_bytes())
    throw Corrupt(fmt::format("\"{}\" is damaged: a Barrier of {} parties", name, body.parties));
  same.adopt(std::move(object), std::move(action), timeout);
  return same;
}

void Barrier::adopt(SharedObject object, Action action, Timeout timeout) {
  object_ = std::move(object);
  action_ = std::move(action);
  timeout_ = timeout;
  object_.at_release([](std::byte* at) { mp::leave(at); });
}

void Barrier::enter() const {
  {
    const Guard guard(body());
    make_known(body(), this_member());
  }
  mp::enter(object_.body(), leave_body);
}

void Barrier::leave() const noexcept { mp::leave(object_.body()); }

std::size_t Barrier::wait(std::optional<Timeout> timeout) const {
  BarrierBody& b = body();
  const Deadline deadline(timeout.value_or(timeout_));
  mp::enter(object_.body(), leave_body);
  BarrierSlot* slot = nullptr;
  bool last = false;
  for (;;) {
    const std::uint32_t phase = b.phase.load(std::memory_order_acquire);
    {
      // A call that does not wait still has the moment that others need to come and go.
      const Guard guard(b, std::max(deadline.at_ns(), os::monotonic_ns() + 2'000'000));
      if (!guard.held()) throw BrokenBarrier("a Barrier's guard was not to be had in time");
      if (b.state.load() == BarrierBody::broken) throw_broken(b);
      make_known(b, this_member());
      slot = b.state.load() == BarrierBody::filling ? free_slot(b) : nullptr;
      if (slot != nullptr) {
        slot->index = static_cast<std::uint32_t>(count_waiting(b));
        slot->waiter = this_member();
        slot->state.store(BarrierSlot::waiting);
        os::fault_point("barrier.enlisted");
        last = slot->index + 1 == b.parties;
        if (last) b.state.store(BarrierBody::acting);
      }
    }
    if (slot != nullptr) break;
    // An action runs, for those who came before, or they have not yet gone.
    if (sleep_while(b.phase, phase, deadline)) {
      const Guard guard(b);
      if (b.state.load() == BarrierBody::acting && somebody_died(b))
        break_it(b, BarrierBody::party_died);
      continue;
    }
    const Guard guard(b);
    break_it(b, BarrierBody::timed_out);
    throw_broken(b);
  }
  if (last) run_action(*slot);
  return wait_in(*slot, deadline);
}

void Barrier::run_action(BarrierSlot& slot) const {
  BarrierBody& b = body();
  try {
    os::fault_point("barrier.action");
    if (action_) action_();
  } catch (...) {
    const Guard guard(b);
    break_it(b, BarrierBody::action_threw);
    slot.state.store(BarrierSlot::free);
    throw;
  }
  {
    const Guard guard(b);
    // Somebody else may have broken or reset it meanwhile, and then this slot says so.
    if (slot.state.load() != BarrierSlot::waiting) return;
    b.state.store(BarrierBody::filling);
    let_go(b, BarrierSlot::passed);
    b.phase.fetch_add(1, std::memory_order_acq_rel);
  }
  // Without the guard, which those who wake take next.
  os::fault_point("barrier.changed");
  os::futex_wake(b.phase, os::wake_all);
}

std::size_t Barrier::wait_in(BarrierSlot& slot, const Deadline& deadline) const {
  BarrierBody& b = body();
  for (;;) {
    const std::uint32_t phase = b.phase.load(std::memory_order_acquire);
    const std::uint32_t state = slot.state.load();
    if (state != BarrierSlot::waiting) {
      const std::uint32_t index = slot.index;
      os::fault_point("barrier.passed");
      slot.state.store(BarrierSlot::free);
      if (state != BarrierSlot::passed) throw_broken(b);
      return index;
    }
    const bool in_time = sleep_while(b.phase, phase, deadline);
    if (b.phase.load(std::memory_order_acquire) != phase) continue;
    const Guard guard(b);
    if (slot.state.load() != BarrierSlot::waiting) continue;
    if (!in_time)
      break_it(b, BarrierBody::timed_out);
    else if (somebody_died(b))
      break_it(b, BarrierBody::party_died);
  }
}

void Barrier::reset() const {
  BarrierBody& b = body();
  const Guard guard(b);
  let_go(b, BarrierSlot::broken);
  b.reason.store(BarrierBody::none);
  b.state.store(BarrierBody::filling);
  for (BarrierParty& party : known_of(b)) party.member = {};
  notify(b);
}

void Barrier::abort() const {
  const Guard guard(body());
  break_it(body(), BarrierBody::aborted);
}

std::size_t Barrier::parties() const noexcept { return body().parties; }

std::size_t Barrier::n_waiting() const noexcept { return count_waiting(body()); }

bool Barrier::broken() const noexcept { return body().state.load() == BarrierBody::broken; }

}  // namespace furrow::mp
