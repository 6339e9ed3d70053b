// Searches and histograms on every SIMD target, against std::lower_bound and a loop over the edges.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <furrow/kernels/sort/histogram.hpp>
#include <furrow/kernels/sort/search.hpp>
#include <furrow/kernels/sort/sort.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

struct Memory {
  std::vector<std::vector<std::byte>> held;
  std::byte* operator()(std::size_t bytes) { return held.emplace_back(bytes).data(); }
};

/// The order of a search: NaN last, zeros equal.
template <class T>
auto rank_of(T x) {
  return to_key<T>(x, {false, true});
}

template <class T>
void check_search(std::size_t sorted_count, std::size_t value_count, Engine& engine) {
  std::vector<T> sorted(sorted_count);
  std::vector<T> values(value_count);
  for (T& x : sorted) x = sample<T>(engine, Mood::wild);
  for (T& x : values) x = sample<T>(engine, Mood::wild);
  for (std::size_t i = 0; i < value_count && sorted_count != 0; i += 3) {
    values[i] = sorted[engine() % sorted_count];
  }
  std::sort(sorted.begin(), sorted.end(), [](T a, T b) { return rank_of(a) < rank_of(b); });
  for (const Side side : {Side::left, Side::right}) {
    std::vector<std::int64_t> expected;
    for (const T v : values) {
      const auto below = [](T a, T b) { return rank_of(a) < rank_of(b); };
      const auto at = side == Side::left ? std::lower_bound(sorted.begin(), sorted.end(), v, below)
                                         : std::upper_bound(sorted.begin(), sorted.end(), v, below);
      expected.push_back(at - sorted.begin());
    }
    for (const std::string_view name : targets()) {
      REQUIRE(force_target(name));
      std::vector<std::int64_t> found(value_count + 1, -7);
      searchsorted<T>(Threads{2}, sorted, values, side, std::span(found).first(value_count));
      INFO(name << ", " << sorted_count << " sorted, " << value_count << " values, seed "
                << base_seed());
      REQUIRE(found.back() == -7);
      found.pop_back();
      REQUIRE(found == expected);
    }
    force_target("");
  }
}

TEMPLATE_TEST_CASE("searches are std::lower_bound and upper_bound on every target", "", std::int8_t,
                   std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                   std::uint32_t, std::uint64_t, f16, float, double) {
  Engine engine(base_seed());
  for (const std::size_t sorted : {0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4097}) {
    for (const std::size_t values : {0, 1, 2, 31, 32, 33, 500}) {
      check_search<TestType>(sorted, values, engine);
    }
  }
  check_search<TestType>(1000, 16384 + 33, engine);
}

/// What the header says, one element and one edge after the other.
std::int64_t bin_of(double x, const std::vector<double>& edges) {
  const auto bins = static_cast<std::int64_t>(edges.size()) - 1;
  if (!(x >= edges.front() && x <= edges.back())) return -1;
  if (x == edges.back()) return bins - 1;
  std::int64_t bin = 0;
  while (edges[static_cast<std::size_t>(bin) + 1] <= x) ++bin;
  return bin;
}

TEST_CASE("histograms put every element between its edges on every target, sums bit by bit") {
  Engine engine(base_seed());
  for (const std::int64_t bins : {1, 2, 10, 300, 2048, 2049}) {
    std::vector<double> edges;
    for (std::int64_t i = 0; i <= bins; ++i) edges.push_back(uniform_edge(-0.7, 1.3, bins, i));
    for (const std::size_t count : {0u, 1u, 3u, 4u, 511u, 512u, 513u, 66'000u}) {
      std::vector<double> x(count);
      std::vector<double> weights(count);
      for (std::size_t i = 0; i < count; ++i) {
        x[i] = std::uniform_real_distribution<double>(-0.8, 1.4)(engine);
        if (i % 5 == 0) x[i] = sample<double>(engine, Mood::wild);
        if (i % 7 == 0) x[i] = edges[engine() % edges.size()];
        if (i % 11 == 0) x[i] = std::nextafter(edges[engine() % edges.size()], -1.0);
        weights[i] = std::normal_distribution<double>()(engine);
      }
      std::vector<std::int64_t> expected(static_cast<std::size_t>(bins));
      for (const double value : x) {
        const std::int64_t bin = bin_of(value, edges);
        if (bin >= 0) ++expected[static_cast<std::size_t>(bin)];
      }
      std::vector<double> first;
      for (const std::string_view name : targets()) {
        for (const Binning binning : {Binning::uniform, Binning::edges}) {
          REQUIRE(force_target(name));
          furrow::kernels::Histogram h;
          h.dtype = Dtype::f64;
          h.in = x.data();
          h.count = static_cast<std::int64_t>(count);
          h.binning = binning;
          h.bins = bins;
          h.low = -0.7;
          h.high = 1.3;
          h.edges = edges.data();
          std::vector<std::int64_t> counts(static_cast<std::size_t>(bins));
          histogram(Threads{2}, h, counts.data(), Memory{});
          INFO(name << ", " << bins << " bins, " << count << " elements, seed " << base_seed());
          REQUIRE(counts == expected);
          h.weights = weights.data();
          std::vector<double> sums(static_cast<std::size_t>(bins));
          histogram(Serial{}, h, sums.data(), Memory{});
          if (first.empty()) first = sums;
          REQUIRE(sums == first);
        }
      }
      force_target("");
    }
  }
}

}  // namespace
}  // namespace furrow::kernels::test
