// mp::Process: what it runs, how it ends, what it is called, misuse.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include <furrow/os/process.hpp>
#include <furrow/process/process.hpp>

#include "board.hpp"
#include "caught_stderr.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;
using test::CaughtStderr;

namespace {

mp::ProcessOptions by(const char* method) { return {.method = method}; }

// Each way of starting, under the name that users give it.
void both(const std::function<void(const char*)>& test) {
  SECTION("fork") { test("fork"); }
  SECTION("execute") { test("execute"); }
}

int end_of(mp::Process& process) {
  process.start();
  process.join(20s);
  return process.exit_code().value_or(-1000);
}

void function_of_two(int number, const std::string& text) {
  throw mp::SystemExit{number + static_cast<int>(text.size())};
}

struct Point {
  int x = 0;
  std::map<std::string, std::vector<double>> named;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, named);
  }
};

}  // namespace

TEST_CASE("a function or a closure runs in a process of its own, with its arguments") {
  both([](const char* method) {
    mp::Process function(by(method), function_of_two, 3, "four");
    CHECK(end_of(function) == 7);
    mp::Process pointer(by(method), &function_of_two, 1, std::string(10, 'x'));
    CHECK(end_of(pointer) == 11);

    int captured = 5;
    double factor = 2;
    mp::Process closure(
        by(method),
        [captured, factor](int n) {
          throw mp::SystemExit{static_cast<int>(captured * factor) + n};
        },
        2);
    CHECK(end_of(closure) == 12);

    Point point{4, {{"a", {1, 2, 3}}, {"b", {}}}};
    mp::Process typed(
        by(method),
        [](Point p, const std::vector<std::string>& names) {
          throw mp::SystemExit{p.x + static_cast<int>(p.named.at("a").size() + names.size())};
        },
        point, std::vector<std::string>{"x", "yy"});
    CHECK(end_of(typed) == 9);

    std::string much(3 << 20, 'm');
    mp::Process big(
        by(method),
        [](const std::string& s) { throw mp::SystemExit{s == std::string(3 << 20, 'm') ? 6 : 7}; },
        std::move(much));
    CHECK(end_of(big) == 6);
  });
}

TEST_CASE("a forked process runs any callable on what its parent had in memory") {
  std::vector<int> numbers{1, 2, 3};
  std::string text = "abc";
  mp::Process process(by("fork"), [&numbers, text] {
    numbers.push_back(4);  // in the child's copy
    throw mp::SystemExit{static_cast<int>(numbers.size() + text.size())};
  });
  CHECK(end_of(process) == 7);
  CHECK(numbers.size() == 3);

  auto only_moved = std::make_unique<int>(9);
  mp::Process moved(
      by("fork"), [](const std::unique_ptr<int>& p) { throw mp::SystemExit{*p}; },
      std::move(only_moved));
  CHECK(end_of(moved) == 9);
}

TEST_CASE("what cannot travel is refused by name before anything is started") {
  std::string text = "captured";
  mp::Process capture(by("execute"), [text] { (void)text.size(); });
  CHECK_THROWS_WITH(capture.start(), Catch::Contains("trivially copyable"));
  struct Big {
    char bytes[5000];
  };
  const Big big{};
  mp::Process large(by("execute"), [big] { (void)big.bytes[0]; });
  CHECK_THROWS_WITH(large.start(), Catch::Contains("4 KiB"));
  mp::Process pointer(
      by("execute"), [](const int*) {}, static_cast<const int*>(nullptr));
  CHECK_THROWS_AS(pointer.start(), NotSerialisable);
  // It may still be forked.
  CHECK_FALSE(pointer.pid().has_value());
  CHECK(mp::active_children().empty());
}

TEST_CASE("the exit code tells how a process ended") {
  both([](const char* method) {
    const CaughtStderr quiet;
    mp::Process returned(by(method), [] {});
    CHECK_FALSE(returned.exit_code().has_value());
    CHECK(end_of(returned) == 0);
    CHECK_FALSE(returned.exception().has_value());
    mp::Process value(by(method), [] { return 17; });  // as in Python, a result means nothing
    CHECK(end_of(value) == 0);
    mp::Process left(by(method), [] { throw mp::SystemExit{77}; });
    CHECK(end_of(left) == 77);
    mp::Process segv(by(method), [] { ::raise(SIGSEGV); });
    CHECK(end_of(segv) == -SIGSEGV);
    mp::Process aborted(by(method), [] { std::terminate(); });
    CHECK(end_of(aborted) == -SIGABRT);
    mp::Process exits(by(method), [] { ::_exit(5); });
    CHECK(end_of(exits) == 5);
  });
}

