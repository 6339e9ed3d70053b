// Finance models by name: parameters as on a command line, prices within five standard errors.
#include <cmath>
#include <string>

#include <furrow/error.hpp>
#include <furrow/montecarlo/models/models.hpp>

#include "core/montecarlo/finance/refused.hpp"
#include "core/montecarlo/finance/within.hpp"
#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using models::Given;

namespace {

models::ModelResult run(Engine& engine, const std::string& name, const Given& given,
                        std::int64_t paths = 200'000) {
  return models::run(engine, name, {.paths = paths, .seed = 42}, given);
}

}  // namespace

TEST_CASE("finance models with an exact value are it") {
  Engine engine;
  struct Case {
    const char* name;
    Given given;
    double bias;
  };
  const Case cases[] = {
      {"european",
       {{"spot", "42"}, {"strike", "40"}, {"rate", "0.1"}, {"sigma", "0.2"}, {"maturity", "0.5"}},
       0},
      {"european", {{"put", ""}, {"dividend", "0.03"}, {"control", ""}}, 0},
      {"european", {{"greeks", ""}, {"likelihood-ratio", ""}}, 0},
      {"digital", {{"asset", ""}, {"put", ""}}, 0},
      {"asian", {{"geometric", ""}, {"fixings", "12"}}, 0},
      {"barrier", {{"up-in", ""}, {"barrier", "120"}, {"steps", "4"}}, 0},
      {"lookback", {{"fixed", ""}, {"put", ""}, {"steps", "4"}}, 0},
      {"basket",
       {{"weights", "1,-1"}, {"spots", "100,95"}, {"strike", "0"}, {"correlation", "0.4"}},
       0},
      {"heston", {{"steps", "64"}, {"strike", "110"}}, 0.003},
      {"merton", {{"put", ""}}, 0},
      {"american", {{"call", ""}, {"dates", "10"}, {"calibration-paths", "20000"}}, 0.05},
      {"portfolio",
       {{"weights", "0.5,0.3,0.2"}, {"correlation", "0.5,0.2,-0.1"}, {"normal", ""}},
       0},
      {"portfolio", {{"weights", "1"}, {"level", "0.95"}}, 0},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const auto result = run(engine, c.name, c.given);
    CHECK(std::isfinite(result.outputs.at(0).exact));
    for (const models::Output& output : result.outputs) {
      if (!std::isfinite(output.exact)) continue;
      INFO(output.name);
      check_within(output.estimate.mean, output.estimate.standard_error, output.exact, c.bias);
    }
  }
}

TEST_CASE("every finance model runs with its defaults") {
  Engine engine;
  for (const models::Model& model : models::all()) {
    if (model.group != "finance") continue;
    INFO(model.name);
    const auto result = run(engine, model.name, {}, 10'000);
    CHECK(result.outputs.at(0).estimate.standard_error > 0);
    CHECK(result.simulation.paths == 10'000);
  }
}

TEST_CASE("an American option that is best exercised now is worth just that") {
  Engine engine;
  const Given few{{"dates", "10"}, {"calibration-paths", "20000"}};
  Given deep = few;
  deep["spot"] = "40";
  const auto now = run(engine, "american", deep, 10'000);
  CHECK(now.outputs.at(0).estimate.mean == 60);
  CHECK(now.outputs[0].estimate.standard_error == 0);
  CHECK(now.outputs[0].estimate.low == 60);
  CHECK_THAT(now.notes.back(), Catch::Matchers::Contains("exercise now"));
  // A call is not the European one where rates are below 0: that is worth less.
  Given call = few;
  call["call"] = "";
  call["rate"] = "-0.1";
  const auto early = run(engine, "american", call, 50'000);
  CHECK(std::isnan(early.outputs.at(0).exact));
  CHECK(early.outputs[0].estimate.low > 4.5);
  call["rate"] = "0";
  CHECK(std::isfinite(run(engine, "american", call, 10'000).outputs.at(0).exact));
}

TEST_CASE("finance models refuse what is no number, list or matrix") {
  Engine engine(workers(1));
  const auto bad = [&](const char* name, const Given& given, const char* says) {
    refused([&] { run(engine, name, given, 100); }, says);
  };
  bad("european", {{"sigma", "-0.2"}}, "sigma");
  bad("european", {{"strike", "0"}}, "strike");
  bad("barrier", {{"barrier", "105"}}, "below the spot");
  bad("basket", {{"sigmas", "0.1,"}}, "commas");
  bad("basket", {{"sigmas", "0.1,x"}}, "commas");
  bad("basket", {{"correlation", ""}}, "0 numbers");
  bad("basket", {{"correlation", "0.1,0.2"}}, "6 for each pair");
  bad("basket", {{"correlation", "-0.9"}}, "positive definite");
  bad("portfolio", {{"sigmas", "0.1,0.2"}}, "2 volatilities");
  bad("portfolio", {{"level", "1"}}, "level");
  bad("american", {{"dates", "200"}}, "dates times");
}
