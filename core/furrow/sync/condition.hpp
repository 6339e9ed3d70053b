// furrow/sync/condition.hpp
//
// Waiting, under a lock, until somebody says that something changed.
//
//   mp::Condition changed;                                  // with an RLock of its own
//   { std::scoped_lock hold(changed);
//     changed.wait_for([&] { return value > 3; }); }
//   { std::scoped_lock hold(changed);  …  changed.notify_all(); }
//
// wait       lets go of the lock (an RLock wholly), sleeps, takes it again. True: notified. False:
//            the time ran out. Taking the lock again may take longer than the timeout while another
//            holds it; that holder lives, or the lock is handed on
// notify(n)  wakes n who wait, those first that came first; none but those, and each once
// Crash      a killed waiter is passed over: it neither holds up a notifier nor eats what was meant
//            for others. One killed after it was chosen takes its notification with it, as if it
//            had been killed a moment later. A notifier that is killed has notified or has not
// Limits     so many waiters at a time as asked for (256): one more is Full
// Misuse     waiting or notifying without holding the lock: NotHeld
// Names      shared_object.hpp; with a lock of yours, that lock is named together with the
//            condition
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <furrow/sync/by_name.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

struct ConditionBody;

class Condition : public GoesByName<Condition> {
 public:
  Condition();
  explicit Condition(const Lock& lock);
  explicit Condition(const RLock& lock);
  static Condition create(std::string_view name, std::uint32_t waiters_max = 256);
  static Condition create(std::string_view name, const Lock& lock, std::uint32_t waiters_max = 256);
  static Condition create(std::string_view name, const RLock& lock,
                          std::uint32_t waiters_max = 256);
  static Condition attach(std::string_view name);

  bool wait(Timeout timeout = {}) const;
  /// Until `predicate()` is true; what it said last.
  template <class Predicate>
  auto wait_for(Predicate predicate, Timeout timeout = {}) const {
    const Deadline deadline(timeout);
    auto result = predicate();
    while (!result && wait(deadline.left())) result = predicate();
    return result ? result : predicate();
  }
  void notify(std::uint32_t count = 1) const;
  void notify_all() const;

  // The lock's.
  bool acquire(Timeout timeout = {}) const { return lock_.acquire(timeout); }
  void release() const;
  void lock() const { lock_.lock(); }
  bool try_lock() const { return lock_.try_lock(); }
  void unlock() const { release(); }
  bool owner_died() const noexcept { return lock_.owner_died(); }

  const std::string& name() const;

 private:
  explicit Condition(NoObject /*tag*/) {}
  void make(std::string_view name, const LockBase* lock, ObjectType lock_type,
            std::uint32_t waiters_max);
  ConditionBody& body() const noexcept { return object_.as<ConditionBody>(); }
  void check_own(const char* call) const;
  struct ConditionSlot* free_slot() const;
  bool wake(ConditionSlot& slot) const;
  void wake_chosen(const std::uint32_t* chosen, std::uint32_t count) const;

  SharedObject object_;
  LockBase lock_;
};

}  // namespace furrow::mp
