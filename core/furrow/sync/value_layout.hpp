// furrow/sync/value_layout.hpp
//
// The bodies of Value and Array.
//
// clang-format off
//   Value   0   128  lock         an RLock
//         128     4  current      0 or 1: which of the two copies is the value      (atomic)
//         132     4  changing     odd while an update runs; 2 x deaths + 1 of its time
//         136   120  unused
//         256        copy 0, copy 1: each a T, on lines of its own
//
//   Array   0   128  lock         an RLock
//         128     8  count        elements
//         136   120  unused
//         256        elements
//
//   RawArray 0    8  count
//          128       elements
// clang-format on
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <furrow/sync/layout.hpp>
#include <furrow/sync/mutex.hpp>

namespace furrow::mp {

struct ValueBody {
  MutexBody lock;
  std::atomic<std::uint32_t> current;
  std::uint32_t changing;
  std::uint8_t unused[120];
};
static_assert(sizeof(ValueBody) == 256);

struct ArrayBody {
  MutexBody lock;
  std::uint64_t count;
  std::uint8_t unused[120];
};
static_assert(sizeof(ArrayBody) == 256);

struct RawArrayBody {
  std::uint64_t count;
  std::uint8_t unused[120];
};
static_assert(sizeof(RawArrayBody) == 128);

}  // namespace furrow::mp
