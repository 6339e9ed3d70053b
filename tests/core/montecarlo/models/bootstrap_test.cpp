// Bootstrap intervals against what is known of resamples, and data that cannot be resampled.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>

#include "core/montecarlo/models/expect.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

/// An array of a name, which goes with the object.
class Data {
 public:
  explicit Data(const std::vector<double>& values)
      : array_(Array<double>::create("bootstrap.data" + std::to_string(++made),
                                     {static_cast<std::int64_t>(values.size())}, owned())) {
    std::copy(values.begin(), values.end(), array_.data());
  }
  models::ModelResult run(Engine& engine, models::Given given, std::int64_t paths = 40'000) const {
    given["data"] = array_.name();
    return models::run(engine, "bootstrap", {.paths = paths, .seed = 6}, given);
  }

 private:
  static inline int made = 0;
  static CreateOptions owned() {
    CreateOptions options;
    options.lifetime = Lifetime::owned;
    return options;
  }
  Array<double> array_;
};

// An exponential law's quantiles: skewed.
std::vector<double> skewed(int count) {
  std::vector<double> x;
  for (int i = 0; i < count; ++i) x.push_back(-std::log1p(-(i + 0.5) / count));
  return x;
}

double binomial_at_least(int n, double p, int k) {
  double sum = 0;
  for (int i = k; i <= n; ++i) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                    i * std::log(p) + (n - i) * std::log1p(-p));
  }
  return sum;
}

}  // namespace

TEST_CASE("a resampled mean has the deviation that theory gives") {
  Engine engine;
  const auto x = skewed(50);
  double mean = 0;
  for (const double v : x) mean += v / 50;
  double squares = 0;
  double cubes = 0;
  for (const double v : x) {
    squares += (v - mean) * (v - mean) / 50;
    cubes += (v - mean) * (v - mean) * (v - mean) / 50;
  }
  const auto result = Data(x).run(engine, {{"mean", ""}});
  const Estimate& e = result.outputs[0].estimate;
  CHECK(e.mean == Approx(mean));
  // Five errors of a standard deviation from 40,000 resamples: 5 / sqrt(2 * 40,000).
  CHECK(e.standard_error == Approx(std::sqrt(squares / 50)).epsilon(0.018));
  // By Cornish and Fisher's expansion, with the skew of a mean of 50.
  const double skew = cubes / std::pow(squares, 1.5) / std::sqrt(50);
  const double low = mean + std::sqrt(squares / 50) * (-1.96 + skew / 6 * (1.96 * 1.96 - 1));
  const double high = mean + std::sqrt(squares / 50) * (1.96 + skew / 6 * (1.96 * 1.96 - 1));
  CHECK(e.low == Approx(low).margin(0.012));
  CHECK(e.high == Approx(high).margin(0.012));
  // BCa moves to the right for data with a tail there; its first order is twice the skew's term.
  const Estimate& bca = result.outputs[1].estimate;
  CHECK(bca.low > e.low);
  CHECK(bca.high > e.high);
  CHECK(bca.high - e.high ==
        Approx(std::sqrt(squares / 50) * skew / 6 * (2 * 1.96 * 1.96)).epsilon(0.5));
}

TEST_CASE("a resampled median is the order statistic that the binomial law gives") {
  // The median of 21 resampled values is above the k-th when at most 10 of them are among the first
  // k: its distribution is known exactly.
  std::vector<double> x;
  for (int i = 1; i <= 21; ++i) x.push_back(i * i);
  double mean = 0;
  double squares = 0;
  for (int k = 1; k <= 21; ++k) {
    const double at_most = binomial_at_least(21, k / 21.0 - (k == 21 ? 1e-15 : 0), 11);
    const double below = k == 1 ? 0 : binomial_at_least(21, (k - 1) / 21.0, 11);
    mean += (at_most - below) * k * k;
    squares += (at_most - below) * k * k * k * k;
  }
  Engine engine;
  const auto result = Data(x).run(engine, {{"median", ""}});
  CHECK(result.outputs[0].estimate.mean == 121);
  const Estimate& samples = result.simulation.outputs[0];
  CHECK(std::abs(samples.mean - mean) < 5 * samples.standard_error);
  CHECK(samples.variance == Approx(squares - mean * mean).epsilon(0.05));
}

