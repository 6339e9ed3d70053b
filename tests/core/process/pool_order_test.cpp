// Pools and executors: what comes before what when they end, when callbacks run, when memory ends.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>

#include "core/process/pool_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

/// While it lives, this process gets no more than so many bytes of further memory.
class LittleMemory {
 public:
  explicit LittleMemory(std::size_t bytes) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit little{pages * 4096 + bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_AS, &little) == 0);
  }
  ~LittleMemory() { ::setrlimit(RLIMIT_AS, &before_); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  rlimit before_{};
};

std::string much(int n) { return std::string(std::size_t{160} << 20, static_cast<char>('a' + n)); }

/// 0, 1, 2 and so on, without end.
class Naturals {
 public:
  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    int at = 0;
    int operator*() const { return at; }
    iterator& operator++() { return ++at, *this; }
    void operator++(int) { ++at; }
  };
  static iterator begin() { return {}; }
  static std::unreachable_sentinel_t end() { return {}; }
};

int slow_square(int x) {
  std::this_thread::sleep_for(2ms);
  return x * x;
}

template <class Results>
std::vector<int> all_of(Results& results) {
  std::vector<int> got;
  for (const int r : results) got.push_back(r);
  return got;
}

std::vector<int> squares(int count) {
  std::vector<int> result = numbers(count);
  for (int& n : result) n *= n;
  return result;
}

}  // namespace

TEST_CASE("an imap that began goes on after close, join and all") {
  const std::vector<int> items = numbers(100);
  SECTION("close") {
    mp::Pool pool(2);
    auto results = pool.imap(square, items);
    pool.close();
    CHECK_THROWS_AS(pool.apply(square, 1), Closed);
    CHECK(all_of(results) == squares(100));
    pool.join();
  }
  SECTION("close and join, the results taken later") {
    mp::Pool pool(2);
    auto results = pool.imap(square, items);
    auto unordered = pool.imap_unordered(square, items);
    pool.close();
    pool.join();
    CHECK(all_of(results) == squares(100));
    std::vector<int> got = all_of(unordered);
    std::sort(got.begin(), got.end());
    CHECK(got == squares(100));
  }
  SECTION("join in another thread than the one that takes results") {
    mp::Pool pool(2);
    auto results = pool.imap(slow_square, items);
    pool.close();
    std::thread joiner([&] { pool.join(); });
    CHECK(all_of(results) == squares(100));
    joiner.join();
  }
  SECTION("an imap that is dropped holds up no join") {
    mp::Pool pool(2);
    {
      auto results = pool.imap(square, items);
      CHECK(results.next() == 0);
      pool.close();
    }
    CHECK(pool.join(20s));
  }
  SECTION("terminate: what is in hand comes out, then an error says that the rest does not") {
    mp::Pool pool(1);
    auto results = pool.imap(square, items);
    CHECK(results.next() == 0);
    pool.terminate();
    int values = 0;
    int errors = 0;
    for (bool more = true; more && values + errors <= 100;) {
      try {
        more = results.next().has_value();
        values += more ? 1 : 0;
      } catch (const Error&) {
        ++errors;
      }
    }
    CHECK(errors > 0);
    CHECK(values + errors < 100);
  }
}

TEST_CASE("an executor's map with a buffer goes on after a shutdown that does not wait") {
  const std::vector<int> items = numbers(100);
  SECTION("all of it") {
    mp::Executor executor(2);
    mp::ExecutorMapOptions few;
    few.buffer_size = 4;
    auto open = executor.map(few, square, items);
    executor.shutdown(false);
    CHECK(all_of(open) == squares(100));
  }
  SECTION("over numbers without end it holds up no shutdown that waits") {
    mp::Executor executor(2);
    mp::ExecutorMapOptions few;
    few.buffer_size = 4;
    auto endless = executor.map(few, square, Naturals());
    executor.shutdown();
    for (int i = 0; i < 4; ++i) CHECK(endless.next() == i * i);
    CHECK_THROWS_AS(endless.next(), Closed);
    CHECK_FALSE(endless.next().has_value());
  }
}

