// What this process and its children write to standard error while the object lives.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace furrow::test {

class CaughtStderr {
 public:
  CaughtStderr() : saved_(::dup(2)) {
    const int file = ::open(name_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ::dup2(file, 2);
    ::close(file);
  }
  ~CaughtStderr() { restore(); }
  std::string text() {
    restore();
    std::ifstream in(name_);
    std::string text(std::istreambuf_iterator<char>(in), {});
    ::unlink(name_.c_str());
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, 2);
    ::close(saved_);
    saved_ = -1;
  }
  std::string name_ = "stderr-" + std::to_string(::getpid());
  int saved_;
};

}  // namespace furrow::test
