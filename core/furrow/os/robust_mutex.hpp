// furrow/os/robust_mutex.hpp
//
// A lock in shared memory that the kernel takes from a holder that died.
//
// Owner     a thread; nobody else can unlock it
// Crash     the next who locks it gets owner_died together with the lock: what it protects may be
//           half changed. The kernel does it from the thread's list of held locks, so it works for
//           SIGKILL, at any instant, with any number of waiters
// Thread    that ends without unlocking counts as died, too
// Limits    threads are told apart by their number: do not share one between pid namespaces
// Source    pthread_mutexattr_setrobust(3); Linux Documentation/locking/robust-futexes
#pragma once

#include <cstdint>

namespace furrow::os {

struct alignas(64) RobustMutex {
  std::uint64_t storage[8];
};
static_assert(sizeof(RobustMutex) == 64);

enum class MutexKind { plain, recursive };

enum class MutexResult {
  acquired,
  owner_died,  // acquired, and the last owner died holding it
  busy,        // the time ran out
  own,         // plain kind: the caller has it already
};

/// False where the system has none of the kind. `mutex` lies in zeroed memory.
bool robust_mutex_create(RobustMutex& mutex, MutexKind kind) noexcept;

/// Waits until os::monotonic_ns() is `until_ns` (0: does not wait; INT64_MAX: for ever).
MutexResult robust_mutex_lock(RobustMutex& mutex, std::int64_t until_ns) noexcept;

/// False: the caller is not its owner, and nothing happened.
bool robust_mutex_unlock(RobustMutex& mutex) noexcept;

/// True when the calling thread holds it.
bool robust_mutex_is_own(const RobustMutex& mutex) noexcept;
/// True when, besides, it was taken at this very address: where memory is mapped twice, the kernel
/// and the C library reach a held mutex through the mapping that it was locked in.
bool robust_mutex_is_own_here(const RobustMutex& mutex) noexcept;
/// Number of the thread that held it at that moment; 0: none.
std::uint64_t robust_mutex_holder(const RobustMutex& mutex) noexcept;
/// True when a living thread holds it, or seemed to at that moment.
bool robust_mutex_is_locked(const RobustMutex& mutex) noexcept;

}  // namespace furrow::os
