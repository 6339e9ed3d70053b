// a counter to 4,000,000 under one Lock: from four processes, and from four threads
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/value.hpp>

namespace mp = furrow::mp;

static void count(const mp::RawValue<int>& counter, const mp::Lock& lock) {
  for (int i = 0; i < 1'000'000; ++i) {
    const std::scoped_lock hold(lock);
    counter.value() += 1;
  }
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Lock lock;
  const mp::RawValue<int> counter;
  std::vector<mp::Process> processes;
  for (int p = 0; p < 4; ++p) processes.emplace_back(count, counter, lock);
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) process.join();
  std::printf("%d\n", counter.value());

  counter.value() = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { count(counter, lock); });
  for (std::thread& thread : threads) thread.join();
  std::printf("%d\n", counter.value());
}
