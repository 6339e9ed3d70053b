// Two workers compute in place on a named array, which goes to an HDF5 file and comes back.
#include <cstdio>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/process/initialize.hpp>

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  furrow::Engine engine({.workers = 2});
  const furrow::CreateOptions owned{.lifetime = furrow::Lifetime::owned};
  const auto x = furrow::Array<double>::create("consumer-x", {100'000}, owned);
  engine.fill(x, 1.0);
  engine.transform(x, [](double v) { return 2 * v + 1; });
  furrow::hdf5::save(engine, x, "consumer.h5", "/x", {.replace = true});
  const auto y =
      furrow::hdf5::load<double>(engine, "consumer.h5", "/x", "consumer-y", {.create = owned});
  const double total = engine.sum(y);
  std::printf("%.17g\n", total);
  return total == 300'000 ? 0 : 1;
}
