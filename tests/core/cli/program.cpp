#include "core/cli/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <furrow/segment/place.hpp>

namespace furrow::test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void execute(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

// Reads both until both are closed. A terminal whose last holder is gone is an error, not an end.
void drain(int out, int error, Result& result) {
  pollfd entries[2] = {{out, POLLIN, 0}, {error, POLLIN, 0}};
  std::string* const texts[2] = {&result.out, &result.error};
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    ::poll(entries, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t got = ::read(entries[i].fd, buffer, sizeof buffer);
      if (got > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(got));
      } else {
        entries[i].fd = -1;
      }
    }
  }
}

int status_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) continue;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Result run_program(const std::vector<std::string>& words) {
  int out[2];
  int error[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(error, O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], 1);
    ::dup2(error[1], 2);
    execute(words);
  }
  ::close(out[1]);
  ::close(error[1]);
  Result result;
  drain(out[0], error[0], result);
  ::close(out[0]);
  ::close(error[0]);
  result.code = status_of(pid);
  return result;
}

std::vector<std::string> command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{FURROW_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, Where where) {
  const std::vector<std::string> words = command(arguments);
  if (where == Where::terminal) {
    winsize size{24, 100, 0, 0};
    pid_ = ::forkpty(&out_, nullptr, nullptr, &size);
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) execute(words);
    return;
  }
  int out[2];
  int error[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(error, O_CLOEXEC) == 0);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], 1);
    ::dup2(error[1], 2);
    execute(words);
  }
  ::close(out[1]);
  ::close(error[1]);
  out_ = out[0];
  error_ = error[0];
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    status_of(pid_);
  }
  if (out_ >= 0) ::close(out_);
  if (error_ >= 0) ::close(error_);
}

void Program::signal(int number) const { ::kill(pid_, number); }

Result Program::finish() {
  Result result;
  result.out = read_;
  drain(out_, error_, result);
  result.code = status_of(pid_);
  pid_ = -1;
  return result;
}

std::string Program::line() {
  while (read_.find('\n') == std::string::npos) {
    char byte;
    if (::read(out_, &byte, 1) != 1) break;
    read_ += byte;
  }
  return read_;
}

Result attempt(const std::vector<std::string>& arguments) {
  return run_program(command(arguments));
}

std::string run(const std::vector<std::string>& arguments) {
  const Result result = attempt(arguments);
  std::string asked = "furrow";
  for (const std::string& word : arguments) asked += " " + word;
  INFO(asked << "\n" << result.out << result.error);
  REQUIRE(result.code == 0);
  REQUIRE(result.error.empty());
  return result.out;
}

bool is_one_sentence(const std::string& text) {
  return text.rfind("furrow: ", 0) == 0 && text.size() > 20 &&
         std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

std::string python(const std::string& expression, const std::string& text) {
  const std::string program =
      "import sys, json, math\ntext = sys.argv[1]\nprint((" + expression + "))";
  const Result result = run_program({FURROW_PYTHON, "-c", program, text});
  INFO(text << "\n" << result.error);
  REQUIRE(result.code == 0);
  return result.out.substr(0, result.out.size() - 1);
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> result;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) {
      result.push_back(child);
      try {
        const std::vector<pid_t> theirs = descendants(child);
        result.insert(result.end(), theirs.begin(), theirs.end());
      } catch (const fs::filesystem_error&) {
        // it has ended meanwhile
      }
    }
  }
  return result;
}

bool gone(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    if (::kill(pid, 0) != 0) return true;
    pause_ms(5);
  }
  return false;
}

void fail_after_waiting(const char* what) { FAIL("30 s passed, and it is not so: " << what); }

void pause_ms(int ms) { ::usleep(static_cast<useconds_t>(ms) * 1000); }

std::vector<std::string> segments() {
  const Place place = Place::default_place();
  const std::string start = "furrow." + place.prefix;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(place.directory)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(start, 0) == 0) names.push_back(name.substr(start.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "furrow-cli-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

Folder::~Folder() { fs::remove_all(path_); }

std::vector<std::string> Folder::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace furrow::test
