// Executor and Future: what they promise while nobody dies.
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

#include <furrow/process/process.hpp>

#include "core/process/pool_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

TEST_CASE("executor: arguments and results of many types arrive whole") {
  mp::Executor executor(2);
  CHECK(executor.submit(square, 7).result() == 49);
  CHECK(executor.submit([](const std::string& s) { return s + "!"; }, "hi").result() == "hi!");
  CHECK(executor.submit([](const std::string& s) { return s.size(); }, std::string_view("four"))
            .result() == 4);
  using Table = std::map<std::string, std::vector<double>>;
  const Table table{{"a", {1, 2}}, {"b", {}}};
  CHECK(executor.submit([](Table t) { return t["c"] = {3}, t; }, table).result().size() == 3);
  CHECK(executor
            .submit([](std::optional<int> x, bool y) { return std::make_pair(x, y); },
                    std::optional<int>(), true)
            .result() == std::make_pair(std::optional<int>(), true));
  int offset = 10;  // a capture
  CHECK(executor.submit([offset](int x) { return x + offset; }, 1).result() == 11);
  executor.submit([] {}).result();
  CHECK(
      executor.submit([](const std::vector<bool>& v) { return v; }, std::vector<bool>{true, false})
          .result() == std::vector<bool>{true, false});
}

TEST_CASE("executor: messages of every size around the slot's room arrive whole") {
  mp::Executor executor(2);
  const auto reversed = [](std::string s) { return std::string(s.rbegin(), s.rend()); };
  for (const std::size_t size :
       {0UL, 1UL, 800UL, 880UL, 887UL, 888UL, 889UL, 896UL, 897UL, 5000UL, 4UL << 20}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    CHECK(executor.submit(reversed, text).result() == std::string(text.rbegin(), text.rend()));
  }
}

TEST_CASE("executor: tasks run in other processes, side by side") {
  mp::Executor executor(3);
  CHECK(executor.workers() == 3);
  CHECK(executor.worker_pids().size() == 3);
  const SharedCount met;
  // Each waits for the other two.
  const auto meet = [count = met.get()] {
    ++*count;
    while (*count < 3) std::this_thread::sleep_for(1ms);
    return ::getpid();
  };
  std::vector<mp::Future<pid_t>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(executor.submit(meet));
  std::set<pid_t> pids;
  for (auto& future : futures) pids.insert(future.result());
  CHECK(pids.size() == 3);
  CHECK(pids.count(::getpid()) == 0);
}

TEST_CASE("executor: more tasks than there are slots, results in any order") {
  mp::Executor executor(2);
  std::vector<mp::Future<int>> futures;
  for (int i = 0; i < 5000; ++i) futures.push_back(executor.submit(square, i));
  for (int i = 4999; i >= 0; --i) REQUIRE(futures[static_cast<std::size_t>(i)].result() == i * i);
  CHECK(futures[17].result() == 289);  // a result can be had again
}

TEST_CASE("a map that fails says which item it was, not which chunk") {
  mp::Pool pool(2);
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto bad = [](int n) {
    if (n == 57) throw std::out_of_range("no row 57");
    return n;
  };
  const auto failure = [](const auto& f) {
    try {
      f();
    } catch (const mp::TaskFailed& error) {
      CHECK(error.item() == 57);
      CHECK(error.type() == "std::out_of_range");
      CHECK(error.text() == "no row 57");
      CHECK_THAT(error.what(), Contains("item 57 (task ") && Contains("std::out_of_range: no row"));
      return;
    }
    FAIL("it did not throw");
  };
  failure([&] { pool.map(bad, numbers, {.chunk_size = 10}); });
  failure([&] { pool.map(bad, numbers); });
  failure([&] {
    for (const int n : pool.imap(bad, numbers, {.chunk_size = 7})) static_cast<void>(n);
  });
  std::vector<std::tuple<int>> tuples;
  for (const int n : numbers) tuples.emplace_back(n);
  failure([&] { pool.starmap(bad, tuples, {.chunk_size = 30}); });
  mp::Executor executor(2);
  failure([&] {
    for (const int n : executor.map(bad, numbers)) static_cast<void>(n);
  });
  // A task of its own has no item.
  try {
    pool.apply(bad, 57);
  } catch (const mp::TaskFailed& error) {
    CHECK_FALSE(error.item().has_value());
    CHECK(std::string(error.what()).find("task ") == 0);
  }
}

TEST_CASE("executor: what a task throws arrives with its type and text, whatever it is") {
  mp::Executor executor(1);
  const auto failing = executor.submit([](int) -> int { throw std::out_of_range("no row 7"); }, 1);
  try {
    failing.result();
    FAIL("it did not throw");
  } catch (const mp::TaskFailed& error) {
    CHECK(error.type() == "std::out_of_range");
    CHECK(error.text() == "no row 7");
    CHECK(error.worker() == 0);
    CHECK_THAT(error.what(), Contains("task 0") && Contains("std::out_of_range: no row 7"));
  }
  CHECK_THROWS_AS(std::rethrow_exception(failing.exception()), mp::TaskFailed);
  CHECK(executor.submit([] {}).exception() == nullptr);
  CHECK(text_of<mp::TaskFailed>([&] {
          executor.submit([] { throw 42; }).result();
        }).find("int: 42") != std::string::npos);
  struct Odd {};
  CHECK_THROWS_AS(executor.submit([] { throw Odd(); }).result(), mp::TaskFailed);
  CHECK_THROWS_AS(executor.submit([] { throw NotFound("of furrow's own"); }).result(),
                  mp::TaskFailed);
  CHECK(executor.submit(square, 3).result() == 9);  // the same worker goes on
}

