// Eigen's maps against the views they are made of.
#include <furrow/array/eigen.hpp>

#include <catch2/catch.hpp>

using furrow::Array;
using furrow::View;

namespace {

// A 6 x 5 matrix of 0, 1, 2, … in private memory.
struct Numbers {
  double values[30];
  Numbers() {
    for (int i = 0; i < 30; ++i) values[i] = i;
  }
  View<double> view() { return {values, {6, 5}, {5, 1}}; }
};

template <class Map>
void check_same(const Map& map, View<const double> view) {
  REQUIRE(map.rows() == view.extent(0));
  REQUIRE(map.cols() == (view.ndim() > 1 ? view.extent(1) : 1));
  for (Eigen::Index i = 0; i < map.rows(); ++i)
    for (Eigen::Index j = 0; j < map.cols(); ++j)
      REQUIRE(&map.coeffRef(i, j) == (view.ndim() > 1 ? &view(i, j) : &view(i)));
}

}  // namespace

TEST_CASE("as_eigen maps the very elements of a view, whatever its strides") {
  Numbers n;
  check_same(furrow::as_eigen(n.view()), n.view());
  check_same(furrow::as_eigen(View<double>(n.values, {5, 6}, {1, 5})),
             View<const double>(n.values, {5, 6}, {1, 5}));
  check_same(furrow::as_eigen(View<double>(n.values + 29, {6, 5}, {-5, -1})),
             View<const double>(n.values + 29, {6, 5}, {-5, -1}));
  check_same(furrow::as_eigen(View<double>(n.values + 1, {3, 2}, {10, 2})),
             View<const double>(n.values + 1, {3, 2}, {10, 2}));
  check_same(furrow::as_eigen(View<double>(n.values + 4, {6}, {5})),
             View<const double>(n.values + 4, {6}, {5}));
  CHECK(furrow::as_eigen(View<double>(n.values + 7, {}, {})).value() == 7);
  CHECK(furrow::as_eigen(View<double>(n.values, {0, 5}, {5, 1})).size() == 0);
}

TEST_CASE("Eigen computes on the mapped memory itself") {
  Numbers n;
  auto transposed = furrow::as_eigen(View<double>(n.values, {5, 6}, {1, 5}));
  transposed = transposed * 2.0;
  CHECK(n.values[29] == 58);
  furrow::as_eigen_matrix(n.view()).row(1).setConstant(-1);
  CHECK(n.view()(1, 4) == -1);
  CHECK(n.view()(2, 0) == 20);
  furrow::as_eigen_flat(n.view()) += 0.5;
  CHECK(n.values[0] == 0.5);
  // Rows without gaps, but with a gap between them.
  const View<double> left(n.values, {6, 3}, {5, 1});
  CHECK(furrow::as_eigen_matrix(left).sum() == Approx(furrow::as_eigen(left).sum()));
  const View<double> first(n.values, {5}, {1});
  CHECK(furrow::as_eigen_vector(first).squaredNorm() ==
        Approx(furrow::as_eigen(first).squaredNorm()));
}

TEST_CASE("Eigen maps of views to read cannot be written") {
  Numbers n;
  const auto map = furrow::as_eigen(View<const double>(n.view()));
  STATIC_REQUIRE(std::is_same_v<decltype(map.data()), const double*>);
  const auto flat = furrow::as_eigen_flat(View<const double>(n.view()));
  STATIC_REQUIRE(std::is_same_v<decltype(flat.data()), const double*>);
  CHECK(map.sum() == 435);
}

TEST_CASE("Eigen maps refuse ranks and strides that they cannot express") {
  Numbers n;
  using furrow::ShapeMismatch;
  CHECK_THROWS_AS(furrow::as_eigen(View<double>(n.values, {2, 3, 5}, {15, 5, 1})), ShapeMismatch);
  CHECK_THROWS_AS(furrow::as_eigen_vector(n.view()), ShapeMismatch);
  CHECK_THROWS_AS(furrow::as_eigen_vector(View<double>(n.values, {6}, {5})), ShapeMismatch);
  CHECK_THROWS_AS(furrow::as_eigen_matrix(View<double>(n.values, {5, 6}, {1, 5})), ShapeMismatch);
  CHECK_THROWS_AS(furrow::as_eigen_flat(View<double>(n.values, {6, 3}, {5, 1})), ShapeMismatch);
}

TEST_CASE("as_eigen takes shared arrays of every type that Eigen knows") {
  auto a = Array<float>::create("eigen", {8, 8});
  furrow::as_eigen(a).setIdentity();
  CHECK(furrow::as_eigen_matrix(a).trace() == 8.0f);
  CHECK(furrow::as_eigen(a.column(3)).sum() == 1.0f);
  CHECK(furrow::as_eigen(a.transpose()).col(3).sum() == 1.0f);
  auto c = Array<furrow::c128>::create("eigen_c128", {4});
  furrow::as_eigen_vector(c).setConstant({1, 2});
  CHECK(c(3) == furrow::c128(1, 2));
  furrow::segment::remove("eigen", true);
  furrow::segment::remove("eigen_c128", true);
}
