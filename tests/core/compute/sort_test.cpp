// sort, argsort, partition, top_k on an engine: the same bits for any number of workers, a worker
// killed on the way, axes and strides, and bad input that changes nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <thread>

#include <furrow/compute/sort.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

std::vector<double> numbers(std::size_t count) {
  std::mt19937_64 random(11);
  std::vector<double> x(count);
  for (double& value : x) {
    value = std::normal_distribution<double>()(random);
    if (random() % 100 == 0) value = std::numeric_limits<double>::quiet_NaN();
    if (random() % 100 == 0) value = random() % 2 == 0 ? 0.0 : -0.0;
    if (random() % 100 == 0) value = std::numeric_limits<double>::infinity();
  }
  return x;
}

Array<double> array_of(const std::vector<double>& x) {
  const auto array = Array<double>::temporary({static_cast<std::int64_t>(x.size())});
  std::copy(x.begin(), x.end(), array.data());
  return array;
}

bool before(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

bool same(const AnyArray& a, const AnyArray& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

bool is_sorted_copy_of(const Array<double>& sorted, std::vector<double> x) {
  std::stable_sort(x.begin(), x.end(), before);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double found = sorted.data()[i];
    if (found != x[i] && !(std::isnan(found) && std::isnan(x[i]))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a sort has the same bits for any number of workers") {
  const std::vector<double> x = numbers(400'000);
  Array<double> first;
  Array<std::int64_t> first_order;
  for (const std::size_t count : {1u, 2u, 3u, 5u}) {
    Engine engine(workers(count));
    const auto sorted = array_of(x);
    sort(engine, sorted);
    const auto order = argsort(engine, array_of(x));
    if (count == 1) {
      first = sorted;
      first_order = order;
      CHECK(is_sorted_copy_of(sorted, x));
    }
    CHECK(same(sorted, first));
    CHECK(same(order, first_order));
    const auto top = top_k(engine, array_of(x), 1000);
    const auto down = argsort(engine, array_of(x), {.axis = -1, .descending = true});
    CHECK(std::equal(top.indices.data(), top.indices.data() + 1000, down.data()));
    CHECK(std::isinf(top.values.as<double>()(0)));
  }
}

TEST_CASE("a worker is killed in an in-place sort: same bits") {
  const std::vector<double> x = numbers(400'000);
  Engine whole(workers(2));
  const auto expected = array_of(x);
  sort(whole, expected);
  whole.stop();
  for (const char* point :
       {"engine.group.claimed", "engine.tile.computed", "engine.group.finished"}) {
    for (const int nth : {1, 2, 4, 9}) {
      OneFault fault(point, "kill", nth);
      Engine engine(workers(2));
      const auto sorted = array_of(x);
      sort(engine, sorted);
      INFO(point << ", pass " << nth);
      CHECK(fault.fired());
      CHECK(same(sorted, expected));
    }
  }
}

TEST_CASE("workers are killed at any instant of in-place sorts: same bits") {
  const std::vector<double> x = numbers(600'000);
  Engine engine(workers(2));
  const auto expected = array_of(x);
  sort(engine, expected);
  std::atomic<bool> stop{false};
  int kills = 0;
  std::thread killer([&] {
    std::mt19937_64 random(5);
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 + random() % 20));
      const auto info = engine.worker_info();
      const auto& victim = info[random() % info.size()];
      if (victim.alive) {
        ::kill(static_cast<pid_t>(victim.pid), SIGKILL);
        ++kills;
      }
    }
  });
  int wrong = 0;
  for (int round = 0; round < 15; ++round) {
    const auto sorted = array_of(x);
    sort(engine, sorted);
    wrong += same(sorted, expected) ? 0 : 1;
  }
  stop = true;
  killer.join();
  CHECK(kills > 0);
  CHECK(wrong == 0);
}

TEST_CASE("lanes along any axis, of slices and into other arrays") {
  Engine engine(workers(2));
  const auto cube = array_of(numbers(6 * 50 * 70)).reshape({6, 50, 70});
  for (const std::int64_t axis : {0, 1, 2, -1, -2}) {
    const auto along = static_cast<std::size_t>(axis < 0 ? axis + 3 : axis);
    const auto x = cube.slice(1, {{}, {}, -1}).slice(2, {1, 60, 2});
    const auto sorted = Array<double>::temporary(x.shape());
    sort_to(engine, sorted, x, {.axis = axis});
    const auto order = argsort(engine, x, {.axis = axis});
    bool right = true;
    for (std::int64_t a = 0; a < x.extent(0); ++a) {
      for (std::int64_t b = 0; b < x.extent(1); ++b) {
        for (std::int64_t c = 0; c < x.extent(2); ++c) {
          std::int64_t at[] = {a, b, c};
          at[along] = order(a, b, c);
          const double value = x(at[0], at[1], at[2]);
          const double found = sorted(a, b, c);
          right = right && (found == value || (std::isnan(found) && std::isnan(value)));
          if (at[along] = (along == 0 ? a : along == 1 ? b : c) - 1; at[along] >= 0) {
            std::int64_t last[] = {a, b, c};
            last[along] = at[along];
            right = right && !before(found, sorted(last[0], last[1], last[2]));
          }
        }
      }
    }
    INFO("axis " << axis);
    CHECK(right);
  }
  const auto flat = array_of(numbers(3000)).reshape({30, 100});
  sort(engine, flat, {.axis = {}, .descending = true});
  CHECK(std::is_sorted(flat.data(), flat.data() + 3000,
                       [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a > b; }));
  // A long column: one lane with holes.
  const auto wide = array_of(numbers(450'000)).reshape({150'000, 3});
  std::vector<double> column;
  for (std::int64_t i = 0; i < 150'000; ++i) column.push_back(wide(i, 1));
  sort(engine, wide, {.axis = 0});
  const auto packed = Array<double>::temporary({150'000});
  engine.apply_to_async("copy", packed, std::vector<AnyArray>{wide.column(1)}).get();
  CHECK(is_sorted_copy_of(packed, column));
}

TEST_CASE("a partition in place, top_k of lanes") {
  Engine engine(workers(2));
  const std::vector<double> x = numbers(300'000);
  const auto parted = array_of(x);
  partition(engine, parted, {1000, -150'000});
  auto sorted = x;
  std::stable_sort(sorted.begin(), sorted.end(), before);
  CHECK(parted(1000) == sorted[1000]);
  CHECK(parted(150'000) == sorted[150'000]);
  const auto rows = array_of(numbers(100 * 40)).reshape({100, 40});
  const auto low = top_k(engine, rows, 5, {.axis = 0, .largest = false});
  CHECK(low.values.shape() == Shape{5, 40});
  const auto all = Array<double>::temporary(rows.shape());
  sort_to(engine, all, rows, {.axis = 0});
  CHECK(std::memcmp(low.values.data(), all.data(), 4 * 40 * sizeof(double)) == 0);
  for (std::int64_t k = 0; k < 40; ++k) {
    CHECK(rows(low.indices(0, k), k) == low.values.as<double>()(0, k));
  }
}

TEST_CASE("bad input throws before anything is written") {
  Engine engine(workers(1));
  const std::vector<double> values = numbers(100);
  const auto x = array_of(values);
  const auto copy = array_of(values);
  CHECK_THROWS_AS(sort(engine, x, {.axis = 1}), InvalidArgument);
  CHECK_THROWS_AS(sort(engine, x, {.axis = -2}), InvalidArgument);
  CHECK_THROWS_AS(sort_to(engine, Array<float>::temporary({100}), x), TypeMismatch);
  CHECK_THROWS_AS(sort_to(engine, Array<double>::temporary({99}), x), ShapeMismatch);
  CHECK_THROWS_AS(sort_to(engine, x.rows(0, 50), x.rows(25, 75)), InvalidArgument);
  CHECK_THROWS_AS(sort(engine, Array<c64>::temporary({3})), TypeMismatch);
  CHECK_THROWS_AS(sort(engine, x.broadcast_to({3, 100}), {.axis = 0}), InvalidArgument);
  CHECK_THROWS_AS(partition(engine, x, {0, 100}), InvalidArgument);
  CHECK_THROWS_AS(partition(engine, x, {-101}), InvalidArgument);
  CHECK_THROWS_AS(top_k(engine, x, 101), InvalidArgument);
  CHECK_THROWS_AS(top_k(engine, x, -1), InvalidArgument);
  const auto slice = x.reshape({10, 10}).columns(0, 5);
  CHECK_THROWS_AS(sort(engine, slice, {.axis = {}}), ShapeMismatch);
  CHECK_THROWS_AS(argsort_to(engine, Array<std::int64_t>::temporary({10, 10}), x), ShapeMismatch);
  const auto self = Array<std::int64_t>::temporary({10});
  CHECK_THROWS_AS(argsort_to(engine, self, self), InvalidArgument);
  CHECK(same(x, copy));
  const auto named = Array<double>::create("read_only", {10});
  AttachOptions reading;
  reading.access = Access::read_only;
  CHECK_THROWS_AS(sort(engine, Array<double>::attach("read_only", reading)), PermissionDenied);
  segment::remove("read_only", true);
  sort(engine, Array<double>::temporary({0}));
  sort(engine, Array<double>::temporary({5, 0}), {.axis = 0});
  CHECK(argsort(engine, Array<double>::temporary({0, 3}), {.axis = 0}).shape() == Shape{0, 3});
}
