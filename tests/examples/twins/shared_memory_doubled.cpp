// shm = SharedMemory(create=True, size=80); a worker attaches by name and doubles it in place
#include <cstdio>
#include <string>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/shared_memory.hpp>

namespace mp = furrow::mp;

static void double_it(const std::string& name) {
  const auto shm = mp::SharedMemory::attach(name);
  for (double& x : shm.as<double>()) x *= 2;
  shm.close();
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const auto shm = mp::SharedMemory::create("", 10 * sizeof(double));
  double next = 0;
  for (double& x : shm.as<double>()) x = next++;
  mp::Process p(double_it, shm.name());
  p.start();
  p.join();
  for (const double x : shm.as<double>()) std::printf("%g\n", x);
  shm.unlink();
}
