// print(pool.starmap(pow, [(2, 5), (3, 2), (10, 3)]))
#include <cstdio>
#include <utility>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;

static int power(int base, int exponent) {
  int result = 1;
  while (exponent-- > 0) result *= base;
  return result;
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Pool pool(2);
  const std::vector<std::pair<int, int>> items{{2, 5}, {3, 2}, {10, 3}};
  for (const int result : pool.starmap(power, items)) std::printf("%d\n", result);
}