TEST_CASE("future: timeouts, states, cancelling what has not begun") {
  mp::Executor executor(1);
  const SharedCount gate;
  const auto blocking = executor.submit([g = gate.get()] {
    while (*g == 0) std::this_thread::sleep_for(1ms);
    return 5;
  });
  const auto waiting = executor.submit(square, 2);
  CHECK_THROWS_AS(blocking.result(20ms), furrow::Timeout);
  CHECK_THROWS_AS(blocking.result(-1s), furrow::Timeout);
  CHECK_THROWS_AS(blocking.exception(0s), furrow::Timeout);
  REQUIRE(soon([&] { return blocking.running(); }));
  CHECK_FALSE(blocking.done());
  CHECK_FALSE(blocking.cancel());  // as Python: it runs
  CHECK_FALSE(waiting.running());
  CHECK(waiting.cancel());
  CHECK(waiting.cancelled());
  CHECK(waiting.done());
  CHECK(waiting.cancel());  // again
  CHECK_THROWS_AS(waiting.result(), Cancelled);
  CHECK_THROWS_AS(waiting.exception(), Cancelled);
  *gate.get() = 1;
  CHECK(blocking.result() == 5);
  CHECK_FALSE(blocking.cancel());
  CHECK_FALSE(blocking.cancelled());
  CHECK_THROWS_AS(mp::Future<int>().result(), InvalidArgument);
}

TEST_CASE("future: callbacks run once, in order, and may do anything") {
  mp::Executor executor(1);
  const SharedCount gate;
  const auto task = executor.submit([g = gate.get()] {
    while (*g == 0) std::this_thread::sleep_for(1ms);
    return 5;
  });
  std::vector<int> order;
  std::atomic<int> called{0};
  task.add_done_callback([&](const mp::Future<int>& f) {
    order.push_back(f.result());
    ++called;
  });
  task.add_done_callback([&](const mp::Future<int>&) {
    order.push_back(2);
    ++called;
    throw std::runtime_error("swallowed");
  });
  task.add_done_callback([&](const mp::Future<int>&) {
    order.push_back(executor.submit(square, 6).result());  // waits in a callback
    ++called;
  });
  *gate.get() = 1;
  // Nobody waits for the task: the executor's own thread collects it.
  REQUIRE(soon([&] { return called == 3; }));
  CHECK(order == std::vector<int>{5, 2, 36});
  task.add_done_callback([&](const mp::Future<int>&) { ++called; });
  CHECK(called == 4);  // at once
  task.add_done_callback([](const mp::Future<int>&) { throw 1; });
}

TEST_CASE("wait: first completed, first exception, all; and a timeout is no error") {
  mp::Executor executor(3);
  const SharedCount gate;
  const auto blocking = [g = gate.get()](int x) {
    while (*g < x) std::this_thread::sleep_for(1ms);
    if (x == 2) throw std::runtime_error("two");
    return x;
  };
  std::vector<mp::Future<int>> futures;
  for (int x = 1; x <= 3; ++x) futures.push_back(executor.submit(blocking, x));
  futures.push_back(futures[0]);  // counts once
  CHECK(mp::wait(futures, 10ms).not_done.size() == 3);
  CHECK(mp::wait(futures, -1s, mp::FIRST_COMPLETED).done.empty());
  *gate.get() = 1;
  auto first = mp::wait(futures, {}, mp::FIRST_COMPLETED);
  REQUIRE(first.done.size() == 1);
  CHECK(first.done[0].result() == 1);
  CHECK(mp::wait(futures, 10ms, mp::FIRST_EXCEPTION).done.size() == 1);
  *gate.get() = 2;
  CHECK(mp::wait(futures, {}, mp::FIRST_EXCEPTION).done.size() == 2);
  *gate.get() = 3;
  CHECK(mp::wait(futures).not_done.empty());
  CHECK(mp::wait(std::vector<mp::Future<int>>{}).done.empty());
}

TEST_CASE("as_completed: in the order of completion, over several executors too") {
  mp::Executor executor(2);
  mp::Executor other(1);
  const SharedCount gate;
  const auto blocking = [g = gate.get()](int x) {
    while (*g < x) std::this_thread::sleep_for(1ms);
    return x;
  };
  std::vector<mp::Future<int>> futures{executor.submit(blocking, 2), other.submit(blocking, 1),
                                       executor.submit(blocking, 0)};
  std::vector<int> order;
  for (auto& future : mp::as_completed(futures)) {
    order.push_back(future.result());
    *gate.get() = *gate.get() + 1;
  }
  CHECK(order == std::vector<int>{0, 1, 2});
  futures = {executor.submit(blocking, 0), executor.submit(blocking, 9)};
  const auto walk = [&] {
    for (auto& future : mp::as_completed(futures, 500ms)) CHECK(future.result() == 0);
  };
  CHECK(text_of<furrow::Timeout>(walk) == "1 (of 2) futures unfinished");
  *gate.get() = 9;
}

