// Managers: shares over a fork, a killed owner, changes that are seen all at once, calls that went
// well before the manager died.
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/pool.hpp>
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

class Sleeper {
 public:
  void sleep(int seconds) {
    Board::attach()[1] = 1;
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
  }
};

std::int64_t cpu_ns(std::uint64_t pid) {
  clockid_t clock{};
  timespec time{};
  REQUIRE(::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) == 0);
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

TEST_CASE("what a forked child was given stays its own when its parent lets go after start") {
  const Board board = Board::make();
  const mp::Manager manager;
  auto d = manager.dict<std::string, int>({{"a", 1}});
  auto second = d;
  mp::Process child(by("fork"), [&d, &board] {
    if (!board.wait(0, 1)) throw mp::SystemExit{3};
    throw mp::SystemExit{d.get("a") + 40};
  });
  child.start();
  d = {};
  second = {};
  board[0] = 1;
  CHECK(child.join(20s));
  CHECK(child.exit_code() == 41);
  CHECK(eventually([&] { return manager.objects() == 0; }));
}

TEST_CASE("a start by fork does not wait for a child that dies while it asks for its shares") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  os::set_fault("process.child.sharing:kill");
  mp::Process child(by("fork"), [] {});
  child.start();
  os::set_fault("");
  CHECK(child.join(20s));
  CHECK(child.exit_code() == -SIGKILL);
  CHECK(d.get("a") == 1);
}

TEST_CASE("a start by fork goes on when the manager is dead") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  os::kill_now(manager.pid());
  mp::Process child(by("fork"), [&] {
    try {
      d.get("a");
    } catch (const ManagerDied&) {
      throw mp::SystemExit{5};
    }
  });
  child.start();
  CHECK(child.join(20s));
  CHECK(child.exit_code() == 5);
}

TEST_CASE("a manager in the middle of a user's call ends with its killed owner") {
  for (const char* method : {"fork", "execute"}) {
    const Board board = Board::make();
    mp::Process owner(by(method), [] {
      const mp::Manager mine;
      const auto sleeper = mine.make<Sleeper>();
      Board::attach()[0] = static_cast<std::int64_t>(mine.pid());
      sleeper.call_method<&Sleeper::sleep>(60);
    });
    owner.start();
    const os::ProcessWatch watch(static_cast<std::uint64_t>(board.wait_any(0)));
    REQUIRE(board.wait(1, 1));
    CHECK_FALSE(watch.dead());
    owner.kill();
    owner.join();
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!watch.dead() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    CHECK(watch.dead());
    watch.kill();
  }
}

TEST_CASE("an update of many keys is seen whole or not at all, without asking, too") {
  const Board board = Board::make();
  os::set_fault("process.manager.updating:stop:12");
  const mp::Manager manager;
  os::set_fault("");
  const auto d = manager.dict<int, int>();
  d.set(0, 0);
  d.set(24, 0);
  for (int i = 0; i < 10; ++i) d.try_get(0);  // the next ones look into the mirror
  mp::Process reader(by("fork"), [&] {
    for (int i = 0; i < 10; ++i) d.try_get(0);
    board[0] = 1;
    if (!board.wait(1, 1)) throw mp::SystemExit{3};
    const int first = d.get(0);
    throw mp::SystemExit{10 * first + d.get(24)};
  });
  mp::Process writer(by("fork"), [&] {
    std::vector<std::pair<int, int>> items;
    for (int k = 0; k < 25; ++k) items.emplace_back(k, 1);
    d.update(items);
  });
  reader.start();
  writer.start();
  REQUIRE(board.wait(0, 1));
  const auto stopped = [&] {  // in the middle of the update: the reader looks just now
    std::ifstream file("/proc/" + std::to_string(manager.pid()) + "/stat");
    std::string pid, name, state;
    file >> pid >> name >> state;
    return state == "T";
  };
  REQUIRE(eventually(stopped));
  board[1] = 1;
  reader.join(200ms);
  ::kill(static_cast<pid_t>(manager.pid()), SIGCONT);
  CHECK(reader.join(20s));
  CHECK(reader.exit_code() == 11);
  CHECK(writer.join(20s));
}

TEST_CASE("a call that was answered is no failure when a share cannot be given back behind it") {
  const Board board = Board::make();
  const mp::Manager manager;
  const auto sleeper = manager.make<Sleeper>();
  auto owed = manager.dict<std::string, int>();
  bool failed = false;
  std::thread other([&] {
    try {
      sleeper.call_method<&Sleeper::sleep>(1);
    } catch (const Error&) {
      failed = true;
    }
  });
  REQUIRE(board.wait(1, 1));
  owed = {};  // the only connection is in a call: the share is given back behind that
  os::set_fault("process.manager.dropping:fail");
  other.join();
  os::set_fault("");
  CHECK_FALSE(failed);
  CHECK(eventually([&] { return manager.objects() == 1; }));
}

