// furrow/sync/takers.hpp
//
// Who took messages from a JoinableQueue and has not reported them done, so that join can say that
// a process died with some. Internal to the room.
//
// Layout     RingTakers lies in the ring's body behind the ring itself
// Exact      a message belongs to its taker from the store that takes it: takers[c & 1] is filled
// for
//            count c before c is stored, and who comes next enters what a killed one could not
// Reported   by another process than the taker: its surplus counts for the dead
// Limits     64 processes at a time; messages of further ones belong to nobody
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
///    32   4  done      messages that it reported (atomic) 36   4  told      1: somebody was told
///    of its death                                   (atomic) 40  24  unused
/// clang-format on
struct TakerAccount {
  Member holder;
  std::atomic<std::uint64_t> taken;
  std::atomic<std::uint32_t> done;
  std::atomic<std::uint32_t> told;
  std::uint8_t unused[24];
};
static_assert(sizeof(TakerAccount) == 64);
static_assert(offsetof(TakerAccount, taken) == 24);

inline constexpr std::uint32_t taker_accounts = 64;
inline constexpr std::uint32_t no_taker = taker_accounts;

struct RingTakers {
  std::atomic<std::uint32_t> takers[2];  // account of who took the message of that count
  std::atomic<std::uint32_t> used;       // accounts from here on were never used
  std::uint8_t unused[line_bytes - 12];
  TakerAccount accounts[taker_accounts];

  /// Before count `gets` is stored: this process takes the message. Under the consumers' lock. True
  /// when it takes its first one.
  bool begin(std::uint32_t gets) noexcept;
  /// After it was stored; also for one that another process stored before it died.
  void finish(std::uint32_t gets) noexcept;
  /// This process reports one done.
  void report() noexcept;
  /// Messages that died with their takers and that nobody was told of; from now on somebody is.
  /// `who` is one of the takers.
  std::uint32_t tell_lost(std::uint32_t gets, Member& who) noexcept;
  /// This process ends in order: what it took is no longer its own.
  void leave() noexcept;
};
static_assert(sizeof(RingTakers) == line_bytes + taker_accounts * 64);

}  // namespace furrow::mp
