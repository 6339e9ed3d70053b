// Chunks of slabs against plain loops, filters against HDF5's own, the ring by its own rules.
#include <catch2/catch.hpp>

#include <cstring>
#include <random>
#include <vector>

#include <furrow/io/hdf5/chain.hpp>
#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/push.hpp>
#include <furrow/io/hdf5/ring.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

namespace furrow::test {
namespace {

using hdf5::ChunkGrid;
using hdf5::Target;

/// The element of a dataset whose elements are numbered in C order of `whole`.
std::uint32_t number_at(const Extents& at, const Shape& whole) {
  std::int64_t number = 0;
  for (std::size_t axis = 0; axis < at.ndim(); ++axis) number = number * whole[axis] + at[axis];
  return static_cast<std::uint32_t>(number + 1);
}

/// Calls f with every position of a box.
template <class F>
void for_each_position(const Extents& count, F f) {
  if (size_of(count) == 0) return;
  Extents at = count;
  for (std::int64_t& a : std::span(&at[0], at.ndim())) a = 0;
  for (;;) {
    f(at);
    std::size_t axis = at.ndim();
    for (; axis > 0 && ++at[axis - 1] == count[axis - 1]; --axis) at[axis - 1] = 0;
    if (axis == 0) return;
  }
}

/// Rows [begin, begin + rows) of the dataset, seen through any strides.
AnyArray rows_of(const char* name, const Shape& whole, std::int64_t begin, std::int64_t rows,
                 int layout) {
  Shape shape = whole;
  shape[0] = rows;
  AnyArray array;
  if (layout == 0) array = pattern_array(name, Dtype::u32, shape);
  if (layout == 1) {  // column-major
    Shape reversed;
    for (std::size_t axis = shape.ndim(); axis > 0; --axis) reversed.push_back(shape[axis - 1]);
    array = pattern_array(name, Dtype::u32, reversed).transpose();
  } else if (layout == 2) {  // every second one, backwards
    Shape wide = shape;
    for (std::int64_t& extent : std::span(&wide[0], wide.ndim())) extent *= 2;
    array = pattern_array(name, Dtype::u32, wide);
    for (std::size_t axis = 0; axis < shape.ndim(); ++axis) array = array.slice(axis, {{}, {}, -2});
  }
  for_each_position(shape, [&](const Extents& at) {
    Extents there = at;
    there[0] += begin;
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < at.ndim(); ++axis) offset += at[axis] * array.strides()[axis];
    static_cast<std::uint32_t*>(array.data())[offset] = number_at(there, whole);
  });
  return array;
}

void check_grid(const Shape& whole, const Extents& chunk, std::int64_t begin, std::int64_t rows,
                int layout) {
  CAPTURE(to_string(whole), to_string(chunk), begin, rows, layout);
  const AnyArray slab = rows_of("slab", whole, begin, rows, layout);
  const std::int64_t layer = begin / chunk[0] * chunk[0];
  const AnyArray head = rows_of("head", whole, layer, begin - layer, 0);
  Target target;
  target.dtype = Dtype::u32;
  target.shape = whole;
  target.chunk = chunk;
  target.chunked = true;
  const std::uint32_t fill = 0xABCDEF01;
  std::memcpy(target.fill, &fill, sizeof fill);
  const ChunkGrid grid(target, {slab.data(), slab.strides(), begin, slab.shape(), head.data()});
  std::vector<std::byte> buffer(grid.chunk_bytes());
  std::int64_t seen = 0;
  for (std::int64_t i = 0; i < grid.chunks(); ++i) {
    const Extents offset = grid.offset(i);
    const std::span<const std::byte> bytes = grid.elements(i, buffer.data());
    REQUIRE(bytes.size() == grid.chunk_bytes());
    const auto* found = reinterpret_cast<const std::uint32_t*>(bytes.data());
    bool right = true;
    for_each_position(chunk, [&](const Extents& at) {
      Extents there = at;
      bool inside = true;
      for (std::size_t axis = 0; axis < at.ndim(); ++axis) {
        there[axis] += offset[axis];
        inside = inside && there[axis] < (axis == 0 ? begin + rows : whole[axis]);
      }
      right = right && *found++ == (inside ? number_at(there, whole) : fill);
      seen += inside ? 1 : 0;
    });
    CHECK(right);
  }
  CHECK(seen == head.size() + slab.size());
}

}  // namespace

