// furrow/sync/condition_layout.hpp
//
// The body of a condition. All of it belongs to who holds the lock, but for a slot's state, which
// its waiter watches.
//
// clang-format off
//     0   128  own          the RLock of a condition that was given none
//   128     4  lock_type    0: own is the lock; else ObjectType of the one that lock_name names
//   132     4  slots        how many there are
//   136     4  used         no slot from here on was ever used
//   140     4  unused
//   144     8  tickets      waiters ever: who has a lower one came earlier
//   152     4  pending      chosen waiters that are woken when the own lock is let go
//   156    32  chosen[8]    their slots
//   188    68  unused
//   256   256  lock_name    once the condition has a name; with a NUL
//   512   64 × slots
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/sync/layout.hpp>
#include <furrow/sync/member.hpp>
#include <furrow/sync/mutex.hpp>

namespace furrow::mp {

inline constexpr std::uint32_t condition_pending_max = 8;

struct ConditionSlot {
  enum State : std::uint32_t { free = 0, waiting = 1, notified = 2 };
  std::atomic<std::uint32_t> state;  // futex
  std::uint32_t unused;
  std::uint64_t ticket;
  Member waiter;
  std::uint8_t more_unused[24];
};
static_assert(sizeof(ConditionSlot) == 64);

struct ConditionBody {
  MutexBody own;
  std::uint32_t lock_type;
  std::uint32_t slot_count;
  std::uint32_t used;
  std::uint32_t unused;
  std::uint64_t tickets;
  std::uint32_t pending;
  std::uint32_t chosen[condition_pending_max];
  std::uint8_t more_unused[68];
  char lock_name[256];
  ConditionSlot* slots() noexcept { return reinterpret_cast<ConditionSlot*>(this + 1); }
};
static_assert(sizeof(ConditionBody) == 512);
static_assert(offsetof(ConditionBody, lock_name) == 256);

}  // namespace furrow::mp
