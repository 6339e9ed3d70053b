#include <furrow/sync/ring.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>

#include <furrow/error.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Where the system lets no file become long enough for the annex, there is less of it: else it
/// would take messages until it came to the limit, and then none.
std::uint64_t large_bytes_within_limit(std::uint64_t asked, std::uint64_t ring_bytes) noexcept {
  constexpr std::uint64_t heads = 65'536;  // of the segment, and its rounding
  const std::uint64_t limit = os::file_size_limit();
  const std::uint64_t left = limit > ring_bytes + heads ? limit - ring_bytes - heads : 0;
  return std::min(asked, left / (2 * annex_unit) * annex_unit);
}

/// Most looks that a waiting thread takes before it sleeps: some 10 us, on machines with cores to
/// spare.
std::uint32_t spins_max() noexcept {
  static const std::uint32_t count = os::granted_cores() > 1 ? 400 : 0;
  return count;
}

/// Looks for a change for about twice as long as it took lately. Where looking was in vain, since
/// the other side sleeps or has no core, there is less of it next time.
bool spin_for_change(const RingWord& count, std::uint32_t seen,
                     std::atomic<std::uint32_t>& patience) noexcept {
  const std::uint32_t usual = patience.load(std::memory_order_relaxed);
  const std::uint32_t most = std::min(spins_max(), 2 * usual + 30);
  for (std::uint32_t spin = 0; spin < most; ++spin) {
    if (count.word.load(std::memory_order_relaxed) != seen) {
      patience.store((7 * usual + spin + 7) / 8, std::memory_order_relaxed);
      return true;
    }
    os::cpu_relax();
  }
  patience.store(usual - usual / 4, std::memory_order_relaxed);
  return false;
}

