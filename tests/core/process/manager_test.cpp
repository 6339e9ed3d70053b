// mp::Manager: what its proxies do, from any process.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include <furrow/process/manager.hpp>
#include <furrow/process/process.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;
using test::eventually;

namespace {

using Dict = mp::ManagedDict<std::string, int>;
using List = mp::ManagedList<int>;

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

struct Counter {
  int value = 0;
  explicit Counter(int start) : value(start) {}
  int add(int n) {
    if (n < 0) throw InvalidArgument("counts up only");
    if (n == 500) throw WrongData("another's");
    if (n == 501) throw VersionMismatch("of another version");
    if (n > 1000) throw std::out_of_range("too much");
    value += n;
    return value;
  }
};

}  // namespace

TEST_CASE("a dict of a manager, from one process and from others") {
  both([](const char* method) {
    const mp::Manager manager;
    const auto d = manager.dict<std::string, int>({{"one", 1}, {"two", 2}});
    CHECK(d.get("one") == 1);
    CHECK(d.get("three", 3) == 3);
    CHECK_FALSE(d.try_get("three").has_value());
    CHECK_THROWS_AS(d.get("three"), NotFound);
    CHECK(run(mp::Process(
              by(method),
              [](const Dict& shared) {
                shared["three"] = shared["one"] + shared["two"];
                shared.set("one", 11);
                if (shared.size() != 3) throw mp::SystemExit{3};
              },
              d)) == 0);
    CHECK(d["three"] == 3);
    CHECK(d.items() ==
          std::vector<std::pair<std::string, int>>{{"one", 11}, {"two", 2}, {"three", 3}});
    CHECK(d.keys() == std::vector<std::string>{"one", "two", "three"});
    CHECK(d.values() == std::vector<int>{11, 2, 3});
    CHECK(d.contains("two"));
    CHECK(d.pop("two") == 2);
    CHECK_FALSE(d.contains("two"));
    CHECK_THROWS_AS(d.pop("two"), NotFound);
    CHECK_FALSE(d.erase("two"));
    CHECK(d.setdefault("one", 5) == 11);
    CHECK(d.setdefault("four", 4) == 4);
    d.update({{"one", 1}, {"five", 5}});
    CHECK(d.popitem() == std::pair<std::string, int>("five", 5));
    CHECK(d.update_value("one", [](int v) { return v + 1; }) == 2);
    CHECK(d.update_value("new", [](int v) { return v + 1; }) == 1);
    CHECK(d.size() == 4);
    d.clear();
    CHECK(d.empty());
    CHECK_THROWS_AS(d.popitem(), NotFound);
    const std::string large(1 << 20, 'x');
    const auto texts = manager.dict<int, std::string>();
    texts[5] = large;
    CHECK(texts.get(5) == large);
  });
}

TEST_CASE("a list of a manager") {
  const mp::Manager manager;
  const List l = manager.list<int>({3, 1, 2});
  l.append(5);
  l.extend({7, 1});
  CHECK(l.to_vector() == std::vector<int>{3, 1, 2, 5, 7, 1});
  CHECK(l.size() == 6);
  CHECK(l[0] == 3);
  CHECK(l[-1] == 1);
  l[1] = 9;
  l.set(-2, 8);
  l.insert(0, 4);
  l.insert(100, 6);
  CHECK(l.to_vector() == std::vector<int>{4, 3, 9, 2, 5, 8, 1, 6});
  CHECK(l.pop() == 6);
  CHECK(l.pop(0) == 4);
  CHECK(l.index(9) == 1);
  CHECK(l.count(3) == 1);
  CHECK(l.contains(8));
  CHECK_THROWS_AS(l.index(77), NotFound);
  CHECK_THROWS_AS(l.get(6), NotFound);
  CHECK_THROWS_AS(l.set(-7, 1), NotFound);
  CHECK_THROWS_AS(l.pop(100), NotFound);
  l.remove(9);
  CHECK_THROWS_AS(l.remove(9), NotFound);
  l.sort();
  CHECK(l.to_vector() == std::vector<int>{1, 2, 3, 5, 8});
  l.reverse();
  CHECK(l.get(0) == 8);
  l.sort([](int a, int b) { return a % 3 < b % 3; });
  CHECK(l.get(0) == 3);
  l.clear();
  CHECK_THROWS_AS(l.pop(), NotFound);
}

