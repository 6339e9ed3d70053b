// tests/core/cli/program.hpp
//
// Running the furrow command as a script does: arguments in; stdout, stderr and exit code out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace furrow::test {

struct Result {
  int code = 0;  // the exit code, or minus the signal that ended it
  std::string out;
  std::string error;
};

/// A command that runs. Its stdout and stderr are pipes or, with a terminal, one pseudoterminal.
class Program {
 public:
  enum class Where { pipes, terminal };
  explicit Program(const std::vector<std::string>& arguments, Where where = Where::pipes);
  /// Kills what still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for the end. On a terminal everything is in `out`.
  Result finish();
  /// Reads stdout until a line is there, and gives it.
  std::string line();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int error_ = -1;
  std::string read_;  // of stdout, by line()
};

/// Runs to its end.
Result attempt(const std::vector<std::string>& arguments);
/// Runs to its end and requires exit code 0 and nothing on stderr; gives stdout.
std::string run(const std::vector<std::string>& arguments);

/// True when the text is one line that begins with "furrow: " and says something.
bool is_one_sentence(const std::string& text);

/// What a Python expression over `text` gives, printed. `json` and `text` are at hand.
std::string python(const std::string& expression, const std::string& text);

/// Processes whose parent is that process, and theirs, by /proc.
std::vector<pid_t> descendants(pid_t pid);
/// True once the process is gone, waiting for at most five seconds.
bool gone(pid_t pid);
/// Waits until something is so; fails the test after 30 seconds.
template <class Condition>
void eventually(const char* what, Condition condition);
void fail_after_waiting(const char* what);
void pause_ms(int ms);

template <class Condition>
void eventually(const char* what, Condition condition) {
  for (int i = 0; i < 15'000; ++i) {
    if (condition()) return;
    pause_ms(2);
  }
  fail_after_waiting(what);
}

/// Segments under this test's prefix, as the file system shows them; without the prefix.
std::vector<std::string> segments();

/// A folder that goes with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::vector<std::string> files() const;

 private:
  std::string path_;
};

}  // namespace furrow::test
