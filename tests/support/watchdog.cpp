#include "support/watchdog.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace furrow::test {
namespace {

unsigned limit_s = 0;
char message[512] = "watchdog: the test program ran past its limit before its first case\n";

// Only write() and abort(): both may be called from a signal handler.
void bark(int) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message, std::strlen(message));
  std::abort();
}

}  // namespace

void arm_watchdog() {
  const char* text = std::getenv("FURROW_TEST_WATCHDOG");
  if (text == nullptr) text = std::getenv("FURROW_TEST_LIMIT");
  limit_s = text == nullptr ? 120 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
  if (limit_s == 0) return;
  struct sigaction action = {};
  action.sa_handler = bark;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  alarm(limit_s);
}

void watchdog_case(const char* name) {
  if (limit_s == 0) return;
  std::snprintf(message, sizeof message, "watchdog: \"%.400s\" ran longer than %u s\n", name,
                limit_s);
  alarm(limit_s);
}

}  // namespace furrow::test
