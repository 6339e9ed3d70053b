// try: future.result(timeout=0.2)
// except TimeoutError: future.cancel()          False in Python, and the worker runs on
// Here the running task is stopped, by killing its worker and no other; or it has a deadline.
#include <chrono>
#include <cstdio>
#include <thread>

#include <furrow/process/executor.hpp>
#include <furrow/process/initialize.hpp>

namespace mp = furrow::mp;
using namespace std::chrono_literals;

static int run_for_ever() {
  for (;;) std::this_thread::sleep_for(1s);
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Executor executor(2);
  const auto stuck = executor.submit(run_for_ever);
  try {
    stuck.result(200ms);
  } catch (const furrow::Timeout&) {
    std::printf("the task did not end in time\n");
  }
  std::printf("cancel: %s\n", stuck.cancel() ? "true" : "false");
  std::printf("cancel_running: %s\n", stuck.cancel_running() ? "true" : "false");
  try {
    stuck.result();
  } catch (const furrow::Cancelled&) {
    std::printf("the task was cancelled\n");
  }
  const auto limited = executor.submit({.deadline = 200ms}, run_for_ever);
  try {
    limited.result();
  } catch (const furrow::Timeout&) {
    std::printf("the task was stopped at its deadline\n");
  }
  std::printf("the executor goes on: %d\n", executor.submit([] { return 42; }).result());
}
