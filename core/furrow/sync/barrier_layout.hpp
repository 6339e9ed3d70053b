// furrow/sync/barrier_layout.hpp
//
// The body of a barrier. All of it belongs to who holds the guard; who finds the guard's owner dead
// breaks the barrier, whatever that one was at. Breaking is the one thing that needs no guard,
// since its holder may be stopped: state and the slots' states are changed by exchange, and broken
// stays until somebody resets it under the guard.
//
// clang-format off
//     0    64  guard         os::RobustMutex
//    64     4  parties
//    68     4  slots         2 × parties + 16
//    72     4  phase         grows with every change that waiters must see       (atomic, futex)
//    76     4  state         0 filling, 1 the action runs, 2 broken              (atomic)
//    80     4  reason        why it is broken                                    (atomic)
//    84     4  arrived       who have come since the last ones passed
//    88     4  next_slot     where a free one is likely
//    92     4  unused
//    96     8  next_look     when somebody should look for the dead, os::monotonic_ns   (atomic)
//   104    24  unused
//   128    64 × slots        one for each who waits
//          32 × parties      processes that are known as parties
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/os/robust_mutex.hpp>
#include <furrow/sync/layout.hpp>
#include <furrow/sync/member.hpp>

namespace furrow::mp {

struct BarrierSlot {
  enum State : std::uint32_t { free = 0, waiting = 1, passed = 2, broken = 3 };
  std::atomic<std::uint32_t> state;
  std::uint32_t index;
  Member waiter;
  std::uint8_t unused[32];
};
static_assert(sizeof(BarrierSlot) == 64);

struct BarrierParty {
  Member member;
  std::uint64_t unused;
};
static_assert(sizeof(BarrierParty) == 32);

struct BarrierBody {
  enum State : std::uint32_t { filling = 0, acting = 1, broken = 2 };
  enum Reason : std::uint32_t { none = 0, aborted, timed_out, action_threw, party_died };
  os::RobustMutex guard;
  std::uint32_t parties;
  std::uint32_t slot_count;
  std::atomic<std::uint32_t> phase;
  std::atomic<std::uint32_t> state;
  std::atomic<std::uint32_t> reason;
  std::uint32_t arrived;
  std::uint32_t next_slot;
  std::uint32_t unused;
  std::atomic<std::int64_t> next_look;
  std::uint8_t more_unused[24];
  BarrierSlot* slots() noexcept { return reinterpret_cast<BarrierSlot*>(this + 1); }
  BarrierParty* known() noexcept { return reinterpret_cast<BarrierParty*>(slots() + slot_count); }
  static constexpr std::size_t bytes(std::size_t parties) noexcept {
    return sizeof(BarrierBody) + (2 * parties + 16) * sizeof(BarrierSlot) +
           parties * sizeof(BarrierParty);
  }
};
static_assert(sizeof(BarrierBody) == 128);
static_assert(offsetof(BarrierBody, phase) == 72);
static_assert(offsetof(BarrierBody, next_look) == 96);

}  // namespace furrow::mp
