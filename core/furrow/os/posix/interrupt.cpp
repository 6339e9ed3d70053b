#include <furrow/os/interrupt.hpp>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace furrow::os {
namespace {

std::atomic<bool> flag{false};
std::atomic<int> first_signal{0};
std::atomic<int> write_end{-1};
int read_end = -1;
static_assert(std::atomic<int>::is_always_lock_free);  // a handler may use nothing else

void note(int number) {
  const int saved = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, number);
  flag.store(true);
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(write_end.load(), &byte, 1);
  errno = saved;
}

}  // namespace

void catch_interrupts() noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    read_end = ends[0];
    write_end.store(ends[1]);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction present {};
    if (::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = note;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = 0;  // no restart: whoever waits in the kernel looks at the flag
    ::sigaction(number, &action, nullptr);
  }
}

const std::atomic<bool>& interrupted() noexcept { return flag; }

int interrupt_signal() noexcept { return first_signal.load(); }

int interrupt_descriptor() noexcept { return read_end; }

}  // namespace furrow::os
