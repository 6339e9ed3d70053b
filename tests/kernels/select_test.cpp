// Order statistics by selection: those of a sort, whatever the elements are like.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <list>
#include <random>
#include <vector>

#include <furrow/kernels/registry.hpp>
#include <furrow/kernels/sort/histogram.hpp>
#include <furrow/kernels/sort/quantile.hpp>
#include <furrow/kernels/sort/unique.hpp>

using namespace furrow;
using namespace furrow::kernels;

namespace {

constexpr std::int64_t n = 300'001;

struct Room {
  std::list<std::vector<std::byte>> kept;
  std::byte* operator()(std::size_t bytes) { return kept.emplace_back(bytes).data(); }
};

template <class T>
std::vector<double> quantiles_of(const std::vector<T>& x, const std::vector<double>& q) {
  std::vector<double> out(q.size());
  Quantiles wanted;
  wanted.q = q.data();
  wanted.count = std::ssize(q);
  wanted.method = QuantileMethod::lower;
  wanted.out = out.data();
  quantile(Threads{2}, one_lane(dtype_of<T>, x.data(), nullptr, std::ssize(x)), wanted, Room{});
  return out;
}

template <class T>
void check(std::vector<T> x) {
  const std::vector<double> q = {0.0, 0.013, 0.5, 1.0};
  const std::vector<double> found = quantiles_of(x, q);
  std::vector<double> many = q;  // more than are selected singly
  for (const double part : {0.2, 0.4, 0.6, 0.8}) many.push_back(part);
  const std::vector<double> split = quantiles_of(x, many);
  std::sort(x.begin(), x.end());
  for (std::size_t k = 0; k < q.size(); ++k) {
    CAPTURE(q[k]);
    const auto at = static_cast<std::size_t>(static_cast<double>(n - 1) * q[k]);
    CHECK(found[k] == static_cast<double>(x[at]));
    CHECK(split[k] == found[k]);
    CHECK(quantiles_of(x, {q[k]})[0] == found[k]);  // sorted, alone
  }
}

template <class T, class F>
std::vector<T> made(F f) {
  std::vector<T> x(n);
  for (std::int64_t i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<T>(f(i));
  return x;
}

}  // namespace

TEST_CASE("selected quantiles are those of a sort on every target") {
  std::mt19937_64 engine(11);
  std::normal_distribution<double> normal;
  for (const std::string_view target : targets()) {
    REQUIRE(force_target(target));
    CAPTURE(target);
    check(made<double>([&](auto) { return normal(engine); }));
    check(made<float>([&](auto) { return normal(engine); }));
    check(made<double>([&](auto) { return std::exp(20 * normal(engine)); }));
    check(made<std::int64_t>([&](auto) { return static_cast<std::int64_t>(engine()); }));
    check(made<std::int16_t>([&](auto) { return engine() % 60000; }));
    check(made<std::uint8_t>([&](auto) { return engine() % 3; }));
  }
  force_target("");
}

TEST_CASE("a sample that misleads costs time, never the answer") {
  check(made<double>([](auto) { return 7.0; }));
  check(made<double>([](auto i) { return i; }));
  check(made<double>([](auto i) { return -i; }));
  check(made<double>([](auto i) { return i % 73; }));
  check(made<double>([](auto i) { return i < n - 5 ? 1.0 : -static_cast<double>(i); }));
  check(made<double>([](auto i) { return i % 1000 == 0 ? i : 0; }));
  // Whatever is at the places of the sample is unlike everything else.
  std::vector<double> x = made<double>([](auto i) { return i % 4099; });
  for (std::int64_t k = 0; k < 4096; ++k) {
    std::uint64_t hash = static_cast<std::uint64_t>(k) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    const std::uint64_t part = n / 4096;
    x[static_cast<std::size_t>(k) * part + hash % part] = 1e6 + static_cast<double>(k);
  }
  check(x);
}

TEST_CASE("one NaN makes a selected quantile NaN; infinities and zeros are numbers") {
  std::vector<double> x = made<double>([](auto i) { return (i % 3 - 1) * HUGE_VAL; });
  for (double& value : x) {
    if (value != value) value = -0.0;
  }
  check(x);
  x[n / 3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(quantiles_of(x, {0.5})[0]));
  x[n / 3] = -std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(quantiles_of(x, {0.1})[0]));
}

TEST_CASE("spans have quantiles, histograms and different elements, as the headers show") {
  Room memory;
  std::vector<double> x(100'000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 7919 % 100'000) / 1e5;
  const std::vector<double> q = {0.25, 0.5, 1};
  std::vector<double> out(3, -7);
  REQUIRE(quantile<double>(Threads{2}, x, q, out, {}, memory));
  CHECK(out[0] == Approx(0.2499975).epsilon(1e-15));
  CHECK(out[2] == 0.99999);
  const std::vector<float> holes = {3, std::nanf(""), 1, 2};
  REQUIRE(quantile<float>(Serial{}, holes, q, out,
                          {.method = QuantileMethod::nearest, .ignore_nan = true}, memory));
  CHECK(out == std::vector<double>{1, 2, 3});
  std::fill(out.begin(), out.end(), -7);
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    CHECK_FALSE(quantile<double>(Serial{}, x, std::vector<double>{0.5, bad, 0.5}, out, {}, memory));
  }
  CHECK_FALSE(quantile<double>(Serial{}, std::vector<double>{}, q, out, {}, memory));
  CHECK(out == std::vector<double>(3, -7));

  std::vector<std::int64_t> counts(4, -7);
  CHECK_FALSE(histogram<double>(Serial{}, x, 1.0, 0.0, counts, memory));
  CHECK_FALSE(histogram<double>(Serial{}, x, 0.0, std::nan(""), counts, memory));
  CHECK_FALSE(histogram<double>(Serial{}, x, std::vector<double>{0, 1, 0.5, 2, 3}, counts, memory));
  CHECK(counts == std::vector<std::int64_t>(4, -7));
  REQUIRE(histogram<double>(Threads{2}, x, 0.0, 1.0, counts, memory));
  CHECK(counts == std::vector<std::int64_t>(4, 25'000));
  REQUIRE(histogram<double>(Serial{}, x, std::vector<double>{0, 0.1, 0.1, 0.5, 2}, counts, memory));
  CHECK(counts == std::vector<std::int64_t>{10'000, 0, 40'000, 50'000});

  std::vector<double> values;
  std::vector<std::int64_t> often;
  const auto make = [&](std::int64_t different) {
    values.resize(static_cast<std::size_t>(different));
    often.resize(static_cast<std::size_t>(different));
    return UniqueOut<double>{values.data(), often.data()};
  };
  const std::vector<double> few = {2, 1, 2, 2};
  unique<double>(Threads{2}, few.data(), std::ssize(few), nullptr, make, memory);
  CHECK(values == std::vector<double>{1, 2});
  CHECK(often == std::vector<std::int64_t>{1, 3});
}
