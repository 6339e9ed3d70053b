#include <furrow/os/robust_mutex.hpp>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>

#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>

namespace furrow::os {
namespace {

static_assert(sizeof(pthread_mutex_t) <= sizeof(RobustMutex));
static_assert(alignof(pthread_mutex_t) <= alignof(RobustMutex));

pthread_mutex_t* native(RobustMutex& mutex) noexcept {
  return std::launder(reinterpret_cast<pthread_mutex_t*>(&mutex));
}

// The word that the kernel looks at: the owner's thread number and two flags. It is the mutex's
// first member (glibc, musl); robust_mutex_create checks that.
std::uint32_t word_of(const RobustMutex& mutex) noexcept {
  const auto& word = reinterpret_cast<const std::atomic<std::uint32_t>&>(mutex);
  return word.load(std::memory_order_relaxed);
}

std::uint32_t this_thread() noexcept { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

MutexResult result_of(int code, pthread_mutex_t* mutex) noexcept {
  if (code == 0) return MutexResult::acquired;
  if (code == EDEADLK) return MutexResult::own;
  if (code != EOWNERDEAD) return MutexResult::busy;
  ::pthread_mutex_consistent(mutex);
  return MutexResult::owner_died;
}

// A sleep and a wake cost more than most locks are held for.
int spins() noexcept {
  static const int count = granted_cores() > 1 ? 100 : 0;
  return count;
}

}  // namespace

bool robust_mutex_create(RobustMutex& mutex, MutexKind kind) noexcept {
  pthread_mutexattr_t attributes;
  if (::pthread_mutexattr_init(&attributes) != 0) return false;
  const int type =
      kind == MutexKind::recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_ERRORCHECK;
  bool done = ::pthread_mutexattr_settype(&attributes, type) == 0 &&
              ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
              ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0;
  auto* made = new (&mutex) pthread_mutex_t;
  done = done && ::pthread_mutex_init(made, &attributes) == 0;
  ::pthread_mutexattr_destroy(&attributes);
  if (!done || ::pthread_mutex_lock(made) != 0) return false;
  done = robust_mutex_is_own(mutex);
  ::pthread_mutex_unlock(made);
  return done && word_of(mutex) == 0;
}

MutexResult robust_mutex_lock(RobustMutex& mutex, std::int64_t until_ns) noexcept {
  pthread_mutex_t* const m = native(mutex);
  int code = ::pthread_mutex_trylock(m);
  if (code != EBUSY || until_ns == 0) return result_of(code, m);
  for (int spin = spins(); spin > 0 && code == EBUSY; --spin) {
    cpu_relax();
    if ((word_of(mutex) & FUTEX_TID_MASK) == 0) code = ::pthread_mutex_trylock(m);
  }
  // The kernel wakes one waiter when an owner dies. Should that one die before it has taken the
  // lock, the others would sleep on in old kernels: so everybody looks up once a second.
  constexpr std::int64_t look_ns = 1'000'000'000;
  while (code == EBUSY || code == ETIMEDOUT) {
    const std::int64_t now = monotonic_ns();
    if (code == ETIMEDOUT && now >= until_ns) return MutexResult::busy;
    const std::int64_t until = std::min(until_ns, now + look_ns);
    timespec time{static_cast<time_t>(until / 1'000'000'000),
                  static_cast<long>(until % 1'000'000'000)};
    code = ::pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &time);
  }
  return result_of(code, m);
}

bool robust_mutex_unlock(RobustMutex& mutex) noexcept {
  return ::pthread_mutex_unlock(native(mutex)) == 0;
}

bool robust_mutex_is_own(const RobustMutex& mutex) noexcept {
  return (word_of(mutex) & FUTEX_TID_MASK) == this_thread();
}

bool robust_mutex_is_own_here(const RobustMutex& mutex) noexcept {
  if (!robust_mutex_is_own(mutex)) return false;
  // The thread's list of held robust locks, as the kernel walks it when the thread dies.
  robust_list_head* head = nullptr;
  std::size_t bytes = 0;
  if (::syscall(SYS_get_robust_list, 0, &head, &bytes) != 0 || head == nullptr) return true;
  const auto mutex_at = reinterpret_cast<std::uintptr_t>(&mutex);
  const robust_list* const end = &head->list;
  for (const robust_list* at = end->next; at != end;) {
    // Bit 0 marks a lock with priority inheritance.
    const auto entry = reinterpret_cast<std::uintptr_t>(at) & ~std::uintptr_t{1};
    if (entry + static_cast<std::uintptr_t>(head->futex_offset) == mutex_at) return true;
    at = reinterpret_cast<const robust_list*>(entry)->next;
  }
  return false;
}

std::uint64_t robust_mutex_holder(const RobustMutex& mutex) noexcept {
  return word_of(mutex) & FUTEX_TID_MASK;
}

bool robust_mutex_is_locked(const RobustMutex& mutex) noexcept {
  return robust_mutex_holder(mutex) != 0;
}

}  // namespace furrow::os
