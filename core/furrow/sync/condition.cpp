#include <furrow/sync/condition.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/condition_layout.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind kind{ObjectType::condition, 1, "Condition"};
constexpr auto no_lock = static_cast<ObjectType>(0);

}  // namespace

Condition::Condition() {
  if (!Decoding::active()) make("", nullptr, no_lock, 256);
}
Condition::Condition(const Lock& lock) { make("", &lock, ObjectType::lock, 256); }
Condition::Condition(const RLock& lock) { make("", &lock, ObjectType::rlock, 256); }

Condition Condition::create(std::string_view name, std::uint32_t waiters_max) {
  Condition made{NoObject{}};
  made.make(name, nullptr, no_lock, waiters_max);
  return made;
}
Condition Condition::create(std::string_view name, const Lock& lock, std::uint32_t waiters_max) {
  Condition made{NoObject{}};
  made.make(name, &lock, ObjectType::lock, waiters_max);
  return made;
}
Condition Condition::create(std::string_view name, const RLock& lock, std::uint32_t waiters_max) {
  Condition made{NoObject{}};
  made.make(name, &lock, ObjectType::rlock, waiters_max);
  return made;
}

void Condition::make(std::string_view name, const LockBase* lock, ObjectType lock_type,
                     std::uint32_t waiters_max) {
  if (waiters_max == 0 || waiters_max > 1'000'000)
    throw InvalidArgument(
        fmt::format("a Condition for {} waiters; there may be 1 to 1000000", waiters_max));
  const std::size_t bytes = sizeof(ConditionBody) + waiters_max * sizeof(ConditionSlot);
  // A name that others may attach by must lead them to the lock, too.
  const std::string lock_name = lock != nullptr && !name.empty() ? lock->name() : std::string();
  object_ = SharedObject::create(kind, name, bytes, [&](std::byte* at) {
    auto& made = *reinterpret_cast<ConditionBody*>(at);
    start_mutex(made.own, os::MutexKind::recursive);
    made.lock_type = static_cast<std::uint32_t>(lock_type);
    made.slot_count = waiters_max;
    lock_name.copy(made.lock_name, sizeof made.lock_name - 1);
  });
  if (lock != nullptr) {
    lock_ = *lock;
  } else {
    object_.at_release(
        [](std::byte* at) { abandon_mutex(reinterpret_cast<ConditionBody*>(at)->own); });
    lock_ = RLock::inside(object_, body().own);
  }
}

Condition Condition::attach(std::string_view name) {
  Condition same{NoObject{}};
  same.object_ = SharedObject::attach(kind, name, sizeof(ConditionBody));
  ConditionBody& b = same.body();
  const std::uint64_t room = same.object_.body_bytes() - sizeof(ConditionBody);
  if (b.slot_count > room / sizeof(ConditionSlot) ||
      std::memchr(b.lock_name, '\0', sizeof b.lock_name) == nullptr)
    throw Corrupt(fmt::format("\"{}\" is damaged: a Condition for {} waiters", name, b.slot_count));
  if (b.lock_type == static_cast<std::uint32_t>(ObjectType::lock)) {
    same.lock_ = Lock::attach(b.lock_name);
  } else if (b.lock_type == static_cast<std::uint32_t>(ObjectType::rlock)) {
    same.lock_ = RLock::attach(b.lock_name);
  } else {
    same.object_.at_release(
        [](std::byte* at) { abandon_mutex(reinterpret_cast<ConditionBody*>(at)->own); });
    same.lock_ = RLock::inside(same.object_, b.own);
  }
  return same;
}

const std::string& Condition::name() const {
  ConditionBody& b = body();
  if (b.lock_type != 0 && std::atomic_ref(b.lock_name[0]).load(std::memory_order_acquire) == '\0') {
    const std::string& lock_name = lock_.name();
    // The first byte is the last to be written: killed before, nothing is there. Another process
    // may do the same at the same time; it writes the same.
    std::memcpy(b.lock_name + 1, lock_name.c_str() + 1, lock_name.size());
    os::fault_point("condition.naming");
    std::atomic_ref(b.lock_name[0]).store(lock_name[0], std::memory_order_release);
  }
  return object_.name();
}

void Condition::check_own(const char* call) const {
  if (!lock_.is_own())
    throw NotHeld(fmt::format("{} on a Condition whose lock this thread does not hold", call));
}

