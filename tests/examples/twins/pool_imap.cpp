// for i in pool.imap(square, range(5)): print(i)               in order, as they arrive
// for i in pool.imap_unordered(square, range(5)): print(i)     as they come (here: sorted)
#include <algorithm>
#include <cstdio>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;

static int square(int x) { return x * x; }

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Pool pool(4);
  const std::vector<int> numbers{0, 1, 2, 3, 4};
  for (const int result : pool.imap(square, numbers)) std::printf("%d\n", result);
  std::vector<int> any;
  for (const int result : pool.imap_unordered(square, numbers)) any.push_back(result);
  std::sort(any.begin(), any.end());
  for (const int result : any) std::printf("%d\n", result);
}