TEST_CASE("an uncaught exception: exit code 1, its text on standard error and in the parent") {
  both([](const char* method) {
    CaughtStderr caught;
    mp::Process error(by(method), [] { throw NotFound("no such thing"); });
    CHECK(end_of(error) == 1);
    mp::Process standard({.name = "Second", .method = method},
                         [] { throw std::runtime_error("a reason"); });
    CHECK(end_of(standard) == 1);
    mp::Process number(by(method), [] { throw 17; });
    CHECK(end_of(number) == 1);
    mp::Process endless(by(method), [] { throw std::runtime_error(std::string(1 << 20, 'e')); });
    CHECK(end_of(endless) == 1);
    const std::string text = caught.text();
    CHECK(error.exception() == "furrow::NotFound: no such thing");
    CHECK(standard.exception() == "std::runtime_error: a reason");
    CHECK(number.exception() == "int: 17");
    CHECK(endless.exception()->size() > 3000);
    CHECK(text.find("Process " + error.name() + ":\nfurrow::NotFound: no such thing\n") == 0);
    CHECK(text.find("Process Second:\nstd::runtime_error: a reason\n") != std::string::npos);
  });
}

TEST_CASE("terminate and kill end a process, also one that has ended") {
  both([](const char* method) {
    mp::Process asked(by(method), [] { ::pause(); });
    asked.start();
    CHECK(asked.is_alive());
    CHECK_FALSE(asked.exit_code().has_value());
    asked.terminate();
    CHECK(asked.join(20s));
    CHECK(asked.exit_code() == -SIGTERM);
    CHECK_FALSE(asked.is_alive());
    asked.terminate();
    asked.kill();

    // SIGTERM is ignored by the parent, and so by the child: only kill ends it.
    ::signal(SIGTERM, SIG_IGN);
    mp::Process stubborn(by(method), [] {
      for (;;) ::pause();
    });
    stubborn.start();
    ::signal(SIGTERM, SIG_DFL);
    stubborn.terminate();
    CHECK_FALSE(stubborn.join(50ms));
    CHECK(stubborn.is_alive());
    stubborn.kill();
    CHECK(stubborn.join());
    CHECK(stubborn.exit_code() == -SIGKILL);
  });
}

TEST_CASE("join waits no longer than told, and may be called again") {
  mp::Process process([] { ::pause(); });
  process.start();
  CHECK_FALSE(process.join(0s));
  CHECK_FALSE(process.join(-5s));
  CHECK_FALSE(process.join(20ms));
  process.kill();
  CHECK(process.join(20s));
  CHECK(process.join());
  CHECK(process.join(-1s));
}

TEST_CASE("calls at the wrong time are errors of their own class") {
  mp::Process process([] { ::pause(); });
  CHECK_THROWS_AS(process.join(), InvalidState);
  CHECK_THROWS_AS(process.sentinel(), InvalidState);
  CHECK_THROWS_AS(process.terminate(), InvalidState);
  CHECK_THROWS_AS(process.kill(), InvalidState);
  CHECK_FALSE(process.is_alive());
  CHECK_FALSE(process.pid().has_value());
  process.set_daemon(true);
  CHECK(process.daemon());
  process.set_daemon(false);
  process.start();
  CHECK_THROWS_AS(process.start(), InvalidState);
  CHECK_THROWS_AS(process.set_daemon(true), InvalidState);
  CHECK_THROWS_AS(process.close(), InvalidState);
  // A child's child is not mine, and I am not my own.
  mp::Process other(by("fork"), [process] { process.join(0s); });
  const CaughtStderr quiet;
  CHECK(end_of(other) == 1);
  CHECK(other.exception()->find("furrow::InvalidState") == 0);
  CHECK_THROWS_AS(mp::current_process().join(), InvalidState);
  CHECK_THROWS_AS(mp::current_process().start(), InvalidState);
  CHECK_THROWS_AS(mp::Process(by("teleport"), [] {}), InvalidArgument);
  process.kill();
  process.join();
  process.close();
  process.close();
  CHECK_THROWS_AS(process.is_alive(), Closed);
  CHECK_THROWS_AS(process.join(), Closed);
  CHECK_THROWS_AS(process.start(), Closed);
  CHECK_THROWS_AS(process.exit_code(), Closed);
  CHECK_THROWS_AS(process.pid(), Closed);
  CHECK_THROWS_AS(process.sentinel(), Closed);
  mp::Process never([] {});
  never.close();
  CHECK_THROWS_AS(never.start(), Closed);
}

