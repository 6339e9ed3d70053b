// Answers "who" with the cases there are, a line each, and "end"; "run TOPIC WORKERS SEED WHO" with
// nanoseconds a path and the mean.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "montecarlo/case.hpp"

namespace {

std::vector<bench::Case> all_cases() {
  std::vector<bench::Case> all;
  for (const auto cases : {bench::furrow_cases(), bench::openmp_cases(), bench::quantlib_cases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

}  // namespace

int main() {
  const std::vector<bench::Case> cases = all_cases();
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, topic, who;
    int workers = 1;
    std::uint64_t seed = 0;
    words >> verb >> topic >> workers >> seed;
    std::getline(words >> std::ws, who);
    if (verb == "who") {
      for (const auto& each : cases) std::printf("%s %s\n", each.topic, each.who);
      std::printf("end\n");
    }
    for (const auto& each : cases) {
      if (verb != "run" || topic != each.topic || who != each.who) continue;
      const auto start = std::chrono::steady_clock::now();
      const bench::Outcome found = each.simulate(workers, seed);
      const std::chrono::duration<double, std::nano> taken =
          std::chrono::steady_clock::now() - start;
      std::printf("%.17g %.17g\n", taken.count() / static_cast<double>(found.paths), found.mean);
    }
    std::fflush(stdout);
  }
}
