#include <furrow/io/hdf5/ring.hpp>

#include <new>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::uint64_t ticket_mask = (std::uint64_t{1} << 46) - 1;
constexpr std::size_t line = 128;

constexpr std::uint64_t pack(SlotState state, std::uint32_t holder, std::uint64_t ticket) noexcept {
  return static_cast<std::uint64_t>(state) << 62 | std::uint64_t{holder} << 46 |
         (ticket & ticket_mask);
}
constexpr SlotState state_of(std::uint64_t word) noexcept {
  return static_cast<SlotState>(word >> 62);
}
constexpr std::uint32_t holder_of(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word >> 46) & Ring::holder_max;
}

}  // namespace

std::size_t Ring::slot_bytes_for(std::size_t chunks, std::size_t chunk_bytes_max) noexcept {
  const std::size_t bytes = sizeof(Slot) + chunks * (sizeof(ChunkHead) + chunk_bytes_max);
  return (bytes + line - 1) / line * line;
}

void Ring::prepare(std::size_t slots, std::size_t slot_bytes, std::size_t chunks_per_ticket,
                   std::uint64_t tickets) noexcept {
  new (header_) RingHeader{};
  header_->slots = slots;
  header_->slot_bytes = slot_bytes;
  header_->heads = chunks_per_ticket;
  header_->tickets = tickets;
  for (std::size_t i = 0; i < slots; ++i) new (&slot(i)) Slot{};
}

Slot& Ring::slot(std::size_t index) const noexcept {
  return *reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(header_ + 1) +
                                  index * header_->slot_bytes);
}

ChunkHead* Ring::heads(const Slot& slot) const noexcept {
  return reinterpret_cast<ChunkHead*>(const_cast<Slot*>(&slot) + 1);
}

std::byte* Ring::bytes(const Slot& slot) const noexcept {
  return reinterpret_cast<std::byte*>(heads(slot) + header_->heads);
}

Slot* Ring::take(std::uint32_t holder, std::uint64_t& ticket, bool& no_slot) const noexcept {
  no_slot = false;
  if (!any_ticket()) return nullptr;
  for (std::size_t i = 0; i < header_->slots; ++i) {
    Slot& s = slot(i);
    std::uint64_t word = s.word.load(std::memory_order_relaxed);
    if (state_of(word) != SlotState::free) continue;
    // Acquire: after the owner's last look at the bytes.
    if (!s.word.compare_exchange_strong(word, pack(SlotState::taken, holder, ticket_mask),
                                        std::memory_order_acq_rel)) {
      continue;
    }
    os::fault_point("io.save.slot");
    ticket = header_->next_ticket.fetch_add(1, std::memory_order_relaxed);
    os::fault_point("io.save.ticket");
    if (ticket < header_->tickets) return &s;
    release(s);
    return nullptr;
  }
  no_slot = true;
  return nullptr;
}

void Ring::mark_ready(Slot& slot, std::uint32_t holder, std::uint64_t ticket) const noexcept {
  slot.word.store(pack(SlotState::ready, holder, ticket), std::memory_order_release);
  os::fault_point("io.save.ready");
  // The owner reads `readied` before it looks at the slots, and sleeps only while it is the same.
  header_->readied.fetch_add(1, std::memory_order_seq_cst);
  if (header_->owner_waits.load(std::memory_order_seq_cst) != 0) {
    os::futex_wake(header_->readied, os::wake_all);
  }
}

bool Ring::wait_free(std::int64_t timeout_ns) const noexcept {
  const std::int64_t until = os::monotonic_ns() + timeout_ns;
  for (;;) {
    const std::uint32_t seen = header_->freed.load(std::memory_order_seq_cst);
    if (header_->leave.load(std::memory_order_acquire) != 0) return false;
    if (any_free()) return true;
    const std::int64_t left = until - os::monotonic_ns();
    if (left <= 0) return false;
    header_->takers_wait.store(1, std::memory_order_seq_cst);
    os::futex_wait(header_->freed, seen, left);
  }
}

void Ring::reclaim(std::uint32_t holder) const noexcept {
  for (std::size_t i = 0; i < header_->slots; ++i) {
    const std::uint64_t word = slot(i).word.load(std::memory_order_acquire);
    if (state_of(word) == SlotState::taken && holder_of(word) == holder) release(slot(i));
  }
}

Slot* Ring::find_ready(std::uint64_t ticket) const noexcept {
  Slot* found = nullptr;
  for (std::size_t i = 0; i < header_->slots; ++i) {
    Slot& s = slot(i);
    const std::uint64_t word = s.word.load(std::memory_order_acquire);
    if (state_of(word) != SlotState::ready) continue;
    if ((word & ticket_mask) == ticket && found == nullptr) {
      found = &s;
    } else if ((word & ticket_mask) <= ticket) {
      release(s);
    }
  }
  return found;
}

void Ring::release(Slot& slot) const noexcept {
  slot.word.store(pack(SlotState::free, 0, 0), std::memory_order_release);
  header_->freed.fetch_add(1, std::memory_order_seq_cst);
  if (header_->takers_wait.exchange(0, std::memory_order_seq_cst) != 0) {
    os::futex_wake(header_->freed, os::wake_all);
  }
}

void Ring::wait_ready(std::uint32_t readied, std::int64_t timeout_ns) const noexcept {
  header_->owner_waits.store(1, std::memory_order_seq_cst);
  os::futex_wait(header_->readied, readied, timeout_ns);
  header_->owner_waits.store(0, std::memory_order_relaxed);
}

void Ring::close() const noexcept {
  header_->leave.store(1, std::memory_order_release);
  header_->freed.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(header_->freed, os::wake_all);
  header_->readied.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(header_->readied, os::wake_all);
}

bool Ring::any_free() const noexcept {
  for (std::size_t i = 0; i < header_->slots; ++i) {
    if (state_of(slot(i).word.load(std::memory_order_relaxed)) == SlotState::free) return true;
  }
  return false;
}

}  // namespace furrow::hdf5
