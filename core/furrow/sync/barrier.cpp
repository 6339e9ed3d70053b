#include <furrow/sync/barrier.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/barrier_layout.hpp>
#include <furrow/sync/leaving.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind kind{ObjectType::barrier, 2, "Barrier"};
constexpr std::size_t parties_max = 65'536;

std::span<BarrierSlot> slots_of(BarrierBody& body) { return {body.slots(), body.slot_count}; }
std::span<BarrierParty> known_of(BarrierBody& body) { return {body.known(), body.parties}; }

void notify(BarrierBody& body) noexcept {
  body.phase.fetch_add(1, std::memory_order_acq_rel);
  os::fault_point("barrier.changed");
  os::futex_wake(body.phase, os::wake_all);
}

bool change(std::atomic<std::uint32_t>& state, std::uint32_t from, std::uint32_t to) noexcept {
  return state.compare_exchange_strong(from, to);
}

/// All who wait get `state`.
void let_go(BarrierBody& body, BarrierSlot::State state) noexcept {
  for (BarrierSlot& slot : slots_of(body)) change(slot.state, BarrierSlot::waiting, state);
}

/// With the guard, or without it where that is not to be had.
void break_it(BarrierBody& body, BarrierBody::Reason reason) noexcept {
  std::uint32_t state = body.state.load();
  if (state != BarrierBody::broken) body.reason.store(reason);
  while (state != BarrierBody::broken &&
         !body.state.compare_exchange_weak(state, BarrierBody::broken))
    continue;
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

constexpr std::int64_t moment_ns = 10'000'000;

/// Held for moments, but a process may be stopped in such a moment: so waiting is bounded here,
/// too. A call that does not wait still has the moment that others need to come and go.
std::int64_t soon(const Deadline& deadline = Timeout::none()) noexcept {
  return std::max(deadline.at_ns(), os::monotonic_ns() + moment_ns);
}

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
  const std::span<BarrierSlot> slots = slots_of(body);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::size_t at = (body.next_slot + i) % slots.size();
    if (slots[at].state.load() != BarrierSlot::free) continue;
    body.next_slot = static_cast<std::uint32_t>(at + 1);
    return &slots[at];
  }
  for (BarrierSlot& slot : slots)
    if (slot.state.load() != BarrierSlot::waiting && is_dead(slot.waiter)) return &slot;
  return nullptr;
}

