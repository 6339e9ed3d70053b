// Models beyond finance against their closed forms, and the closed forms against values that are
// known from elsewhere.
#include <algorithm>
#include <cmath>
#include <numbers>

#include <furrow/error.hpp>

#include "core/montecarlo/models/expect.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

double exact(Engine& engine, const char* model, const models::Given& given) {
  return models::run(engine, model, {.paths = 64}, given).outputs.at(0).exact;
}

}  // namespace

TEST_CASE("Genz's integrals are their closed forms, in one and in many dimensions") {
  Engine engine;
  for (const char* family :
       {"oscillatory", "product-peak", "corner-peak", "gaussian", "continuous", "discontinuous"}) {
    for (const char* dimension : {"1", "2", "6"}) {
      check_model(engine, "integral", 400'000,
                  {{family, ""}, {"dimension", dimension}, {"difficulty", "4"}});
    }
  }
}

TEST_CASE("Genz's closed forms are the integrals, by quadrature in one dimension") {
  Engine engine;
  const double a = 4;
  const double u = 0.4;
  constexpr int n = 200'000;
  double gaussian = 0;
  double corner = 0;
  double oscillatory = 0;
  for (int i = 0; i < n; ++i) {
    const double x = (i + 0.5) / n;
    gaussian += std::exp(-a * a * (x - u) * (x - u)) / n;
    corner += std::pow(1 + a * x, -2) / n;
    oscillatory += std::cos(2 * std::numbers::pi * u + a * x) / n;
  }
  const auto with = [](const char* family) {
    return models::Given{{family, ""}, {"dimension", "1"}, {"difficulty", "4"}};
  };
  CHECK(exact(engine, "integral", with("gaussian")) == Approx(gaussian).epsilon(1e-8));
  CHECK(exact(engine, "integral", with("corner-peak")) == Approx(corner).epsilon(1e-8));
  CHECK(exact(engine, "integral", with("oscillatory")) == Approx(oscillatory).epsilon(1e-8));
}

TEST_CASE("Buffon's needle, shorter and longer than the spacing") {
  Engine engine;
  check_model(engine, "buffon", 1'000'000, {{"length", "0.5"}});
  check_model(engine, "buffon", 1'000'000, {{"length", "1"}});
  check_model(engine, "buffon", 1'000'000, {{"length", "3"}, {"spacing", "2"}});
  CHECK(exact(engine, "buffon", {}) == Approx(2 / std::numbers::pi));
}

