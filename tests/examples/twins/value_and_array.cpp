// two processes: for _ in range(500): with v.get_lock(): v.value += 1; and a[i] = i * i
#include <cstdio>
#include <mutex>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/array.hpp>
#include <furrow/sync/value.hpp>

namespace mp = furrow::mp;

static void work(mp::Value<int> count, const mp::Array<int>& squares, int first) {
  for (int i = 0; i < 500; ++i) {
    const std::scoped_lock hold(count.get_lock());
    count = count + 1;
  }
  for (int i = first; i < 10; i += 2) squares[static_cast<std::size_t>(i)] = i * i;
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Value<int> count(0);
  mp::Array<int> squares(10);
  std::vector<mp::Process> processes;
  for (int p = 0; p < 2; ++p) processes.emplace_back(work, count, squares, p);
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) process.join();
  std::printf("%d\n", count.get());
  for (std::size_t i = 0; i < 10; ++i) std::printf("%d\n", static_cast<int>(squares[i]));
}
