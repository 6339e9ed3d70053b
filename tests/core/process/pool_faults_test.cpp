// Pool and Executor while processes die: kill -9 of workers, of the nursery, of the parent, at
// labelled points and at random; running tasks that are cancelled or run out of time.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "core/process/pool_support.hpp"
#include "faults/processes.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

void die() { ::kill(::getpid(), SIGKILL); }

std::vector<int> squares(int count) {
  std::vector<int> result;
  for (int i = 0; i < count; ++i) result.push_back(i * i);
  return result;
}

}  // namespace

TEST_CASE("a worker killed in the middle of map: only its chunk is run again") {
  mp::Pool pool(3);
  const SharedCount runs;
  const SharedCount deaths;
  const auto one_dies = [r = runs.get(), d = deaths.get()](int x) {
    ++*r;
    if (x == 57 && d->fetch_add(1) == 0) die();
    return x * x;
  };
  CHECK(pool.map(one_dies, numbers(100), {.chunk_size = 10}) == squares(100));
  CHECK(runs.value() == 100 + 8);  // 50 … 57 twice
}

TEST_CASE("a map that is not repeatable: only that chunk fails, and names signal and task") {
  mp::Pool pool(2);
  const auto dies = [](int x) {
    if (x == 7) die();
    return x;
  };
  auto results = pool.imap(dies, numbers(10), {.repeatable = false});
  for (int i = 0; i < 7; ++i) CHECK(results.next() == i);
  const std::string text = text_of<WorkerDied>([&] { results.next(); });
  CHECK_THAT(text, Contains("task 7") && Contains("Killed (signal 9)"));
  CHECK(results.next() == 8);
  CHECK(results.next() == 9);
}

TEST_CASE("a task whose worker is killed fails alone; a repeatable one is run again") {
  mp::Executor executor(2);
  const SharedCount deaths;
  std::vector<mp::Future<int>> others;
  for (int i = 0; i < 50; ++i) others.push_back(executor.submit(square, i));
  const auto once = [d = deaths.get()] {
    if (d->fetch_add(1) == 0) die();
    return 5;
  };
  const auto again = executor.submit({.repeatable = true}, once);
  *deaths.get() = 0;
  const auto failing = executor.submit([] { die(); });
  CHECK_THROWS_WITH(failing.result(), Contains("signal 9") && Contains("not marked repeatable"));
  CHECK(again.result() == 5);
  for (int i = 0; i < 50; ++i) CHECK(others[static_cast<std::size_t>(i)].result() == i * i);
  const auto faulting = executor.submit([] { ::raise(SIGSEGV); });
  CHECK_THROWS_WITH(faulting.result(), Contains("signal 11"));
  CHECK(executor.submit(square, 9).result() == 81);
}

TEST_CASE("a task that kills every worker it meets fails after three; the rest goes on") {
  mp::Pool pool(2);
  const SharedCount runs;
  const auto deadly = [r = runs.get()](int x) {
    if (x == 5) {
      ++*r;
      die();
    }
    return x;
  };
  auto results = pool.imap(deadly, numbers(10));
  for (int i = 0; i < 5; ++i) CHECK(results.next() == i);
  CHECK_THROWS_WITH(results.next(), Contains("3 workers") && Contains("signal 9"));
  CHECK(results.next() == 6);
  CHECK(runs.value() == 3);
}

TEST_CASE("std::exit in a task is that task's error, and runs no exit handler of the parent's") {
  static const pid_t parent = ::getpid();
  static std::atomic<int>* handlers = nullptr;
  const SharedCount called;
  handlers = called.get();
  std::atexit([] {
    if (handlers != nullptr && ::getpid() != parent) ++*handlers;
  });
  mp::Executor executor(1);
  for (const int code : {0, 3}) {
    const auto leaving = executor.submit({.repeatable = true}, [code] { std::exit(code); });
    CHECK_THROWS_WITH(leaving.result(), Contains("exit(" + std::to_string(code) + ")"));
  }
  CHECK_THROWS_AS(executor.submit([] { ::_exit(0); }).result(), WorkerDied);
  CHECK_THROWS_AS(executor.submit([]() noexcept { std::abort(); }).result(), WorkerDied);
  CHECK(executor.submit(square, 3).result() == 9);
  CHECK(called.value() == 0);
  handlers = nullptr;
}

