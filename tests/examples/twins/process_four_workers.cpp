// for i in range(4): Process(target=worker, args=(i,), name=f"worker-{i}").start()
#include <cstdio>
#include <string>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>

namespace mp = furrow::mp;

static void worker(int number) {
  // Several write to one output: a line is one write.
  std::printf("%s works on part %d\n", mp::current_process().name().c_str(), number);
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  std::vector<mp::Process> processes;
  for (int i = 0; i < 4; ++i) {
    processes.emplace_back(mp::ProcessOptions{.name = "worker-" + std::to_string(i)}, worker, i);
    processes.back().start();
    processes.back()
        .join();  // in order, for the comparison; Python's program joins them at the end
  }
  for (const mp::Process& process : processes) {
    std::printf("%s ended with %d\n", process.name().c_str(), process.exit_code().value());
  }
}
