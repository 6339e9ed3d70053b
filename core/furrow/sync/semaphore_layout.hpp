// furrow/sync/semaphore_layout.hpp
//
// The body of a semaphore. With OnDeath::keep only value, asleep and bound are used.
//
// clang-format off
//     0    64  guard          os::RobustMutex, over total, accounts and value
//    64     4  value          permits to be had                                (atomic, futex)
//    68     4  asleep         sleepers, those included that were killed         (atomic)
//    72     4  bound          most permits there may be to be had
//    76     4  gives_back     OnDeath
//    80     4  total          permits to be had and held                       (atomic)
//    84     4  given_back     permits of the dead that came back               (atomic)
//    88     4  bounded        1: beyond the bound is misuse
//    92     4  used           accounts from here on were never used
//    96    32  unused
//   128    32 × 64  accounts  who holds how many; the first one is of those that found no other
// clang-format on
//
// With give_back an acquire or a release is one store to an account (or to total): value is what
// follows from these, and is computed anew by who finds the guard's owner dead.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/os/robust_mutex.hpp>
#include <furrow/sync/layout.hpp>
#include <furrow/sync/member.hpp>

namespace furrow::mp {

struct SemaphoreAccount {
  Member holder;  // changes only while held is 0
  std::atomic<std::uint32_t> held;
  std::uint32_t unused;
};
static_assert(sizeof(SemaphoreAccount) == 32);

inline constexpr std::size_t semaphore_accounts = 64;

struct SemaphoreBody {
  os::RobustMutex guard;
  std::atomic<std::uint32_t> value;
  std::atomic<std::uint32_t> asleep;
  std::uint32_t bound;
  std::uint32_t gives_back;
  std::atomic<std::uint32_t> total;
  std::atomic<std::uint32_t> given_back;
  std::uint32_t bounded;
  std::uint32_t used;
  std::uint8_t unused[32];
  SemaphoreAccount accounts[semaphore_accounts];
};
static_assert(offsetof(SemaphoreBody, value) == 64);
static_assert(offsetof(SemaphoreBody, total) == 80);
static_assert(offsetof(SemaphoreBody, accounts) == 128);

}  // namespace furrow::mp
