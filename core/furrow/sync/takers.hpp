// furrow/sync/takers.hpp
//
// Who took messages from a JoinableQueue and has not reported them done, so that join can say that
// a process died with some. Internal to the room.
//
// Layout     RingTakers lies in the ring's body behind the ring itself
// Exact      a message belongs to its taker from the store that takes it: takers[c & 1] is filled
//            for count c before c is stored, and who comes next enters what a killed one could not
// Lost       is what the dead had open, but never more than what is not reported and not open with
//            anybody else. The ring's count of reports is the truth, an account's only says whose
//            they were: who is killed between the two has reported
// Reported   by another process than the taker, whether it ever took one or not: counts for the
//            dead. (Where it was for one who lives, what died is told when that one has none open)
// Limits     64 processes at a time; further ones share an account, which never dies
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/sync/layout.hpp>
#include <furrow/sync/member.hpp>

namespace furrow::mp {

/// clang-format off
///     0  24  holder    who; pid 0: free                  (changed under the consumers' lock)
///    24   8  taken     low half: messages; high half: the count at which the last one was (atomic)
///    32   4  done      messages that it reported, or that are told to be lost      (atomic)
///    36   4  left      1: it ended in order, and others may report what it took    (atomic)
///    40  24  unused
/// clang-format on
/// Counts go on when an account gets another holder; what matters is their difference.
struct TakerAccount {
  Member holder;
  std::atomic<std::uint64_t> taken;
  std::atomic<std::uint32_t> done;
  std::atomic<std::uint32_t> left;
  std::uint8_t unused[24];
};
static_assert(sizeof(TakerAccount) == 64);
static_assert(offsetof(TakerAccount, taken) == 24);

inline constexpr std::uint32_t taker_accounts = 64;
inline constexpr std::uint32_t shared_account = taker_accounts;

/// Messages that died with their takers, of whom `who` is one.
struct LostItems {
  std::uint32_t count = 0;
  Member who;
};

struct RingTakers {
  std::atomic<std::uint32_t> takers[2];  // account of who took the message of that count
  std::atomic<std::uint32_t> used;       // accounts from here on were never used
  std::uint8_t unused[line_bytes - 12];
  TakerAccount accounts[taker_accounts + 1];

  /// Before count `gets` is stored: this process takes the message. Under the consumers' lock. True
  /// when it takes its first one.
  bool begin(std::uint32_t gets) noexcept;
  /// After it was stored; also for one that another process stored before it died. Does nothing
  /// unless `now` still is `gets`: then it has been done.
  void finish(std::uint32_t gets, const std::atomic<std::uint32_t>& now) noexcept;
  /// This process reports one done.
  void report() noexcept;
  /// When so many are reported of all messages that were taken. True only if `done` was read
  /// before.
  LostItems lost(std::uint32_t done, const std::atomic<std::uint32_t>& gets) noexcept;
  /// So many of them are told, and no longer open.
  void settle(std::uint32_t count) noexcept;
  /// This process ends in order: what it took does not die with it.
  void leave() noexcept;
};
static_assert(sizeof(RingTakers) == line_bytes + (taker_accounts + 1) * 64);

}  // namespace furrow::mp
