// Values and arrays with a lock: changes are atomic, and whole when their author is killed.
#include <furrow/sync/value.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <stdexcept>

#include <furrow/sync/array.hpp>
#include <furrow/sync/message.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

struct Wide {
  std::uint64_t words[40];
};

Wide wide(std::uint64_t x) {
  Wide w{};
  for (auto& word : w.words) word = x;
  return w;
}
bool is_whole(const Wide& w) {
  for (const auto word : w.words)
    if (word != w.words[0]) return false;
  return true;
}

TEST_CASE("A value is changed atomically by any number of processes") {
  const Value<std::int64_t> count(0);
  const auto work = [&] {
    for (int i = 0; i < 10'000; ++i) count += 1;
    for (int i = 0; i < 10'000; ++i) count.update([](std::int64_t& x) { ++x; });
    for (int i = 0; i < 1000; ++i) {
      const std::scoped_lock hold(count.get_lock());
      count.get_obj() = count.get() + 1;
    }
    return 0;
  };
  Child a(work);
  Child b(work);
  work();
  CHECK(a.wait() + b.wait() == 0);
  CHECK(count.get() == 63'000);
}

TEST_CASE("A value reads, writes and counts as a variable does") {
  Value<double> x(1.5);
  CHECK(x == 1.5);
  x = 3;
  CHECK((x += 1) == 4);
  CHECK((x -= 2) == 2);
  CHECK((x *= 5) == 10);
  CHECK((x /= 4) == 2.5);
  CHECK(x.exchange(7) == 2.5);
  CHECK(x.get() == 7);
  Value<char> c('a');
  CHECK(++c == 'b');
  CHECK(--c == 'a');
  CHECK(Value<int>().get() == 0);
}

TEST_CASE("What update throws leaves the value as it was, and the lock free") {
  const Value<Wide> value(wide(1));
  CHECK_THROWS_AS(value.update([](Wide& w) {
    w.words[3] = 9;
    throw std::runtime_error("no");
  }),
                  std::runtime_error);
  CHECK(is_whole(value.get()));
  CHECK_FALSE(value.get_lock().locked());
}

TEST_CASE("A change within a change is refused, and nothing is lost") {
  const Value<int> value(1);
  CHECK_THROWS_AS(value.update([&](int& x) { x = value += 5; }), InvalidArgument);
  CHECK(value.get() == 1);
  CHECK(value.update([&](int& x) {
    CHECK_THROWS_AS(value.set(7), InvalidArgument);
    CHECK_THROWS_AS(Value<int>::attach(value.name()).exchange(7), InvalidArgument);
    x += value.get();
  }) == 2);
  CHECK(value.get() == 2);
  {
    const std::scoped_lock hold(value.get_lock());
    CHECK((value += 1) == 3);
  }
  CHECK(child_killed_at("value.copied", [&] { value += 1; }).wait() == -SIGKILL);
  CHECK((value += 1) == 4);  // what the dead one was at does not count
  CHECK(value.exchange(9) == 4);

  const Array<int> array({1, 2, 3});
  CHECK_THROWS_AS(array.update(1, [&](int& x) { x += array[1] += 5; }), InvalidArgument);
  CHECK(array.get(1) == 7);
  CHECK(array.update(1, [&](int& x) { x += array[0] += 5; }) == 13);
  CHECK(array.to_vector() == std::vector<int>{6, 13, 3});
}

TEST_CASE("A value is whole when its changer is killed, however wide it is") {
  const Value<Wide> value(wide(1));
  CHECK(child_killed_at("value.copied", [&] { value.set(wide(2)); }).wait() == -SIGKILL);
  CHECK(value.get_lock().acquire(0s));
  CHECK(value.get_lock().owner_died());
  value.get_lock().release();
  CHECK(value.get().words[0] == 1);
  CHECK(is_whole(value.get()));
  for (int i = 0; i < 20; ++i) {
    Child child([&] {
      for (std::uint64_t x = 0;; ++x) value.set(wide(x));
      return 0;
    });
    std::this_thread::sleep_for(2ms);
    child.kill();
    REQUIRE(is_whole(value.get()));
  }
}

TEST_CASE("Values have names and go in messages") {
  const auto value = Value<int>::create("count", 5);
  CHECK(Value<int>::attach("count").get() == 5);
  CHECK_THROWS_AS(Value<unsigned>::attach("count"), TypeMismatch);
  const auto same = decode<Value<int>>(encode(value));
  same.set(6);
  CHECK(value.get() == 6);
  const RawValue<int> raw(3);
  *decode<RawValue<int>>(encode(raw)) = 4;
  CHECK(raw.value() == 4);
  const auto atomic = RawValue<std::atomic<int>>::create("");
  CHECK(Child([&] {
          *atomic += 2;
          return 0;
        }).wait() == 0);
  CHECK(*atomic == 2);
}

TEST_CASE("An array's elements change atomically") {
  const Array<int> array({1, 2, 3});
  const auto work = [&] {
    for (int i = 0; i < 10'000; ++i) array[1] += 1;
    return 0;
  };
  Child child(work);
  work();
  CHECK(child.wait() == 0);
  array[0] = 10;
  array[2] = array[0];
  CHECK(array.to_vector() == std::vector<int>{10, 20'002, 10});
  CHECK((array[0] -= 4) == 6);
  CHECK((array[0] *= 4) == 24);
  CHECK((array[0] /= 3) == 8);
  CHECK(array.update([](std::span<int> all) { return all[0] + all[1] + all[2]; }) == 20'020);
  array.assign(std::vector<int>{7, 8, 9});
  CHECK(array.get(2) == 9);
  CHECK(array.update(2, [](int& x) { x *= 2; }) == 18);
}

TEST_CASE("Misuse of an array is an error") {
  const Array<int> array(3);
  CHECK(array.size() == 3);
  CHECK(array.to_vector() == std::vector<int>{0, 0, 0});
  CHECK_THROWS_AS(array[3], InvalidArgument);
  CHECK_THROWS_AS(array.get(static_cast<std::size_t>(-1)), InvalidArgument);
  CHECK_THROWS_AS(array.set(3, 1), InvalidArgument);
  CHECK_THROWS_AS(array.assign(std::vector<int>{1}), InvalidArgument);
  CHECK_THROWS_AS(Array<int>(std::size_t{1} << 62), InvalidArgument);
  CHECK_THROWS_AS(Array<int>(std::size_t{1} << 50), OutOfSpace);
  CHECK(Array<int>(0).size() == 0);
  CHECK_THROWS_AS(array.get_lock().name(), InvalidArgument);  // it is no object by itself
}

TEST_CASE("Who finds an array's changer killed is told") {
  const Array<int> array({1, 2, 3});
  CHECK(child_killed_at("array.copied", [&] { array[1] = 5; }).wait() == -SIGKILL);
  const RLock lock = array.get_lock();
  const std::scoped_lock hold(lock);
  CHECK(lock.owner_died());
  CHECK(array.to_vector() == std::vector<int>{1, 2, 3});
}

TEST_CASE("Arrays have names and go in messages") {
  const auto array = Array<double>::create("numbers", 4);
  array[3] = 2.5;
  CHECK(Array<double>::attach("numbers").get(3) == 2.5);
  CHECK_THROWS_AS(Array<float>::attach("numbers"), TypeMismatch);
  CHECK(decode<Array<double>>(encode(array)).size() == 4);
  const RawArray<int> raw(5);
  raw[4] = 9;
  CHECK(decode<RawArray<int>>(encode(raw)).at(4) == 9);
  CHECK_THROWS_AS(raw.at(5), InvalidArgument);
  CHECK(raw.span().size() == 5);
}

}  // namespace
}  // namespace furrow::mp
