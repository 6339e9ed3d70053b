// two processes: one puts squares into its queue, the other cubes into another
#include <cstdio>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/queue.hpp>

namespace mp = furrow::mp;

static void square(const std::vector<int>& numbers, const mp::Queue<int>& out) {
  for (const int n : numbers) out.put(n * n);
}

static void cube(const std::vector<int>& numbers, const mp::Queue<int>& out) {
  for (const int n : numbers) out.put(n * n * n);
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const std::vector<int> numbers{2, 3, 4};
  const mp::Queue<int> squares;
  const mp::Queue<int> cubes;
  mp::Process first(square, numbers, squares);
  mp::Process second(cube, numbers, cubes);
  first.start();
  second.start();
  first.join();
  second.join();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const int s = squares.get();
    std::printf("%d %d\n", s, cubes.get());
  }
}
