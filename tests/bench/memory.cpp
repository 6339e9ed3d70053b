// What an engine costs in memory: prints one JSON object. Proportional set sizes from the kernel,
// so that pages shared between the processes count once.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/process/initialize.hpp>

namespace {

// Kilobytes of `Pss:` over the mappings of a process, arrays' own pages left out.
std::uint64_t footprint_kib(std::uint64_t pid, const std::string& array_file) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  std::string line;
  std::uint64_t sum = 0;
  bool counted = true;
  while (std::getline(file, line)) {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    unsigned long kib = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx ", &begin, &end) == 2) {
      counted = line.find(array_file) == std::string::npos;
    } else if (counted && std::sscanf(line.c_str(), "Pss: %lu kB", &kib) == 1) {
      sum += kib;
    }
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  furrow::Engine engine;
  furrow::CreateOptions owned;
  owned.lifetime = furrow::Lifetime::owned;
  const auto x = furrow::Array<double>::create("bench-memory", {1 << 25}, owned);
  engine.fill(x, 1.0);
  for (int i = 0; i < 10; ++i) engine.apply("affine", x, {0.5, 0.25});
  std::uint64_t sum = 0;
  std::size_t workers = 0;
  for (const furrow::WorkerInfo& worker : engine.worker_info()) {
    if (!worker.alive) continue;
    sum += footprint_kib(worker.pid, "bench-memory");
    ++workers;
  }
  const auto control = furrow::segment::info(engine.name());
  std::printf("{\"workers\": %zu, \"worker_kib\": %llu, \"control_kib\": %llu}\n", workers,
              static_cast<unsigned long long>(workers == 0 ? 0 : sum / workers),
              static_cast<unsigned long long>(control.segment_bytes / 1024));
}
