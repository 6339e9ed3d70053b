#include <furrow/os/cpu.hpp>

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace furrow::os {
namespace {

// The quota of one cgroup folder in cores, rounded up; 0 when it sets none. Version 2 has
// "cpu.max" ("max 100000" or "150000 100000"), version 1 has two files.
std::size_t quota_of(const std::string& folder) noexcept {
  long long quota = 0;
  long long period = 0;
  if (std::FILE* file = std::fopen((folder + "/cpu.max").c_str(), "re")) {
    if (std::fscanf(file, "%lld %lld", &quota, &period) != 2) quota = 0;
    std::fclose(file);
  } else {
    const auto number = [&](const char* name) {
      long long value = 0;
      if (std::FILE* v1 = std::fopen((folder + name).c_str(), "re")) {
        if (std::fscanf(v1, "%lld", &value) != 1) value = 0;
        std::fclose(v1);
      }
      return value;
    };
    quota = number("/cpu.cfs_quota_us");
    period = number("/cpu.cfs_period_us");
  }
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<std::size_t>((quota + period - 1) / period);
}

// The tightest quota on the way from this process's cgroup up to the root.
std::size_t cgroup_cores() noexcept {
  std::size_t cores = 0;
  std::FILE* file = std::fopen("/proc/self/cgroup", "re");
  if (file == nullptr) return 0;
  char line[1024];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    const char* controllers = std::strchr(line, ':');
    const char* path = controllers != nullptr ? std::strchr(controllers + 1, ':') : nullptr;
    if (path == nullptr) continue;
    const std::string names(controllers + 1, path);
    const bool v2 = names.empty();
    if (!v2 && names.find("cpu") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    for (std::string inner = path + 1;; inner.erase(inner.find_last_of('/'))) {
      const std::size_t limit = quota_of(root + inner);
      if (limit > 0 && (cores == 0 || limit < cores)) cores = limit;
      if (inner.find('/') == std::string::npos) break;
    }
    const std::size_t limit = quota_of(root);
    if (limit > 0 && (cores == 0 || limit < cores)) cores = limit;
  }
  std::fclose(file);
  return cores;
}

}  // namespace

std::size_t granted_cores() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::size_t cores = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    cores = static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  }
  const std::size_t quota = cgroup_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

// Not sysconf(_SC_LEVEL3_CACHE_SIZE): glibc adds up all the caches of a processor.
std::size_t largest_cache_bytes() noexcept {
  std::size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string path =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size";
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) break;
    unsigned long long size = 0;
    char unit = ' ';
    if (std::fscanf(file, "%llu%c", &size, &unit) >= 1) {
      const std::size_t scale = unit == 'K' ? 1024 : unit == 'M' ? 1024 * 1024 : 1;
      largest = std::max(largest, static_cast<std::size_t>(size) * scale);
    }
    std::fclose(file);
  }
  return largest != 0 ? largest : std::size_t{32} << 20;
}

bool pin_to_core(std::size_t index) noexcept {
  cpu_set_t granted;
  CPU_ZERO(&granted);
  if (sched_getaffinity(0, sizeof granted, &granted) != 0) return false;
  const int count = CPU_COUNT(&granted);
  if (count <= 0) return false;
  int wanted = static_cast<int>(index % static_cast<std::size_t>(count));
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &granted) || wanted-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
  }
  return false;
}

}  // namespace furrow::os
