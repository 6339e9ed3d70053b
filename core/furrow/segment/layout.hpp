// furrow/segment/layout.hpp
//
// The segment format, byte by byte: what lies in the file `furrow.<prefix><name>`.
//
//   0        4096             4096 + data_bytes, rounded up to 4096
//   +--------+----------------+----------------------------+
//   | header | array data     | attributes (two halves)    |
//   +--------+----------------+----------------------------+
//
// Header page (little-endian on every supported machine; `byte_order` says so to others):
//
// clang-format off
//     0     8  magic             "FURROW" 0x1A 0x0A
//     8     4  layout_version    1
//    12     4  byte_order        0x01020304 as the writer stores it
//    16     4  state             0 empty, 1 creating, 2 ready   (atomic; stored last, with release)
//    20     4  kind              1 array, 2 engine control, 3 object (sync/layout.hpp)
//    24     4  dtype             furrow::Dtype
//    28     4  ndim              0..8
//    32    64  shape[8]          extents in elements; unused are 0
//    96    64  strides[8]        in bytes; C order; unused are 0
//   160     8  data_offset       4096
//   168     8  data_bytes        product of the shape times the item's bytes
//   176     8  attributes_offset 4096 + data_bytes, rounded up to 4096
//   184     8  attributes_bytes  both halves together, a multiple of 4096
//   192     8  segment_bytes     the file's size, a multiple of 4096 (hugetlbfs: of the huge page);
//                                an object's file may go on behind it
//   200     4  lifetime          0 persistent, 1 owned
//   204     4  reserved          0
//   208     8  creator_pid
//   216     8  creator_start     start time of the creator, clock ticks since boot
//   224    16  creator_boot      boot id, 128 bits
//   240     8  created_at        nanoseconds since 1970 (UTC)
//   248     8  checksum          FNV-1a 64 of bytes 0..15, 20..247 and 256..1535
//   256   256  name              with prefix, filled up with NULs
//   512  1024  note              free text (UTF-8), filled up with NULs
//  1536     8  generation        +1 after every job that wrote        (atomic)
//  1544     8  attributes_word   which half counts, how long it is    (atomic; attributes.cpp)
//  1552     8  last_writer       engine that last began to write    (atomic; engine/settle.cpp)
//  1560  2536  unused            0
// clang-format on
//
// State, generation, attributes_word and last_writer are all that changes after READY.
//
// Locks, which the kernel drops with their holder (os/file.hpp):
//   flock shared           held by everybody who is attached
//   flock exclusive        held for an instant by who removes the name
//   byte 0, shared         the same as flock shared, to be looked at without disturbing anybody
//   byte 1, exclusive      held by who writes the attributes
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace furrow::segment {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t header_bytes = page_bytes;
inline constexpr std::size_t dimensions_max = 8;
inline constexpr std::size_t name_bytes_max = 200;
inline constexpr std::size_t note_bytes_max = 1023;
inline constexpr std::uint64_t holder_lock_byte = 0;
inline constexpr std::uint64_t attributes_lock_byte = 1;
inline constexpr std::uint32_t layout_version = 1;
inline constexpr std::uint32_t byte_order_mark = 0x01020304;
inline constexpr char magic[8] = {'F', 'U', 'R', 'R', 'O', 'W', '\x1A', '\x0A'};

enum class State : std::uint32_t { empty = 0, creating = 1, ready = 2 };
enum class Kind : std::uint32_t { array = 1, engine = 2, object = 3 };

struct Header {
  char magic[8];
  std::uint32_t layout_version;
  std::uint32_t byte_order;
  std::atomic<std::uint32_t> state;
  std::uint32_t kind;
  std::uint32_t dtype;
  std::uint32_t ndim;
  std::int64_t shape[dimensions_max];
  std::int64_t strides[dimensions_max];
  std::uint64_t data_offset;
  std::uint64_t data_bytes;
  std::uint64_t attributes_offset;
  std::uint64_t attributes_bytes;
  std::uint64_t segment_bytes;
  std::uint32_t lifetime;
  std::uint32_t reserved;
  std::uint64_t creator_pid;
  std::uint64_t creator_start;
  std::uint8_t creator_boot[16];
  std::int64_t created_at;
  std::uint64_t checksum;
  char name[256];
  char note[1024];
  std::atomic<std::uint64_t> generation;
  std::atomic<std::uint64_t> attributes_word;
  std::atomic<std::uint64_t> last_writer;
  std::uint8_t unused[header_bytes - 1560];
};

static_assert(sizeof(Header) == header_bytes);
static_assert(offsetof(Header, state) == 16);
static_assert(offsetof(Header, shape) == 32);
static_assert(offsetof(Header, strides) == 96);
static_assert(offsetof(Header, data_offset) == 160);
static_assert(offsetof(Header, segment_bytes) == 192);
static_assert(offsetof(Header, creator_pid) == 208);
static_assert(offsetof(Header, creator_boot) == 224);
static_assert(offsetof(Header, checksum) == 248);
static_assert(offsetof(Header, name) == 256);
static_assert(offsetof(Header, note) == 512);
static_assert(offsetof(Header, generation) == 1536);
static_assert(offsetof(Header, attributes_word) == 1544);
static_assert(offsetof(Header, last_writer) == 1552);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace furrow::segment
