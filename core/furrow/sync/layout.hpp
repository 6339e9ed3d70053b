// furrow/sync/layout.hpp
//
// What a shared object's segment holds: behind the segment's header page (segment/layout.hpp), at
// byte 4096 of the file, a head of 128 bytes, and then the object's own body.
//
//   4096            4224
//   +---------------+------------------------------+
//   | object head   | body: lock, queue, value …   |
//   +---------------+------------------------------+
//
// clang-format off
//     0     8  magic           "FURROWMP"
//     8     4  type            ObjectType
//    12     4  version         of that type's body
//    16     8  fingerprint     of the C++ type inside (Value<T>, Queue<T> …); 0 where there is none
//    24     8  body_bytes
//    32     4  named           1 once the file has its name                        (atomic)
//    36    92  unused          0
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace furrow::mp {

inline constexpr std::size_t line_bytes = 128;
inline constexpr char object_magic[8] = {'F', 'U', 'R', 'R', 'O', 'W', 'M', 'P'};

/// What an object is. Numbers are kept for ever; 1000 and more belong to rooms above.
enum class ObjectType : std::uint32_t {
  lock = 1,
  rlock = 2,
  semaphore = 3,
  bounded_semaphore = 4,
  event = 5,
  condition = 6,
  barrier = 7,
  value = 8,
  raw_value = 9,
  array = 10,
  raw_array = 11,
  queue = 12,
  simple_queue = 13,
  joinable_queue = 14,
};

struct ObjectHead {
  char magic[8];
  std::uint32_t type;
  std::uint32_t version;
  std::uint64_t fingerprint;
  std::uint64_t body_bytes;
  std::atomic<std::uint32_t> named;
  std::uint8_t unused[92];
};

static_assert(sizeof(ObjectHead) == line_bytes);
static_assert(offsetof(ObjectHead, named) == 32);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace furrow::mp
