#include "support/leftovers.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

namespace furrow::test {

Leftovers::Leftovers() {
  const char* folder = std::getenv("FURROW_DIR");
  folder_ = folder != nullptr && *folder != '\0' ? folder : "/dev/shm";
  if (const char* given = std::getenv("FURROW_PREFIX"); given != nullptr && *given != '\0') {
    prefix_ = given;
    before_ = present();
    return;
  }
  prefix_ = "t" + std::to_string(getpid()) + "-";
  setenv("FURROW_PREFIX", prefix_.c_str(), 1);
  std::error_code ignored;
  for (const std::string& name : present()) {
    std::filesystem::remove(std::filesystem::path(folder_) / name, ignored);
  }
}

std::set<std::string> Leftovers::present() const {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t at = name.find(prefix_);
    // "furrow.t12-x" is of t12-, "furrow.xt12-y" is not.
    if (at == std::string::npos || (at > 0 && name[at - 1] != '.')) continue;
    names.insert(name);
  }
  return names;
}

std::string Leftovers::left_behind() const {
  std::string left;
  for (int attempt = 0; attempt < 400; ++attempt) {
    left.clear();
    for (const std::string& name : present()) {
      if (before_.count(name) == 0) left += (left.empty() ? "" : " ") + name;
    }
    if (left.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return left;
}

}  // namespace furrow::test