TEST_CASE("walks come back as often as renewal says, and in three dimensions as Polya says") {
  Engine engine;
  check_model(engine, "random-walk", 100'000, {{"dimension", "1"}, {"steps", "51"}});
  check_model(engine, "random-walk", 100'000, {{"dimension", "2"}, {"steps", "50"}});
  check_model(engine, "random-walk", 100'000, {{"dimension", "3"}, {"steps", "60"}});
  // In two steps: one way of 2d. In four on a line: 1/2 + 1/8.
  CHECK(exact(engine, "random-walk", {{"dimension", "3"}, {"steps", "2"}}) == Approx(1.0 / 6));
  CHECK(exact(engine, "random-walk", {{"dimension", "1"}, {"steps", "4"}}) == Approx(0.625));
  // What is missing after n steps falls as n^-1/2: 0.3405373 for ever.
  const double some = exact(engine, "random-walk", {{"steps", "2500"}});
  const double more = exact(engine, "random-walk", {{"steps", "10000"}});
  CHECK(2 * more - some == Approx(0.340537).margin(2e-5));
}

TEST_CASE("first passage, gambler's ruin and hitting are their closed forms") {
  Engine engine;
  check_model(engine, "first-passage", 200'000, {{"level", "4"}, {"steps", "31"}});
  CHECK(exact(engine, "first-passage", {{"level", "2"}, {"steps", "2"}}) == Approx(0.25));
  CHECK(exact(engine, "first-passage", {{"level", "1"}, {"steps", "3"}}) == Approx(0.625));
  check_model(engine, "gambler", 100'000, {{"capital", "3"}, {"goal", "10"}});
  check_model(engine, "gambler", 100'000, {{"capital", "6"}, {"goal", "10"}, {"win", "0.45"}});
  check_model(engine, "gambler", 100'000, {{"capital", "2"}, {"goal", "10"}, {"win", "0.6"}});
  CHECK(exact(engine, "gambler", {{"capital", "900"}, {"goal", "1000"}, {"win", "0.01"}}) == 1);
  check_model(engine, "hitting", 500'000, {});
  check_model(engine, "hitting", 500'000, {{"start", "5"}, {"outer", "1000"}});
  CHECK_THROWS_AS(models::run(engine, "gambler", {.paths = 10}, {{"capital", "20"}}),
                  InvalidArgument);
  CHECK_THROWS_AS(models::run(engine, "hitting", {.paths = 10}, {{"start", "10"}}),
                  InvalidArgument);
}

TEST_CASE("a slab transmits, reflects and absorbs what the integral equation says") {
  Engine engine;
  const auto pure = check_model(engine, "slab", 1'000'000, {{"absorption", "1"}});
  CHECK(pure.outputs[0].exact == std::exp(-2));
  for (const char* absorption : {"0.9", "0.5", "0.1", "0"}) {
    for (const char* thickness : {"0.1", "1", "8"}) {
      const auto result = check_model(engine, "slab", 400'000,
                                      {{"absorption", absorption}, {"thickness", thickness}});
      const auto& o = result.outputs;
      CHECK(o[0].estimate.mean + o[1].estimate.mean + o[2].estimate.mean == Approx(1));
      // What comes out is what went in.
      CHECK(o[0].exact + o[1].exact + o[2].exact == Approx(1).epsilon(1e-6));
    }
  }
}

TEST_CASE("small lattices percolate as all of their states do, a large one near the threshold") {
  Engine engine;
  for (const char* size : {"1", "2", "3", "4"}) {
    check_model(engine, "percolation", 200'000, {{"size", size}, {"occupation", "0.55"}});
  }
  CHECK(exact(engine, "percolation", {{"size", "2"}, {"occupation", "0.5"}}) == Approx(7.0 / 16));
  const auto spans = [&](const char* occupation) {
    const auto result = models::run(engine, "percolation", {.paths = 2000, .seed = 2},
                                    {{"size", "128"}, {"occupation", occupation}});
    CHECK(std::isnan(result.outputs[0].exact));
    return result.outputs[0].estimate.mean;
  };
  // 1/2 at the threshold, but for terms of the order of 1/size.
  CHECK(spans("0.592746") == Approx(0.5).margin(0.06));
  CHECK(spans("0.55") < 0.05);
  CHECK(spans("0.64") > 0.95);
}

TEST_CASE("every model gives the same bits for 1, 2 and 3 workers") {
  for (const models::Model& model : models::all()) {
    if (model.name == "bootstrap") continue;  // in bootstrap_test.cpp
    INFO(model.name);
    std::vector<double> first;
    for (const std::size_t workers : {1, 2, 3}) {
      EngineOptions options;
      options.workers = workers;
      Engine engine(options);
      models::Given given;
      if (model.name == "ising") given = {{"warmup", "10"}, {"size", "64"}};
      const std::int64_t least =
          model.least != nullptr ? model.least({model.name, model.parameters, given}) : 0;
      const MonteCarloOptions few{.paths = std::max<std::int64_t>(least, 700), .seed = 5};
      const auto result = models::run(engine, model.name, few, given);
      std::vector<double> found;
      for (const auto& output : result.outputs) {
        found.push_back(output.estimate.mean);
        found.push_back(output.estimate.standard_error);
      }
      if (first.empty()) first = found;
      CHECK(found == first);
    }
  }
}
