#include <csignal>
#include <cstdio>

#include <furrow/engine/engine.hpp>
#include <furrow/process/initialize.hpp>

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);  // first in main
  furrow::Engine engine;           // one worker process per core

  // A named array in shared memory; this one goes with its last holder.
  auto x = furrow::Array<double>::create("x", {20'000'000}, {.lifetime = furrow::Lifetime::owned});
  engine.apply("random_normal", x, {42});                        // a kernel by name; the seed
  engine.transform(x, [](double v) { return 1.0 + 0.25 * v; });  // a closure, in place
  std::printf("mean      %.15f\n", engine.mean(x));

  // Kill a worker in the middle of a job in place: nothing is lost, nothing is done twice.
  auto job = engine.transform_async(x, [](double v) { return v * v - 1.0; });
  kill(static_cast<pid_t>(engine.worker_info()[0].pid), SIGKILL);
  job.get();
  std::printf("variance  %.15f\n", engine.variance(x));

  // Any process attaches by name to the same memory; rows, columns and slices are views of it.
  auto table = furrow::Array<double>::attach("x").reshape({5'000'000, 4});
  std::printf("column 2  %.15f\n", engine.sum(table.column(2)));
}
