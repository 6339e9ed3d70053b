// What binds processes to their parents: nobody outlives a killed parent, daemons, exit.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/process.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;

namespace {

mp::ProcessOptions by(const std::string& method) { return {.method = method}; }

void both(const std::function<void(const char*)>& test) {
  SECTION("fork") { test("fork"); }
  SECTION("execute") { test("execute"); }
}

void say_pid_and_wait(std::size_t place) {
  Board::attach()[place] = ::getpid();
  for (;;) ::pause();
}

os::ProcessWatch watch_on(std::int64_t pid) {
  return os::ProcessWatch(static_cast<std::uint64_t>(pid));
}

bool is_stopped(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  file >> number >> name >> state;
  return state == "T";
}

bool dies(const os::ProcessWatch& watch) {
  return test::eventually([&] { return watch.dead(); });
}

}  // namespace

TEST_CASE("kill -9 of a parent ends its children and theirs") {
  const Board board = Board::make();
  both([&](const char* method) {
    mp::Process parent(
        by(method),
        [](const std::string& how) {
          mp::Process child(
              by(how),
              [](const std::string& again) {
                mp::Process grandchild(by(again), say_pid_and_wait, 2);
                grandchild.start();
                say_pid_and_wait(1);
              },
              how);
          child.start();
          say_pid_and_wait(0);
        },
        method);
    parent.start();
    const os::ProcessWatch child = watch_on(board.wait_any(1));
    const os::ProcessWatch grandchild = watch_on(board.wait_any(2));
    CHECK_FALSE(child.dead());
    CHECK_FALSE(grandchild.dead());
    parent.kill();
    CHECK(dies(child));
    CHECK(dies(grandchild));
    CHECK(parent.join(20s));
    for (const std::size_t place : {0U, 1U, 2U}) board[place] = 0;
  });
}

TEST_CASE("a parent killed right after the fork, before its child is bound, takes it along") {
  const Board board = Board::make();
  mp::Process parent(by("fork"), [] {
    os::set_fault("process.child.unbound:stop");
    mp::Process child(by("fork"), say_pid_and_wait, 1);
    child.start();
    Board::attach()[0] = static_cast<std::int64_t>(*child.pid());
    ::pause();
  });
  parent.start();
  const auto child = static_cast<pid_t>(board.wait_any(0));
  const os::ProcessWatch watch = watch_on(child);
  parent.kill();
  CHECK(parent.join(20s));
  // It stands where nothing binds it yet.
  CHECK(test::eventually([&] { return is_stopped(child); }));
  ::kill(child, SIGCONT);
  CHECK(dies(watch));
  ::kill(child, SIGKILL);
  CHECK(board[1] == 0);
}

TEST_CASE("a parent killed in the middle of start leaves no child") {
  const Board board = Board::make();
  for (const std::string point : {"process.start.forked", "process.start.executed"}) {
    const std::string method = point == "process.start.forked" ? "fork" : "execute";
    mp::Process parent(by("fork"), [&] {
      os::set_fault(point + ":kill");
      mp::Process child(by(method), say_pid_and_wait, 1);
      child.start();
    });
    parent.start();
    CHECK(parent.join(20s));
    CHECK(parent.exit_code() == -SIGKILL);
    // The child may have come as far as to say its number.
    std::this_thread::sleep_for(50ms);
    if (board[1] != 0) CHECK(dies(watch_on(board[1])));
    board[1] = 0;
  }
}

TEST_CASE(
    "a child that a thread started lives on when the thread ends, and dies with the process") {
  const Board board = Board::make();
  mp::Process parent(by("execute"), [] {
    mp::Process child(by("execute"), say_pid_and_wait, 1);
    std::thread starter([&] { child.start(); });
    starter.join();
    say_pid_and_wait(0);
  });
  parent.start();
  const os::ProcessWatch child = watch_on(board.wait_any(1));
  board.wait_any(0);
  std::this_thread::sleep_for(50ms);
  CHECK_FALSE(child.dead());
  parent.kill();
  CHECK(dies(child));
  parent.join();
}

