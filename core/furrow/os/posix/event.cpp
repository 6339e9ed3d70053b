#include <furrow/os/process.hpp>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace furrow::os {

bool ProcessWatch::dead() const noexcept {
  if (!valid()) {
    return unwatched_pid_ == 0 ||
           (::kill(static_cast<pid_t>(unwatched_pid_), 0) != 0 && errno == ESRCH);
  }
  pollfd entry{descriptor_.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

bool ProcessWatch::kill() const noexcept {
  if (!valid()) return unwatched_pid_ != 0 && kill_now(unwatched_pid_);
  return ::syscall(SYS_pidfd_send_signal, descriptor_.get(), SIGKILL, nullptr, 0U) == 0;
}

Event Event::create() noexcept { return adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

Event Event::adopt(int descriptor) noexcept {
  Event event;
  event.descriptor_ = Descriptor(descriptor);
  return event;
}

void Event::raise() const noexcept {
  const std::uint64_t one = 1;
  // A full counter means that it is raised already.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
}

void Event::clear() const noexcept {
  char buffer[sizeof(signalfd_siginfo)];
  while (::read(descriptor_.get(), buffer, sizeof buffer) > 0) {
  }
}

Event child_events() noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return Event::adopt(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::vector<bool> wait_ready(std::span<const int> descriptors, std::int64_t timeout_ns) {
  std::vector<pollfd> entries;
  entries.reserve(descriptors.size());
  for (const int fd : descriptors) entries.push_back({fd, POLLIN, 0});
  timespec timeout{};
  if (timeout_ns >= 0) {
    timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
  }
  const int ready =
      ::ppoll(entries.data(), entries.size(), timeout_ns >= 0 ? &timeout : nullptr, nullptr);
  std::vector<bool> result(descriptors.size(), false);
  if (ready <= 0) return result;
  for (std::size_t i = 0; i < entries.size(); ++i) result[i] = entries[i].revents != 0;
  return result;
}

}  // namespace furrow::os
