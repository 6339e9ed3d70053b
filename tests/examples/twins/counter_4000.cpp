// four processes: for _ in range(1000): with counter.get_lock(): counter.value += 1
#include <cstdio>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/value.hpp>

namespace mp = furrow::mp;

static void count(const mp::Value<int>& counter) {
  for (int i = 0; i < 1000; ++i) counter += 1;  // atomic, unlike Python's
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Value<int> counter(0);
  std::vector<mp::Process> processes;
  for (int p = 0; p < 4; ++p) processes.emplace_back(count, counter);
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) process.join();
  std::printf("%d\n", counter.get());
}