TEST_CASE("a manager without descriptors rests, and lets in who waits once it has some") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  // The lowest free number is out of bounds.
  rlim_t free = 0;
  const std::string folder = "/proc/" + std::to_string(manager.pid()) + "/fd/";
  while (std::filesystem::exists(std::filesystem::symlink_status(folder + std::to_string(free)))) {
    ++free;
  }
  const rlimit few{free, 64};
  REQUIRE(::prlimit(static_cast<pid_t>(manager.pid()), RLIMIT_NOFILE, &few, nullptr) == 0);
  std::atomic<int> got{0};
  std::thread client([&] {
    try {
      const os::Descriptor socket =
          process::knock(manager.address(), mp::authkey(), os::monotonic_ns() + 10'000'000'000);
      got = 1;
    } catch (const Error&) {
      got = -1;
    }
  });
  std::this_thread::sleep_for(100ms);
  const std::int64_t begin = cpu_ns(manager.pid());
  std::this_thread::sleep_for(500ms);
  CHECK(cpu_ns(manager.pid()) - begin < 20'000'000);
  CHECK(got == 0);
  CHECK(d.get("a") == 1);
  const rlimit enough{60, 64};
  REQUIRE(::prlimit(static_cast<pid_t>(manager.pid()), RLIMIT_NOFILE, &enough, nullptr) == 0);
  client.join();
  CHECK(got == 1);
}

TEST_CASE("proxies that are a task's arguments are kept until the task has its own") {
  const Board board = Board::make();
  const mp::Manager manager;
  mp::Pool pool(1);
  // The only worker is busy; the sender's own proxies are gone before it comes to the others.
  const auto busy = pool.apply_async([] {
    Board::attach()[0] = 1;
    if (!Board::attach().wait(1, 1)) throw std::runtime_error("nobody let it go");
  });
  REQUIRE(board.wait(0, 1));
  using List = mp::ManagedList<int>;
  const auto get_a = [](const Dict& d) { return d.get("a"); };
  const auto one = pool.apply_async(get_a, manager.dict<std::string, int>({{"a", 1}}));
  const auto inside =
      pool.apply_async([](const std::vector<List>& lists) { return lists.at(1).get(0); },
                       std::vector<List>{manager.list<int>({5}), manager.list<int>({6})});
  const auto mapped =
      pool.map_async(get_a, std::vector<Dict>{manager.dict<std::string, int>({{"a", 2}}),
                                              manager.dict<std::string, int>({{"a", 3}})});
  const auto lock = pool.apply_async(
      [](const mp::Held<mp::Lock>& held) { return held.acquire(1s); }, manager.Lock());
  CHECK(manager.objects() == 6);
  board[1] = 1;
  busy.get(20s);
  CHECK(one.get(20s) == 1);
  CHECK(inside.get(20s) == 6);
  CHECK(mapped.get(20s) == std::vector<int>{2, 3});
  CHECK(lock.get(20s));
  // And no longer.
  CHECK(eventually([&] { return manager.objects() == 0; }));
}

TEST_CASE("a pool that a manager keeps is everybody's, and its workers end with the manager") {
  const auto squares = [](mp::Pool& pool, const std::vector<int>& items) {
    return pool.map([](int n) { return n * n; }, items);
  };
  std::vector<std::uint64_t> workers;
  {
    const mp::Manager manager;
    const auto pool = manager.make<mp::Pool>(std::int64_t{2});
    const std::vector<int> items{1, 2, 3, 4, 5};
    CHECK(pool.apply(squares, items) == std::vector<int>{1, 4, 9, 16, 25});
    mp::Process other(
        by("execute"),
        [](const mp::Managed<mp::Pool>& there) {
          const int sum = there.apply(
              [](mp::Pool& p) { return p.apply([](int a, int b) { return a + b; }, 3, 4); });
          if (sum != 7) throw mp::SystemExit{1};
        },
        pool);
    other.start();
    CHECK(other.join(30s));
    CHECK(other.exit_code() == 0);
    // What a task throws there says so here.
    try {
      pool.apply(
          [](mp::Pool& p) { return p.apply([]() -> int { throw std::runtime_error("no"); }); });
      FAIL("it did not throw");
    } catch (const RemoteError& error) {
      CHECK(std::string(error.what()).find("std::runtime_error: no") != std::string::npos);
    }
    workers = pool.apply([](mp::Pool& p) { return p.worker_pids(); });
    REQUIRE(workers.size() == 2);
    os::kill_now(manager.pid());
  }
  for (const std::uint64_t pid : workers) {
    CHECK(eventually([&] { return ::kill(static_cast<pid_t>(pid), 0) != 0; }));
  }
}
