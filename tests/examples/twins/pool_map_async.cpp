// result = pool.map_async(cube, range(6))
// while not result.ready(): print("doing other work"); time.sleep(...)
// print(result.get())
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;
using namespace std::chrono_literals;

static int cube(int x) {
  std::this_thread::sleep_for(20ms);
  return x * x * x;
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Pool pool(2);
  const auto result = pool.map_async(cube, std::vector<int>{0, 1, 2, 3, 4, 5});
  long done_meanwhile = 0;
  while (!result.ready()) {
    ++done_meanwhile;
    std::this_thread::sleep_for(1ms);
  }
  std::printf("other work was done meanwhile: %s\n", done_meanwhile > 0 ? "yes" : "no");
  for (const int value : result.get()) std::printf("%d\n", value);
}
