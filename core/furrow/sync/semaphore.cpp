#include <furrow/sync/semaphore.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/semaphore_layout.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind semaphore_kind{ObjectType::semaphore, 1, "Semaphore"};
constexpr ObjectKind bounded_kind{ObjectType::bounded_semaphore, 1, "BoundedSemaphore"};
constexpr std::int64_t moment_ns = 2'000'000;
constexpr std::uint32_t value_max = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void throw_beyond(const SemaphoreBody& body) {
  if (body.bounded != 0)
    throw NotHeld(fmt::format(
        "a BoundedSemaphore of {} is released more often than it was acquired", body.bound));
  throw InvalidArgument(fmt::format("a Semaphore holds at most {} permits", value_max));
}

void wake(SemaphoreBody& body, std::uint32_t permits) noexcept {
  if (body.asleep.load(std::memory_order_seq_cst) != 0)
    os::futex_wake(body.value, static_cast<int>(permits));
}

// --- OnDeath::keep: the value is all there is
// -----------------------------------------------------

bool take(SemaphoreBody& body) noexcept {
  std::uint32_t value = body.value.load(std::memory_order_relaxed);
  while (value > 0)
    if (body.value.compare_exchange_weak(value, value - 1, std::memory_order_acquire)) return true;
  return false;
}

void bring(SemaphoreBody& body, std::uint32_t permits) {
  const std::uint32_t most = body.bound;
  std::uint32_t value = body.value.load(std::memory_order_relaxed);
  do {
    if (permits > most || value > most - permits) throw_beyond(body);
  } while (!body.value.compare_exchange_weak(value, value + permits));
  os::fault_point("semaphore.released");
  wake(body, permits);
}

// --- OnDeath::give_back: under the guard
// ----------------------------------------------------------

std::span<SemaphoreAccount> accounts_of(SemaphoreBody& body) noexcept {
  return {body.accounts, std::min<std::size_t>(body.used, semaphore_accounts)};
}

void settle(SemaphoreBody& body) noexcept {
  std::uint32_t held = 0;
  for (const SemaphoreAccount& account : body.accounts) held += account.held.load();
  body.value.store(body.total.load() - held, std::memory_order_seq_cst);
}

class Guard {
 public:
  /// Held for moments only, which even a call that does not wait has; null: waits for ever.
  Guard(SemaphoreBody& body, const Deadline* deadline) noexcept
      : body_(body), result_(os::robust_mutex_lock(body.guard, 0)) {
    if (result_ == os::MutexResult::busy) {
      constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
      const std::int64_t until =
          deadline == nullptr ? never : std::max(deadline->at_ns(), os::monotonic_ns() + moment_ns);
      result_ = os::robust_mutex_lock(body.guard, until);
    }
    if (result_ == os::MutexResult::owner_died) settle(body);
  }
  ~Guard() {
    if (result_ != os::MutexResult::busy) os::robust_mutex_unlock(body_.guard);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  bool held() const noexcept { return result_ != os::MutexResult::busy; }

 private:
  SemaphoreBody& body_;
  os::MutexResult result_;
};

SemaphoreAccount& account_of(SemaphoreBody& body, const Member& member) noexcept {
  for (SemaphoreAccount& account : accounts_of(body))
    if (account.holder == member) return account;
  for (std::uint32_t i = 1; i < semaphore_accounts; ++i) {
    SemaphoreAccount& account = body.accounts[i];
    if (account.held.load() != 0) continue;
    account.holder = member;
    body.used = std::max(body.used, i + 1);
    return account;
  }
  return body.accounts[0];
}

bool take_from_dead(SemaphoreBody& body) noexcept {
  std::uint32_t back = 0;
  for (SemaphoreAccount& account : accounts_of(body)) {
    const std::uint32_t held = account.held.load();
    if (held == 0 || &account == body.accounts || !is_dead(account.holder)) continue;
    account.held.store(0);
    back += held;
  }
  if (back == 0) return false;
  body.given_back.fetch_add(back);
  settle(body);
  wake(body, back);
  return true;
}

bool take_accounted(SemaphoreBody& body) noexcept {
  if (body.value.load() == 0 && !take_from_dead(body)) return false;
  SemaphoreAccount& account = account_of(body, this_member());
  // Under the guard, whose next owner computes the value anew should this be left half done.
  account.held.store(account.held.load() + 1, std::memory_order_relaxed);
  os::fault_point("semaphore.acquired");
  body.value.store(body.value.load() - 1, std::memory_order_relaxed);
  return true;
}

void enter_permits(SemaphoreBody& body, std::uint32_t permits) {
  const Guard guard(body, nullptr);
  const std::uint32_t all_held = body.total.load() - body.value.load();
  const std::uint32_t beyond = permits > all_held ? permits - all_held : 0;
  if (beyond > 0 && (body.bounded != 0 || beyond > value_max - body.total.load()))
    throw_beyond(body);
  std::uint32_t left = permits - beyond;
  const auto take_back = [&](SemaphoreAccount& account) {
    const std::uint32_t part = std::min(left, account.held.load());
    account.held.store(account.held.load() - part, std::memory_order_relaxed);
    left -= part;
  };
  take_back(account_of(body, this_member()));
  for (SemaphoreAccount& account : accounts_of(body))
    if (left > 0) take_back(account);
  if (beyond > 0) body.total.store(body.total.load() + beyond);
  os::fault_point("semaphore.released");
  body.value.store(body.value.load() + permits, std::memory_order_seq_cst);
}

void bring_accounted(SemaphoreBody& body, std::uint32_t permits) {
  enter_permits(body, permits);
  wake(body, permits);  // without the guard, which those who wake take next
}

}  // namespace

