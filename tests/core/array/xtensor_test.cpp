// xtensor's adaptors against the views they are made of.
#include <furrow/array/xtensor.hpp>

#include <catch2/catch.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xview.hpp>

using furrow::Array;
using furrow::View;

namespace {

struct Numbers {
  double values[60];
  Numbers() {
    for (int i = 0; i < 60; ++i) values[i] = i;
  }
};

// Element by element, by address, and once more through iterators, which walk strides themselves.
void check_same(View<double> view) {
  auto adapted = furrow::as_xtensor(view);
  REQUIRE(adapted.dimension() == 3);
  auto walked = adapted.begin<xt::layout_type::row_major>();
  for (std::int64_t i = 0; i < view.extent(0); ++i)
    for (std::int64_t j = 0; j < view.extent(1); ++j)
      for (std::int64_t k = 0; k < view.extent(2); ++k, ++walked) {
        REQUIRE(&adapted(i, j, k) == &view(i, j, k));
        REQUIRE(&*walked == &view(i, j, k));
      }
}

}  // namespace

TEST_CASE("as_xtensor adapts the very elements of a view, whatever its strides") {
  Numbers n;
  check_same({n.values, {3, 4, 5}, {20, 5, 1}});
  check_same({n.values, {5, 4, 3}, {1, 5, 20}});
  check_same({n.values + 59, {3, 4, 5}, {-20, -5, -1}});
  check_same({n.values + 3, {2, 1, 3}, {40, 5, 2}});
  CHECK(furrow::as_xtensor(View<double>(n.values, {3, 0, 5}, {5, 5, 1})).size() == 0);
  CHECK(furrow::as_xtensor(View<double>(n.values + 9, {}, {}))() == 9);
}

TEST_CASE("xtensor computes on the adapted memory itself") {
  Numbers n;
  const View<double> whole(n.values, {3, 4, 5}, {20, 5, 1});
  const View<double> back(n.values + 59, {3, 4, 5}, {-20, -5, -1});
  CHECK(xt::sum(furrow::as_xtensor(back))() == 59 * 60 / 2);
  auto flat = furrow::as_xtensor_flat(whole);
  xt::noalias(flat) = flat * 2.0 + 1.0;
  CHECK(n.values[59] == 119);
  auto strided = furrow::as_xtensor(back);
  xt::noalias(strided) = xt::zeros<double>({3, 4, 5});
  CHECK(n.values[0] == 0);
  xt::view(flat, 1, xt::all(), 2) = 7.0;
  CHECK(n.values[20 + 3 * 5 + 2] == 7.0);
  CHECK(n.values[20 + 3 * 5 + 1] == 0.0);
}

TEST_CASE("xtensor adaptors keep what they must not do from happening") {
  Numbers n;
  const auto read = furrow::as_xtensor(View<const double>(n.values, {6, 10}, {10, 1}));
  STATIC_REQUIRE(std::is_same_v<decltype(&read(0, 0)), const double*>);
  CHECK(xt::amax(read)() == 59);
  CHECK_THROWS_AS(furrow::as_xtensor_flat(View<double>(n.values, {6, 5}, {10, 1})),
                  furrow::ShapeMismatch);
  // Assigning another shape would have to resize the array.
  auto flat = furrow::as_xtensor_flat(View<double>(n.values, {6, 10}, {10, 1}));
  CHECK_THROWS(flat = xt::xarray<double>(xt::ones<double>({3, 3})));
}

TEST_CASE("as_xtensor takes shared arrays and their slices") {
  auto a = Array<std::int32_t>::create("xtensor", {4, 6});
  furrow::as_xtensor(a).fill(2);
  furrow::as_xtensor(a.slice(1, {std::nullopt, std::nullopt, -2})).fill(5);
  CHECK(xt::sum(furrow::as_xtensor_flat(a))() == 4 * (3 * 2 + 3 * 5));
  CHECK(a(0, 5) == 5);
  CHECK(a(0, 4) == 2);
  furrow::segment::remove("xtensor", true);
}