TEST_CASE("a running task is cancelled by killing its worker and no other") {
  mp::Executor executor(2);
  const SharedCount going;
  const auto for_ever = [g = going.get()] {
    ++*g;
    for (;;) std::this_thread::sleep_for(1ms);
  };
  const SharedCount gate;
  const auto neighbour = executor.submit([g = gate.get()] {
    while (*g == 0) std::this_thread::sleep_for(1ms);
    return static_cast<int>(::getpid());
  });
  const auto stuck = executor.submit(for_ever);
  REQUIRE(soon([&] { return going.value() == 1 && neighbour.running(); }));
  const auto pids = executor.worker_pids();
  CHECK(stuck.cancel_running());
  CHECK_THROWS_AS(stuck.result(), Cancelled);
  CHECK(stuck.cancelled());
  *gate.get() = 1;
  const auto survivor = static_cast<std::uint64_t>(neighbour.result());
  REQUIRE(pids.size() == 2);
  for (const std::uint64_t pid : pids) CHECK(dead(pid) == (pid != survivor));
  CHECK(executor.submit(square, 3).result() == 9);
  const auto over = executor.submit(square, 2);
  CHECK(over.result() == 4);
  CHECK_FALSE(over.cancel_running());
}

TEST_CASE("a deadline kills the worker of that task; it counts from when the task begins") {
  mp::Executor executor(1);
  const auto slow = [](int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    return ms;
  };
  const auto first = executor.submit(slow, 200);
  // Waits longer for its turn than it may run.
  const auto second = executor.submit({.deadline = 10s}, slow, 1);
  const auto third = executor.submit({.deadline = 50ms}, slow, 100'000);
  const auto fourth = executor.submit(slow, 0);
  CHECK(fourth.result() == 0);
  CHECK(first.result() == 200);
  CHECK(second.result() == 1);
  CHECK_THROWS_WITH(third.result(), Contains("longer than its limit of 0.05 s"));
  CHECK_THROWS_AS(third.result(), furrow::Timeout);
  CHECK_FALSE(third.cancelled());
  mp::Pool pool(2);
  mp::MapOptions options;
  options.deadline = 50ms;
  options.chunk_size = 1;
  auto results =
      pool.imap([slow](int x) { return slow(x == 1 ? 100'000 : 0); }, numbers(3), options);
  CHECK(results.next() == 0);
  CHECK_THROWS_AS(results.next(), furrow::Timeout);
  CHECK(results.next() == 0);
}

TEST_CASE("terminate resolves everything, also when a callback calls it") {
  for (const bool in_callback : {false, true}) {
    mp::Pool pool(2);
    const auto blocking = [](int x) {
      for (;;) std::this_thread::sleep_for(1ms);
      return x;
    };
    const auto first = pool.apply_async(square, 1);
    const auto running = pool.apply_async(blocking, 1);
    const auto waiting = pool.map_async(blocking, numbers(3000), {.chunk_size = 1});
    std::atomic<bool> over{false};
    waiting.error_callback([&](const std::exception_ptr&) { over = true; });
    const auto pids = pool.worker_pids();
    if (in_callback) {
      first.callback([&](int) { pool.terminate(); });
      CHECK_THROWS_AS(waiting.get(), Cancelled);
    }
    pool.terminate();
    CHECK_THROWS_AS(running.get(0s), Cancelled);
    CHECK_THROWS_AS(waiting.get(0s), Cancelled);
    for (const std::uint64_t pid : pids) CHECK(dead(pid));
    pool.terminate();
    CHECK(pool.join());
    CHECK(soon([&] { return over.load(); }));
  }
}

TEST_CASE("an initializer that fails is an error at once, and no storm of workers") {
  const SharedCount starts;
  const auto throwing = [s = starts.get()] {
    ++*s;
    throw std::runtime_error("no licence");
  };
  mp::PoolOptions options;
  options.processes = 3;
  const std::string text = text_of<BrokenPool>([&] { mp::Pool(options, throwing); });
  CHECK_THAT(text, Contains("std::runtime_error: no licence"));
  CHECK(starts.value() <= 3);
  *starts.get() = 0;
  const auto exiting = [s = starts.get()] {
    ++*s;
    std::exit(4);
  };
  CHECK_THROWS_WITH(mp::Pool(options, exiting), Contains("exit(4)"));
  CHECK(starts.value() <= 6);
  *starts.get() = 0;
  const auto dying = [s = starts.get()] {
    ++*s;
    die();
  };
  CHECK_THROWS_WITH(mp::Pool(options, dying), Contains("signal 9"));
  CHECK(starts.value() <= 9);
}

TEST_CASE("an initializer that fails in a replacement breaks the pool, and every future resolves") {
  const SharedCount starts;
  mp::ExecutorOptions options;
  options.max_workers = 2;
  mp::Executor executor(options, [s = starts.get()] {
    if (s->fetch_add(1) >= 2) throw std::runtime_error("only twice");
  });
  std::vector<mp::Future<void>> futures;
  for (int i = 0; i < 20; ++i) {
    futures.push_back(executor.submit([] { std::this_thread::sleep_for(5ms); }));
  }
  CHECK_THROWS_AS(executor.submit([] { die(); }).result(), furrow::Error);
  for (const auto& future : futures) future.exception(20s);
  REQUIRE(soon([&] {
    try {
      executor.submit(square, 1);
      return false;
    } catch (const BrokenPool&) {
      return true;
    }
  }));
  CHECK(starts.value() <= 4);
}

TEST_CASE("kill at every labelled point of a worker: map is whole, and the pool goes on") {
  for (const char* point : {"process.crew.starting", "process.crew.taking", "process.crew.claimed",
                            "process.crew.finished", "process.crew.delivering",
                            "process.crew.parking", "process.nursery.forking"}) {
    for (const int nth : {1, 2, 5}) {
      INFO(point << " pass " << nth);
      const OneDeath death(point, "kill", nth);
      mp::Pool pool(2);
      os::set_fault("");  // the parent itself passes unharmed
      for (int round = 0; round < 3; ++round) {
        REQUIRE(pool.map(square, numbers(40), {.chunk_size = 2}) == squares(40));
      }
      if (nth == 1) CHECK(soon([&] { return death.fired(); }));
    }
  }
}

TEST_CASE("a large result that finds no memory is that task's error") {
  const OneDeath fault("process.crew.result", "fail");
  mp::Executor executor(1);
  os::set_fault("");
  const auto large = [] { return std::string(100'000, 'x'); };
  CHECK_THROWS_AS(executor.submit(large).result(), OutOfSpace);
  CHECK(executor.submit(large).result().size() == 100'000);
}

TEST_CASE("workers and their nursery killed at random: all results are right") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  mp::Pool pool(3);
  for (int round = 0; round < 12; ++round) {
    const auto result = pool.map_async(
        [](int x) {
          std::this_thread::sleep_for(100us);
          return x * x;
        },
        numbers(300), {.chunk_size = 3});
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    const auto pids = pool.worker_pids();
    if (!pids.empty()) ::kill(static_cast<pid_t>(pids[random() % pids.size()]), SIGKILL);
    // Of a nursery that was a spare the parent is somebody else: it is found by its workers.
    const pid_t nursery = pids.empty() ? 0 : parent_of(static_cast<pid_t>(pids.back()));
    if (round % 4 == 3 && nursery > 1 && nursery != ::getpid()) ::kill(nursery, SIGKILL);
    REQUIRE(result.get() == squares(300));
  }
}

TEST_CASE("nursery and spare killed together: another is made, or every future says why not") {
  mp::Pool pool(2);
  CHECK(pool.apply(square, 2) == 4);
  const Household household = household_of(::getpid());
  ::kill(household.spare, SIGKILL);
  ::kill(household.nursery, SIGKILL);
  CHECK(pool.map(square, numbers(50)) == squares(50));
  for (const pid_t pid : household.workers) {
    CHECK(soon([pid] { return dead(static_cast<std::uint64_t>(pid)); }));
  }
}

TEST_CASE("the parent killed: no worker stays, and nothing in shared memory") {
  auto* const pids = static_cast<std::atomic<pid_t>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t parent = ::fork();
  if (parent == 0) {
    mp::Pool pool(3);
    const auto result = pool.map_async(
        [](int) {
          for (;;) std::this_thread::sleep_for(1ms);
        },
        numbers(3), {.chunk_size = 1});
    int count = 1;
    const Household household = household_of(::getpid());
    for (const pid_t pid : household.all()) pids[count++] = pid;
    pids[0] = count - 1;
    result.wait();
    ::_exit(0);
  }
  REQUIRE(soon([&] { return pids[0] != 0; }));
  CHECK(pids[0] == 5);
  ::kill(parent, SIGKILL);
  int status = 0;
  ::waitpid(parent, &status, 0);
  for (int i = 1; i <= pids[0]; ++i) {
    CHECK(soon([&] { return dead(static_cast<std::uint64_t>(pids[i].load())); }));
  }
  CHECK(segment::list().empty());
  ::munmap(pids, 4096);
}

TEST_CASE("in a process with threads workers are executed, and work the same") {
  std::atomic<bool> stop{false};
  std::thread bystander([&] {
    while (!stop) std::this_thread::sleep_for(1ms);
  });
  {
    mp::ExecutorOptions options;
    options.max_workers = 2;
    mp::Executor executor(
        options, [](const std::string& s) { ::setenv("POOL_SAYS", s.c_str(), 1); },
        std::string("hello"));
    CHECK(executor.submit(square, 7).result() == 49);  // a function goes by its name
    CHECK(executor.submit([] { return std::string(std::getenv("POOL_SAYS")); }).result() ==
          "hello");
    CHECK_THROWS_AS(executor.submit([] { die(); }).result(), WorkerDied);
    std::vector<int> results;
    for (const int r : executor.map(square, numbers(50))) results.push_back(r);
    CHECK(results == squares(50));
  }
  stop = true;
  bystander.join();
}

TEST_CASE("a pool in a task of a pool; and a child that was forked cannot use its parent's") {
  mp::Pool pool(2);
  const auto sums = pool.map(
      [](int n) {
        mp::Pool inner(2);
        int sum = 0;
        for (const int s : inner.map(square, numbers(n))) sum += s;
        return sum;
      },
      std::vector<int>{3, 4});
  CHECK(sums == std::vector<int>{5, 14});
  auto executor = std::make_unique<mp::Executor>(1);
  const pid_t child = ::fork();
  if (child == 0) {
    bool refused = false;
    try {
      pool.apply(square, 1);
    } catch (const InvalidState&) {
      refused = true;
    }
    executor->~Executor();  // its destructor leaves the parent's workers alone
    pool.terminate();
    ::_exit(refused ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(pool.apply(square, 4) == 16);
  CHECK(executor->submit(square, 5).result() == 25);
}

TEST_CASE("under a limit on the size of files a long message is an error, and no signal") {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{16 << 20, 16 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int wrong = 0;
    mp::ExecutorOptions options;
    options.max_workers = 1;
    mp::Executor executor(
        options, [](const std::string&) {}, std::string(100'000, 'x'));
    const auto size = [](const std::string& s) { return s.size(); };
    if (executor.submit(size, std::string(800, 'x')).result() != 800) wrong |= 1;
    try {
      executor.submit(size, std::string(5000, 'x')).result();
      wrong |= 2;
    } catch (const OutOfSpace&) {
    }
    try {
      executor.submit([] { return std::string(5000, 'x'); }).result();
      wrong |= 4;
    } catch (const OutOfSpace&) {
    }
    if (executor.submit(square, 3).result() != 9) wrong |= 8;
    executor.shutdown();
    ::_exit(wrong);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