TEST_CASE("callbacks have run when join, shutdown and get return") {
  const auto late = [] { std::this_thread::sleep_for(100ms); };
  SECTION("join") {
    mp::Pool pool(2);
    std::atomic<int> ran{0};
    for (int i = 0; i < 3; ++i) {
      pool.apply_async(square, i).callback([&](int) {
        late();
        ++ran;
      });
    }
    pool.close();
    CHECK_FALSE(pool.join(50ms));
    CHECK(pool.join(20s));
    CHECK(ran == 3);
  }
  SECTION("shutdown") {
    mp::Executor executor(2);
    std::atomic<int> ran{0};
    for (int i = 0; i < 3; ++i) {
      executor.submit(square, i).add_done_callback([&](const mp::Future<int>&) {
        late();
        ++ran;
      });
    }
    executor.shutdown();
    CHECK(ran == 3);
  }
  SECTION("get and wait of that result") {
    mp::Pool pool(2);
    std::atomic<int> ran{0};
    const auto one = pool.apply_async(square, 7);
    one.callback([&](int value) {
      late();
      ran = value;
    });
    CHECK(one.get() == 49);
    CHECK(ran == 49);
    const auto failed = pool.apply_async([]() -> int { throw std::runtime_error("no"); });
    failed.error_callback([&](const std::exception_ptr&) {
      late();
      ran = 2;
    });
    CHECK(failed.wait(20s));
    CHECK(ran == 2);
    const auto many = pool.map_async(square, numbers(50));
    many.callback([&](const std::vector<int>& values) {
      late();
      ran = static_cast<int>(values.size());
    });
    CHECK_FALSE(many.wait(10ms));
    CHECK(many.get() == squares(50));
    CHECK(ran == 50);
  }
  SECTION("none of these waits in a callback") {
    mp::Pool pool(2);
    mp::Executor executor(1);
    std::atomic<int> seen{0};
    const auto one = pool.apply_async(square, 3);
    one.callback([&, one](int) {
      seen = one.get();
      pool.close();
      pool.join();
      executor.shutdown();
      ++seen;
    });
    CHECK(one.get() == 9);
    CHECK(seen == 10);
  }
}

TEST_CASE("callbacks may wait for tasks of several executors") {
  mp::Executor first(1);
  mp::Executor second(1);
  std::atomic<int> sum{0};
  const auto ask_both = [&](const mp::Future<int>& done) {
    const auto late = [](int x) { return std::this_thread::sleep_for(100ms), x * x; };
    const std::vector<mp::Future<int>> futures{first.submit(late, 3), second.submit(slow_square, 4),
                                               done};
    CHECK(mp::wait(futures, 30s).not_done.empty());
    int got = 0;
    for (const mp::Future<int>& future : mp::as_completed(futures, 30s)) got += future.result();
    sum = got;
  };
  const mp::Future<int> start = first.submit(square, 1);
  start.add_done_callback(ask_both);
  CHECK(soon([&] { return sum == 26; }, 15));
}

TEST_CASE("a result that finds no memory here is that task's error, and the pool goes on") {
  mp::Executor executor(2);
  SECTION("while somebody waits") {
    const mp::Future<std::string> big = executor.submit(much, 1);
    const mp::Future<int> small = executor.submit(square, 5);
    {
      const LittleMemory little(std::size_t{64} << 20);
      CHECK(small.result() == 25);
      CHECK_THROWS_AS(big.result(), OutOfSpace);
      CHECK(executor.submit(square, 6).result() == 36);
    }
    CHECK(executor.submit(much, 2).result().size() == std::size_t{160} << 20);
  }
  SECTION("while nobody waits, and a callback is due") {
    std::atomic<int> outcome{0};
    const LittleMemory little(std::size_t{96} << 20);
    executor.submit(much, 1).add_done_callback([&](const mp::Future<std::string>& future) {
      try {
        future.result();
      } catch (const OutOfSpace&) {
        outcome = 1;
      }
    });
    CHECK(soon([&] { return outcome == 1; }));
    CHECK(executor.submit(square, 6).result() == 36);
  }
}

TEST_CASE("programs that a task executes ignore no signals but those that the parent ignores") {
  const auto ignored = [] {
    std::string line(100, '\0');
    std::FILE* const program = ::popen("grep SigIgn /proc/self/status", "r");
    line.resize(std::fread(line.data(), 1, line.size(), program));
    ::pclose(program);
    return std::strtoull(line.substr(line.find(':') + 1).c_str(), nullptr, 16);
  };
  const auto bit = [](int number) { return 1ULL << (number - 1); };
  const auto before = std::signal(SIGHUP, SIG_IGN);
  mp::Executor executor(1);
  const std::uint64_t bits = executor.submit(ignored).result();
  std::signal(SIGHUP, before);
  CHECK((bits & (bit(SIGINT) | bit(SIGQUIT) | bit(SIGPIPE))) == 0);
  CHECK((bits & bit(SIGHUP)) != 0);
  // The worker itself goes on.
  const std::vector<std::uint64_t> pids = executor.worker_pids();
  for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGPIPE}) {
    ::kill(static_cast<pid_t>(pids.at(0)), number);
  }
  CHECK(executor.submit(square, 3).result() == 9);
  CHECK(executor.worker_pids() == pids);
}
