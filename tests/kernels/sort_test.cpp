// Sorts against std::stable_sort with the order that keys.hpp states: every dtype, pattern, size
// and SIMD target, ascending and descending, values and indices, serial and on threads.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include <furrow/kernels/sort/entries.hpp>
#include <furrow/kernels/sort/sort.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

enum class Pattern { wild, sorted, reversed, equal, few, skewed, holes };
constexpr Pattern patterns[] = {Pattern::wild, Pattern::sorted, Pattern::reversed, Pattern::equal,
                                Pattern::few,  Pattern::skewed, Pattern::holes};

template <class T>
bool is_nan(T x) {
  if constexpr (is_real_float(dtype_of<T>)) {
    return std::isnan(static_cast<double>(x));
  } else {
    return (void)x, false;
  }
}

/// Numbers for comparison: exact for every dtype.
template <class T>
auto number(T x) {
  if constexpr (std::is_same_v<T, f16>) {
    return static_cast<double>(x);
  } else {
    return x;
  }
}

/// Strictly before in the order of values, zeros equal.
template <class T>
bool before(T a, T b, bool descending) {
  if (is_nan(a) || is_nan(b)) return !is_nan(a) && is_nan(b);
  return descending ? number(b) < number(a) : number(a) < number(b);
}

template <class T>
bool negative_zero(T x) {
  if constexpr (is_real_float(dtype_of<T>)) {
    return number(x) == 0 && std::signbit(static_cast<double>(x));
  } else {
    return (void)x, false;
  }
}

template <class T>
T converted(double x) {
  if constexpr (std::is_same_v<T, bool>) {
    return x > 0;
  } else {
    return static_cast<T>(x);
  }
}

template <class T>
std::vector<T> make(Pattern pattern, std::size_t count, Engine& engine) {
  std::vector<T> x(count);
  const std::uint64_t few = engine() % 5 + 2;
  for (std::size_t i = 0; i < count; ++i) {
    const T wild = sample<T>(engine, Mood::wild);
    const double tiny = static_cast<double>(engine() % 1000) * 1e-13;
    switch (pattern) {
      case Pattern::equal:
        x[i] = count > 0 && i > 0 ? x[0] : sample<T>(engine, Mood::ordinary);
        break;
      case Pattern::few: x[i] = converted<T>(static_cast<double>(engine() % few)); break;
      case Pattern::skewed:  // a dense cluster, and a few that are far off
        x[i] = engine() % 50 == 0 ? wild : converted<T>(1 + tiny);
        break;
      case Pattern::holes:
        x[i] = engine() % 3 != 0 ? wild : T{};
        if constexpr (is_real_float(dtype_of<T>)) {
          if (engine() % 2 == 0) x[i] = T(std::numeric_limits<float>::quiet_NaN());
          if (engine() % 5 == 0) x[i] = T(-0.0F);
        }
        break;
      default: x[i] = wild;
    }
  }
  const bool up = pattern == Pattern::sorted;
  if (up || pattern == Pattern::reversed) {
    std::sort(x.begin(), x.end(), [up](T a, T b) { return before(a, b, !up); });
  }
  return x;
}

template <class T>
std::vector<std::int64_t> expected_order(const std::vector<T>& x, bool descending) {
  std::vector<std::int64_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return before<T>(x[static_cast<std::size_t>(a)], x[static_cast<std::size_t>(b)], descending);
  });
  return order;
}

/// In the stated order: as by `order`, but that zeros have one too, and NaN has no sign.
template <class T>
std::vector<T> expected_values(const std::vector<T>& x, const std::vector<std::int64_t>& order,
                               bool descending) {
  std::vector<T> values;
  for (const std::int64_t i : order) values.push_back(x[static_cast<std::size_t>(i)]);
  std::stable_sort(values.begin(), values.end(), [&](T a, T b) {
    if (number(a) == number(b)) {
      return descending ? negative_zero(b) && !negative_zero(a)
                        : negative_zero(a) && !negative_zero(b);
    }
    return before<T>(a, b, descending);
  });
  return values;
}

template <class T>
bool equal_bits(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (is_nan(a) && is_nan(b));
}

/// std::vector<bool> is none.
template <class T>
struct Buffer {
  std::vector<unsigned char> bytes;
  std::size_t count;
  explicit Buffer(std::size_t n) : bytes((n + 1) * sizeof(T) + 16), count(n) {}
  Buffer(const std::vector<T>& x) : Buffer(x.size()) {  // NOLINT
    for (std::size_t i = 0; i < count; ++i) data()[i] = x[i];
  }
  /// Not aligned to more than the element.
  T* data() { return reinterpret_cast<T*>(bytes.data() + sizeof(T)); }
  std::span<T> span() { return {data(), count}; }
};

struct Memory {
  std::vector<std::vector<std::byte>> held;
  std::byte* operator()(std::size_t bytes) { return held.emplace_back(bytes).data(); }
};

/// One block after the other, the last one first: threads without their cost, where blocks must not
/// depend on each other's order.
struct Backwards {
  template <class F>
  void operator()(std::int64_t count, F f) const {
    for (std::int64_t i = count; i-- > 0;) f(i);
  }
};

