// a list of a Manager: one process appends, another takes from it until the last item
#include <chrono>
#include <cstdio>
#include <thread>

#include <furrow/process/initialize.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/process.hpp>

namespace mp = furrow::mp;

static void produce(const mp::ManagedList<int>& shared) {
  for (int i = 0; i < 5; ++i) shared.append(i);
}

static void consume(const mp::ManagedList<int>& shared) {
  for (int taken = 0; taken < 5;) {
    if (shared.empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    std::printf("consumed %d\n", shared.pop(0));
    ++taken;
  }
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Manager manager;
  const auto shared = manager.list<int>();
  mp::Process producer(produce, shared);
  mp::Process consumer(consume, shared);
  producer.start();
  consumer.start();
  producer.join();
  consumer.join();
  std::printf("%zu left\n", shared.size());
}
