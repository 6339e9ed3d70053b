// shuffle, permutation and choice on an engine: the same order for any number of workers and any
// executor, a worker killed on the way, rows and strides, and bad input that changes nothing.
// Random kernels on an engine: parameters without an answer.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <vector>

#include <furrow/compute/random.hpp>
#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/random/shuffle.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

/// Here, without an engine.
template <class Each>
std::vector<std::int64_t> order_of(Each each, std::int64_t n, std::uint64_t seed,
                                   std::uint64_t stream = 0) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  std::vector<std::int64_t> scratch(out.size());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(kernels::shuffle_counts(n)));
  kernels::permutation(each, std::span(out), std::span(scratch), std::span(counts), seed, stream);
  return out;
}

std::vector<std::int64_t> here(std::int64_t n, std::uint64_t seed, std::uint64_t stream = 0) {
  return order_of(kernels::Serial{}, n, seed, stream);
}

bool is_permutation_of_indices(std::vector<std::int64_t> order) {
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

std::vector<std::int64_t> values(const Array<std::int64_t>& x) {
  return {x.data(), x.data() + x.size()};
}

}  // namespace

TEST_CASE("a permutation holds every number once, whatever the length") {
  for (const std::int64_t n : {0, 1, 2, 3, 100, 16384, 16385, 32769, 300'000, 1'000'003}) {
    INFO("n " << n);
    const auto order = here(n, 7);
    CHECK(is_permutation_of_indices(order));
    CHECK(order_of(kernels::Threads{3}, n, 7) == order);
    if (n < 100) continue;
    CHECK(here(n, 8) != order);
    CHECK(here(n, 7, 1) != order);
  }
}

TEST_CASE("permutations have the same order for any number of workers") {
  const auto expected = here(400'000, 42, 3);
  for (const std::size_t count : {1u, 2u, 3u, 5u}) {
    Engine engine(workers(count));
    CHECK(values(permutation(engine, 400'000, 42, 3)) == expected);
    const auto x = Array<float>::temporary({400'000});
    std::iota(x.data(), x.data() + x.size(), 0.0f);
    shuffle(engine, x, 42, 3);
    CHECK(std::equal(expected.begin(), expected.end(), x.data(),
                     [](std::int64_t i, float value) { return static_cast<float>(i) == value; }));
  }
}

TEST_CASE("every order of four is as likely as any other") {
  std::map<std::vector<std::int64_t>, double> seen;
  constexpr int rounds = 48'000;
  for (int seed = 0; seed < rounds; ++seed) seen[here(4, static_cast<std::uint64_t>(seed))] += 1;
  REQUIRE(seen.size() == 24);
  double chi2 = 0;
  for (const auto& [order, count] : seen) chi2 += (count - 2000) * (count - 2000) / 2000;
  CHECK(chi2 < 23 + 4.5 * std::sqrt(46.0));
}

TEST_CASE("a permutation of many keeps no trace of where elements were") {
  constexpr std::int64_t n = 1 << 20;
  const auto order = here(n, 99);
  // Correlation of place and number, and of neighbours; fixed points and cycles' beginnings.
  const double mean = (n - 1) / 2.0;
  const double variance = (static_cast<double>(n) * n - 1) / 12;
  double with_place = 0;
  double with_next = 0;
  int fixed = 0;
  std::vector<double> seen(64 * 64);
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = static_cast<double>(order[static_cast<std::size_t>(i)]) - mean;
    const double next = static_cast<double>(order[static_cast<std::size_t>((i + 1) % n)]) - mean;
    with_place += x * (static_cast<double>(i) - mean);
    with_next += x * next;
    fixed += order[static_cast<std::size_t>(i)] == i ? 1 : 0;
    seen[static_cast<std::size_t>(i / (n / 64) * 64 +
                                  order[static_cast<std::size_t>(i)] / (n / 64))] += 1;
  }
  CHECK(std::fabs(with_place / variance / std::sqrt(static_cast<double>(n))) < 4);
  CHECK(std::fabs(with_next / variance / std::sqrt(static_cast<double>(n))) < 4);
  CHECK(fixed < 8);  // Poisson of mean 1
  // From which 64th to which 64th: 256 in each, rows and columns fixed.
  double chi2 = 0;
  for (const double count : seen) chi2 += (count - 256) * (count - 256) / 256;
  const double freedom = 63 * 63;
  CHECK(std::fabs(chi2 - freedom) < 4.5 * std::sqrt(2 * freedom));
}

TEST_CASE("a worker is killed in an in-place shuffle: same order") {
  const auto expected = here(400'000, 5);
  for (const char* point :
       {"engine.group.claimed", "engine.tile.computed", "engine.group.finished"}) {
    for (const int nth : {1, 2, 4, 9}) {
      OneFault fault(point, "kill", nth);
      Engine engine(workers(2));
      const auto x = Array<std::int64_t>::temporary({400'000});
      std::iota(x.data(), x.data() + x.size(), 0);
      shuffle(engine, x, 5);
      INFO(point << ", pass " << nth);
      CHECK(fault.fired());
      CHECK(values(x) == expected);
    }
  }
}

TEST_CASE("rows are moved as a whole, whatever their strides and dtype") {
  Engine engine(workers(2));
  const auto expected = here(1000, 6);
  const auto check = [&](const Array<double>& x) {
    for (std::int64_t i = 0; i < 1000; ++i) {
      for (std::int64_t j = 0; j < x.extent(1); ++j) x(i, j) = static_cast<double>(i * 100 + j);
    }
    shuffle(engine, x, 6);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < 1000; ++i) {
      for (std::int64_t j = 0; j < x.extent(1); ++j) {
        const auto row = expected[static_cast<std::size_t>(i)];
        wrong += x(i, j) == static_cast<double>(row * 100 + j) ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  };
  check(Array<double>::temporary({1000, 7}));
  check(Array<double>::temporary({1000, 1}));
  check(Array<double>::temporary({7, 1000}).transpose().as<double>());
  check(Array<double>::temporary({1000, 9}).slice(1, {1, 8, 2}));
  check(Array<double>::temporary({2000, 3}).slice(0, {{}, {}, -2}));
  const auto bytes = Array<std::uint8_t>::temporary({1000});
  const auto wide = Array<c128>::temporary({1000});
  for (std::int64_t i = 0; i < 1000; ++i) {
    bytes(i) = static_cast<std::uint8_t>(i);
    wide(i) = {static_cast<double>(i), 1};
  }
  shuffle(engine, bytes, 6);
  shuffle(engine, wide, 6);
  for (std::int64_t i = 0; i < 1000; ++i) {
    const auto from = expected[static_cast<std::size_t>(i)];
    REQUIRE(bytes(i) == static_cast<std::uint8_t>(from));
    REQUIRE(wide(i) == c128{static_cast<double>(from), 1});
  }
  const auto few = choice(engine, 1000, 10, 6);
  CHECK(values(few) == std::vector<std::int64_t>(expected.begin(), expected.begin() + 10));
  shuffle(engine, Array<double>::temporary({0, 3}), 6);
  shuffle(engine, Array<double>::temporary({3, 0}), 6);
}

TEST_CASE("random orders and numbers refuse what has no answer, and write nothing") {
  Engine engine(workers(1));
  CHECK_THROWS_AS(shuffle(engine, Array<double>::temporary({}), 1), InvalidArgument);
  const auto row = Array<double>::temporary({1, 3});
  CHECK_THROWS_AS(shuffle(engine, row.broadcast_to({4, 3}), 1), InvalidArgument);
  CHECK_THROWS_AS(permutation(engine, -1, 1), InvalidArgument);
  CHECK_THROWS_AS(choice(engine, 5, 6, 1), InvalidArgument);
  CHECK_THROWS_AS(choice(engine, 5, -1, 1), InvalidArgument);
  CHECK(choice(engine, 0, 0, 1).size() == 0);
  const auto x = Array<double>::temporary({3});
  engine.fill(x, 7.0);
  CHECK_THROWS_WITH(engine.apply("random_binomial", x, {1, 0, 10, 1.5}),
                    Catch::Contains("random_binomial: p must be in [0, 1]"));
  CHECK_THROWS_AS(engine.apply("random_poisson", x, {1, 0, -1.0}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("random_gamma", x, {1, 0, std::nan("")}), InvalidArgument);
  CHECK_THROWS_WITH(engine.apply("random_normal", x, {1, 0, 0.0, -1.0}),
                    Catch::Contains("random_normal: std must be finite and not negative"));
  CHECK_THROWS_AS(engine.apply("random_normal", x, {1, 0, std::nan("")}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("random_uniform", x, {1, 0, std::nan("")}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("random_uniform", x, {1, 0, -1e308, 1e308}), InvalidArgument);
  const auto singles = Array<float>::temporary({9});
  CHECK_THROWS_AS(engine.apply("random_uniform", singles, {1, 0, 0, 1e39}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("random_uniform_half_open", singles, {1, 0, -1e39, 0}),
                  InvalidArgument);
  CHECK_NOTHROW(engine.apply("random_uniform", singles, {1, 0, -3.4e38, 3.4e38}));
  CHECK_THROWS_AS(engine.apply("random_binomial", x, {1, 0, 2.5, 0.5}), InvalidArgument);
  const auto whole = Array<std::int16_t>::temporary({3});
  CHECK_THROWS_AS(engine.apply("random_integers", whole, {1, 0, 5, 4}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("random_integers", whole, {1, 0, 0, 40'000}), InvalidArgument);
  CHECK((x(0) == 7 && x(2) == 7 && whole(0) == 0));
  engine.apply("random_integers", whole, {1, 0, -3, -3});
  CHECK((whole(0) == -3 && whole(2) == -3));
}