TEST_CASE("a namespace holds a value of any type under each name") {
  const mp::Manager manager;
  const mp::ManagedNamespace n = manager.Namespace();
  n.set("x", 10);
  n.set("text", std::string("hello"));
  CHECK(run(mp::Process(
            [](const mp::ManagedNamespace& there) { there.set("x", there.get<int>("x") + 1); },
            n)) == 0);
  CHECK(n.get<int>("x") == 11);
  CHECK(n.get<std::string>("text") == "hello");
  CHECK_THROWS_AS(n.get<double>("x"), TypeMismatch);
  CHECK_THROWS_AS(n.get<int>("y"), NotFound);
  CHECK(n.contains("x"));
  CHECK(n.erase("x"));
  CHECK_FALSE(n.contains("x"));
}

TEST_CASE("changes by a function are exact from several processes at once") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>();
  const auto l = manager.list<int>();
  std::vector<mp::Process> processes;
  for (int p = 0; p < 3; ++p) {
    processes.emplace_back(
        [](const Dict& shared, const List& all, int me) {
          for (int i = 0; i < 100; ++i) {
            shared.update_value("n", [](int v) { return v + 1; });
            all.append(me * 100 + i);
          }
        },
        d, l, p);
    processes.back().start();
  }
  for (mp::Process& process : processes) REQUIRE(process.join(60s));
  CHECK(d.get("n") == 300);
  auto items = l.to_vector();
  std::sort(items.begin(), items.end());
  REQUIRE(items.size() == 300);
  for (int i = 0; i < 300; ++i) REQUIRE(items[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("proxies inside of values: they keep what they refer to") {
  const mp::Manager manager;
  const auto outer = manager.dict<std::string, List>();
  {
    const auto inner = manager.list<int>({1, 2});
    outer["a"] = inner;
  }
  CHECK(manager.objects() == 2);
  both([&](const char* method) {
    CHECK(run(mp::Process(
              by(method),
              [](const mp::ManagedDict<std::string, List>& there) {
                const List got = there.get("a");
                got.append(3);
                if (there.items().at(0).second.size() < 3) throw mp::SystemExit{4};
              },
              outer)) == 0);
  });
  CHECK(outer.get("a").get(2) == 3);
  const List kept = outer.pop("a");
  CHECK(manager.objects() == 2);
  CHECK(kept.size() >= 3);
  outer.set("b", kept);
  outer.clear();
  CHECK(kept.get(0) == 1);
  // Of another manager it cannot keep anything.
  const mp::Manager other;
  CHECK_THROWS_AS(outer.set("c", other.list<int>()), NotSerialisable);
}

TEST_CASE("objects go with their last proxy, those of killed processes among them") {
  const Board board = Board::make();
  const mp::Manager manager;
  {
    const auto d = manager.dict<std::string, int>();
    const std::vector<Dict> copies(3, d);
    CHECK(manager.objects() == 1);
  }
  CHECK(eventually([&] { return manager.objects() == 0; }));
  mp::Process holder(
      [](const std::string& address) {
        const mp::Manager there = mp::Manager::connect(address);
        std::vector<Dict> many;
        for (int i = 0; i < 10; ++i) many.push_back(there.dict<std::string, int>());
        Board::attach()[0] = 1;
        ::pause();
      },
      manager.address());
  holder.start();
  REQUIRE(board.wait(0, 1));
  CHECK(manager.objects() == 10);
  holder.kill();
  holder.join();
  CHECK(eventually([&] { return manager.objects() == 0; }));
}

TEST_CASE("a forked child has shares of its own once it has called") {
  const Board board = Board::make();
  const mp::Manager manager;
  auto d = manager.dict<std::string, int>({{"a", 1}});
  mp::Process child(by("fork"), [&d, &board] {
    board[0] = d.get("a");
    if (!board.wait(1, 1)) throw mp::SystemExit{3};
    throw mp::SystemExit{d.get("a") + 40};
  });
  child.start();
  REQUIRE(board.wait(0, 1));
  d = {};
  board[1] = 1;
  CHECK(child.join(20s));
  CHECK(child.exit_code() == 41);
  CHECK(eventually([&] { return manager.objects() == 0; }));
  CHECK_THROWS_AS(d.get("a"), InvalidState);
}

TEST_CASE("locks, queues and values of a manager are those of shared memory, kept alive by it") {
  both([](const char* method) {
    const mp::Manager manager;
    const auto lock = manager.Lock();
    const auto queue = manager.Queue<std::string>(4);
    const auto value = manager.Value<int>(5);
    const auto event = manager.Event();
    const auto array = manager.Array<double>(3);
    const auto joinable = manager.JoinableQueue<int>();
    const auto all = manager.dict<std::string, mp::Held<mp::Queue<std::string>>>();
    all["results"] = queue;
    mp::Process process(
        by(method),
        [](const mp::Held<mp::Lock>& l, const mp::Held<mp::Value<int>>& v,
           const mp::Held<mp::Event>& e, const mp::Held<mp::Array<double>>& a,
           const mp::ManagedDict<std::string, mp::Held<mp::Queue<std::string>>>& d,
           const mp::Held<mp::JoinableQueue<int>>& j) {
          const std::scoped_lock hold(l);
          v += 2;
          a[1] = 1.5;
          d.get("results").put("from the child");
          j.get();
          j.task_done();
          e.set();
        },
        lock, value, event, array, all, joinable);
    joinable.put(1);
    process.start();
    CHECK(event.wait(20s));
    CHECK(queue.get(20s) == "from the child");
    CHECK(process.join(20s));
    CHECK(process.exit_code() == 0);
    CHECK(value.get() == 7);
    CHECK(array[1] == 1.5);
    CHECK(joinable.join(20s));
    // RLock, Semaphore, Condition and Barrier the same way.
    const auto condition = manager.Condition();
    const auto barrier = manager.Barrier(2);
    const auto semaphore = manager.BoundedSemaphore(1);
    const auto recursive = manager.RLock();
    mp::Process second(
        by(method),
        [](const mp::Held<mp::Condition>& c, const mp::Held<mp::Barrier>& b,
           const mp::Held<mp::BoundedSemaphore>& s, const mp::Held<mp::RLock>& r) {
          b.wait(20s);
          const std::scoped_lock hold(c, r);
          s.acquire();
          c.notify_all();
        },
        condition, barrier, semaphore, recursive);
    second.start();
    {
      const std::scoped_lock hold(condition);
      barrier.wait(20s);
      CHECK(condition.wait(20s));
    }
    CHECK(second.join(20s));
    CHECK(second.exit_code() == 0);
  });
}

TEST_CASE("what a manager keeps outlives the process that made it") {
  const mp::Manager manager;
  CHECK(run(mp::Process(
            [](const std::string& address) {
              const mp::Manager there = mp::Manager::connect(address);
              const auto queue = there.Queue<int>();
              queue.put(17);
              there.publish("queue", there.list<mp::Held<mp::Queue<int>>>({queue}));
            },
            manager.address())) == 0);
  const auto list = manager.find<mp::ManagedList<mp::Held<mp::Queue<int>>>>("queue");
  CHECK(list.get(0).get(20s) == 17);
}

TEST_CASE("objects of one's own classes; what their calls throw") {
  both([](const char* method) {
    const mp::Manager manager;
    const auto counter = manager.make<Counter>(5);
    CHECK(counter.call_method<&Counter::add>(2) == 7);
    CHECK(run(mp::Process(
              by(method),
              [](const mp::Managed<Counter>& c) {
                c.call_method<&Counter::add>(3);
                int factor = 2;
                c.apply([factor](Counter& there) { there.value *= factor; });
              },
              counter)) == 0);
    CHECK(counter.apply([](const Counter& there) { return std::to_string(there.value); }) == "20");
    CHECK_THROWS_AS(counter.call_method<&Counter::add>(-1), InvalidArgument);
    CHECK_THROWS_WITH(counter.call_method<&Counter::add>(-1), "counts up only");
    CHECK_THROWS_AS(counter.call_method<&Counter::add>(500), WrongData);
    CHECK_THROWS_AS(counter.call_method<&Counter::add>(501), VersionMismatch);
    CHECK_THROWS_AS(counter.call_method<&Counter::add>(1001), RemoteError);
    CHECK_THROWS_WITH(counter.call_method<&Counter::add>(1001),
                      Catch::Contains("std::out_of_range: too much"));
    CHECK(counter.call_method<&Counter::add>(1) == 21);
  });
}

TEST_CASE("a manager may be executed, from a process with threads") {
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    while (!stop) std::this_thread::sleep_for(1ms);
  });
  {
    const mp::Manager manager;
    const auto d = manager.dict<std::string, int>({{"a", 1}});
    CHECK(manager.make<Counter>(1).call_method<&Counter::add>(1) == 2);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&d, t] {
        for (int i = 0; i < 50; ++i) d.update_value("a", [](int v) { return v + 1; });
        d.set(std::to_string(t), t);
      });
    }
    for (std::thread& one : threads) one.join();
    CHECK(d.get("a") == 201);
    CHECK(d.size() == 5);
  }
  stop = true;
  thread.join();
}

