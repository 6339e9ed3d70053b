// quantile, percentile, median, unique against NumPy, and with any number of workers.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <furrow/compute/quantile.hpp>

#include "faults/fault_support.hpp"
#include "numpy_cases.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

struct Method {
  QuantileMethod method;
  const char* name;
};
constexpr Method methods[] = {{QuantileMethod::linear, "linear"},
                              {QuantileMethod::lower, "lower"},
                              {QuantileMethod::higher, "higher"},
                              {QuantileMethod::nearest, "nearest"},
                              {QuantileMethod::midpoint, "midpoint"}};

bool same(const AnyArray& a, const AnyArray& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

Array<double> list(const std::vector<double>& values) {
  const auto x = Array<double>::temporary({static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

/// A few NaNs where they are wanted and can be had.
template <class T>
void put_nan(const Array<T>& x, bool wanted) {
  if constexpr (is_real_float(dtype_of<T>)) {
    for (std::int64_t i = 3; wanted && i < x.size(); i += 37) {
      x.data()[i] = T(std::nanf(""));
    }
  }
}

template <class T>
void add_quantiles(Engine& engine, NumpyCases& cases, const Shape& shape, bool with_nan) {
  const std::vector<double> q = {0, 0.1, 0.25, 0.5, 1.0 / 3, 0.75, 0.999, 1};
  const auto x = sample_array<T>(shape, 21, true);
  put_nan(x, with_nan);
  for (const Method& method : methods) {
    for (const std::int64_t axis : {-9, 0, -1}) {
      for (const bool ignore_nan : {false, true}) {
        QuantileOptions options;
        if (axis != -9) options.axis = axis;
        options.method = method.method;
        options.ignore_nan = ignore_nan;
        cases.add("quantile")
            .value("axis", axis == -9 ? "none" : std::to_string(axis))
            .value("ignore_nan", ignore_nan)
            .value("method", method.name)
            .array("x", x)
            .array("q", list(q))
            .array("found", quantile(engine, x, q, options))
            .array("median", compute::packed(engine, median(engine, x, options)));
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("quantiles and medians are NumPy's", "", std::int8_t, std::int32_t,
                   std::uint16_t, f16, float, double) {
  Engine engine(workers(2));
  NumpyCases cases("quantiles-" + std::string(dtype_name(dtype_of<TestType>)));
  for (const bool with_nan : {false, true}) {
    add_quantiles<TestType>(engine, cases, {1}, with_nan);
    add_quantiles<TestType>(engine, cases, {40, 101}, with_nan);
    add_quantiles<TestType>(engine, cases, {150'001}, with_nan);  // long: by buckets
  }
  CHECK(cases.check() == 0);
}

TEMPLATE_TEST_CASE("different elements are NumPy's", "", bool, std::int8_t, std::int16_t,
                   std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                   std::uint64_t, f16, float, double) {
  Engine engine(workers(2));
  NumpyCases cases("unique-" + std::string(dtype_name(dtype_of<TestType>)));
  for (const Shape& shape : {Shape{0}, Shape{1}, Shape{30, 40}, Shape{200'000}}) {
    const auto x = sample_array<TestType>(shape, 22);
    const auto found = unique(engine, x, {.inverse = true});
    CHECK(found.inverse.shape() == shape);
    const auto plain = unique(engine, x);
    CHECK(!plain.inverse.valid());
    CHECK(same(plain.values, found.values));
    CHECK(same(plain.counts, found.counts));
    cases.add("unique")
        .array("x", x)
        .array("values", found.values)
        .array("counts", found.counts)
        .array("inverse", found.inverse);
  }
  CHECK(cases.check() == 0);
}

TEST_CASE("quantiles have the same bits for any number of workers, one killed on the way") {
  const auto x = sample_array<double>({500'000}, 23, true);
  const auto columns = sample_array<double>({150'000, 2}, 24, true);
  Array<double> first;
  Array<double> first_columns;
  Unique first_unique;
  for (const std::size_t count : {1u, 2u, 3u, 5u}) {
    OneFault fault("engine.tile.computed", "kill", 2);
    Engine engine(workers(count));
    const auto q = quantile(engine, x, {0.1, 0.5, 0.9});
    const auto c = quantile(engine, columns, {0.1, 0.5, 0.9}, {.axis = 0});
    const auto u = unique(engine, x, {.inverse = true});
    CHECK(fault.fired());
    if (count == 1) {
      first = q;
      first_columns = c;
      first_unique = u;
    }
    CHECK(same(q, first));
    CHECK(same(c, first_columns));
    CHECK(same(u.values, first_unique.values));
    CHECK(same(u.inverse, first_unique.inverse));
  }
}

TEST_CASE("a quantile of what is not there is refused; infinities stay infinite") {
  Engine engine(workers(1));
  const auto x = sample_array<double>({100}, 25, true);
  CHECK_THROWS_AS(quantile(engine, x, {0.5, 1.1}), InvalidArgument);
  CHECK_THROWS_AS(quantile(engine, x, {-0.1}), InvalidArgument);
  CHECK_THROWS_AS(quantile(engine, x, {std::nan("")}), InvalidArgument);
  CHECK_THROWS_AS(percentile(engine, x, {101}), InvalidArgument);
  CHECK_THROWS_AS(quantile(engine, x, {0.5}, {.axis = 1}), InvalidArgument);
  CHECK_THROWS_AS(quantile(engine, Array<double>::temporary({0}), {0.5}), InvalidArgument);
  CHECK_THROWS_AS(median(engine, Array<double>::temporary({3, 0}), {.axis = 1}), InvalidArgument);
  CHECK_THROWS_AS(median(engine, Array<c64>::temporary({3})), TypeMismatch);
  CHECK_THROWS_AS(unique(engine, Array<c64>::temporary({3})), TypeMismatch);
  CHECK(median(engine, Array<double>::temporary({0, 3}), {.axis = 1}).size() == 0);
  CHECK(percentile(engine, list({1, 2, 3}), {50})(0) == 2);
  CHECK(std::isinf(median(engine, list({HUGE_VAL, HUGE_VAL, 1}))()));
  CHECK(quantile(engine, list({-HUGE_VAL, 1, 2}), {0.5})(0) == 1);
  CHECK(median(engine, list({1e308, 1.5e308}))() == 1.25e308);
  CHECK(std::isnan(median(engine, list({std::nan(""), std::nan("")}), {.ignore_nan = true})()));
  const auto strided = x.reshape({10, 10}).columns(2, 7);
  CHECK(unique(engine, strided).values.size() > 0);
  CHECK(quantile(engine, strided, {1})(0) == engine.max(strided));
}
