// furrow/sync/ring_layout.hpp
//
// The body of a queue: a ring of messages in its segment, and behind the segment, in the same file,
// an annex for messages that are too long for the ring.
//
//   0            1024                      1024 + capacity_bytes      segment_bytes …
//   +------------+-------------------------+---- - - - - - -----------+- - - - - - - - - -
//   | lines      | ring: records           |  (rest of the segment)   |  annex, sparse
//   +------------+-------------------------+---- - - - - - -----------+- - - - - - - - - -
//
// A record     8 bytes: size of the message, top bit set where it lies in the annex; then the
//              message, filled up to 8 bytes (in the annex: to 4096). It may wrap around.
// Positions    count bytes from the queue's beginning and only grow; where the byte lies is the
//              position modulo the capacity; in the annex modulo its span, twice large_bytes_max:
//              what is in the queue fills one half at most, so that in the other one there is time
//              to give back the memory of what was taken. A message may wrap around there, too.
// Commit       places[c & 1] of a side is its position when its count is c. Whoever advances fills
//              the other one and then stores c + 1: the one store that makes it so. Killed before,
//              nothing happened; killed after, all of it.
//
// clang-format off
//     0   8  capacity_bytes       8  8  large_bytes_max      16  4  items_max
//    20   4  joinable: 1 where RingTakers lie behind the ring (takers.hpp)      24 104  unused
//   128 128  producers: mutex, places, what they last saw of the consumers
//   256 128  puts       messages ever put, modulo 2^32                             (atomic, futex)
//   384 128  producers_asleep                                                      (atomic)
//   512 128  consumers: mutex, places, what they last saw of the producers
//   640 128  gets       messages ever taken                                        (atomic, futex)
//   768 128  consumers_asleep                                                      (atomic)
//   896 128  done       messages ever reported done (JoinableQueue)                (atomic, futex)
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/os/robust_mutex.hpp>
#include <furrow/sync/layout.hpp>

namespace furrow::mp {

struct RingPlace {
  std::atomic<std::uint64_t> ring;
  std::atomic<std::uint64_t> annex;
};

/// One side: producers or consumers. All but the mutex belongs to who holds it.
struct alignas(line_bytes) RingSide {
  os::RobustMutex mutex;
  RingPlace places[2];                  // read by the other side
  std::atomic<std::uint32_t> seen;      // the other side's count, or less
  std::atomic<std::uint32_t> patience;  // looks that were enough lately, before sleeping
  RingPlace seen_place;                 // its place, or less
  std::atomic<std::uint32_t> no_yield;  // waits in which giving up the core is not tried
  std::uint32_t unused;
};
static_assert(sizeof(RingSide) == line_bytes);

struct alignas(line_bytes) RingWord {
  std::atomic<std::uint32_t> word;
  std::uint8_t unused[line_bytes - 4];
};
static_assert(sizeof(RingWord) == line_bytes);

struct RingBody {
  std::uint64_t capacity_bytes;  // a power of two
  std::uint64_t large_bytes_max;
  std::uint32_t items_max;
  std::uint32_t joinable;
  std::uint8_t unused[line_bytes - 24];
  RingSide producers;
  RingWord puts;
  RingWord producers_asleep;
  RingSide consumers;
  RingWord gets;
  RingWord consumers_asleep;
  RingWord done;
};
static_assert(sizeof(RingBody) == 1024);
static_assert(offsetof(RingBody, producers) == 128);
static_assert(offsetof(RingBody, consumers) == 512);
static_assert(offsetof(RingBody, done) == 896);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

inline constexpr std::uint64_t record_large = std::uint64_t{1} << 63;
inline constexpr std::uint64_t annex_unit = 4096;
inline constexpr std::uint64_t large_bytes_limit = std::uint64_t{1} << 38;

}  // namespace furrow::mp