TEST_CASE("chunks hold the slab, what was there before it, and padding", "[hdf5][save]") {
  for (const int layout : {0, 1, 2}) {
    check_grid({20}, {20}, 0, 20, layout);
    check_grid({20}, {7}, 0, 20, layout);
    check_grid({20}, {7}, 3, 9, layout);
    check_grid({20}, {7}, 6, 1, layout);
    check_grid({9, 5}, {4, 5}, 0, 9, layout);
    check_grid({9, 5}, {4, 2}, 0, 8, layout);
    check_grid({9, 5}, {4, 2}, 5, 4, layout);
    check_grid({3, 4, 5}, {2, 4, 3}, 1, 2, layout);
    check_grid({2, 3, 2, 3, 2, 1, 2, 2}, {1, 2, 2, 2, 1, 1, 2, 1}, 0, 2, layout);
  }
}

TEST_CASE("what does not shrink is stored as it is, and says so", "[hdf5][save]") {
  hdf5::FilterChain chain;
  chain.add(hdf5::FilterKind::shuffle, 8);
  chain.add(hdf5::FilterKind::deflate, 6);
  chain.add(hdf5::FilterKind::fletcher32, 0);
  std::mt19937_64 generator(5);
  for (const std::size_t bytes : {1U, 7U, 8U, 1000U, 100'000U}) {
    std::vector<std::byte> noise(bytes);
    for (std::byte& b : noise) b = static_cast<std::byte>(generator());
    std::vector<std::byte> out(hdf5::encoded_bytes_max(chain, bytes));
    const hdf5::Encoded whole = hdf5::encode_chunk(chain, noise, out.data());
    CHECK(whole.mask == 2);
    CHECK(whole.bytes == bytes + 4);
    const std::vector<std::byte> zeros(bytes + 1000);
    out.resize(hdf5::encoded_bytes_max(chain, zeros.size()));
    const hdf5::Encoded packed = hdf5::encode_chunk(chain, zeros, out.data());
    CHECK(packed.mask == 0);
    CHECK(packed.bytes < 600);
  }
}

TEST_CASE("a ring: slots belong to their takers, late ones are dropped, dead ones come back",
          "[hdf5][save]") {
  const std::size_t slot_bytes = hdf5::Ring::slot_bytes_for(1, 100);
  std::vector<hdf5::RingHeader> memory(
      hdf5::Ring::bytes_for(3, slot_bytes) / sizeof(hdf5::RingHeader) + 1);
  hdf5::Ring ring(memory.data());
  ring.prepare(3, slot_bytes, 1, 4);
  std::uint64_t ticket = 99;
  bool no_slot = false;
  hdf5::Slot* const slow = ring.take(1, ticket, no_slot);
  REQUIRE((slow != nullptr && ticket == 0));
  hdf5::Slot* const quick = ring.take(2, ticket, no_slot);
  REQUIRE((quick != nullptr && quick != slow && ticket == 1));
  ring.mark_ready(*quick, 2, 1);
  CHECK(ring.find_ready(0) == nullptr);
  CHECK(ring.find_ready(1) == quick);
  ring.release(*quick);
  REQUIRE(ring.take(2, ticket, no_slot) != nullptr);
  REQUIRE(ring.take(2, ticket, no_slot) != nullptr);
  CHECK(ticket == 3);
  CHECK(ring.take(3, ticket, no_slot) == nullptr);
  CHECK_FALSE(no_slot);  // no tickets, rather
  CHECK_FALSE(ring.any_free());
  ring.reclaim(2);  // it died: its slots are free, the slow one's is not
  ring.mark_ready(*slow, 1, 0);
  CHECK(ring.find_ready(2) == nullptr);  // ticket 0 came too late, and is gone
  CHECK(ring.any_free());
  ring.close();
  CHECK_FALSE(ring.wait_free(1'000'000'000));
}

}  // namespace furrow::test
