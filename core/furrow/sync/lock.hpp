// furrow/sync/lock.hpp
//
// Lock and RLock: one holder at a time, among all processes and their threads.
//
//   mp::Lock lock;                       // inherited over fork, sent in messages
//   auto lock = mp::Lock::create("name");  auto same = mp::Lock::attach("name");
//   { std::scoped_lock hold(lock); … }   // or std::unique_lock, or acquire and release
//   if (lock.acquire(100ms)) …           // false: the time ran out
//
// Holder    a thread. Lock: acquiring what it holds already is Deadlock when it would wait for
//           ever, else false at once. RLock: counted; released as often as acquired
// Crash     the next in line gets the lock of a holder that died, at once, by the kernel's doing,
//           and owner_died() is true for it until it releases: what the lock protects may be half
//           changed. A killed waiter is nobody's concern. A thread that ends holding it counts, too
// Release   by another than the holder is NotHeld. Python's Lock allows it, and so cannot tell that
//           its holder is dead. Use Semaphore(1) or Event to signal between threads
// Order     none is promised among waiters
// Misuse    release of what is not held: NotHeld
// Names     shared_object.hpp. Copies of a handle are the same lock
// Threads   any; a holder is a thread
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/sync/by_name.hpp>
#include <furrow/sync/mutex.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

/// What Lock and RLock have in common, and what Condition takes. Not made by itself.
class LockBase {
 public:
  /// False: the time ran out.
  bool acquire(Timeout timeout = {}) const { return acquire_mutex(*body_, timeout); }
  void release() const { release_mutex(*body_); }

  // The names that the standard library's guards use.
  void lock() const { acquire(); }
  bool try_lock() const { return acquire(Timeout::none()); }
  void unlock() const { release(); }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) const {
    return acquire(duration);
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return acquire(time - Clock::now());
  }

  /// For its holder: the holder before died. Stays so until it is released, or cleared here once
  /// the data is known to be whole.
  bool owner_died() const noexcept { return body_->died.load(std::memory_order_relaxed) != 0; }
  void clear_owner_died() const noexcept { body_->died.store(0, std::memory_order_relaxed); }
  /// Holders that died so far.
  std::uint32_t deaths() const noexcept { return body_->deaths.load(std::memory_order_relaxed); }

  /// Whether somebody holds it at this moment; whether it is this thread.
  bool locked() const noexcept { return os::robust_mutex_is_locked(body_->mutex); }
  bool is_own() const noexcept { return os::robust_mutex_is_own(body_->mutex); }

  /// Gives the lock a name if it has none. InvalidArgument for one inside of another object.
  const std::string& name() const;

  friend bool operator==(const LockBase& a, const LockBase& b) noexcept {
    return a.body_ == b.body_;
  }

 protected:
  LockBase() = default;
  void make(const ObjectKind& kind, std::string_view name, os::MutexKind mutex);
  void adopt(SharedObject object);
  /// One that lies inside of another object.
  LockBase(SharedObject owner, MutexBody& body)
      : object_(std::move(owner)), body_(&body), inside_(true) {}

 private:
  friend class Condition;
  SharedObject object_;
  MutexBody* body_ = nullptr;
  bool inside_ = false;
};

class Lock : public LockBase, public GoesByName<Lock> {
 public:
  Lock();
  static Lock create(std::string_view name);
  static Lock attach(std::string_view name);

 private:
  explicit Lock(NoObject /*tag*/) {}
};

class RLock : public LockBase, public GoesByName<RLock> {
 public:
  RLock();
  explicit RLock(NoObject /*tag*/) {}  // for members that are assigned later
  static RLock create(std::string_view name);
  static RLock attach(std::string_view name);
  /// The lock inside of another object, which stays alive with it.
  static RLock inside(SharedObject owner, MutexBody& body) { return RLock(std::move(owner), body); }

 private:
  RLock(SharedObject owner, MutexBody& body) : LockBase(std::move(owner), body) {}
};

}  // namespace furrow::mp
