// The list of models: their tables, values that are read by them, and every model's exact values.
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <furrow/error.hpp>
#include <furrow/montecarlo/models/models.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>

using namespace furrow;
using models::Given;
using models::Parameters;

namespace {

const std::vector<models::Parameter> table{
    models::number("sigma", "volatility", "per year", 0.2, models::not_negative),
    models::number("spot", "price now", "", 100, models::positive),
    models::integer("steps", "dates", 12, {1, 1000}),
    models::flag("continuous", "watched at all times"),
    models::choice("type", {{"call", "the right to buy"}, {"put", "the right to sell"}},
                   "the right"),
    models::text("data", "dataset", "none.h5"),
};

std::string complaint(const Given& given) {
  try {
    const Parameters parameters("toy", table, given);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

bool says(const Given& given, const std::string& words) {
  const std::string text = complaint(given);
  INFO(text);
  CHECK(text.find(words) != std::string::npos);
  return text.find("toy") == 0;
}

}  // namespace

TEST_CASE("values are the given ones, else the defaults") {
  const Parameters none("toy", table, {});
  CHECK(none.real("sigma") == 0.2);
  CHECK(none.integer("steps") == 12);
  CHECK_FALSE(none.flag("continuous"));
  CHECK(none.choice("type") == "call");
  CHECK(none.text("data") == "none.h5");
  CHECK_FALSE(none.given("sigma"));

  const Parameters some("toy", table,
                        {{"sigma", "1e-1"}, {"steps", "1e2"}, {"continuous", ""}, {"put", ""}});
  CHECK(some.real("sigma") == 0.1);
  CHECK(some.integer("steps") == 100);
  CHECK(some.flag("continuous"));
  CHECK(some.choice("type") == "put");
  CHECK(some.given("sigma"));
  CHECK_FALSE(some.given("spot"));
  CHECK_THROWS_AS(some.real("sigme"), InvalidArgument);
}

TEST_CASE("values that the table does not allow are errors that say what is") {
  CHECK(says({{"sigma", "-0.1"}}, "sigma (volatility) is a number that is not negative"));
  CHECK(says({{"spot", "0"}}, "spot (price now) is a positive number, not \"0\""));
  for (const char* bad : {"", "x", "1x", "nan", "inf", "1e999", "0x10"}) {
    INFO(bad);
    CHECK(says({{"sigma", bad}}, "not negative"));
  }
  CHECK(says({{"steps", "1.5"}}, "whole number"));
  CHECK(says({{"steps", "0"}}, "from 1 to 1000"));
  CHECK(says({{"stepz", "3"}},
             "no parameter \"stepz\": it has sigma, spot, steps, continuous, call, put, data"));
  CHECK(says({{"type", "call"}}, "no parameter \"type\""));
  CHECK(says({{"call", ""}, {"put", ""}}, "only one of call, put"));
}

TEST_CASE("an unknown model is an error that names those there are") {
  try {
    models::find("pj");
    FAIL("found");
  } catch (const InvalidArgument& error) {
    CHECK(std::string(error.what()).find("no model \"pj\": there are ") != std::string::npos);
    CHECK(std::string(error.what()).find(", pi") != std::string::npos);
  }
}

TEST_CASE("names are words of a command line, each once") {
  // What `furrow mc` itself has, and what every verb has.
  const std::set<std::string> taken{"paths",       "error",      "relative-error", "time",
                                    "seed",        "antithetic", "json",           "checkpoint",
                                    "list",        "plot",       "workers",        "quiet",
                                    "no-progress", "help",       "prefix",         "quasi"};
  std::set<std::string> seen;
  const auto is_word = [](const std::string& name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  };
  for (const models::Model& model : models::all()) {
    INFO(model.name);
    CHECK(is_word(model.name));
    CHECK(seen.insert(model.name).second);
    CHECK(!model.what.empty());
    CHECK(!model.group.empty());
    CHECK(model.run != nullptr);
    std::set<std::string> names = taken;
    for (const models::Parameter& parameter : model.parameters) {
      INFO(parameter.name);
      CHECK(!parameter.meaning.empty());
      if (parameter.kind != models::Parameter::Kind::choice) {
        CHECK(is_word(parameter.name));
        CHECK(names.insert(parameter.name).second);
      }
      for (const std::string& word : parameter.words) CHECK(names.insert(word).second);
      if (parameter.kind == models::Parameter::Kind::real ||
          parameter.kind == models::Parameter::Kind::integer) {
        CHECK(parameter.value >= parameter.range.least);
        CHECK(parameter.value <= parameter.range.greatest);
      }
    }
  }
}

TEST_CASE("models on quasi-random points: their exact values, better known than by random ones") {
  Engine engine;
  const std::vector<std::pair<std::string, Given>> cases{
      {"european", {}},
      {"european", {{"put", ""}, {"strike", "120"}}},
      {"digital", {}},
      {"digital", {{"asset", ""}}},
      {"basket", {{"weights", "1,-1"}, {"spots", "100,95"}, {"strike", "0"}}},
      {"pi", {}},
      {"integral", {{"gaussian", ""}}},
      {"integral", {{"product-peak", ""}, {"dimension", "3"}}},
  };
  for (const auto& [name, given] : cases) {
    INFO(name);
    const MonteCarloOptions options{.paths = 1 << 18, .seed = 5};
    const auto quasi = models::run_quasi(engine, name, options, given);
    const auto random = models::run(engine, name, options, given);
    const models::Output& output = quasi.outputs.at(0);
    CHECK(output.name == random.outputs.at(0).name);
    CHECK(output.exact == random.outputs.at(0).exact);
    CHECK(quasi.simulation.paths == 1 << 18);
    CHECK(std::abs(output.estimate.mean - output.exact) < 5 * output.estimate.standard_error);
    CHECK(output.estimate.standard_error * 3 < random.outputs.at(0).estimate.standard_error);
    CHECK(quasi.notes.size() == 2);
  }
  for (const std::string& name : models::quasi_names()) CHECK(models::find(name).name == name);
  CHECK_THROWS_AS(models::run_quasi(engine, "ising", {.paths = 1000}), InvalidArgument);
  CHECK_THROWS_AS(models::run_quasi(engine, "pi", {.paths = 1000, .antithetic = true}),
                  InvalidArgument);
  CHECK_THROWS_AS(models::run_quasi(engine, "pi", {.error = 0.1}), InvalidArgument);
}

TEST_CASE("pi is pi, within five standard errors") {
  Engine engine;
  const auto result = models::run(engine, "pi", {.paths = 4'000'000, .seed = 1});
  CHECK(result.simulation.paths == 4'000'000);
  CHECK(std::abs(result.outputs[0].estimate.mean - result.outputs[0].exact) <
        5 * result.outputs[0].estimate.standard_error);
  CHECK(result.outputs[0].estimate.standard_error == Approx(1.6422 / 2000).epsilon(0.01));
}
