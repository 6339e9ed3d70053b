// searchsorted, digitize, histogram, bincount against NumPy, and with any number of workers.
#include <algorithm>
#include <cstring>

#include <furrow/compute/histogram.hpp>
#include <furrow/compute/search.hpp>
#include <furrow/compute/sort.hpp>

#include "faults/fault_support.hpp"
#include "numpy_cases.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

bool same(const AnyArray& a, const AnyArray& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

Array<double> list(const std::vector<double>& values) {
  const auto x = Array<double>::temporary({static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

template <class T>
void add_cases(Engine& engine, NumpyCases& cases) {
  const Shape shapes[] = {{4000}, {20, 30, 7}, {3, 0}, {1}};
  for (const Shape& shape : shapes) {
    const auto x = sample_array<T>(shape, 7);
    for (const std::int64_t axis : {-9, -1, 0}) {
      SortOptions options;
      if (axis == -9) {
        options.axis = {};
      } else {
        options.axis = axis;
      }
      const auto sorted = Array<T>::temporary(shape);
      sort_to(engine, sorted, x, options);
      cases.add("sort")
          .value("axis", axis == -9 ? "none" : std::to_string(axis))
          .array("x", x)
          .array("sorted", sorted)
          .array("order", argsort(engine, x, options));
    }
  }
  for (const std::int64_t count : {0, 1, 2, 3, 31, 1000, 100'000}) {
    const auto sorted = sample_array<T>({count}, 8);
    sort(engine, sorted);
    const auto values = sample_array<T>({50, 41}, 9);
    cases.add("searchsorted")
        .array("sorted", sorted)
        .array("values", values)
        .array("left", searchsorted(engine, sorted, values))
        .array("right", searchsorted(engine, sorted, values, Side::right));
    // A NaN among bins has no place in NumPy's test of their direction.
    const auto bins = sample_array<T>({count % 100}, 10, true);
    for (const bool down : {false, true}) {
      sort(engine, bins, {.axis = -1, .descending = down});
      const auto x = sample_array<T>({999}, 11, true);
      cases.add("digitize")
          .array("x", x)
          .array("bins", bins)
          .array("open", digitize(engine, x, bins))
          .array("closed", digitize(engine, x, bins, true));
    }
  }
}

template <class T>
void add_histograms(Engine& engine, NumpyCases& cases) {
  for (const std::int64_t count : {0, 1, 1000, 200'001}) {
    const auto x = sample_array<T>({count}, 12, true);
    const auto weights = sample_array<double>({count}, 13, true);
    for (const std::int64_t bins : {1, 10, 77, 5000}) {
      const auto h = histogram(engine, x, bins);
      cases.add("histogram")
          .value("bins", bins)
          .array("x", x)
          .array("weights", weights)
          .array("counts", h.counts)
          .array("edges", h.edges)
          .array("sums", histogram_sums(engine, x, weights, bins).sums);
      const auto part = histogram(engine, x, bins, {{-0.5, 7.1}});
      cases.add("histogram")
          .value("bins", bins)
          .value("low", -0.5)
          .value("high", 7.1)
          .array("x", x)
          .array("weights", weights)
          .array("counts", part.counts)
          .array("edges", part.edges)
          .array("sums", histogram_sums(engine, x, weights, bins, {{-0.5, 7.1}}).sums);
    }
    const auto edges = list({-1, -0.5, 0, 0, 0.25, 1, 2, 20, 1e30});
    const auto h = histogram(engine, x, edges);
    cases.add("histogram")
        .value("given", 1)
        .array("x", x)
        .array("weights", weights)
        .array("counts", h.counts)
        .array("edges", h.edges)
        .array("sums", histogram_sums(engine, x, weights, edges).sums);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("sorts and searches find what NumPy finds", "", bool, std::int8_t, std::int16_t,
                   std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                   std::uint64_t, f16, float, double) {
  Engine engine(workers(2));
  NumpyCases cases("sorts-" + std::string(dtype_name(dtype_of<TestType>)));
  add_cases<TestType>(engine, cases);
  CHECK(cases.check() == 0);
}

TEST_CASE("histograms count what NumPy counts") {
  Engine engine(workers(2));
  NumpyCases cases("histograms");
  add_histograms<double>(engine, cases);
  add_histograms<float>(engine, cases);
  add_histograms<std::int32_t>(engine, cases);
  add_histograms<std::uint8_t>(engine, cases);
  // Values on the edges themselves, and a range that rounds badly.
  const auto grid = Array<double>::temporary({10'001});
  for (std::int64_t i = 0; i < grid.size(); ++i) grid(i) = static_cast<double>(i) * 0.1 + 0.3;
  const auto ones = list(std::vector<double>(10'001, 1.0));
  for (const std::int64_t bins : {3, 100, 1000, 10'000}) {
    const auto h = histogram(engine, grid, bins);
    cases.add("histogram")
        .value("bins", bins)
        .array("x", grid)
        .array("weights", ones)
        .array("counts", h.counts)
        .array("edges", h.edges)
        .array("sums", histogram_sums(engine, grid, ones, bins).sums);
  }
  for (const std::int64_t length : {0, 10, 5000}) {
    const auto x = Array<std::int64_t>::temporary({150'000});
    for (std::int64_t i = 0; i < x.size(); ++i) x(i) = i * i % 1009;
    const auto weights = sample_array<double>({150'000}, 14, true);
    cases.add("bincount")
        .value("length", length)
        .array("x", x)
        .array("weights", weights)
        .array("counts", bincount(engine, x, length))
        .array("sums", bincount_sums(engine, x, weights, length));
  }
  CHECK(cases.check() == 0);
}

TEST_CASE("histograms have the same bits for any number of workers, one killed on the way") {
  const auto x = sample_array<double>({700'000}, 15);
  const auto weights = sample_array<double>({700'000}, 16, true);
  Histogram first;
  HistogramSums sums;
  for (const std::size_t count : {1u, 2u, 3u, 5u}) {
    OneFault fault("engine.tile.computed", "kill", 2);
    Engine engine(workers(count));
    const auto h = histogram(engine, x, 100, {{-3.0, 3.0}});
    const auto s = histogram_sums(engine, x, weights, 100, {{-3.0, 3.0}});
    CHECK(fault.fired());
    if (count == 1) {
      first = h;
      sums = s;
    }
    CHECK(same(h.counts, first.counts));
    CHECK(same(s.sums, sums.sums));
  }
}

TEST_CASE("searches and histograms refuse what has no answer") {
  Engine engine(workers(1));
  const auto x = sample_array<double>({100}, 17);
  const auto finite = sample_array<double>({100}, 17, true);
  CHECK_THROWS_AS(searchsorted(engine, x, Array<float>::temporary({3})), TypeMismatch);
  CHECK_THROWS_AS(searchsorted(engine, x.reshape({10, 10}), x), ShapeMismatch);
  CHECK_THROWS_AS(digitize(engine, x, list({1, 3, 2})), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, x, 10), InvalidArgument);  // NaN and infinities
  CHECK_THROWS_AS(histogram(engine, finite, 0), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, finite, 10, {{1.0, 0.0}}), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, finite, 10, {{0.0, HUGE_VAL}}), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, finite, 10, {{-1e308, 1e308}}), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, finite, list({1, 0})), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, finite, list({1})), ShapeMismatch);
  CHECK_THROWS_AS(histogram_sums(engine, finite, list({1})), ShapeMismatch);
  CHECK_THROWS_AS(bincount(engine, finite), TypeMismatch);
  const auto n = Array<std::int32_t>::temporary({3});
  n(1) = -1;
  CHECK_THROWS_AS(bincount(engine, n), InvalidArgument);
  CHECK(bincount(engine, Array<std::int32_t>::temporary({0}), 3).size() == 3);
  CHECK(bincount(engine, Array<std::int32_t>::temporary({0})).size() == 0);
  const auto bits = Array<bool>::temporary({5});
  bits(2) = true;
  CHECK(bincount(engine, bits)(0) == 4);
  CHECK(histogram(engine, bits, 2).counts(1) == 1);
  // An empty range of a number that 0.5 does not change.
  const auto huge = list({1e300, 1e300});
  CHECK(histogram(engine, huge, 3).counts(2) == 2);
}
