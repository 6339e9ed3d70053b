// furrow/sync/mutex.hpp
//
// The lock inside of Lock, RLock, Value and Array: what it is in shared memory, and what acquiring
// and releasing it means. Internal to the room; users have lock.hpp.
//
// clang-format off
//     0    64  mutex        os::RobustMutex
//    64     4  died         1 while held by one who was told that the owner before died  (atomic)
//    68     4  deaths       owners that died holding it                                  (atomic)
//    72    56  unused       0
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/os/robust_mutex.hpp>
#include <furrow/sync/layout.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

struct MutexBody {
  os::RobustMutex mutex;
  std::atomic<std::uint32_t> died;
  std::atomic<std::uint32_t> deaths;
  std::uint8_t unused[56];
};
static_assert(sizeof(MutexBody) == line_bytes);
static_assert(offsetof(MutexBody, died) == 64);

/// In zeroed memory.
void start_mutex(MutexBody& body, os::MutexKind kind);

/// False: the time ran out, or the caller holds a plain one already. That, and for ever, is
/// Deadlock.
bool acquire_mutex(MutexBody& body, Timeout timeout);
/// Throws NotHeld.
void release_mutex(MutexBody& body);

/// For who is known to hold it.
void release_own_mutex(MutexBody& body) noexcept;
/// Before its memory goes: released, all levels of it, if the calling thread holds it and took it
/// through this memory, since the kernel and the C library keep a list of held locks through it.
/// What was taken through another mapping of the same object stays as it is.
void abandon_mutex(MutexBody& body) noexcept;

}  // namespace furrow::mp
