// Shapes and strides against a model that enumerates every element.
#include <furrow/array/shape.hpp>

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using furrow::InvalidArgument;
using furrow::Shape;
using furrow::Strides;

namespace {

// The offsets of all elements in C order.
std::vector<std::int64_t> offsets(const Shape& shape, const Strides& strides) {
  std::vector<std::int64_t> result{0};
  for (std::size_t axis = 0; axis < shape.ndim(); ++axis) {
    std::vector<std::int64_t> next;
    for (const std::int64_t offset : result)
      for (std::int64_t i = 0; i < shape[axis]; ++i) next.push_back(offset + i * strides[axis]);
    result = std::move(next);
  }
  return result;
}

bool counts_up(const std::vector<std::int64_t>& list) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i] != static_cast<std::int64_t>(i)) return false;
  return true;
}

}  // namespace

TEST_CASE("C strides walk the memory in order, for every rank") {
  Shape shape;
  for (int rank = 0; rank <= 8; ++rank) {
    CHECK(counts_up(offsets(shape, furrow::c_strides(shape))));
    CHECK(furrow::is_contiguous(shape, furrow::c_strides(shape)));
    if (rank < 8) shape.push_back(rank % 3 + 1);
  }
  CHECK_THROWS_AS(shape.push_back(1), InvalidArgument);
  CHECK(furrow::c_strides({3, 0, 4}) == Strides{4, 4, 1});
}

TEST_CASE("contiguity and coalescing agree with the enumeration of elements") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  int joined = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    Shape shape;
    const int rank = static_cast<int>(random() % 5);
    for (int axis = 0; axis < rank; ++axis) shape.push_back(random() % 4);
    Strides strides = furrow::c_strides(shape);
    // Half of the time as it is, else with strides that gap, repeat or run backwards.
    if (random() % 2 != 0)
      for (int axis = 0; axis < rank; ++axis)
        if (random() % 2 != 0) strides[axis] *= static_cast<std::int64_t>(random() % 5) - 1;
    const auto expected = offsets(shape, strides);
    CAPTURE(furrow::to_string(shape), furrow::to_string(strides));
    REQUIRE(furrow::is_contiguous(shape, strides) == counts_up(expected));
    Shape few = shape;
    Strides few_strides = strides;
    furrow::coalesce(few, few_strides);
    REQUIRE(offsets(few, few_strides) == expected);
    REQUIRE(few.ndim() <= std::max<std::size_t>(1, shape.ndim()));
    if (furrow::is_contiguous(shape, strides)) REQUIRE(few.ndim() <= 1);
    joined += few.ndim() < shape.ndim();
  }
  CHECK(joined > 1000);
}

TEST_CASE("sizes that no memory can have are refused") {
  CHECK(furrow::checked_size({}, 8) == 1);
  CHECK(furrow::checked_size({1860, 4}, 8) == 7440);
  CHECK(furrow::checked_size({0, 5}, 8) == 0);
  CHECK(furrow::checked_size({std::int64_t{1} << 59}, 8) == std::int64_t{1} << 59);
  CHECK_THROWS_AS(furrow::checked_size({(std::int64_t{1} << 59) + 1}, 8), InvalidArgument);
  CHECK_THROWS_AS(furrow::checked_size({INT64_MAX, INT64_MAX}, 8), InvalidArgument);
  CHECK_THROWS_AS(furrow::checked_size({0, INT64_MAX, INT64_MAX}, 8), InvalidArgument);
  CHECK_THROWS_AS(furrow::checked_size({3, -1}, 8), InvalidArgument);
  CHECK_THROWS_AS(furrow::checked_size({-1, 0}, 8), InvalidArgument);
}

TEST_CASE("shapes as text, in and out") {
  CHECK(furrow::to_string({}) == "()");
  CHECK(furrow::to_string({5}) == "(5,)");
  CHECK(furrow::to_string({1860, 4}) == "(1860, 4)");
  CHECK(furrow::parse_shape("") == Shape{});
  CHECK(furrow::parse_shape("1000,64") == Shape{1000, 64});
  CHECK(furrow::parse_shape("1000, 64") == Shape{1000, 64});
  CHECK(furrow::parse_shape("7,") == Shape{7});
  CHECK(furrow::parse_shape("0") == Shape{0});
  for (const char* bad : {",", "a", "1,,2", "1,2,", "-1", "1.5", "99999999999999999999", "1x", "+3",
                          "1,2,3,4,5,6,7,8,9", " "})
    CHECK_THROWS_AS(furrow::parse_shape(bad), InvalidArgument);
}
