#include <furrow/os/forks.hpp>
#include <furrow/os/identity.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace furrow::os {
namespace {

// Reads at most `size - 1` bytes and ends them with a NUL; 0 when the file cannot be read.
std::size_t read_small_file(const char* path, char* buffer, std::size_t size) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t got = ::read(fd, buffer, size - 1);
  ::close(fd);
  buffer[got < 0 ? 0 : got] = '\0';
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::array<std::uint8_t, 16> read_boot_id() {
  std::array<std::uint8_t, 16> id{};
  char text[64];
  read_small_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
  std::size_t digits = 0;
  for (const char* c = text; *c != '\0' && digits < 32; ++c) {
    const int digit = hex_digit(*c);
    if (digit < 0) continue;  // the dashes
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] << 4 | digit);
    ++digits;
  }
  return id;
}

}  // namespace

std::uint64_t fork_count() noexcept {
  static std::atomic<std::uint64_t> forks{0};
  constexpr auto count = [] { forks.fetch_add(1, std::memory_order_relaxed); };
  // After it, too: another thread may have asked between the first of these and the fork.
  static const int registered = ::pthread_atfork(count, count, nullptr);
  static std::atomic<std::uint64_t> unknown{0};
  // Where forks cannot be seen, there is one each time.
  return registered == 0 ? forks.load(std::memory_order_relaxed)
                         : unknown.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t this_process_id() noexcept {
  // The C library asks the kernel each time, which costs as much as three uncontended locks.
  static std::atomic<std::uint64_t> cached{0};
  static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { cached.store(0, std::memory_order_relaxed); });
  std::uint64_t pid = cached.load(std::memory_order_relaxed);
  if (pid == 0) {
    pid = static_cast<std::uint64_t>(::getpid());
    if (registered == 0) cached.store(pid, std::memory_order_relaxed);
  }
  return pid;
}

std::uint64_t start_of_process(std::uint64_t pid) {
  char path[64];
  char text[1024];
  std::snprintf(path, sizeof path, "/proc/%llu/stat", static_cast<unsigned long long>(pid));
  if (read_small_file(path, text, sizeof text) == 0) return 0;
  // The command's name may hold spaces and parentheses, so count fields from its last ')': the
  // start time is field 22 of the line, which is the 20th after the name.
  const char* field = std::strrchr(text, ')');
  for (int i = 0; i < 20 && field != nullptr; ++i) field = std::strchr(field + 1, ' ');
  return field == nullptr ? 0 : std::strtoull(field + 1, nullptr, 10);
}

ProcessIdentity this_process() {
  static std::mutex mutex;
  static ProcessIdentity cached;
  const std::lock_guard lock(mutex);
  const std::uint64_t pid = this_process_id();
  if (cached.pid != pid) {
    cached.pid = pid;
    cached.start = start_of_process(pid);
    cached.boot = read_boot_id();
  }
  return cached;
}

std::uint64_t pid_namespace() noexcept {
  struct stat s {};
  return ::stat("/proc/self/ns/pid", &s) == 0 ? static_cast<std::uint64_t>(s.st_ino) : 0;
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) == static_cast<ssize_t>(sizeof bits)) return bits;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_nsec) * 0x9E3779B97F4A7C15u + this_process_id();
}

}  // namespace furrow::os