TEST_CASE("names tell the ancestry; options name and daemon pass on") {
  const Board board = Board::make();
  both([&board](const char* method) {
    const mp::Process one(by(method), [] {});
    const mp::Process two(by(method), [] {});
    CHECK(one.name().find("Process-") == 0);
    CHECK(one.name().find(':') == std::string::npos);
    CHECK(two.name() != one.name());

    mp::Process renamed(by(method), [] {
      if (mp::current_process().name() != "renamed") throw mp::SystemExit{3};
      if (!mp::current_process().daemon()) throw mp::SystemExit{4};
    });
    renamed.set_name("renamed");
    renamed.set_daemon(true);
    CHECK(end_of(renamed) == 0);

    mp::Process family(
        {.name = "Family", .method = method},
        [](const std::string& how) {
          const Board there = Board::attach();
          mp::Process first(by(how.c_str()), [] {});
          mp::Process second(
              by(how.c_str()),
              [](const std::string& mine) {
                Board::attach()[1] = mp::current_process().name() == mine ? 1 : 2;
              },
              first.name().substr(0, first.name().size() - 1) + "2");
          there[0] = mp::current_process().name() == "Family" ? 1 : 2;
          there[2] = first.name().find(":1") != std::string::npos ? 1 : 2;
          there[3] = end_of(second);
          there[4] = mp::parent_process()->name() == "MainProcess" &&
                             mp::parent_process()->is_alive() &&
                             *mp::parent_process()->pid() == static_cast<std::uint64_t>(::getppid())
                         ? 1
                         : 2;
          there[5] = mp::current_process().pid() == static_cast<std::uint64_t>(::getpid()) ? 1 : 2;
        },
        method);
    CHECK(end_of(family) == 0);
    for (const int place : {0, 1, 2, 4, 5}) CHECK(board[static_cast<std::size_t>(place)] == 1);
    CHECK(board[3] == 0);
  });
  CHECK(mp::current_process().name() == "MainProcess");
  CHECK_FALSE(mp::parent_process().has_value());
}

TEST_CASE("the sentinel becomes ready when the process ends") {
  mp::Process process([] { ::pause(); });
  process.start();
  const int sentinel = process.sentinel();
  CHECK_FALSE(os::wait_ready(std::span(&sentinel, 1), 0)[0]);
  process.kill();
  CHECK(os::wait_ready(std::span(&sentinel, 1), 20'000'000'000)[0]);
  process.join();
}

TEST_CASE("active_children are those that run; those that ended leave no zombies") {
  CHECK(mp::active_children().empty());
  mp::Process one([] { ::pause(); });
  mp::Process two([] {});
  one.start();
  two.start();
  const auto pid = static_cast<pid_t>(*two.pid());
  CHECK(test::eventually([] { return mp::active_children().size() == 1; }));
  CHECK(mp::active_children()[0] == one);
  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);  // collected
  CHECK(two.exit_code() == 0);
  {
    mp::Process dropped([] { ::pause(); });
    dropped.start();
  }
  CHECK(mp::active_children().size() == 2);  // a handle that goes ends nothing
  for (mp::Process& child : mp::active_children()) {
    child.kill();
    child.join();
  }
  CHECK(mp::active_children().empty());
}

TEST_CASE("a child that somebody else collected still has the exit code that it said") {
  mp::Process process([] { throw mp::SystemExit{6}; });
  process.start();
  const auto pid = static_cast<pid_t>(*process.pid());
  CHECK(::waitpid(pid, nullptr, 0) == pid);
  CHECK(process.join(20s));
  CHECK(process.exit_code() == 6);
  mp::Process killed([] { ::pause(); });
  killed.start();
  killed.kill();
  const auto other = static_cast<pid_t>(*killed.pid());
  CHECK(::waitpid(other, nullptr, 0) == other);
  CHECK(killed.join(20s));
  CHECK(killed.exit_code() == 255);
}

TEST_CASE("a fork beside threads is refused; automatic executes instead") {
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    while (!stop) std::this_thread::sleep_for(1ms);
  });
  mp::Process forked(by("fork"), [] {});
  CHECK_THROWS_WITH(forked.start(), Catch::Contains("fork is not safe"));
  CHECK_THROWS_AS(forked.start(), InvalidState);
  mp::Process automatic([] { throw mp::SystemExit{8}; });
  CHECK(end_of(automatic) == 8);
  stop = true;
  thread.join();
  CHECK(end_of(forked) == 0);  // a start that failed may be tried again
}

