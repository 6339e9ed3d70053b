// with Pool(4) as pool: print(pool.map(square, range(10)))
#include <cstdio>
#include <numeric>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;

static int square(int x) { return x * x; }

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  std::vector<int> numbers(10);
  std::iota(numbers.begin(), numbers.end(), 0);
  mp::Pool pool(4);
  for (const int result : pool.map(square, numbers)) std::printf("%d\n", result);
}
