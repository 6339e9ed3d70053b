// Arrays: creation, typing, and slices against Python's rules.
#include <furrow/array/array.hpp>

#include <catch2/catch.hpp>
#include <numeric>
#include <random>

using furrow::AnyArray;
using furrow::Array;
using furrow::Dtype;
using furrow::Shape;
using furrow::Slice;

namespace {

furrow::CreateOptions owned() {
  furrow::CreateOptions options;
  options.lifetime = furrow::Lifetime::owned;
  return options;
}

// What Python's range(extent)[slice] holds, by the definition in the language reference: positions
// out of range are moved to the nearest end, then steps are counted off one by one.
std::vector<std::int64_t> python_slice(const Slice& slice, std::int64_t extent) {
  const auto move = [&](std::int64_t p) {
    if (p < 0) p += extent;
    if (slice.step > 0) return std::min(std::max<std::int64_t>(p, 0), extent);
    return std::min(std::max<std::int64_t>(p, -1), extent - 1);
  };
  std::vector<std::int64_t> result;
  if (slice.step > 0) {
    const std::int64_t end = slice.end ? move(*slice.end) : extent;
    for (std::int64_t i = slice.begin ? move(*slice.begin) : 0; i < end; i += slice.step)
      result.push_back(i);
  } else {
    const std::int64_t end = slice.end ? move(*slice.end) : -1;
    for (std::int64_t i = slice.begin ? move(*slice.begin) : extent - 1; i > end; i += slice.step)
      result.push_back(i);
  }
  return result;
}

// Slices of one axis, for every extent, begin, end and step in a small box.
void check_all_slices(std::int64_t extent) {
  auto array = Array<std::int64_t>::create("slices", {extent}, owned());
  std::iota(array.data(), array.data() + extent, 0);
  std::vector<std::optional<std::int64_t>> ends{std::nullopt};
  for (std::int64_t i = -extent - 2; i <= extent + 2; ++i) ends.push_back(i);
  for (const auto& begin : ends)
    for (const auto& end : ends)
      for (const std::int64_t step : {-5, -2, -1, 1, 2, 3, 7}) {
        const auto expected = python_slice({begin, end, step}, extent);
        const auto sliced = array.slice(0, {begin, end, step});
        REQUIRE(sliced.extent(0) == static_cast<std::int64_t>(expected.size()));
        for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(sliced(i) == expected[i]);
      }
}

}  // namespace

TEST_CASE("slices are Python's slices") {
  for (const std::int64_t extent : {0, 1, 2, 5, 6}) check_all_slices(extent);
}

TEST_CASE("slices take the extremes of 64 bits") {
  auto array = Array<std::int64_t>::create("extremes", {6}, owned());
  std::iota(array.data(), array.data() + 6, 0);
  const Slice extremes[] = {{INT64_MIN, INT64_MAX, 1},
                            {INT64_MAX, INT64_MIN, -1},
                            {std::nullopt, std::nullopt, INT64_MAX},
                            {std::nullopt, std::nullopt, INT64_MIN},
                            {INT64_MIN, INT64_MIN, -1},
                            {INT64_MAX, INT64_MAX, 1}};
  const std::int64_t counts[] = {6, 6, 1, 1, 0, 0};
  for (int i = 0; i < 6; ++i) CHECK(array.slice(0, extremes[i]).size() == counts[i]);
  CHECK(array.slice(0, extremes[3])(0) == 5);
  CHECK_THROWS_AS(array.slice(0, {0, 3, 0}), furrow::InvalidArgument);
  CHECK_THROWS_AS(array.slice(1, {0, 3, 1}), furrow::InvalidArgument);
}

