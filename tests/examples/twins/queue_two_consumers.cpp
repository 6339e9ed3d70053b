// a producer puts numbers and a sentinel for each of two consumers, which get until they meet it
#include <cstdio>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/queue.hpp>

namespace mp = furrow::mp;

static constexpr int sentinel = -1;

static void produce(const mp::Queue<int>& queue) {
  for (int i = 0; i < 100; ++i) queue.put(i);
  for (int consumer = 0; consumer < 2; ++consumer) queue.put(sentinel);
}

static void consume(const mp::Queue<int>& queue, const mp::Queue<int>& sums) {
  int sum = 0;
  for (int item = queue.get(); item != sentinel; item = queue.get()) sum += item;
  sums.put(sum);
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Queue<int> queue;
  const mp::Queue<int> sums;
  std::vector<mp::Process> processes;
  processes.emplace_back(produce, queue);
  processes.emplace_back(consume, queue, sums);
  processes.emplace_back(consume, queue, sums);
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) process.join();
  std::printf("%d\n", sums.get() + sums.get());
}