void SemaphoreBase::make(const ObjectKind& kind, std::string_view name, std::uint32_t value,
                         bool bounded, OnDeath on_death) {
  if (value > value_max)
    throw InvalidArgument(
        fmt::format("a {} of {} permits; there may be 0 to {}", kind.name, value, value_max));
  object_ = SharedObject::create(kind, name, sizeof(SemaphoreBody), [&](std::byte* at) {
    auto& made = *reinterpret_cast<SemaphoreBody*>(at);
    if (!os::robust_mutex_create(made.guard, os::MutexKind::plain))
      throw Error("this system has no robust locks between processes");
    made.value = value;
    made.total = value;
    made.bound = bounded ? value : value_max;
    made.bounded = bounded ? 1 : 0;
    made.used = 1;
    made.gives_back = static_cast<std::uint32_t>(on_death);
  });
}

void SemaphoreBase::open(const ObjectKind& kind, std::string_view name) {
  object_ = SharedObject::attach(kind, name, sizeof(SemaphoreBody));
}

bool SemaphoreBase::acquire(Timeout timeout) const {
  SemaphoreBody& b = body();
  const bool accounted = b.gives_back != 0;
  if (!accounted && take(b)) return true;
  const Deadline deadline(timeout);
  for (;;) {
    if (accounted) {
      const Guard guard(b, &deadline);
      if (!guard.held()) return false;
      if (take_accounted(b)) return true;
    } else if (take(b)) {
      return true;
    }
    // Counted before the kernel looks at the value again. Who is killed asleep stays counted, which
    // costs later releases a needless call.
    b.asleep.fetch_add(1, std::memory_order_seq_cst);
    const bool in_time = sleep_while(b.value, 0, deadline);
    b.asleep.fetch_sub(1, std::memory_order_relaxed);
    if (!in_time) return false;
  }
}

void SemaphoreBase::release(std::uint32_t permits) const {
  if (permits == 0) throw InvalidArgument("release brings back one permit or more, not 0");
  if (body().gives_back != 0)
    bring_accounted(body(), permits);
  else
    bring(body(), permits);
}

std::uint32_t SemaphoreBase::get_value() const { return body().value.load(); }

std::uint32_t SemaphoreBase::given_back() const noexcept { return body().given_back.load(); }

Semaphore::Semaphore(std::uint32_t value, OnDeath on_death) {
  if (!Decoding::active()) make(semaphore_kind, "", value, false, on_death);
}
Semaphore Semaphore::create(std::string_view name, std::uint32_t value, OnDeath on_death) {
  Semaphore made{NoObject{}};
  made.make(semaphore_kind, name, value, false, on_death);
  return made;
}
Semaphore Semaphore::attach(std::string_view name) {
  Semaphore same{NoObject{}};
  same.open(semaphore_kind, name);
  return same;
}

BoundedSemaphore::BoundedSemaphore(std::uint32_t value, OnDeath on_death) {
  if (!Decoding::active()) make(bounded_kind, "", value, true, on_death);
}
BoundedSemaphore BoundedSemaphore::create(std::string_view name, std::uint32_t value,
                                          OnDeath on_death) {
  BoundedSemaphore made{NoObject{}};
  made.make(bounded_kind, name, value, true, on_death);
  return made;
}
BoundedSemaphore BoundedSemaphore::attach(std::string_view name) {
  BoundedSemaphore same{NoObject{}};
  same.open(bounded_kind, name);
  return same;
}

}  // namespace furrow::mp