TEST_CASE("start methods go by name") {
  CHECK(mp::get_start_method() == "automatic");
  CHECK(mp::get_all_start_methods() == std::vector<std::string>{"automatic", "fork", "execute"});
  mp::set_start_method("spawn");
  CHECK(mp::get_start_method() == "execute");
  CHECK_THROWS_AS(mp::set_start_method("fork"), InvalidState);
  CHECK_THROWS_AS(mp::set_start_method("frok", true), InvalidArgument);
  mp::Process inherits([] { throw mp::SystemExit{mp::get_start_method() == "execute" ? 1 : 2}; });
  CHECK(end_of(inherits) == 1);
  mp::set_start_method("fork", true);
  CHECK(mp::get_start_method() == "fork");
}

TEST_CASE("a child has default signals but for ignored ones, no input, and the same key") {
  both([](const char* method) {
    ::signal(SIGUSR1, [](int) {});
    ::signal(SIGHUP, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    mp::Process process(
        by(method),
        [](const std::string& key) {
          struct sigaction usr1 {
          }, hup{}, interrupt{};
          ::sigaction(SIGUSR1, nullptr, &usr1);
          ::sigaction(SIGHUP, nullptr, &hup);
          ::sigaction(SIGINT, nullptr, &interrupt);
          sigset_t mask;
          ::sigprocmask(SIG_SETMASK, nullptr, &mask);
          char byte = 0;
          int wrong = 0;
          if (usr1.sa_handler != SIG_DFL) wrong |= 1;
          if (hup.sa_handler != SIG_IGN) wrong |= 2;
          if (interrupt.sa_handler != SIG_DFL) wrong |= 4;
          if (::sigismember(&mask, SIGUSR2) == 1) wrong |= 8;
          if (::read(0, &byte, 1) != 0) wrong |= 16;
          if (mp::authkey() != key || key.size() != 32) wrong |= 32;
          throw mp::SystemExit{wrong};
        },
        mp::authkey());
    CHECK(end_of(process) == 0);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::signal(SIGUSR1, SIG_DFL);
    ::signal(SIGHUP, SIG_DFL);
  });
}

TEST_CASE("what a parent had not yet written is not written twice, and a child's is written") {
  const std::string name = "streams-" + std::to_string(::getpid());
  const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::fflush(stdout);
  const int saved = ::dup(1);
  ::dup2(file, 1);
  ::close(file);
  std::printf("parent ");
  mp::Process process(by("fork"), [] {
    std::printf("child ");
    std::cout << "stream ";
  });
  const int code = end_of(process);
  std::fflush(stdout);
  ::dup2(saved, 1);
  ::close(saved);
  CHECK(code == 0);
  std::ifstream in(name);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "parent child stream ");
  ::unlink(name.c_str());
}

TEST_CASE("as many cores as this process may use, at least one") {
  CHECK(mp::cpu_count() >= 1);
  cpu_set_t before;
  CPU_ZERO(&before);
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &before)) continue;
    CPU_SET(core, &one);
    break;
  }
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(mp::cpu_count() == 1);
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
}
