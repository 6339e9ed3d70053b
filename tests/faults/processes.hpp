// tests/faults/processes.hpp
//
// Who is whose child, from /proc: an engine does not tell who its nursery is.
#pragma once

#include <dirent.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace furrow::test {

/// Parent of a process; 0 when there is none, or it is dead and not yet collected.
inline pid_t parent_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || text.size() < name_end + 4) return 0;
  if (text[name_end + 2] == 'Z') return 0;
  return static_cast<pid_t>(std::atoi(text.c_str() + name_end + 4));
}

inline std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  DIR* const folder = ::opendir("/proc");
  while (const dirent* entry = ::readdir(folder)) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid > 0 && parent_of(pid) == parent) children.push_back(pid);
  }
  ::closedir(folder);
  return children;
}

/// The processes of one engine.
struct Household {
  pid_t nursery = 0;
  pid_t spare = 0;
  std::vector<pid_t> workers;

  std::vector<pid_t> all() const {
    std::vector<pid_t> pids = workers;
    pids.push_back(nursery);
    if (spare != 0) pids.push_back(spare);
    return pids;
  }
};

/// The nursery is the only child of `coordinator`; of its children the spare is the eldest.
inline Household household_of(pid_t coordinator) {
  Household found;
  for (const pid_t child : children_of(coordinator)) found.nursery = child;
  if (found.nursery == 0) return found;
  std::vector<pid_t> children = children_of(found.nursery);
  for (const pid_t pid : children) {
    if (found.spare == 0 || pid < found.spare) found.spare = pid;
  }
  for (const pid_t pid : children) {
    if (pid != found.spare) found.workers.push_back(pid);
  }
  return found;
}

}  // namespace furrow::test