TEST_CASE("what a manager lacks is named: key, index, item") {
  const mp::Manager manager;
  const auto text_of = [](const auto& f) -> std::string {
    try {
      f();
    } catch (const NotFound& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const auto words = manager.dict<std::string, int>();
  CHECK(text_of([&] { words.get("apples\n"); }) == "a manager's dict has no key \"apples\\x0a\"");
  CHECK(text_of([&] { words.pop(std::string(200, 'x')); }).find("…\" (200 bytes)") !=
        std::string::npos);
  CHECK(text_of([&] { manager.dict<int, int>().get(-7); }) == "a manager's dict has no key -7");
  CHECK(text_of([&] { manager.dict<double, int>().get(0.5); }) ==
        "a manager's dict has no key 0.5");
  CHECK(text_of([&] {
          manager.dict<std::pair<int, int>, int>().get({1, 2});
        }) == "a manager's dict has no key that is a std::pair<int, int>");
  const auto numbers = manager.list<int>({1, 2});
  CHECK(text_of([&] { numbers.get(2); }) == "a manager's list has no item at index 2");
  CHECK(text_of([&] { numbers.set(-3, 0); }) == "a manager's list has no item at index -3");
  CHECK(text_of([&] { numbers.index(9); }) == "a manager's list has no item 9");
  CHECK(text_of([&] { numbers.remove(9); }) == "a manager's list has no item 9");
}

TEST_CASE("a wrong key is wrong in the manager's own process, too; nobody is there is said so") {
  const mp::Manager manager("manager's key");
  CHECK_THROWS_AS(mp::Manager::connect(manager.address(), "another key"), AuthenticationFailed);
  CHECK(mp::Manager::connect(manager.address(), "manager's key").objects() == 0);
  CHECK(mp::Manager::connect(manager.address()).objects() == 0);
  try {
    mp::Manager::connect("@furrow-test-nobody", "key");
    FAIL("somebody was there");
  } catch (const ManagerDied& error) {
    CHECK(std::string(error.what()).find("nobody listens at @furrow-test-nobody: no manager") == 0);
  }
}

TEST_CASE("a call within a time: it is over then, and the manager goes on") {
  const mp::Manager manager;
  const auto counter = manager.make<Counter>(0);
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  CHECK(d.within(10s).get("a") == 1);
  const auto slow = [](Counter& c) {
    std::this_thread::sleep_for(400ms);
    return c.add(1);
  };
  CHECK_THROWS_AS(counter.within(30ms).apply(slow), furrow::Timeout);
  // One that waits holds up the manager, and nobody who would rather not wait.
  CHECK_THROWS_AS(d.within(30ms).set("a", 2), furrow::Timeout);
  CHECK_THROWS_AS(d.within(-1s).size(), furrow::Timeout);
  // What was begun was done, and each answer belongs to its call.
  CHECK(counter.apply([](Counter& c) { return c.value; }) == 1);
  CHECK(d.get("a") >= 1);
  CHECK(d.within(10s).size() == 1);
}

TEST_CASE("strangers connect by address and key, and find what was published") {
  const mp::Manager manager("manager's key");
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  manager.publish("the dict", d);
  CHECK(run(mp::Process(
            by("execute"),
            [](const std::string& address) {
              mp::set_authkey("another key");
              try {
                mp::Manager::connect(address);
                throw mp::SystemExit{3};
              } catch (const AuthenticationFailed&) {
              }
              const mp::Manager there = mp::Manager::connect(address, "manager's key");
              there.find<Dict>("the dict").set("b", 2);
              mp::Manager::connect(address).find<Dict>(
                  "the dict");  // the key that was right is known
              try {
                there.find<List>("the dict");
                throw mp::SystemExit{4};
              } catch (const TypeMismatch&) {
              }
              try {
                there.find<Dict>("no dict");
                throw mp::SystemExit{5};
              } catch (const NotFound&) {
              }
            },
            manager.address())) == 0);
  CHECK(d.get("b") == 2);
}
