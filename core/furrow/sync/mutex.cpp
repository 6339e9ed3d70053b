#include <furrow/sync/mutex.hpp>

#include <limits>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::mp {

void start_mutex(MutexBody& body, os::MutexKind kind) {
  if (!os::robust_mutex_create(body.mutex, kind))
    throw Error("this system has no robust locks between processes");
}

bool acquire_mutex(MutexBody& body, Timeout timeout) {
  // The clock is asked only when there is something to wait for.
  os::MutexResult result = os::robust_mutex_lock(body.mutex, 0);
  if (result == os::MutexResult::busy && timeout.ns() != 0)
    result = os::robust_mutex_lock(body.mutex, Deadline(timeout).at_ns());
  switch (result) {
    case os::MutexResult::acquired: os::fault_point("lock.acquired"); return true;
    case os::MutexResult::owner_died:
      body.died.store(1, std::memory_order_relaxed);
      body.deaths.fetch_add(1, std::memory_order_relaxed);
      os::fault_point("lock.inherited");
      return true;
    case os::MutexResult::own:
      if (timeout.is_forever())
        throw Deadlock(
            "this thread holds the Lock already and would wait for itself for ever (use an RLock, "
            "or a timeout)");
      return false;
    case os::MutexResult::busy: break;
  }
  return false;
}

void release_mutex(MutexBody& body) {
  // Cleared before letting go, and by the owner alone: an RLock may be released once of several.
  if (body.died.load(std::memory_order_relaxed) != 0 && os::robust_mutex_is_own(body.mutex))
    body.died.store(0, std::memory_order_relaxed);
  if (!os::robust_mutex_unlock(body.mutex))
    throw NotHeld(
        os::robust_mutex_is_locked(body.mutex)
            ? "a lock is released that another thread holds (only its holder can release it)"
            : "a lock is released that nobody holds");
}

void release_own_mutex(MutexBody& body) noexcept { os::robust_mutex_unlock(body.mutex); }

void abandon_mutex(MutexBody& body) noexcept {
  if (!os::robust_mutex_is_own_here(body.mutex)) return;
  while (os::robust_mutex_is_own(body.mutex) && os::robust_mutex_unlock(body.mutex)) continue;
}

}  // namespace furrow::mp