TEST_CASE("chains of slices, positions and transpositions keep naming the right elements") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto whole = Array<std::int64_t>::create("chains", {4, 5, 6}, owned());
  std::iota(whole.data(), whole.data() + 120, 0);
  for (int trial = 0; trial < 2000; ++trial) {
    Array<std::int64_t> array = whole;
    // The model: the value that each element must have, in C order of the present shape.
    std::vector<std::int64_t> model(120);
    std::iota(model.begin(), model.end(), 0);
    for (int operation = 0; operation < 4 && array.ndim() > 0; ++operation) {
      const std::size_t axis = random() % array.ndim();
      std::int64_t inner = 1;
      for (std::size_t i = axis + 1; i < array.ndim(); ++i) inner *= array.extent(i);
      const std::int64_t extent = array.extent(axis);
      std::vector<std::int64_t> kept;
      const bool point = random() % 3 == 0 && extent > 0;
      if (point) {
        kept = {static_cast<std::int64_t>(random() % extent)};
        array = array.at(axis, random() % 2 != 0 ? kept[0] : kept[0] - extent);
      } else {
        const Slice slice{static_cast<std::int64_t>(random() % 9) - 4,
                          static_cast<std::int64_t>(random() % 9) - 2,
                          random() % 2 != 0 ? 1 : -static_cast<std::int64_t>(random() % 2) - 1};
        kept = python_slice(slice, extent);
        array = array.slice(axis, slice);
      }
      std::vector<std::int64_t> next;
      const std::int64_t outer =
          extent * inner == 0 ? 0 : static_cast<std::int64_t>(model.size()) / (extent * inner);
      for (std::int64_t o = 0; o < outer; ++o)
        for (const std::int64_t k : kept)
          for (std::int64_t i = 0; i < inner; ++i)
            next.push_back(model[(o * extent + k) * inner + i]);
      model = std::move(next);
    }
    REQUIRE(array.size() == static_cast<std::int64_t>(model.size()));
    const auto turned = array.transpose();
    std::int64_t index[8] = {};
    for (const std::int64_t expected : model) {
      std::int64_t offset = 0;
      std::int64_t turned_offset = 0;
      for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
        offset += index[axis] * array.strides()[axis];
        turned_offset += index[axis] * turned.strides()[array.ndim() - 1 - axis];
      }
      REQUIRE(array.data()[offset] == expected);
      REQUIRE(turned.data()[turned_offset] == expected);
      for (std::size_t axis = array.ndim(); axis-- > 0 && ++index[axis] == array.extent(axis);)
        index[axis] = 0;
    }
  }
}

TEST_CASE("broadcasting repeats axes of extent 1 and axes in front") {
  const auto x = Array<double>::temporary({2, 1, 3});
  for (std::int64_t i = 0; i < 6; ++i) x.data()[i] = static_cast<double>(i);
  const auto wide = x.broadcast_to({4, 2, 5, 3});
  CHECK(wide.shape() == Shape{4, 2, 5, 3});
  CHECK(wide.strides() == furrow::Strides{0, 3, 0, 1});
  CHECK(wide(3, 1, 4, 2) == 5);
  CHECK(x.broadcast_to({2, 1, 3}).strides() == x.strides());
  CHECK(x.broadcast_to({2, 0, 3}).size() == 0);
  CHECK_THROWS_AS(x.broadcast_to({2, 3}), furrow::ShapeMismatch);
  CHECK_THROWS_AS(x.broadcast_to({2, 2, 4}), furrow::ShapeMismatch);
  CHECK_THROWS_AS(x.broadcast_to({3, 2, 3}), furrow::ShapeMismatch);
}

TEST_CASE("arrays of every dtype and rank, also without elements") {
  for (std::uint32_t number = 1; number <= 14; ++number) {
    const auto dtype = static_cast<Dtype>(number);
    Shape shape;
    for (std::size_t rank = 0; rank <= 8; ++rank) {
      for (const std::int64_t last : {2, 1, 0}) {
        Shape asked = shape;
        if (rank > 0) asked[rank - 1] = last;
        const auto made = AnyArray::create("every", dtype, asked, owned());
        const auto found = AnyArray::attach("every");
        REQUIRE(found.dtype() == dtype);
        REQUIRE(found.shape() == asked);
        REQUIRE(found.strides() == furrow::c_strides(asked));
        REQUIRE(found.bytes() == made.segment()->data_bytes());
        const auto* bytes = static_cast<const unsigned char*>(found.data());
        REQUIRE(std::all_of(bytes, bytes + found.bytes(), [](unsigned char b) { return b == 0; }));
        REQUIRE(reinterpret_cast<std::uintptr_t>(found.data()) % 4096 == 0);
        const auto typed = furrow::visit_dtype(dtype, [&](auto sample) {
          using T = decltype(sample);
          return found.as<T>().span().size() == static_cast<std::size_t>(found.size());
        });
        REQUIRE(typed);
      }
      if (rank < 8) shape.push_back(2);
    }
  }
}