ConditionSlot* Condition::free_slot() const {
  ConditionBody& b = body();
  const auto is_free = [](const ConditionSlot& slot) {
    return slot.state.load(std::memory_order_relaxed) == ConditionSlot::free;
  };
  ConditionSlot* const end = b.slots() + b.slot_count;
  ConditionSlot* found = std::find_if(b.slots(), end, is_free);
  if (found == end) {  // some may be of waiters that were killed
    for (ConditionSlot* slot = b.slots(); slot != end; ++slot)
      if (is_dead(slot->waiter)) slot->state.store(ConditionSlot::free);
    found = std::find_if(b.slots(), end, is_free);
  }
  if (found == end)
    throw Full(
        fmt::format("{} wait on this Condition already, which has room for no more", b.slot_count));
  b.used = std::max(b.used, static_cast<std::uint32_t>(found - b.slots() + 1));
  return found;
}

bool Condition::wait(Timeout timeout) const {
  check_own("wait");
  const Deadline deadline(timeout);
  ConditionBody& b = body();
  ConditionSlot& slot = *free_slot();
  slot.ticket = b.tickets++;
  slot.waiter = this_member();
  slot.state.store(ConditionSlot::waiting, std::memory_order_release);
  os::fault_point("condition.enlisted");

  int depth = 0;
  for (; lock_.is_own(); ++depth) release();
  while (slot.state.load(std::memory_order_acquire) == ConditionSlot::waiting &&
         sleep_while(slot.state, ConditionSlot::waiting, deadline))
    continue;
  os::fault_point("condition.woken");
  for (; depth > 0; --depth) lock_.acquire();
  // Under the lock again: whoever notified us did it before.
  const bool notified = slot.state.load(std::memory_order_acquire) == ConditionSlot::notified;
  slot.state.store(ConditionSlot::free, std::memory_order_release);
  return notified;
}

void Condition::notify(std::uint32_t count) const {
  check_own("notify");
  ConditionBody& b = body();
  while (count > 0) {
    ConditionSlot* eldest = nullptr;
    for (ConditionSlot* slot = b.slots(); slot != b.slots() + b.used; ++slot) {
      const bool waits = slot->state.load(std::memory_order_relaxed) == ConditionSlot::waiting;
      if (waits && (eldest == nullptr || slot->ticket < eldest->ticket)) eldest = slot;
    }
    if (eldest == nullptr) return;
    eldest->state.store(ConditionSlot::notified, std::memory_order_release);
    os::fault_point("condition.notified");
    // Woken now, it would only wait for the lock that we hold. Where that is let go through this
    // condition alone, release() wakes it.
    if (b.lock_type == 0 && b.pending < condition_pending_max) {
      b.chosen[b.pending++] = static_cast<std::uint32_t>(eldest - b.slots());
    } else if (!wake(*eldest)) {
      continue;
    }
    --count;
  }
}

/// False: the waiter is dead, and its slot is free.
bool Condition::wake(ConditionSlot& slot) const {
  // Nobody woke: it has not yet gone to sleep, is awake already, or is dead.
  if (os::futex_wake(slot.state, 1) != 0 || !is_dead(slot.waiter)) return true;
  slot.state.store(ConditionSlot::free, std::memory_order_release);
  return false;
}

void Condition::release() const {
  ConditionBody& b = body();
  if (b.lock_type != 0 || !lock_.is_own() || b.pending == 0) return lock_.release();
  std::uint32_t chosen[condition_pending_max];
  const std::uint32_t count = std::min(b.pending, condition_pending_max);
  std::copy_n(b.chosen, count, chosen);
  b.pending = 0;
  lock_.release();
  if (lock_.is_own()) {  // an outer one remains
    b.pending = count;
    return;
  }
  wake_chosen(chosen, count);
}

void Condition::wake_chosen(const std::uint32_t* chosen, std::uint32_t count) const {
  ConditionBody& b = body();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (chosen[i] >= b.slot_count) continue;
    ConditionSlot& slot = b.slots()[chosen[i]];
    if (os::futex_wake(slot.state, 1) != 0 || !is_dead(slot.waiter)) continue;
    // It was killed before it could be woken: another one is due. Looked at again under the lock,
    // since the slot may have a new waiter.
    lock_.acquire();
    const bool dead = slot.state.load() == ConditionSlot::notified && is_dead(slot.waiter);
    if (dead) {
      slot.state.store(ConditionSlot::free, std::memory_order_release);
      notify(1);
    }
    release();
  }
}

void Condition::notify_all() const { notify(body().slot_count); }

}  // namespace furrow::mp
