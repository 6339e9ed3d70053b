#include <furrow/os/process.hpp>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

extern char** environ;

namespace furrow::os {
namespace {

std::optional<ExitStatus> translate(int status) noexcept {
  ExitStatus result;
  result.signalled = WIFSIGNALED(status);
  result.code = result.signalled ? WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

void close_from(unsigned first, unsigned last) noexcept {
  if (first > last) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0U) == 0) return;
#endif
  const long limit = sysconf(_SC_OPEN_MAX);
  const unsigned end = static_cast<unsigned>(std::clamp(limit, 256L, 65536L));
  for (unsigned fd = first; fd <= last && fd < end; ++fd) ::close(static_cast<int>(fd));
}

}  // namespace

namespace {

// By a handler that does nothing: unlike an ignored signal it has its default action again in the
// programs that this process executes. What was ignored before stays so, there too.
void pass_over(int number, bool over) noexcept {
  struct sigaction action {};
  if (over && ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = SIG_DFL;
  if (over) action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

std::int64_t fork_process() noexcept { return ::fork(); }

void exit_now(int code) noexcept { ::_exit(code); }

std::int64_t execute_self(const std::string& variable, std::span<const int> inherited) noexcept {
  std::vector<char*> environment;
  const std::string name = variable.substr(0, variable.find('=') + 1);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (::strncmp(*entry, name.c_str(), name.size()) != 0) environment.push_back(*entry);
  }
  environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);

  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return -1;
  path[length] = '\0';
  char* arguments[] = {path, nullptr};

  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return -1;
  // dup2 of a descriptor onto itself clears its close-on-exec flag in the child only.
  for (const int fd : inherited) ::posix_spawn_file_actions_adddup2(&actions, fd, fd);
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments, environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  return failed != 0 ? -1 : pid;
}

// Without a free descriptor the links of the folder of threads tell: one for each, and two (the
// kernel's proc_task_getattr).
std::size_t thread_count() noexcept {
  std::size_t threads = 0;
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) {
    struct stat status {};
    if (::stat("/proc/self/task", &status) != 0 || status.st_nlink <= 2) return 0;
    return static_cast<std::size_t>(status.st_nlink) - 2;
  }
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "Threads: %zu", &threads) == 1) break;
  }
  std::fclose(file);
  return threads;
}

bool kill_now(std::uint64_t pid) noexcept {
  return pid > 1 && ::kill(static_cast<pid_t>(pid), SIGKILL) == 0;
}

bool ask_to_end(std::uint64_t pid) noexcept {
  return pid > 1 && ::kill(static_cast<pid_t>(pid), SIGTERM) == 0;
}

std::uint64_t parent_process_id() noexcept { return static_cast<std::uint64_t>(::getppid()); }

bool on_main_thread() noexcept { return ::gettid() == ::getpid(); }

std::optional<ExitStatus> collect(std::uint64_t pid) noexcept {
  int status = 0;
  pid_t result = 0;
  do result = ::waitpid(static_cast<pid_t>(pid), &status, WNOHANG);
  while (result < 0 && errno == EINTR);
  if (result <= 0) return std::nullopt;
  return translate(status);
}

std::optional<ExitStatus> collect_any(std::uint64_t& pid) noexcept {
  int status = 0;
  pid_t result = 0;
  do result = ::waitpid(-1, &status, WNOHANG);
  while (result < 0 && errno == EINTR);
  if (result <= 0) return std::nullopt;
  pid = static_cast<std::uint64_t>(result);
  return translate(status);
}

void die_with_parent(std::uint64_t parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the signal was armed.
  if (static_cast<std::uint64_t>(::getppid()) != parent) ::kill(::getpid(), SIGKILL);
}

void become_helper(std::span<const int> keep) noexcept {
  for (int number = 1; number < NSIG; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    const bool terminal = number == SIGINT || number == SIGQUIT || number == SIGHUP;
    pass_over(number, terminal || number == SIGPIPE);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  std::vector<unsigned> kept{0, 1, 2};
  for (const int fd : keep) {
    if (fd > 2) kept.push_back(static_cast<unsigned>(fd));
  }
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const unsigned fd : kept) {
    if (fd < next) continue;
    close_from(next, fd - 1);
    next = fd + 1;
  }
  close_from(next, ~0U);
}

Descriptor open_descriptor_of(std::uint64_t pid, std::uint32_t descriptor, bool writable) noexcept {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor);
  return Descriptor(::open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
}

std::string describe_signal(int number) {
  const char* const text = ::sigdescr_np(number);
  const std::string name = text != nullptr ? text : "unknown";
  return name + " (signal " + std::to_string(number) + ")";
}

ProcessWatch::ProcessWatch(std::uint64_t pid) noexcept
    : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U))) {
  if (!valid() && errno != ESRCH && errno != EINVAL) unwatched_pid_ = pid;
}

}  // namespace furrow::os
