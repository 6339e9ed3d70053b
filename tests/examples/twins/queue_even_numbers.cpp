// one process puts the even numbers of a range into a Queue, the other prints them
#include <cstdio>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/queue.hpp>

namespace mp = furrow::mp;

static void find_even(const mp::Queue<int>& queue, int last) {
  for (int i = 1; i <= last; ++i) {
    if (i % 2 == 0) queue.put(i);
  }
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Queue<int> queue;
  mp::Process p(find_even, queue, 10);
  p.start();
  p.join();  // with a full queue, too: what was put is in shared memory, not in the child
  while (!queue.empty()) std::printf("%d\n", queue.get());
}
