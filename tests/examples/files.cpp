#include <Eigen/Dense>
#include <cstdio>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

#include <furrow/array/eigen.hpp>
#include <furrow/array/xtensor.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/io/npy.hpp>
#include <furrow/process/initialize.hpp>

namespace hdf5 = furrow::hdf5;
namespace npy = furrow::npy;

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  furrow::Engine engine;
  const furrow::CreateOptions owned{.lifetime = furrow::Lifetime::owned};

  // A table with a unit and named columns, compressed: whole in the file, or not there at all.
  auto table = furrow::Array<double>::create("table", {10'000, 3}, owned);
  engine.apply("random_normal", table, {7});
  table.set_attributes({{"unit", furrow::Attribute::text("mV")},
                        {"dims.labels", furrow::Attribute::strings({"time", "channel"})}});
  hdf5::save(engine, table, "runs.h5", "/first/table", {.gzip = 4, .chunk = {1000, 3}});

  // Loaded by all workers; x is the same memory for xtensor and for Eigen.
  hdf5::LoadReport report;
  auto x = hdf5::load<double>(engine, "runs.h5", "/first/table", "x", {.create = owned}, &report);
  std::printf("road %s, unit %s\n", report.road.c_str(),
              x.attributes().at("unit").as_text().c_str());
  auto values = furrow::as_xtensor_flat(x);
  auto second = furrow::as_xtensor(x.column(1));
  second = 0.5 * second + 0.5 * xt::view(values, xt::all(), 0);  // in place
  std::printf("means %.6f %.6f\n", xt::mean(values)(), xt::mean(second)());

  // Eigen's own matrices are column-major: element (i, j) stays element (i, j).
  const Eigen::MatrixXd rows = furrow::as_eigen_matrix(x);
  const Eigen::MatrixXd covariance = rows.transpose() * rows / static_cast<double>(rows.rows());
  auto result = furrow::Array<double>::create("result", {3, 3}, owned);
  furrow::as_eigen(result) = covariance;
  hdf5::save(engine, result, "runs.h5", "/first/covariance");
  npy::save(engine, result, "covariance.npy");
  auto same = npy::load<double>(engine, "covariance.npy", "same", {.create = owned});
  std::printf("covariance of the first two %.6f = %.6f\n", covariance(0, 1), same(1, 0));

  for (const auto& object : hdf5::list(engine, "runs.h5").objects) {
    if (object.kind != hdf5::ObjectKind::dataset) continue;
    std::printf("%-17s %s\n", object.path.c_str(), object.type.c_str());
  }
  std::printf("whole: %s\n", hdf5::verify(engine, "runs.h5").whole() ? "yes" : "no");
}