TEST_CASE("who is asked to outlives its parent, and can see that it is gone") {
  const Board board = Board::make();
  both([&](const char* method) {
    mp::Process parent(by("fork"), [method] {
      mp::Process child({.method = method, .outlive_parent = true}, [] {
        const Board there = Board::attach();
        const mp::Process above = *mp::parent_process();
        there[2] = above.is_alive() ? 1 : 2;
        there[1] = ::getpid();
        there[3] = above.join(20s) && !above.is_alive() ? 1 : 2;
      });
      child.start();
      ::pause();
    });
    parent.start();
    const os::ProcessWatch child = watch_on(board.wait_any(1));
    parent.kill();
    CHECK(board.wait(3, 1));
    CHECK(board[2] == 1);
    CHECK(dies(child));
    parent.join();
    for (const std::size_t place : {1U, 2U, 3U}) board[place] = 0;
  });
}

TEST_CASE("at its end a process terminates its daemons and waits for its other children") {
  const Board board = Board::make();
  // Once by returning from the callable, once by std::exit, as a program that returns from main.
  for (const bool by_exit : {false, true}) {
    mp::Process parent(
        by(by_exit ? "execute" : "fork"),
        [](bool exits) {
          mp::Process daemon({.daemon = true}, say_pid_and_wait, 1);
          daemon.start();
          Board::attach().wait_any(1);
          mp::Process other([] {
            std::this_thread::sleep_for(100ms);
            Board::attach()[2] = 1;
          });
          other.start();
          if (exits) std::exit(3);
        },
        by_exit);
    parent.start();
    CHECK(parent.join(20s));
    CHECK(parent.exit_code() == (by_exit ? 3 : 0));
    CHECK(watch_on(board[1]).dead());
    CHECK(board[2] == 1);
    board[1] = 0;
    board[2] = 0;
  }
}

TEST_CASE("a daemon that ignores SIGTERM does not hold up its parent's end") {
  const Board board = Board::make();
  mp::Process parent(by("fork"), [] {
    mp::Process daemon({.daemon = true}, [] {
      ::signal(SIGTERM, SIG_IGN);
      say_pid_and_wait(1);
    });
    daemon.start();
    Board::attach().wait_any(1);
  });
  parent.start();
  CHECK(parent.join(20s));
  CHECK(parent.exit_code() == 0);
  CHECK(watch_on(board[1]).dead());
}

TEST_CASE("a daemon may have no children") {
  mp::Process daemon({.daemon = true}, [] {
    mp::Process child([] {});
    if (child.daemon()) {
      try {
        child.start();
      } catch (const InvalidState&) {
        throw mp::SystemExit{9};
      }
    }
  });
  daemon.start();
  CHECK(daemon.join(20s));
  CHECK(daemon.exit_code() == 9);
}

TEST_CASE("random kills of parents leave nobody") {
  const Board board = Board::make();
  const unsigned seed = static_cast<unsigned>(::getpid());
  INFO("seed " << seed);
  std::srand(seed);
  for (int round = 0; round < 20; ++round) {
    const char* const method = round % 4 == 3 ? "execute" : "fork";
    mp::Process parent(by("fork"), [method] {
      for (std::size_t i = 0; i < 8; ++i) {
        mp::Process child(by(method), say_pid_and_wait, 8 + i);
        child.start();
      }
      ::pause();
    });
    parent.start();
    std::this_thread::sleep_for(std::chrono::microseconds(std::rand() % 6000));
    parent.kill();
    parent.join();
    std::this_thread::sleep_for(10ms);
    for (std::size_t i = 0; i < 8; ++i) {
      if (board[8 + i] != 0) CHECK(dies(watch_on(board[8 + i])));
      board[8 + i] = 0;
    }
  }
}
