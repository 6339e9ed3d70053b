// tests/core/compute/torment.hpp
//
// Engines with so many workers, and a thread that kills one of them now and then.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>

namespace furrow::test {

inline EngineOptions with_workers(std::size_t count) {
  EngineOptions options;
  options.workers = count;
  options.replacements_max = 100'000;
  return options;
}

/// SIGKILL to a random worker at random moments, until the end of the scope.
class Killer {
 public:
  explicit Killer(const Engine& engine, unsigned seed = 7)
      : thread_([&engine, seed, this] {
          std::mt19937 random(seed);
          while (!stop_) {
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
            std::vector<std::uint64_t> pids;
            for (const WorkerInfo& info : engine.worker_info()) {
              if (info.alive && info.pid != 0) pids.push_back(info.pid);
            }
            if (pids.empty()) continue;
            ::kill(static_cast<pid_t>(pids[random() % pids.size()]), SIGKILL);
            ++kills_;
          }
        }) {}
  ~Killer() {
    stop_ = true;
    thread_.join();
  }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;
  int kills() const { return kills_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> kills_{0};
  std::thread thread_;
};

}  // namespace furrow::test
