// tests/core/montecarlo/models/expect.hpp
//
// An estimate is right when it is within five of its standard errors: with a fixed seed a case that
// passes passes for ever, and one in two million would fail by chance.
#pragma once

#include <cmath>

#include <catch2/catch.hpp>
#include <furrow/montecarlo/models/models.hpp>

namespace furrow::test {

inline void check_within_five_errors(const models::Output& output, double exact) {
  INFO(output.name << ": " << output.estimate.mean << " ± " << output.estimate.standard_error
                   << ", exact " << exact);
  CHECK(std::isfinite(output.estimate.standard_error));
  CHECK(std::abs(output.estimate.mean - exact) <= 5 * output.estimate.standard_error);
}

/// Runs, and requires that every output has its exact value and is near it.
inline models::ModelResult check_model(Engine& engine, const char* model, std::int64_t paths,
                                       const models::Given& given) {
  auto result = models::run(engine, model, {.paths = paths, .seed = 20}, given);
  for (const auto& [name, value] : given) UNSCOPED_INFO(name << " " << value);
  CHECK(result.simulation.invalid == 0);
  for (const models::Output& output : result.outputs) {
    CHECK(!std::isnan(output.exact));
    check_within_five_errors(output, output.exact);
  }
  return result;
}

}  // namespace furrow::test