TEST_CASE("what is written in one handle is read in another") {
  auto prices = Array<double>::create("prices", {1860, 4}, owned());
  prices(3, 1) = 2.5;
  const auto same = Array<double>::attach("prices");
  CHECK(same(3, 1) == 2.5);
  CHECK(same.data() != prices.data());
  CHECK(prices.column(1)(3) == 2.5);
  CHECK(prices.row(3)(-1 + 2) == 2.5);
  CHECK(prices.rows(2, 5).shape() == Shape{3, 4});
  CHECK(prices.rows(2, 5)(1, 1) == 2.5);
  CHECK(prices.columns(1, 3).is_contiguous() == false);
  CHECK(prices.reshape({4, 1860})(0, 13) == 2.5);
  CHECK(prices.transpose()(1, 3) == 2.5);
  CHECK(prices.rows(1, 1).size() == 0);
  CHECK(prices.rows(100, 200).reshape({200, 2}).data() == &prices(100, 0));
}

TEST_CASE("asking an array for what it is not is a clear error") {
  auto prices = Array<double>::create("prices", {1860, 4}, owned());
  CHECK_THROWS_WITH(Array<float>::attach("prices"),
                    Catch::Contains("f64") && Catch::Contains("f32") && Catch::Contains("prices"));
  CHECK_THROWS_AS(prices.as<int>(), furrow::TypeMismatch);
  CHECK_THROWS_AS(prices.reshape({5}), furrow::ShapeMismatch);
  CHECK_THROWS_AS(prices.reshape({-1, 4}), furrow::InvalidArgument);
  CHECK_THROWS_AS(prices.column(0).reshape({1860, 1}), furrow::ShapeMismatch);
  CHECK_THROWS_AS(prices.column(0).span(), furrow::ShapeMismatch);
  CHECK_THROWS_WITH(prices.column(4), Catch::Contains("-4 to 3"));
  CHECK_THROWS_AS(prices.column(-5), furrow::InvalidArgument);
  CHECK_THROWS_AS(prices.at(2, 0), furrow::InvalidArgument);
  CHECK_THROWS_AS(AnyArray::create("none", Dtype::none, {1}), furrow::InvalidArgument);
  CHECK_THROWS_AS(AnyArray::create("none", static_cast<Dtype>(99), {1}), furrow::InvalidArgument);
  CHECK_THROWS_AS(Array<double>::create("negative", {-1}), furrow::InvalidArgument);
  CHECK_THROWS_AS(Array<double>::create("huge", {INT64_MAX}), furrow::InvalidArgument);
  const auto control = furrow::Segment::create(
      "control", {furrow::segment::Kind::engine, Dtype::none, {}, 100}, owned());
  CHECK_THROWS_AS(AnyArray::attach("control"), furrow::TypeMismatch);
}

TEST_CASE("an array lives as long as any slice of it") {
  furrow::AnyArray corner;
  {
    auto whole = Array<double>::create("slice_life", {100, 100}, owned());
    whole(99, 99) = 7;
    corner = whole.row(99).slice(0, {99, 100, 1});
  }
  CHECK(*static_cast<double*>(corner.data()) == 7);
  CHECK(furrow::segment::info("slice_life").attached);
  corner = {};
  CHECK_THROWS_AS(furrow::segment::info("slice_life"), furrow::NotFound);
}