TEST_CASE("executor map: ordered, over several ranges, ends at the first error") {
  mp::Executor executor(2);
  std::vector<int> squares;
  for (const int r : executor.map(square, numbers(100))) squares.push_back(r);
  REQUIRE(squares.size() == 100);
  CHECK(squares[99] == 99 * 99);
  const std::vector<std::string> words{"a", "b", "c"};
  auto joined = executor.map([](int n, const std::string& w) { return w + std::to_string(n); },
                             numbers(10), words);
  CHECK(joined.all() == std::vector<std::string>{"a0", "b1", "c2"});
  mp::ExecutorMapOptions options;
  options.chunk_size = 3;
  auto failing = executor.map(
      options, [](int n) { return n == 4 ? throw 4 : n; }, numbers(1000));
  CHECK(failing.next() == 0);
  CHECK(failing.next() == 1);
  CHECK(failing.next() == 2);
  CHECK_THROWS_AS(failing.next(), mp::TaskFailed);
  CHECK(failing.next() == std::nullopt);
  options.timeout = 30ms;
  const auto slow = [] {
    std::this_thread::sleep_for(10s);
    return 0;
  };
  options.chunk_size = 1;
  auto late = executor.map(
      options, [slow](int) { return slow(); }, numbers(1));
  CHECK_THROWS_AS(late.next(), furrow::Timeout);
  options.chunk_size = 0;
  CHECK_THROWS_AS(executor.map(options, square, numbers(1)), InvalidArgument);
  executor.terminate();
}

TEST_CASE("executor: shutdown waits, or cancels, or lets go on; then no task is taken") {
  const SharedCount done;
  const auto slow = [d = done.get()] {
    std::this_thread::sleep_for(20ms);
    ++*d;
  };
  {
    mp::Executor executor(2);
    const SharedCount gate;
    executor.submit([g = gate.get()] {
      while (*g == 0) std::this_thread::sleep_for(1ms);
    });
    for (int i = 0; i < 6; ++i) executor.submit(slow);
    executor.shutdown(false);
    CHECK_THROWS_AS(executor.submit(slow), Closed);
    CHECK_THROWS_AS(executor.map(square, numbers(2)), Closed);
    *gate.get() = 1;
    executor.shutdown();
    executor.shutdown();
    CHECK(done.value() == 6);
    CHECK(executor.worker_pids().empty());
  }
  mp::Future<void> future;
  {
    mp::Executor executor(1);
    executor.submit(slow);
    for (int i = 0; i < 3000; ++i) future = executor.submit(slow);
    executor.shutdown(true, true);
  }
  CHECK(future.cancelled());  // also when its executor is gone
  CHECK(done.value() < 3000);
}

TEST_CASE(
    "executor: an initializer runs in every worker, and fresh workers come after their share") {
  static int of_this_process = 0;
  mp::ExecutorOptions options;
  options.max_workers = 2;
  options.max_tasks_per_child = 3;
  mp::Executor executor(
      options,
      [](int x, const std::string& s) { of_this_process = x + static_cast<int>(s.size()); }, 40,
      "xy");
  std::map<int, int> tasks;
  std::vector<mp::Future<int>> futures;
  for (int i = 0; i < 20; ++i) {
    futures.push_back(executor.submit([] {
      if (of_this_process != 42) throw std::runtime_error("not initialized");
      return static_cast<int>(::getpid());
    }));
  }
  for (auto& future : futures) ++tasks[future.result()];
  CHECK(tasks.size() >= 7);
  for (const auto& [pid, count] : tasks) CHECK(count <= 3);
  CHECK(of_this_process == 0);
}

TEST_CASE("executor: bad numbers are refused") {
  CHECK_THROWS_AS(mp::Executor(0), InvalidArgument);
  CHECK_THROWS_AS(mp::Executor(-3), InvalidArgument);
  CHECK_THROWS_AS(mp::Executor(100'000), InvalidArgument);
  mp::ExecutorOptions options;
  options.max_tasks_per_child = 0;
  CHECK_THROWS_AS(mp::Executor(options), InvalidArgument);
}

TEST_CASE("executor: a worker knows its name and its parent, and has no children of its parent's") {
  mp::Executor executor(1);
  CHECK(executor.submit([] { return mp::current_process().name(); }).result() ==
        "ExecutorWorker-1");
  CHECK(executor.submit([] { return mp::parent_process()->pid().value_or(0); }).result() ==
        static_cast<std::uint64_t>(::getpid()));
  CHECK(executor.submit([] { return mp::active_children().size(); }).result() == 0);
}
