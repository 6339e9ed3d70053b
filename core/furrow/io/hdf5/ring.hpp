// furrow/io/hdf5/ring.hpp
//
// Slots in shared memory through which workers hand filtered chunks to the one that owns the file.
//
//   +--------+--------+--------+-----+        slot:  word · heads (bytes, mask) of each chunk ·
//   bytes | header | slot 0 | slot 1 |  …  |        ticket: a run of chunks in file order, some 256
//   KiB
//   +--------+--------+--------+-----+
//
// A taker takes a free slot, then the next ticket, filters those chunks into the slot and marks it
// ready. The owner writes tickets strictly in order, which makes equal files, and frees the slots.
//
// Word     state (free, taken, ready), holder, ticket: one atomic. Taken: only its taker writes the
//          slot. Ready: stored with release after the bytes, read with acquire before them
// Crash    a taker dies: its ticket does not come, and the owner filters that one itself; whoever
//          runs the dead one's tile again frees its slots. The owner dies: the push is over
// Stopped  for a while, a taker comes back to a slot that is still its own; what it makes ready
//          late is freed unread. So a ring lasts as long as anybody may come back to it, and the
//          next push gets a new one unless all have left (session.cpp)
// Waiting  on futexes, never without an end
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace furrow::hdf5 {

struct ChunkHead {
  std::uint64_t bytes;
  std::uint64_t mask;
};

enum class SlotState : std::uint32_t { free = 0, taken = 1, ready = 2 };

struct alignas(128) Slot {
  std::atomic<std::uint64_t> word;  // state << 62 | holder << 46 | ticket
};

struct alignas(128) RingHeader {
  std::uint64_t slots;
  std::uint64_t slot_bytes;  // of one slot, its word included
  std::uint64_t heads;       // chunks in a slot
  std::uint64_t tickets;
  alignas(128) std::atomic<std::uint64_t> next_ticket;
  alignas(128) std::atomic<std::uint32_t> readied;  // +1 for each slot that became ready
  std::atomic<std::uint32_t> owner_waits;
  alignas(128) std::atomic<std::uint32_t> freed;  // +1 for each that became free
  std::atomic<std::uint32_t> takers_wait;
  std::atomic<std::uint32_t> leave;  // the push is over: takers go
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(Slot) == 128 && sizeof(RingHeader) == 512);

/// Pointers into a ring; trivially copyable.
class Ring {
 public:
  static constexpr std::uint32_t holder_max = 0xFFFF;

  Ring() = default;
  explicit Ring(void* memory) noexcept : header_(static_cast<RingHeader*>(memory)) {}

  static std::size_t bytes_for(std::size_t slots, std::size_t slot_bytes) noexcept {
    return sizeof(RingHeader) + slots * slot_bytes;
  }
  /// Bytes of a slot for so many chunks of at most so many bytes each.
  static std::size_t slot_bytes_for(std::size_t chunks, std::size_t chunk_bytes_max) noexcept;
  /// Prepares memory for a push. REQUIRES: nobody else uses it.
  void prepare(std::size_t slots, std::size_t slot_bytes, std::size_t chunks_per_ticket,
               std::uint64_t tickets) noexcept;

  bool valid() const noexcept { return header_ != nullptr; }
  RingHeader& header() const noexcept { return *header_; }
  ChunkHead* heads(const Slot& slot) const noexcept;
  std::byte* bytes(const Slot& slot) const noexcept;

  // --- takers, and the owner when it filters as well ---

  /// A slot and a ticket. Null when there is no ticket left, or no slot free (`no_slot`).
  Slot* take(std::uint32_t holder, std::uint64_t& ticket, bool& no_slot) const noexcept;
  void mark_ready(Slot& slot, std::uint32_t holder, std::uint64_t ticket) const noexcept;
  /// Waits at most so long for a slot to become free. False: leave, or the time is over.
  bool wait_free(std::int64_t timeout_ns) const noexcept;
  /// Frees what a dead holder had taken. REQUIRES: it is dead.
  void reclaim(std::uint32_t holder) const noexcept;

  // --- the owner alone ---

  /// The ready slot of a ticket, or null. Frees those of earlier tickets: they came too late.
  Slot* find_ready(std::uint64_t ticket) const noexcept;
  void release(Slot& slot) const noexcept;
  /// Waits at most so long for one of the slots to become ready after `readied` was read.
  void wait_ready(std::uint32_t readied, std::int64_t timeout_ns) const noexcept;
  /// Everybody goes.
  void close() const noexcept;

  bool any_free() const noexcept;
  bool any_ticket() const noexcept {
    return header_->next_ticket.load(std::memory_order_relaxed) < header_->tickets;
  }

 private:
  Slot& slot(std::size_t index) const noexcept;
  RingHeader* header_ = nullptr;
};

}  // namespace furrow::hdf5
