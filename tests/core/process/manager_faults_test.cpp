// What follows a death around a manager: its own, its owner's, its clients'.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/process.hpp>
#include <furrow/process/reception.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;
using test::eventually;

namespace {

using Dict = mp::ManagedDict<std::string, int>;

mp::ProcessOptions by(const char* method) { return {.method = method}; }

void both(const std::function<void(const char*)>& test) {
  SECTION("fork") { test("fork"); }
  SECTION("execute") { test("execute"); }
}

int run(mp::Process process) {
  process.start();
  process.join(30s);
  return process.exit_code().value_or(-1000);
}

}  // namespace

TEST_CASE("a manager's lock whose holder was killed is handed on") {
  const Board board = Board::make();
  const mp::Manager manager;
  const auto lock = manager.Lock();
  mp::Process holder(
      [](const mp::Held<mp::Lock>& l) {
        l.acquire();
        Board::attach()[0] = 1;
        ::pause();
      },
      lock);
  holder.start();
  REQUIRE(board.wait(0, 1));
  CHECK_FALSE(lock.acquire(20ms));
  holder.kill();
  CHECK(lock.acquire(20s));
  CHECK(lock.owner_died());
  lock.release();
  holder.join();
}

TEST_CASE("calls on a killed manager are an error of their own class, in every process") {
  const Board board = Board::make();
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  const auto lock = manager.Lock();
  mp::Process other(
      [](const Dict& there) {
        Board::attach()[0] = there.get("a");
        if (!Board::attach().wait(1, 1)) throw mp::SystemExit{2};
        try {
          there.get("a");
        } catch (const ManagerDied&) {
          throw mp::SystemExit{9};
        }
      },
      d);
  other.start();
  REQUIRE(board.wait(0, 1));
  os::kill_now(manager.pid());
  board[1] = 1;
  CHECK(other.join(20s));
  CHECK(other.exit_code() == 9);
  CHECK_THROWS_AS(d.get("a"), ManagerDied);
  CHECK_THROWS_AS(d.set("a", 2), ManagerDied);
  CHECK_THROWS_AS((manager.dict<int, int>()), ManagerDied);
  CHECK_THROWS_AS(mp::Manager::connect(manager.address()), ManagerDied);
  CHECK(lock.acquire(1s));  // shared memory is still there
  lock.release();
}

TEST_CASE("a manager killed in the middle of a call, and while it starts") {
  os::set_fault("process.manager.replying:kill:3");
  {
    const mp::Manager manager;
    os::set_fault("");
    const auto d = manager.dict<std::string, int>();
    d.set("a", 1);
    CHECK_THROWS_AS(d.set("a", 2), ManagerDied);
    CHECK_THROWS_AS(d.get("a"), ManagerDied);
  }
  os::set_fault("process.manager.starting:kill");
  CHECK_THROWS_AS(mp::Manager(), ManagerDied);
  os::set_fault("");
}

TEST_CASE("a manager ends with shutdown, with its handle, and with a killed owner") {
  const Board board = Board::make();
  auto manager = std::make_unique<mp::Manager>();
  const auto d = manager->dict<std::string, int>();
  const std::uint64_t pid = manager->pid();
  manager->shutdown();
  CHECK(os::ProcessWatch(pid).dead());
  manager->shutdown();
  CHECK_THROWS_AS((manager->dict<int, int>()), InvalidState);
  CHECK_THROWS_AS(d.size(), ManagerDied);
  manager = std::make_unique<mp::Manager>();
  const os::ProcessWatch second(manager->pid());
  // A child's copy of the handle ends nothing.
  CHECK(run(mp::Process(by("fork"), [&manager] { manager.reset(); })) == 0);
  CHECK_FALSE(second.dead());
  manager.reset();
  CHECK(second.dead());

  both([&](const char* method) {
    mp::Process owner(by(method), [] {
      const mp::Manager mine;
      const auto queue = mine.Queue<int>();
      queue.put(1);
      Board::attach()[0] = static_cast<std::int64_t>(mine.pid());
      ::pause();
    });
    owner.start();
    const os::ProcessWatch watch(static_cast<std::uint64_t>(board.wait_any(0)));
    owner.kill();
    CHECK(eventually([&] { return watch.dead(); }));
    owner.join();
    board[0] = 0;
  });
}

TEST_CASE("a manager that was stopped does not take shutdown along") {
  mp::Manager manager;
  const os::ProcessWatch watch(manager.pid());
  ::kill(static_cast<pid_t>(manager.pid()), SIGSTOP);
  manager.shutdown();
  CHECK(watch.dead());
}

TEST_CASE("requests that are none, and clients killed at random, do not disturb a manager") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  for (std::size_t bytes = 0; bytes < 60; ++bytes) {
    const mp::Connection c(
        process::knock(manager.address(), mp::authkey(), os::monotonic_ns() + 5'000'000'000), true,
        true);
    mp::Bytes garbage(bytes);
    for (std::size_t i = 0; i < bytes; ++i) garbage[i] = static_cast<std::byte>(i * 37 + bytes);
    if (bytes > 20) garbage[8] = static_cast<std::byte>(bytes - 20);
    if (bytes > 20) std::fill(garbage.begin() + 9, garbage.begin() + 12, std::byte{});
    if (bytes == 20) continue;
    c.send_bytes(garbage);
  }
  CHECK(d.get("a") == 1);
  const unsigned seed = static_cast<unsigned>(::getpid());
  INFO("seed " << seed);
  std::srand(seed);
  for (int round = 0; round < 20; ++round) {
    mp::Process client(by("fork"), [&d, round] {
      for (int i = 0;; ++i) {
        d.set("k" + std::to_string(i % 7), round);
        const auto more = d.items();
        const std::vector<Dict> copies(2, d);
      }
    });
    client.start();
    std::this_thread::sleep_for(std::chrono::microseconds(std::rand() % 4000));
    client.kill();
    client.join();
  }
  CHECK(d.get("a") == 1);
  CHECK(d.size() <= 8);
}