class Held {
 public:
  explicit Held(os::RobustMutex& mutex) noexcept : mutex_(mutex) {}
  ~Held() { os::robust_mutex_unlock(mutex_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  os::RobustMutex& mutex_;
};

/// Stores the count that commits, and wakes who sleeps for it.
void commit(RingWord& count, std::uint32_t value, const RingWord& asleep) noexcept {
  // Ordered with the sleeper, which raises its flag and then looks at the count again.
  count.word.store(value, std::memory_order_seq_cst);
  os::fault_point("ring.committed");
  if (asleep.word.load(std::memory_order_seq_cst) != 0) os::futex_wake(count.word, 1);
}

/// Lets the other side have this core, where the two share one: then it does many steps until we
/// run again, while a sleeper is woken after the first one and the core changes hands for every
/// message. Where it gains nothing, since they take turns anyway, it is tried only now and then.
bool yield_for_change(const RingWord& count, std::uint32_t seen, RingSide& mine) noexcept {
  const std::uint32_t skip = mine.no_yield.load(std::memory_order_relaxed);
  if (skip > 0) {
    mine.no_yield.store(skip - 1, std::memory_order_relaxed);
    return false;
  }
  std::this_thread::yield();
  constexpr std::uint32_t worth_steps = 4;
  constexpr std::uint32_t pause_waits = 50;
  const std::uint32_t steps = count.word.load(std::memory_order_relaxed) - seen;
  if (steps < worth_steps) mine.no_yield.store(pause_waits, std::memory_order_relaxed);
  return steps != 0;
}

/// Waits for the other side to move on from `seen`: a short spin, then sleep. False: the time ran
/// out.
bool wait_for_change(const RingWord& count, std::uint32_t seen, RingWord& asleep, RingSide& mine,
                     const Deadline& deadline) noexcept {
  if (!deadline.passed() &&
      (spin_for_change(count, seen, mine.patience) || yield_for_change(count, seen, mine)))
    return true;
  asleep.word.store(1, std::memory_order_seq_cst);
  bool in_time = true;
  while (in_time && count.word.load(std::memory_order_seq_cst) == seen)
    in_time = sleep_while(count.word, seen, deadline);
  asleep.word.store(0, std::memory_order_relaxed);
  return in_time;
}

// The descriptor belongs to the segment.
class Borrowed {
 public:
  explicit Borrowed(int descriptor) : file_(descriptor) {}
  ~Borrowed() { file_.release(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  const os::Descriptor& get() const { return file_; }

 private:
  os::Descriptor file_;
};

}  // namespace

Ring::Ring(SharedObject object) : object_(std::move(object)) {}

Ring Ring::create(const ObjectKind& kind, std::string_view name, const QueueOptions& options,
                  bool joinable) {
  if (options.capacity_bytes > (std::size_t{1} << 40) ||
      options.large_bytes_max > large_bytes_limit)
    throw InvalidArgument(
        fmt::format("a queue of {} bytes with {} for large messages was asked for, at most 1 TiB "
                    "and 256 GiB can be had",
                    options.capacity_bytes, options.large_bytes_max));
  const std::uint64_t capacity = std::bit_ceil(std::max<std::size_t>(4096, options.capacity_bytes));
  const std::uint64_t items =
      options.items_max == 0 ? std::uint64_t{1} << 31 : std::uint64_t{options.items_max};
  const std::size_t behind = joinable ? sizeof(RingTakers) : 0;
  const std::size_t bytes = sizeof(RingBody) + capacity + behind;
  return Ring(SharedObject::create(kind, name, bytes, [&](std::byte* at) {
    auto& body = *reinterpret_cast<RingBody*>(at);
    body.capacity_bytes = capacity;
    body.joinable = joinable ? 1 : 0;
    body.large_bytes_max = large_bytes_within_limit(options.large_bytes_max, bytes);
    body.items_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(items, std::uint64_t{1} << 31));
    if (!os::robust_mutex_create(body.producers.mutex, os::MutexKind::plain) ||
        !os::robust_mutex_create(body.consumers.mutex, os::MutexKind::plain))
      throw Error("this system has no robust locks between processes");
  }));
}

Ring Ring::attach(const ObjectKind& kind, std::string_view name) {
  Ring ring(SharedObject::attach(kind, name, sizeof(RingBody)));
  const std::uint64_t capacity = ring.body().capacity_bytes;
  const std::uint64_t behind = ring.body().joinable != 0 ? sizeof(RingTakers) : 0;
  if (!std::has_single_bit(capacity) ||
      capacity + behind > ring.object_.body_bytes() - sizeof(RingBody))
    throw Corrupt(fmt::format("\"{}\" is damaged: a ring of {} bytes", name, capacity));
  return ring;
}

void Ring::copy_in(std::uint64_t position, const void* from, std::size_t count) const noexcept {
  const std::uint64_t capacity = body().capacity_bytes;
  const std::uint64_t at = position & (capacity - 1);
  const std::size_t first = std::min<std::uint64_t>(count, capacity - at);
  std::memcpy(bytes() + at, from, first);
  if (first < count)
    std::memcpy(bytes(), static_cast<const std::byte*>(from) + first, count - first);
}

void Ring::copy_out(std::uint64_t position, void* to, std::size_t count) const noexcept {
  const std::uint64_t capacity = body().capacity_bytes;
  const std::uint64_t at = position & (capacity - 1);
  const std::size_t first = std::min<std::uint64_t>(count, capacity - at);
  std::memcpy(to, bytes() + at, first);
  if (first < count) std::memcpy(static_cast<std::byte*>(to) + first, bytes(), count - first);
}

/// Where a piece of the annex lies in the file: in two parts where it wraps around.
struct Ring::Parts {
  std::uint64_t first_at, first_bytes;
  std::uint64_t rest_at, rest_bytes;
};

/// What may be taken of the annex, in its units.
std::uint64_t Ring::annex_bytes() const noexcept {
  const std::uint64_t most = std::min(body().large_bytes_max, large_bytes_limit);
  return round_up(std::max<std::uint64_t>(most, 1), annex_unit);
}

Ring::Parts Ring::annex_parts(std::uint64_t position, std::uint64_t bytes) const noexcept {
  const std::uint64_t span = 2 * annex_bytes();
  const std::uint64_t at = position % span;
  const std::uint64_t first = std::min(bytes, span - at);
  return {object_.segment_bytes() + at, first, object_.segment_bytes(), bytes - first};
}

void Ring::release_annex(std::uint64_t position, std::uint64_t bytes) const noexcept {
  const Borrowed file(object_.descriptor());
  const Parts parts = annex_parts(position, bytes);
  os::release_part(file.get(), parts.first_at, parts.first_at + parts.first_bytes);
  os::release_part(file.get(), parts.rest_at, parts.rest_at + parts.rest_bytes);
}

// A huge page goes back only as a whole: what lies before the piece in its first page was taken
// earlier, and is nobody's for as long as we hold the consumers' lock, so it goes along.
void Ring::release_taken(std::uint64_t position, std::uint64_t bytes) const noexcept {
  const std::uint64_t at = position % (2 * annex_bytes());
  const std::uint64_t along = std::min({(object_.segment_bytes() + at) % os::huge_page_bytes, at,
                                        annex_bytes() - std::min(bytes, annex_bytes())});
  release_annex(position - along, bytes + along);
}

void Ring::write_large(std::uint64_t position, std::span<const std::byte> message) const {
  const Borrowed file(object_.descriptor());
  const Parts parts = annex_parts(position, message.size());
  std::error_code error =
      os::write_within_limit(file.get(), parts.first_at, message.data(), parts.first_bytes);
  if (!error && parts.rest_bytes > 0)
    error = os::write_within_limit(file.get(), parts.rest_at, message.data() + parts.first_bytes,
                                   parts.rest_bytes);
  os::fault_point("ring.put.large");
  if (!error) return;
  release_annex(position, round_up(message.size(), annex_unit));
  throw OutOfSpace(
      fmt::format("a message of {} bytes cannot be put: {} (it lies in {} until it is taken)",
                  message.size(), error.message(), object_.place().directory));
}

void Ring::read_large(std::uint64_t position, std::byte* to, std::size_t count) const {
  const Borrowed file(object_.descriptor());
  const Parts parts = annex_parts(position, count);
  std::error_code error;
  std::size_t got = os::read_at(file.get(), parts.first_at, to, parts.first_bytes, error);
  if (!error && parts.rest_bytes > 0)
    got += os::read_at(file.get(), parts.rest_at, to + parts.first_bytes, parts.rest_bytes, error);
  if (got != count)
    throw IoError(fmt::format("a message of {} bytes cannot be read: {}", count,
                              error ? error.message() : "its file is shorter"));
}

bool Ring::lock_side(os::RobustMutex& mutex, const Deadline& deadline, bool for_put) const {
  os::MutexResult result = os::robust_mutex_lock(mutex, 0);
  if (result == os::MutexResult::busy) {
    // The holder may be copying, which is soon over, or waiting: then there is nothing to be had.
    if (!deadline.passed()) {
      result = os::robust_mutex_lock(mutex, deadline.at_ns());
    } else {
      for (int spin = 1000; spin > 0 && result == os::MutexResult::busy; --spin) {
        if (for_put ? full() : size() == 0) break;
        os::cpu_relax();
        result = os::robust_mutex_lock(mutex, 0);
      }
    }
  }
  if (result == os::MutexResult::owner_died) {
    // It may have died with large messages half written, or taken and not given back.
    const RingBody& b = body();
    const auto& side = for_put ? b.producers : b.consumers;
    const std::uint32_t count = (for_put ? b.puts : b.gets).word.load(std::memory_order_relaxed);
    const std::uint64_t place = side.places[count & 1].annex.load(std::memory_order_relaxed);
    // Before what was last taken there is nothing for as long as we hold the consumers' lock, and
    // behind what was last put for as long as we hold the producers'.
    const std::uint64_t reach = for_put ? annex_bytes() : std::min(annex_bytes(), place);
    release_annex(for_put ? place : place - reach, reach);
  }
  return result == os::MutexResult::acquired || result == os::MutexResult::owner_died;
}

void Ring::see_consumers() const noexcept {
  RingBody& b = body();
  RingSide& mine = b.producers;
  for (;;) {
    const std::uint32_t gets = b.gets.word.load(std::memory_order_acquire);
    os::fault_point("ring.put.looking");
    const RingPlace& place = b.consumers.places[gets & 1];
    const std::uint64_t ring = place.ring.load(std::memory_order_relaxed);
    const std::uint64_t annex = place.annex.load(std::memory_order_relaxed);
    // The place of count g is filled anew for g + 2, which comes after the commit of g + 1, and may
    // then never be committed.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (b.gets.word.load(std::memory_order_relaxed) != gets) continue;
    mine.seen_place.ring.store(ring, std::memory_order_relaxed);
    mine.seen_place.annex.store(annex, std::memory_order_relaxed);
    mine.seen.store(gets, std::memory_order_relaxed);
    return;
  }
}

bool Ring::has_room(std::uint32_t puts, const Place& tail, const Place& end) const noexcept {
  const RingBody& b = body();
  const RingSide& mine = b.producers;
  return puts - mine.seen.load(std::memory_order_relaxed) < b.items_max &&
         end.ring - mine.seen_place.ring.load(std::memory_order_relaxed) <= b.capacity_bytes &&
         (end.annex == tail.annex ||
          end.annex - mine.seen_place.annex.load(std::memory_order_relaxed) <= annex_bytes());
}

bool Ring::wait_for_room(std::uint32_t puts, const Place& tail, const Place& end,
                         const Deadline& deadline) const noexcept {
  if (has_room(puts, tail, end)) return true;
  RingBody& b = body();
  for (;;) {
    see_consumers();
    if (has_room(puts, tail, end)) return true;
    if (!wait_for_change(b.gets, b.producers.seen.load(std::memory_order_relaxed),
                         b.producers_asleep, b.producers, deadline))
      return false;
  }
}

bool Ring::put(std::span<const std::byte> message, Timeout timeout) const {
  RingBody& b = body();
  const bool large = message.size() > b.capacity_bytes / 4;
  if (large && message.size() > b.large_bytes_max)
    throw MessageTooLarge(
        fmt::format("a message of {} bytes is put, this queue takes at most {} (large_bytes_max)",
                    message.size(), b.large_bytes_max));
  const Deadline deadline(timeout);
  if (!lock_side(b.producers.mutex, deadline, true)) return false;
  const Held held(b.producers.mutex);
  os::fault_point("ring.put.locked");
  const std::uint32_t puts = b.puts.word.load(std::memory_order_relaxed);
  const RingPlace& place = b.producers.places[puts & 1];
  const Place tail{place.ring.load(std::memory_order_relaxed),
                   place.annex.load(std::memory_order_relaxed)};
  Place end = tail;
  end.ring += 8 + (large ? 0 : round_up(message.size(), 8));
  if (large) end.annex += round_up(message.size(), annex_unit);
  if (!wait_for_room(puts, tail, end, deadline)) return false;

  const std::uint64_t head = message.size() | (large ? record_large : 0);
  std::memcpy(head_at(tail.ring), &head, sizeof head);  // of eight bytes, it never wraps around
  if (large)
    write_large(tail.annex, message);
  else
    copy_in(tail.ring + 8, message.data(), message.size());
  os::fault_point("ring.put.copied");
  RingPlace& next = b.producers.places[(puts + 1) & 1];
  next.ring.store(end.ring, std::memory_order_relaxed);
  next.annex.store(end.annex, std::memory_order_relaxed);
  commit(b.puts, puts + 1, b.consumers_asleep);
  return true;
}

bool Ring::wait_for_message(std::uint32_t gets, const Deadline& deadline) const noexcept {
  RingBody& b = body();
  RingSide& mine = b.consumers;
  // Acquire: the message was written before it was counted, by who saw it as by who sees it now.
  if (mine.seen.load(std::memory_order_acquire) != gets) return true;
  for (;;) {
    const std::uint32_t puts = b.puts.word.load(std::memory_order_acquire);
    mine.seen.store(puts, std::memory_order_release);
    if (puts != gets) return true;
    if (!wait_for_change(b.puts, gets, b.consumers_asleep, mine, deadline)) return false;
  }
}

bool Ring::get(MessageSink& sink, Timeout timeout) const {
  RingBody& b = body();
  const Deadline deadline(timeout);
  if (!lock_side(b.consumers.mutex, deadline, false)) return false;
  const Held held(b.consumers.mutex);
  os::fault_point("ring.get.locked");
  const std::uint32_t gets = b.gets.word.load(std::memory_order_relaxed);
  if (!wait_for_message(gets, deadline)) return false;

  const RingPlace& place = b.consumers.places[gets & 1];
  Place next{place.ring.load(std::memory_order_relaxed),
             place.annex.load(std::memory_order_relaxed)};
  std::uint64_t head = 0;
  std::memcpy(&head, head_at(next.ring), sizeof head);
  const std::uint64_t count = head & ~record_large;
  const bool large = (head & record_large) != 0;
  const std::uint64_t bytes = round_up(count, annex_unit);
  std::byte* const to = sink.room(count);
  if (large) {
    read_large(next.annex, to, count);
    next.annex += bytes;
  } else {
    copy_out(next.ring + 8, to, count);
  }
  next.ring += 8 + (large ? 0 : round_up(count, 8));
  os::fault_point("ring.get.copied");
  RingTakers* const takers_here = takers();
  if (takers_here != nullptr) begin_taking(*takers_here, gets);
  RingPlace& after = b.consumers.places[(gets + 1) & 1];
  // Release: who sees these sees the commit before the last one, too (see_consumers).
  after.ring.store(next.ring, std::memory_order_release);
  after.annex.store(next.annex, std::memory_order_release);
  os::fault_point("ring.get.placed");
  commit(b.gets, gets + 1, b.producers_asleep);
  if (takers_here != nullptr) takers_here->finish(gets + 1, b.gets.word);
  // Still under the lock: the others can then not have come around to this place again.
  if (large) release_taken(next.annex - bytes, bytes);
  return true;
}

std::size_t Ring::size() const noexcept {
  const RingBody& b = body();
  const std::uint32_t gets = b.gets.word.load(std::memory_order_acquire);
  return b.puts.word.load(std::memory_order_acquire) - gets;
}

bool Ring::full() const noexcept {
  const RingBody& b = body();
  if (size() >= b.items_max) return true;
  const std::uint32_t gets = b.gets.word.load(std::memory_order_acquire);
  const std::uint32_t puts = b.puts.word.load(std::memory_order_acquire);
  const std::uint64_t head = b.consumers.places[gets & 1].ring.load(std::memory_order_relaxed);
  const std::uint64_t tail = b.producers.places[puts & 1].ring.load(std::memory_order_relaxed);
  constexpr std::uint64_t short_message_bytes = 64;
  return tail > head && tail - head + short_message_bytes > b.capacity_bytes;
}

}  // namespace furrow::mp