/// Who waits, or is known as a party; each once.
std::vector<Member> members_of(BarrierBody& body) {
  std::vector<Member> members;
  for (const BarrierSlot& slot : slots_of(body))
    if (slot.state.load() == BarrierSlot::waiting) members.push_back(slot.waiter);
  for (const BarrierParty& party : known_of(body))
    if (party.member.pid != 0) members.push_back(party.member);
  const auto before = [](const Member& a, const Member& b) {
    return std::tie(a.pid, a.start, a.pid_namespace) < std::tie(b.pid, b.start, b.pid_namespace);
  };
  std::sort(members.begin(), members.end(), before);
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

/// Whether it is this one's turn to look for the dead. What all would find, one finds: asking the
/// kernel about a process costs some ten microseconds.
bool takes_turn(BarrierBody& body) noexcept {
  constexpr std::int64_t believable_ns = 10'000'000'000;  // in another time namespace: anything
  const std::int64_t now = os::monotonic_ns();
  std::int64_t next = body.next_look.load();
  if (next > now && next - now < believable_ns) return false;
  return body.next_look.compare_exchange_strong(next, now + look_up_ns);
}

/// Breaks a barrier of which a party died.
void look_for_dead(BarrierBody& body) {
  if (!takes_turn(body)) return;
  const std::int64_t begin = os::monotonic_ns();
  std::vector<Member> members;
  {
    const Guard guard(body, soon());
    if (guard.held()) members = members_of(body);
  }
  const auto dead = std::find_if(members.begin(), members.end(), is_dead);
  if (dead != members.end()) {
    const Guard guard(body, soon());
    const std::vector<Member> now = guard.held() ? members_of(body) : std::vector<Member>();
    if (std::find(now.begin(), now.end(), *dead) != now.end())
      break_it(body, BarrierBody::party_died);
  }
  constexpr std::int64_t pause_looks = 20;
  const std::int64_t end = os::monotonic_ns();
  body.next_look.store(end + std::min<std::int64_t>(pause_looks * (end - begin), 1'000'000'000));
}

void make_known(BarrierBody& body, const Member& member) noexcept {
  thread_local std::size_t last_place = 0;  // of this process in the barrier it used last
  const std::span<BarrierParty> known = known_of(body);
  if (last_place < known.size() && known[last_place].member == member) return;
  BarrierParty* free = nullptr;
  for (BarrierParty& party : known) {
    last_place = static_cast<std::size_t>(&party - known.data());
    if (party.member == member) return;
    if (party.member.pid == 0 && free == nullptr) free = &party;
  }
  // No room: more processes than parties take turns here. A dead one's place has been taken then.
  for (BarrierParty& party : known)
    if (free == nullptr && is_dead(party.member)) free = &party;
  if (free == nullptr) return;
  free->member = member;
  last_place = static_cast<std::size_t>(free - known.data());
}

void leave_body(std::byte* at) noexcept {
  auto& body = *reinterpret_cast<BarrierBody*>(at);
  const Guard guard(body, os::monotonic_ns() + 100 * moment_ns);
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

BarrierSlot* Barrier::enlist(const Deadline& deadline, bool& last) const {
  BarrierBody& b = body();
  const Guard guard(b, soon(deadline));
  if (!guard.held()) break_it(b, BarrierBody::timed_out);
  if (b.state.load() == BarrierBody::broken) throw_broken(b);
  make_known(b, this_member());
  BarrierSlot* const slot = b.state.load() == BarrierBody::filling ? free_slot(b) : nullptr;
  if (slot == nullptr) return nullptr;
  slot->index = b.arrived;
  slot->waiter = this_member();
  slot->state.store(BarrierSlot::waiting);
  os::fault_point("barrier.enlisted");
  last = ++b.arrived == b.parties && change(b.state, BarrierBody::filling, BarrierBody::acting);
  // Who broke it without the guard may have looked at this slot too early.
  if (b.state.load() == BarrierBody::broken) let_go(b, BarrierSlot::broken);
  return slot;
}

std::size_t Barrier::wait(std::optional<Timeout> timeout) const {
  BarrierBody& b = body();
  const Deadline deadline(timeout.value_or(timeout_));
  mp::enter(object_.body(), leave_body);
  for (;;) {
    const std::uint32_t phase = b.phase.load(std::memory_order_acquire);
    bool last = false;
    if (BarrierSlot* const slot = enlist(deadline, last)) {
      if (last) run_action(*slot, deadline);
      return wait_in(*slot, deadline);
    }
    // An action runs, for those who came before, or they have not yet gone.
    if (sleep_while(b.phase, phase, deadline)) {
      if (b.state.load() == BarrierBody::acting) look_for_dead(b);
      continue;
    }
    const Guard guard(b, soon());
    break_it(b, BarrierBody::timed_out);
    throw_broken(b);
  }
}

void Barrier::run_action(BarrierSlot& slot, const Deadline& deadline) const {
  BarrierBody& b = body();
  try {
    os::fault_point("barrier.action");
    if (action_) action_();
  } catch (...) {
    const Guard guard(b, soon(deadline));
    break_it(b, BarrierBody::action_threw);
    slot.state.store(BarrierSlot::free);
    throw;
  }
  {
    const Guard guard(b, soon(deadline));
    if (!guard.held()) break_it(b, BarrierBody::timed_out);
    // Somebody else may have broken or reset it meanwhile, and then this slot says so.
    if (slot.state.load() != BarrierSlot::waiting ||
        !change(b.state, BarrierBody::acting, BarrierBody::filling))
      return;
    b.arrived = 0;
    os::fault_point("barrier.passing");
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
    if (in_time) {
      look_for_dead(b);
      continue;
    }
    const Guard guard(b, soon());
    if (slot.state.load() == BarrierSlot::waiting) break_it(b, BarrierBody::timed_out);
  }
}

void Barrier::reset() const {
  BarrierBody& b = body();
  const Guard guard(b);
  let_go(b, BarrierSlot::broken);
  b.arrived = 0;
  b.reason.store(BarrierBody::none);
  b.state.store(BarrierBody::filling);
  for (BarrierParty& party : known_of(b)) party.member = {};
  notify(b);
}

void Barrier::abort() const {
  const Guard guard(body(), soon());
  break_it(body(), BarrierBody::aborted);
}

std::size_t Barrier::parties() const noexcept { return body().parties; }

std::size_t Barrier::n_waiting() const noexcept { return count_waiting(body()); }

bool Barrier::broken() const noexcept { return body().state.load() == BarrierBody::broken; }

}  // namespace furrow::mp
