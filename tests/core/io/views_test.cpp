// Files through xtensor and Eigen: logical indices stay, whatever the order in memory.
#include <Eigen/Dense>
#include <xtensor/xmath.hpp>

#include <catch2/catch.hpp>

#include <furrow/array/eigen.hpp>
#include <furrow/array/xtensor.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/npy.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

namespace furrow::test {

TEST_CASE("what Eigen and xtensor compute from a file and into one is what h5py reads",
          "[hdf5][views]") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  REQUIRE(run_tools_peer("views " + file).output.empty());
  Engine engine({.workers = 2});
  const CreateOptions owned{.lifetime = Lifetime::owned};
  const auto a = hdf5::load<double>(engine, file, "/a", "a", {.create = owned});

  auto x = Array<double>::create("x", {4, 3}, owned);
  as_xtensor(x) = 2.0 * as_xtensor(a) + 1.0;
  hdf5::save(engine, x, file, "/xtensor");
  hdf5::save(engine, a.column(1), file, "/column");

  // A column-major matrix of Eigen's own.
  const Eigen::MatrixXd own = as_eigen(a);
  STATIC_REQUIRE_FALSE(Eigen::MatrixXd::IsRowMajor);
  CHECK(own(2, 1) == a(2, 1));
  auto product = Array<double>::create("product", {4, 4}, owned);
  as_eigen(product) = own * own.transpose();
  hdf5::save(engine, product, file, "/eigen");
  auto back = Array<double>::create("back", {4, 3}, owned);
  as_eigen(back) = own;
  hdf5::save(engine, back, file, "/column_major");
  npy::save(engine, back, file + ".out.npy");

  // Memory in column-major order: an array of the reversed shape, seen transposed.
  auto columns = Array<double>::create("columns", {3, 4}, owned);
  Eigen::Map<Eigen::MatrixXd>(columns.data(), 4, 3) = own;
  const auto seen = columns.transpose();
  CHECK(seen(2, 1) == a(2, 1));
  hdf5::save(engine, seen, file, "/column_major", {.replace = true});
  hdf5::save(engine, columns, file, "/transpose");

  const auto converted = npy::load<double>(engine, file + ".npy", "converted",
                                           {.fortran = npy::Fortran::convert, .create = owned});
  hdf5::save(engine, converted, file, "/from_npy");
  const auto reversed = npy::load<double>(engine, file + ".npy", "reversed",
                                          {.fortran = npy::Fortran::reversed, .create = owned});
  CHECK(as_eigen(reversed.transpose())(2, 1) == a(2, 1));
  hdf5::save(engine, reversed, file, "/reversed");
  const Ran checked = run_tools_peer("check_views " + file);
  INFO(checked.output);
  CHECK(checked.code == 0);
}

}  // namespace furrow::test
