// What a child of the user's gets and gives: signals, standard streams.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include <furrow/os/process.hpp>

namespace furrow::os {

std::uint64_t ignored_signals() noexcept {
  std::uint64_t ignored = 0;
  for (int number = 1; number < 64; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ignored |= std::uint64_t{1} << number;
    }
  }
  return ignored;
}

void set_signals_of_child(std::uint64_t ignored) noexcept {
  for (int number = 1; number < 64; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    ::signal(number, (ignored >> number & 1) != 0 ? SIG_IGN : SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void close_on_execute(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

void close_input() noexcept {
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return;
  ::dup2(null, 0);
  if (null != 0) ::close(null);
}

void write_error(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(2, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void flush_streams() noexcept {
  try {
    std::cout.flush();
    std::cerr.flush();
    std::clog.flush();
  } catch (...) {  // a stream that throws was asked to by the user; there is nobody to catch it
  }
  std::fflush(stdout);
  std::fflush(stderr);
}

}  // namespace furrow::os
