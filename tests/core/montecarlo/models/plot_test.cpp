// Plots: round ticks, short labels, text that XML allows, whatever the numbers are; and points of
// convergence that depend on the paths alone.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>
#include <furrow/error.hpp>
#include <furrow/montecarlo/models/models.hpp>
#include <furrow/montecarlo/plot.hpp>

using namespace furrow;
using namespace furrow::montecarlo;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("ticks are round, inside, and about as many as wanted") {
  CHECK(round_ticks(0, 10, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(round_ticks(-1, 1, 4) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  const auto small = round_ticks(3.14151, 3.14167, 5);
  CHECK(small.size() >= 3);
  CHECK(small.size() <= 8);
  for (const double v : small) {
    CHECK(v >= 3.14151 - 1e-12);
    CHECK(v <= 3.14167 + 1e-12);
  }
  CHECK(round_ticks(1, 1, 5).empty());
  CHECK(round_ticks(2, 1, 5).empty());
  CHECK(round_ticks(0, std::numeric_limits<double>::infinity(), 5).empty());
}

TEST_CASE("tick labels tell neighbours apart and are short") {
  CHECK(tick_text(0.5, 0.5) == "0.5");
  CHECK(tick_text(2, 0.5) == "2.0");
  CHECK(tick_text(2000, 500) == "2000");
  CHECK(tick_text(1e-18, 0.1) == "0");
  CHECK(tick_text(3.14152, 0.00002) == "3.14152");
  CHECK(tick_text(2e9, 1e9) == "2e+09");
}

TEST_CASE("a plot holds its charts, and no markup of its texts") {
  Plot plot;
  plot.title = "a < b & \"c\"\x01";
  plot.quantity = "price > 0";
  plot.points = {{4096, 3.1, 0.02}, {8192, 3.15, 0.014}, {16384, 3.14, 0.01}};
  plot.exact = 3.14159;
  const std::string one = svg(plot);
  CHECK(one.find("a &lt; b &amp; &quot;c&quot;<") != std::string::npos);
  CHECK(one.find("price &gt; 0") != std::string::npos);
  CHECK(count_of(one, "class=\"band\"") == 1);
  CHECK(count_of(one, "class=\"bars\"") == 0);
  CHECK(one.find("prefers-color-scheme: dark") != std::string::npos);
  plot.bins = {0, 4, 4};
  plot.counts = {1, 10, 20, 30, 40, 0};
  plot.markers = {{2, "mean"}, {200, "outside"}};
  const std::string two = svg(plot);
  CHECK(count_of(two, "class=\"bars\"") == 1);
  CHECK(count_of(two, ">mean<") == 1);
  CHECK(count_of(two, "outside<") == 0);
  CHECK(two.find("0.99 % lie outside") != std::string::npos);
}

TEST_CASE("a value that many paths have is a stem with its part, and does not flatten the others") {
  Plot plot;
  plot.quantity = "price";
  plot.points = {{4096, 3.1, 0.02}, {8192, 3.15, 0.014}};
  plot.bins = {0, 4, 4};
  plot.counts = {0, 10, 20, 20, 10, 0};
  plot.markers = {{2, "mean"}};
  const std::string without = svg(plot);
  CHECK(count_of(without, "class=\"stem\"") == 0);
  // Both axes of both charts have their names.
  for (const char* name : {">price<", ">paths<", ">paths in each bin, %<"}) {
    CHECK(count_of(without, name) == 1);
  }
  plot.atom = {0, 40};
  const std::string with = svg(plot);
  CHECK(count_of(with, "class=\"stem\"") == 1);
  CHECK(with.find(">40 % at 0<") != std::string::npos);
  CHECK(with.find("40 % of the paths are 0 exactly") != std::string::npos);
  // Parts are of all paths, those of the stem too; the axis is as high as the bars need.
  CHECK(count_of(with, ">20<") == 1);
  CHECK(count_of(with, ">40<") == 0);
}

TEST_CASE("a plot of nothing, of one point, of no spread, and of no numbers is a plot") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<ConvergencePoint>& points : {std::vector<ConvergencePoint>{},
                                                      {{100, 1, 0}},
                                                      {{100, 0, 0}, {200, 0, 0}},
                                                      {{100, nan, nan}, {200, 1, 0.1}},
                                                      {{0, 1, 0.1}, {100, 1e300, 1e299}}}) {
    Plot plot;
    plot.points = points;
    const std::string text = svg(plot);
    CHECK(text.find("nan") == std::string::npos);
    CHECK(text.find("inf") == std::string::npos);
    CHECK(text.find("</svg>") != std::string::npos);
  }
  CHECK_THROWS_AS(write_plot("no/such/folder/plot.svg", Plot()), IoError);
}

TEST_CASE("the points of convergence are a function of the paths alone") {
  std::vector<MonteCarloProgress> first;
  for (const std::size_t workers : {1, 2, 3}) {
    EngineOptions engine_options;
    engine_options.workers = workers;
    Engine engine(engine_options);
    std::vector<MonteCarloProgress> found;
    MonteCarloOptions options{.paths = 100'000, .seed = 9};
    options.milestone = [&](const MonteCarloProgress& p) { found.push_back(p); };
    const auto with = models::run(engine, "pi", options);
    options.milestone = {};
    const auto without = models::run(engine, "pi", options);
    // Being looked at changes nothing.
    CHECK(with.outputs[0].estimate.mean == without.outputs[0].estimate.mean);
    CHECK(with.outputs[0].estimate.variance == without.outputs[0].estimate.variance);
    // 16 … 32 by 1, 34 … 64 by 2, …, 256 … 384 by 16 blocks of 256 paths.
    REQUIRE(found.size() == 17 + 16 * 3 + 8);
    CHECK(found.front().paths == 16 * 256);
    if (first.empty()) first = found;
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].paths == first[i].paths);
      CHECK(found[i].mean == first[i].mean);
      CHECK(found[i].standard_error == first[i].standard_error);
    }
  }
}