TEST_CASE("standard deviation, quantile and correlation are NumPy's") {
  Engine engine;
  const Data data({3, 1, 4, 1, 5, 9, 2, 6});
  CHECK(data.run(engine, {{"std", ""}}, 64).outputs[0].estimate.mean == Approx(2.748376143938713));
  CHECK(data.run(engine, {{"quantile", ""}, {"q", "0.9"}}, 64).outputs[0].estimate.mean ==
        Approx(6.9));
  CHECK(data.run(engine, {{"median", ""}}, 64).outputs[0].estimate.mean == 3.5);
  CreateOptions owned;
  owned.lifetime = Lifetime::owned;
  auto pairs = Array<double>::create("bootstrap.pairs", {4, 2}, owned);
  const double values[] = {1, 2, 2, 1, 3, 4, 4, 3};
  std::copy(values, values + 8, pairs.data());
  const auto result = models::run(engine, "bootstrap", {.paths = 2000},
                                  {{"data", "bootstrap.pairs"}, {"correlation", ""}});
  CHECK(result.outputs[0].estimate.mean == Approx(0.6));
  // Resamples of one value alone have no correlation: they are counted.
  CHECK(result.simulation.invalid > 0);
}

TEST_CASE("the same bits of a bootstrap for 1 and 3 workers") {
  double first = 0;
  for (const std::size_t workers : {1, 3}) {
    EngineOptions options;
    options.workers = workers;
    Engine engine(options);
    const auto result = Data(skewed(30)).run(engine, {{"std", ""}}, 1000);
    if (workers == 1) first = result.outputs[1].estimate.high;
    CHECK(result.outputs[1].estimate.high == first);
  }
}

TEST_CASE("a bootstrap's other interval stands beside the usual one") {
  Engine engine;
  const Data data(skewed(50));
  const auto usual = data.run(engine, {});
  const auto both = data.run(engine, {{"confidence", "0.5"}});
  for (std::size_t k = 0; k < 2; ++k) {
    const Estimate& e = both.outputs[k].estimate;
    CHECK(e.low == usual.outputs[k].estimate.low);
    CHECK(e.high == usual.outputs[k].estimate.high);
    CHECK(usual.outputs[k].intervals.empty());
    REQUIRE(both.outputs[k].intervals.size() == 1);
    const models::Interval& half = both.outputs[k].intervals[0];
    CHECK(half.confidence == 0.5);
    // Of a normal law, 0.674 of 1.96 deviations.
    CHECK((half.high - half.low) / (e.high - e.low) == Approx(0.344).epsilon(0.05));
  }
}

TEST_CASE("samples of a bootstrap are single resamples, or it is refused") {
  Engine engine;
  CreateOptions owned;
  owned.lifetime = Lifetime::owned;
  auto few = Array<double>::create("bootstrap.single", {3}, owned);
  for (int i = 0; i < 3; ++i) few.data()[i] = i;
  const models::Given given{{"data", "bootstrap.single"}};
  CHECK_THROWS_WITH(models::run(engine, "bootstrap", {.paths = 1000, .antithetic = true}, given),
                    Catch::Contains("no antithetic pairs"));
  CHECK_THROWS_WITH(
      models::run(engine, "bootstrap", {.paths = 1000, .control_means = {0.0}}, given),
      Catch::Contains("no controls"));
}

TEST_CASE("what cannot be resampled is an error that says why") {
  Engine engine;
  CHECK_THROWS_WITH(models::run(engine, "bootstrap", {.paths = 10}),
                    Catch::Contains("give --data"));
  CHECK_THROWS_AS(models::run(engine, "bootstrap", {.paths = 10}, {{"data", "bootstrap.none"}}),
                  NotFound);
  const Data data({1, 2, 3, std::numeric_limits<double>::quiet_NaN()});
  CHECK_THROWS_WITH(data.run(engine, {}), Catch::Contains("1 of the 4 values"));
  CHECK_THROWS_WITH(data.run(engine, {{"column", "1"}}), Catch::Contains("no column 1"));
  CHECK_THROWS_WITH(Data({1}).run(engine, {}), Catch::Contains("1 values"));
}