template <class T>
void check_sizes(const std::vector<std::size_t>& sizes, bool all_targets) {
  Engine engine(base_seed());
  for (const std::size_t count : sizes) {
    for (const Pattern pattern : patterns) {
      const std::vector<T> x = make<T>(pattern, count, engine);
      for (const bool descending : {false, true}) {
        INFO(dtype_name(dtype_of<T>)
             << ", " << count << " elements, pattern " << static_cast<int>(pattern)
             << ", descending " << descending << ", seed " << base_seed());
        const auto order = expected_order(x, descending);
        const auto values = expected_values(x, order, descending);
        for (const std::string_view name : targets()) {
          if (!all_targets && name != targets()[0] && pattern != Pattern::wild) continue;
          REQUIRE(force_target(name));
          INFO(name);
          Buffer<T> sorted(x);
          Buffer<T> again(x.size());
          Buffer<T> input(x);
          std::vector<std::int64_t> indices(count, -1);
          sort<T>(Serial{}, sorted.span(), sorted.span(), {descending}, Memory{});
          if (pattern == Pattern::wild) {
            sort<T>(Threads{3}, input.span(), again.span(), {descending}, Memory{});
            argsort<T>(Threads{2}, input.span(), indices, {descending}, Memory{});
          } else {
            sort<T>(Backwards{}, input.span(), again.span(), {descending}, Memory{});
            argsort<T>(Backwards{}, input.span(), indices, {descending}, Memory{});
          }
          bool same = true;
          for (std::size_t i = 0; i < count; ++i) {
            same = same && equal_bits(sorted.data()[i], T(values[i]));
          }
          REQUIRE(same);
          REQUIRE(std::memcmp(sorted.data(), again.data(), count * sizeof(T)) == 0);
          REQUIRE(indices == order);
          bool untouched = true;
          for (std::size_t i = 0; i < count; ++i) {
            untouched = untouched && equal_bits(input.data()[i], T(x[i]));
          }
          REQUIRE(untouched);
        }
        force_target("");
      }
    }
  }
}

TEMPLATE_TEST_CASE("short sorts are std::stable_sort on every target", "", bool, std::int8_t,
                   std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                   std::uint32_t, std::uint64_t, f16, float, double) {
  check_sizes<TestType>(
      {0,  1,  2,  3,  4,  5,   7,   8,   9,   15,  16,  17,  23,   24,   25,   31,   32,   33,  47,
       48, 49, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 1000, 1023, 1024, 1025, 4095, 4097},
      true);
}

TEMPLATE_TEST_CASE("long sorts are std::stable_sort", "", bool, std::int8_t, std::int16_t,
                   std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                   std::uint64_t, f16, float, double) {
  check_sizes<TestType>({65536, 131072, 131073, 262147}, false);
}

TEST_CASE("the forced target's loops are the ones that run") {
  std::set<const SortTable*> tables;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    CHECK(target() == name);
    tables.insert(&sort_table());
  }
  force_target("");
  CHECK(tables.size() == targets().size());
}

TEST_CASE("lanes of any stride are sorted each for itself") {
  Engine engine(base_seed());
  for (const std::int64_t length : {1, 7, 300, 70'000, 140'000}) {
    const std::int64_t lanes_count = length > 1000 ? 3 : 50;
    std::vector<double> x(static_cast<std::size_t>(length * lanes_count));
    for (double& value : x) value = sample<double>(engine, Mood::wild);
    // Lane k is column k, read backwards, and becomes row k.
    Lanes lanes = one_lane(Dtype::f64, x.data() + (length - 1) * lanes_count, nullptr, length);
    lanes.in_step = -lanes_count;
    lanes.axes = 1;
    lanes.extent[0] = lanes_count;
    lanes.in_stride[0] = 1;
    lanes.out_stride[0] = length;
    std::vector<double> sorted(x.size());
    std::vector<std::int64_t> indices(x.size());
    lanes.out = sorted.data();
    sort(Threads{2}, lanes, {}, Memory{});
    lanes.out = indices.data();
    argsort(Threads{2}, lanes, length, {}, Memory{});
    for (std::int64_t k = 0; k < lanes_count; ++k) {
      std::vector<double> lane;
      for (std::int64_t i = length; i-- > 0;) {
        lane.push_back(x[static_cast<std::size_t>(i * lanes_count + k)]);
      }
      const auto order = expected_order(lane, false);
      const auto values = expected_values(lane, order, false);
      bool same = true;
      for (std::int64_t i = 0; i < length; ++i) {
        const auto at = static_cast<std::size_t>(k * length + i);
        same = same && equal_bits(sorted[at], values[static_cast<std::size_t>(i)]) &&
               indices[at] == order[static_cast<std::size_t>(i)];
      }
      INFO("length " << length << ", lane " << k);
      REQUIRE(same);
    }
  }
}

TEST_CASE("a partition has its ranks in place, the rest on the right side, and loses nothing") {
  Engine engine(base_seed());
  for (const std::size_t count : {5u, 1000u, 131073u, 300000u}) {
    for (const Pattern pattern : patterns) {
      std::vector<double> x = make<double>(pattern, count, engine);
      const auto values = expected_values(x, expected_order(x, false), false);
      const std::int64_t ranks[] = {0, static_cast<std::int64_t>(count / 3),
                                    static_cast<std::int64_t>(count - 1)};
      const Lanes lanes =
          one_lane(Dtype::f64, x.data(), x.data(), static_cast<std::int64_t>(count));
      partition(Threads{2}, lanes, {ranks, 3}, {}, Memory{});
      for (const std::int64_t rank : ranks) {
        const double pivot = x[static_cast<std::size_t>(rank)];
        REQUIRE(equal_bits(pivot, values[static_cast<std::size_t>(rank)]));
        for (std::size_t i = 0; i < count; ++i) {
          if (i < static_cast<std::size_t>(rank)) REQUIRE(!before(pivot, x[i], false));
          if (i > static_cast<std::size_t>(rank)) REQUIRE(!before(x[i], pivot, false));
        }
      }
      const auto sorted = expected_values(x, expected_order(x, false), false);
      bool same = true;
      for (std::size_t i = 0; i < count; ++i) same = same && equal_bits(sorted[i], values[i]);
      REQUIRE(same);
    }
  }
}

}  // namespace
}  // namespace furrow::kernels::test
