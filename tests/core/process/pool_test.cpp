// Pool: what it promises while nobody dies.
#include <deque>
#include <forward_list>
#include <set>

#include <furrow/array/array.hpp>

#include "core/process/pool_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

// 0, 1, 2, …: notes how many were read, and throws at one of them.
struct CountingSource {
  int end_at;
  int throws_at;
  int* taken;

  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    const CountingSource* source = nullptr;
    int at = 0;
    int operator*() const {
      if (at == source->throws_at) throw std::out_of_range("input");
      *source->taken = at + 1;
      return at;
    }
    iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) {
      return i.at == i.source->end_at;
    }
  };
  iterator begin() const { return {this, 0}; }
  static std::default_sentinel_t end() { return {}; }
};

}  // namespace

TEST_CASE("pool: map and starmap, whatever the chunk") {
  mp::Pool pool(3);
  const std::vector<int> items = numbers(101);
  std::vector<int> squares;
  for (const int x : items) squares.push_back(x * x);
  CHECK(pool.map(square, items) == squares);
  for (const int chunk : {1, 2, 100, 101, 1000}) {
    mp::MapOptions options;
    options.chunk_size = chunk;
    CHECK(pool.map(square, items, options) == squares);
  }
  CHECK(pool.map(square, std::vector<int>()).empty());
  CHECK(pool.map(square, std::deque<int>{3, 4}) == std::vector<int>{9, 16});
  CHECK(pool.map(square, std::forward_list<int>{3, 4}) == std::vector<int>{9, 16});
  CHECK(pool.map([](const std::string& s) { return s.size(); },
                 std::vector<const char*>{"a", "bcd"}) == std::vector<std::size_t>{1, 3});
  pool.map([](int) {}, items);
  const std::vector<std::tuple<int, std::string>> pairs{{2, "ab"}, {1, "c"}};
  CHECK(pool.starmap([](int n, const std::string& s) { return s + std::to_string(n); }, pairs) ==
        std::vector<std::string>{"ab2", "c1"});
  CHECK(pool.starmap([](int a, int b) { return a * b; },
                     std::vector<std::pair<int, int>>{{2, 3}, {4, 5}}) == std::vector<int>{6, 20});
}

TEST_CASE("pool: apply, apply_async, and other work meanwhile") {
  mp::Pool pool(2);
  CHECK(pool.apply([](int a, int b) { return a + b; }, 2, 3) == 5);
  const SharedCount gate;
  const auto blocking = [g = gate.get()](int x) {
    while (*g == 0) std::this_thread::sleep_for(1ms);
    return x;
  };
  const auto one = pool.apply_async(blocking, 7);
  const auto all = pool.map_async(blocking, numbers(10));
  CHECK_FALSE(one.ready());
  CHECK_THROWS_AS(one.successful(), InvalidState);
  CHECK_THROWS_AS(one.get(20ms), furrow::Timeout);
  CHECK_THROWS_AS(all.get(-5s), furrow::Timeout);
  CHECK_FALSE(all.wait(1ms));
  *gate.get() = 1;
  CHECK(one.get() == 7);
  CHECK(all.get() == numbers(10));
  CHECK(all.wait(0s));
  CHECK(one.ready());
  CHECK(one.successful());
  const auto bad = pool.map_async([](int x) { return x == 3 ? throw x : x; }, numbers(10));
  CHECK_THROWS_AS(bad.get(), mp::TaskFailed);
  CHECK_FALSE(bad.successful());
}

TEST_CASE("pool: callbacks of results and of errors") {
  mp::Pool pool(2);
  std::atomic<int> sum{0};
  std::atomic<int> errors{0};
  pool.map_async(square, numbers(10))
      .callback([&](const std::vector<int>& squares) {
        sum = std::accumulate(squares.begin(), squares.end(), 0);
      })
      .error_callback([&](const std::exception_ptr&) { errors += 100; });
  pool.apply_async([] { throw std::runtime_error("no"); })
      .callback([&] { sum = -1; })
      .error_callback([&](const std::exception_ptr& error) {
        CHECK_THROWS_AS(std::rethrow_exception(error), mp::TaskFailed);
        ++errors;
      });
  pool.map_async(square, std::vector<int>()).callback([&](const std::vector<int>& none) {
    if (none.empty()) ++errors;
  });
  CHECK(soon([&] { return sum == 285 && errors == 2; }));
  const auto ready = pool.apply_async(square, 5);
  CHECK(ready.get() == 25);
  ready.callback([&](int r) { sum = r; });
  CHECK(sum == 25);
}

TEST_CASE("pool: imap gives results as they are wanted and does not swallow its input") {
  mp::Pool pool(2);
  int taken = 0;
  CountingSource source{1'000'000, -1, &taken};
  auto results = pool.imap(square, source);
  for (int i = 0; i < 50; ++i) REQUIRE(results.next() == i * i);
  CHECK(taken < 100);
  int sum = 0;
  for (const int r : pool.imap(square, numbers(500), {.chunk_size = 7})) sum += r;
  for (const int r : pool.imap_unordered(square, numbers(500))) sum -= r;
  CHECK(sum == 0);
  auto none = pool.imap(square, std::vector<int>());
  CHECK(none.next() == std::nullopt);
  CHECK(none.next() == std::nullopt);
}

