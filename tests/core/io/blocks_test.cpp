// Blocks cover every element once, never share a chunk, and boxes are copied between any strides.
#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include <furrow/io/hdf5/blocks.hpp>

namespace furrow::hdf5 {
namespace {

void check_plan(const Box& all, const Extents& chunk, std::size_t block_bytes) {
  const BlockPlan plan = plan_blocks(all, chunk, 8, block_bytes);
  std::int64_t covered = 0;
  for (std::int64_t i = 0; i < plan.blocks; ++i) {
    const Box box = plan.block(i);
    REQUIRE(size_of(box.count) > 0);
    covered += size_of(box.count);
    for (std::size_t axis = 0; axis < all.count.ndim(); ++axis) {
      const std::int64_t begin = box.offset[axis];
      const std::int64_t end = begin + box.count[axis];
      const std::int64_t last = all.offset[axis] + all.count[axis];
      REQUIRE(begin >= all.offset[axis]);
      REQUIRE(end <= last);
      // A border inside the box is a border between chunks.
      REQUIRE((begin == all.offset[axis] || begin % chunk[axis] == 0));
      REQUIRE((end == last || end % chunk[axis] == 0));
    }
    if (i > 0) {
      const Box before = plan.block(i - 1);
      REQUIRE(before.offset[plan.axis] + before.count[plan.axis] == box.offset[plan.axis]);
    }
  }
  REQUIRE(covered == size_of(all.count));
}

}  // namespace

TEST_CASE("blocks cover all elements once and never share a chunk", "[hdf5][blocks]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int trial = 0; trial < 3000; ++trial) {
    Box all;
    Extents chunk;
    const std::size_t rank = random() % 5;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      all.offset.push_back(random() % 30);
      all.count.push_back(random() % 40);
      chunk.push_back(1 + random() % 12);
    }
    check_plan(all, chunk, std::size_t{1} << random() % 16);
  }
}

TEST_CASE("a dataset of few wide chunks is cut along the axis that has more", "[hdf5][blocks]") {
  const Box all{{0, 0}, {1000, 100'000}};
  CHECK(plan_blocks(all, {1000, 10}, 8, 1 << 20).axis == 1);
  CHECK(plan_blocks(all, {10, 100'000}, 8, 1 << 20).axis == 0);
  CHECK(plan_blocks(all, {1000, 100'000}, 8, 1 << 20).blocks == 1);
}

TEST_CASE("a box is copied between any strides", "[hdf5][blocks]") {
  std::vector<int> from(60);
  for (int i = 0; i < 60; ++i) from[static_cast<std::size_t>(i)] = i;
  std::vector<int> to(60, -1);
  const Extents shape{3, 4, 5};
  // Backwards along the first axis, the other two swapped.
  copy_box(shape, 4, from.data() + 40, {-20, 5, 1}, to.data(), {20, 1, 4});
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 5; ++k) {
        REQUIRE(to[static_cast<std::size_t>(20 * i + j + 4 * k)] == 20 * (2 - i) + 5 * j + k);
      }
  int single = 0;
  copy_box({}, 4, &from[7], {}, &single, {});
  CHECK(single == 7);
  copy_box({3, 0}, 4, nullptr, {0, 1}, nullptr, {0, 1});
}

}  // namespace furrow::hdf5
