// Managers: calls within a time, and what becomes of the shares in replies that nobody waited for.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <furrow/process/manager.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;
using test::eventually;

namespace {

using List = mp::ManagedList<int>;
using Lists = mp::ManagedDict<std::string, List>;

struct Sleeper {
  void sleep(int ms) {
    Board::attach()[1] = 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  }
};

/// Holds up the manager while it lives.
class Busy {
 public:
  Busy(const Board& board, const mp::Managed<Sleeper>& sleeper, int ms)
      : thread_([sleeper, ms] { sleeper.call_method<&Sleeper::sleep>(ms); }) {
    REQUIRE(board.wait(1, 1));
  }
  ~Busy() { thread_.join(); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("shares in a reply that nobody waited for are taken back") {
  const Board board = Board::make();
  const mp::Manager manager;
  const auto sleeper = manager.make<Sleeper>();
  const auto outer = manager.dict<std::string, List>();
  outer.set("a", manager.list<int>({1}));
  const auto lists = manager.list<List>();
  lists.append(manager.list<int>({2}));
  REQUIRE(eventually([&] { return manager.objects() == 5; }));
  {
    // Idle connections for all of them, so that their requests are on their way at once.
    std::vector<std::thread> first;
    for (int i = 0; i < 4; ++i)
      first.emplace_back([&] { sleeper.call_method<&Sleeper::sleep>(50); });
    for (std::thread& one : first) one.join();
  }
  board[1] = 0;
  {
    const Busy busy(board, sleeper, 300);
    CHECK_THROWS_AS(outer.within(30ms).get("a"), furrow::Timeout);
    CHECK_THROWS_AS(outer.within(30ms).items(), furrow::Timeout);
    CHECK_THROWS_AS(lists.within(30ms).get(0), furrow::Timeout);
  }
  CHECK(outer.get("a").get(0) == 1);
  CHECK(lists.get(0).get(0) == 2);
  outer.clear();
  lists.clear();
  CHECK(eventually([&] { return manager.objects() == 3; }));
}

TEST_CASE("shares in a value that is erased unread are given back") {
  const mp::Manager manager;
  const auto outer = manager.dict<std::string, List>();
  outer.set("a", manager.list<int>({1}));
  CHECK(outer.erase("a"));
  CHECK_FALSE(outer.erase("a"));
  const auto names = manager.Namespace();
  names.set("b", manager.list<int>({1}));
  CHECK(names.erase("b"));
  CHECK(eventually([&] { return manager.objects() == 2; }));
}

TEST_CASE("more callers at once than connections are kept: what each was given stays its own") {
  constexpr int callers = 24;
  const Board board = Board::make();
  const mp::Manager manager;
  const auto sleeper = manager.make<Sleeper>();
  const auto outer = manager.dict<std::string, List>();
  for (int i = 0; i < callers; ++i) outer.set(std::to_string(i), manager.list<int>({i}));
  std::vector<List> got(callers);
  {
    std::vector<std::thread> threads;
    const Busy busy(board, sleeper, 300);
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back(
          [&, i] { got[static_cast<std::size_t>(i)] = outer.get(std::to_string(i)); });
    }
    for (std::thread& one : threads) one.join();
  }
  outer.clear();
  CHECK(manager.objects() == callers + 2);
  for (int i = 0; i < callers; ++i) CHECK(got[static_cast<std::size_t>(i)].get(0) == i);
  got.clear();
  CHECK(eventually([&] { return manager.objects() == 2; }));
}

TEST_CASE("a limit is that of all tries of a change together") {
  constexpr int tries_max = 40;
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 0}});
  int tries = 0;
  CHECK_THROWS_AS(d.within(300ms).update_value("a",
                                               [&](int value) {
                                                 // Somebody is faster, again and again.
                                                 if (++tries < tries_max) d.set("a", tries);
                                                 std::this_thread::sleep_for(50ms);
                                                 return value - 1;
                                               }),
                  furrow::Timeout);
  CHECK(tries < tries_max);
  const auto l = manager.list<int>({1});
  tries = 0;
  CHECK_THROWS_AS(l.within(300ms).change([&](std::vector<int>&) {
    if (++tries < tries_max) l.set(0, tries);
    std::this_thread::sleep_for(50ms);
  }),
                  furrow::Timeout);
  CHECK(tries < tries_max);
}
