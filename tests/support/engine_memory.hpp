// tests/support/engine_memory.hpp
//
// The memory that an engine's processes take, as the system counts it: segments that the caller
// holds, by the pages that they have, and what the caller and the workers have beside them.
//
//   const std::uint64_t peak = peak_of(engine, [&] { hdf5::statistics(engine, from); });
//
// Left out  programs' and libraries' own pages, and the system's cache of files
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/segment/spares.hpp>

namespace furrow::test {

inline std::string proc(std::uint64_t pid, const char* what) {
  return "/proc/" + std::to_string(pid) + "/" + what;
}

/// A number of a line "name: number …" of a file in /proc; 0 where there is none.
inline std::uint64_t number_of(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    std::uint64_t value = 0;
    if (word == name && in >> value) return value;
  }
  return 0;
}

inline std::uint64_t memory_of(const Engine& engine) {
  std::uint64_t bytes = 0;
  std::map<ino_t, std::uint64_t> segments;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat s {};
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.find("/dev/shm/") != 0 || ::stat(entry.path().c_str(), &s) != 0) continue;
    segments[s.st_ino] = static_cast<std::uint64_t>(s.st_blocks) * 512;
  }
  for (const auto& [inode, taken] : segments) bytes += taken;
  std::vector<std::uint64_t> pids{static_cast<std::uint64_t>(::getpid())};
  for (const WorkerInfo& worker : engine.worker_info()) pids.push_back(worker.pid);
  for (const std::uint64_t pid : pids) {
    bytes += 1024 * number_of(proc(pid, "smaps_rollup"), "Anonymous:");
  }
  return bytes;
}

/// The most that f takes beside what there was before, looked at a thousand times a second.
template <class F>
std::uint64_t peak_of(const Engine& engine, F f) {
  segment::drop_spares();  // else f would take memory that was counted before
  const std::uint64_t before = memory_of(engine);
  std::uint64_t most = before;
  {
    const std::jthread looker([&](const std::stop_token& over) {
      while (!over.stop_requested()) {
        most = std::max(most, memory_of(engine));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    f();
  }
  return most - before;
}

}  // namespace furrow::test