TEST_CASE("pool: imap's errors stand at their position, and those of its input, too") {
  mp::Pool pool(2);
  auto results = pool.imap([](int x) { return x == 2 ? throw x : x; }, numbers(4));
  CHECK(results.next() == 0);
  CHECK(results.next() == 1);
  CHECK_THROWS_AS(results.next(), mp::TaskFailed);
  CHECK(results.next() == 3);
  CHECK(results.next() == std::nullopt);
  int taken = 0;
  CountingSource source{100, 3, &taken};
  auto broken = pool.imap(square, source);
  CHECK(broken.next() == 0);
  CHECK(broken.next() == 1);
  CHECK(broken.next() == 4);
  CHECK_THROWS_AS(broken.next(), std::out_of_range);
  CHECK(broken.next() == std::nullopt);
}

TEST_CASE("pool: imap with timeouts loses nothing; imap_unordered gives what is there") {
  mp::Pool pool(2);
  const SharedCount gate;
  const auto blocking = [g = gate.get()](int x) {
    while (x == 0 && *g == 0) std::this_thread::sleep_for(1ms);
    return x;
  };
  auto ordered = pool.imap(blocking, numbers(3));
  CHECK_THROWS_AS(ordered.next(10ms), furrow::Timeout);
  CHECK_THROWS_AS(ordered.next(-1s), furrow::Timeout);
  *gate.get() = 1;
  CHECK(ordered.all() == numbers(3));
  *gate.get() = 0;
  auto any = pool.imap_unordered(blocking, numbers(3));
  CHECK(std::set<int>{*any.next(), *any.next()} == std::set<int>{1, 2});
  CHECK_THROWS_AS(any.next(10ms), furrow::Timeout);
  *gate.get() = 1;
  CHECK(any.next() == 0);
  CHECK(any.next() == std::nullopt);
}

TEST_CASE("pool: closed it takes no more, and joins") {
  mp::Pool pool(2);
  const auto result = pool.map_async(square, numbers(100));
  CHECK_THROWS_AS(pool.join(), InvalidState);
  pool.close();
  CHECK_THROWS_AS(pool.apply(square, 1), Closed);
  CHECK_THROWS_AS(pool.map(square, numbers(3)), Closed);
  CHECK_THROWS_AS(pool.imap(square, numbers(3)), Closed);
  CHECK(pool.join());
  CHECK(pool.join(-1s));
  CHECK(result.get().size() == 100);  // also afterwards
}

TEST_CASE("pool: bad numbers are refused") {
  CHECK_THROWS_AS(mp::Pool(0), InvalidArgument);
  mp::Pool pool(1);
  CHECK_THROWS_AS(pool.map(square, numbers(3), {.chunk_size = 0}), InvalidArgument);
  CHECK_THROWS_AS(pool.imap(square, numbers(3), {.chunk_size = -1}), InvalidArgument);
}

namespace {

struct Unsendable {
  int x = 0;
  template <class Archive>
  void save(Archive&) const {
    throw std::runtime_error("it cannot be written");
  }
  template <class Archive>
  void load(Archive&) {}
};

}  // namespace

TEST_CASE("pool: a result that cannot be serialised is an error, and so is such an argument") {
  mp::Pool pool(1);
  const std::string text =
      text_of<NotSerialisable>([&] { pool.apply([] { return Unsendable(); }); });
  CHECK_THAT(text, Contains("result cannot be sent") && Contains("it cannot be written"));
  CHECK_THROWS_AS(pool.apply([](const Unsendable&) {}, Unsendable()), NotSerialisable);
  CHECK(pool.apply(square, 4) == 16);
}

TEST_CASE("pool: many threads give tasks and wait at the same time") {
  mp::Pool pool(2);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, &right, t] {
      for (int i = 0; i < 200; ++i) {
        if (pool.apply(square, t * 1000 + i) == (t * 1000 + i) * (t * 1000 + i)) ++right;
      }
      if (pool.map(square, numbers(50)).size() == 50) ++right;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 4 * 201);
}

TEST_CASE("pool: arrays go by name; workers change them in place, and let go of them") {
  mp::Pool pool(2);
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  auto array = Array<double>::create("x", {1000, 8}, options);
  std::vector<Array<double>> rows;
  for (std::int64_t i = 0; i < 1000; ++i) rows.push_back(array.row(i));
  const auto fill = [](const Array<double>& row) {
    for (std::int64_t j = 0; j < row.size(); ++j) row(j) += 1;
    return row(0);
  };
  mp::MapOptions once;
  once.repeatable = false;
  CHECK(pool.map(fill, rows, once) == std::vector<double>(1000, 1.0));
  CHECK(pool.apply([](const Array<double>& x) { return x(999, 7); }, array) == 1.0);
  // The handle is dropped while the task waits: the pool holds the array until a worker has it.
  std::vector<mp::AsyncResult<double>> results;
  for (int i = 0; i < 20; ++i) {
    const auto other = Array<double>::create("owned-" + std::to_string(i), {3}, options);
    other(2) = i;
    results.push_back(pool.apply_async([](const Array<double>& x) { return x(2); }, other));
  }
  for (int i = 0; i < 20; ++i) CHECK(results[static_cast<std::size_t>(i)].get() == i);
  CHECK(soon([] { return segment::list().size() == 1; }));
  for (int i = 0; i < 20; ++i) {  // when a result is there, its worker holds nothing any more
    options.lifetime = Lifetime::persistent;
    {
      const auto other = Array<double>::create("brief", {3}, options);
      pool.apply([](const Array<double>& x) { return x(2); }, other);
    }
    CHECK_NOTHROW(segment::remove("brief"));
  }
  rows.clear();
  array = {};
  CHECK(soon([] { return segment::list().empty(); }));
}
