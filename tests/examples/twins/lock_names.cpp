// each process prints its name and its lines under one Lock, so that no two mix
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/value.hpp>

namespace mp = furrow::mp;

static void print_name(const mp::Lock& lock, const std::string& name, int turn,
                       const mp::Value<int>& next) {
  // Turns only for the comparison: who comes first is anybody's guess.
  while (next.get() != turn) {
  }
  const std::scoped_lock hold(lock);
  std::printf("hello, ");
  std::fflush(stdout);
  std::printf("%s\n", name.c_str());
  std::fflush(stdout);
  next += 1;
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Lock lock;
  const mp::Value<int> next(0);
  std::vector<mp::Process> processes;
  int turn = 0;
  for (const char* const name : {"Ada", "Grace", "Edsger"}) {
    processes.emplace_back(print_name, lock, std::string(name), turn++, next);
  }
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) process.join();
}
