// Helper processes: by fork and by execution, with argument, descriptors and signals as promised.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/start.hpp>

using namespace furrow;

namespace {

using Starter = std::uint64_t (*)(process::HelperMain, const std::string&, std::span<const int>);

os::ExitStatus end_of(std::uint64_t pid) {
  const os::ProcessWatch watch(pid);
  const int source = watch.get();
  REQUIRE(os::wait_ready(std::span(&source, 1), 20'000'000'000)[0]);
  const auto status = os::collect(pid);
  REQUIRE(status.has_value());
  return *status;
}

void echo(const std::string& argument) {
  const std::size_t at = argument.find('|');
  std::ofstream(argument.substr(0, at)) << argument.substr(at + 1);
}

// Exits with the count of open descriptors beyond 0, 1, 2; writes to the one that it is given.
void look_around(const std::string& argument) {
  const int given = std::atoi(argument.c_str());
  int open = 0;
  for (int fd = 3; fd < 200; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  const bool written = ::write(given, "w", 1) == 1;
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  const bool blocked = ::sigismember(&mask, SIGUSR1) == 1;
  struct sigaction action {};
  ::sigaction(SIGUSR2, nullptr, &action);
  const bool handled = action.sa_handler != SIG_DFL;
  ::_exit(open + (written ? 0 : 100) + (blocked ? 50 : 0) + (handled ? 25 : 0));
}

void both(void (*test)(Starter)) {
  SECTION("fork") { test(process::start_by_fork); }
  SECTION("execute") { test(process::start_by_execution); }
}

}  // namespace

TEST_CASE("a helper gets its argument, whatever is in it, and ends by returning") {
  both([](Starter start) {
    const std::string file = "echo-" + std::to_string(::getpid());
    for (const std::string& text :
         {std::string("a:b=c\n\x1f d"), std::string(), std::string(30'000, 'x')}) {
      const os::ExitStatus status = end_of(start(echo, file + "|" + text, {}));
      CHECK_FALSE(status.signalled);
      CHECK(status.code == 0);
      std::ifstream in(file);
      CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
    }
    ::unlink(file.c_str());
  });
}

TEST_CASE("a helper has the given descriptors and no other, no handlers and no blocked signals") {
  both([](Starter start) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const int other = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    std::signal(SIGUSR2, [](int) {});
    sigset_t usr1;
    ::sigemptyset(&usr1);
    ::sigaddset(&usr1, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
    const std::array<int, 1> inherited{ends[1]};
    const os::ExitStatus status = end_of(start(look_around, std::to_string(ends[1]), inherited));
    CHECK_FALSE(status.signalled);
    CHECK(status.code == 1);
    ::sigprocmask(SIG_UNBLOCK, &usr1, nullptr);
    std::signal(SIGUSR2, SIG_DFL);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 1);
    for (const int fd : {ends[0], ends[1], other}) ::close(fd);
  });
}

TEST_CASE("a forked helper holds none of its parent's arrays") {
  CreateOptions owned;
  owned.lifetime = Lifetime::owned;
  auto x = Array<double>::create("x", {100}, owned);
  std::uint64_t child = process::start_by_fork([](const std::string&) { ::pause(); }, "", {});
  x = {};
  CHECK_THROWS_AS(segment::info("x"), NotFound);
  CHECK(os::kill_now(child));
  const os::ExitStatus status = end_of(child);
  CHECK(status.signalled);
  CHECK(status.code == SIGKILL);
}

TEST_CASE("a fork is safe without threads, and with furrow's own only") {
  CHECK(process::fork_is_safe());
  CHECK(process::can_execute());
  std::atomic<bool> stop{false};
  std::atomic<int> ready{0};
  const auto nap = [&] {
    ++ready;
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  std::thread own([&] {
    const process::OwnThread mark;
    nap();
  });
  while (ready < 1) std::this_thread::yield();
  CHECK(process::fork_is_safe());
  std::thread foreign(nap);
  while (ready < 2) std::this_thread::yield();
  CHECK_FALSE(process::fork_is_safe());
  stop = true;
  own.join();
  foreign.join();
  CHECK(process::fork_is_safe());
}
