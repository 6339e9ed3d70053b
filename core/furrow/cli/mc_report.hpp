// furrow/cli/mc_report.hpp
//
// What `furrow mc` prints: the list of models, and what a simulation found out.
#pragma once

#include <string>

#include <furrow/montecarlo/models/models.hpp>

namespace furrow::cli {

/// A table of all models, or one JSON array with their parameters.
std::string model_list(bool json);

/// `12,345,678`.
std::string grouped(std::int64_t number);

/// A value to two digits of its error: "3.14159 ± 0.00012".
std::string with_error(double value, double error);

/// For people: a line for each output, then paths and time, then notes.
std::string report(const models::ModelResult& result);

/// What the digits of a result depend on.
struct Asked {
  const models::Model& model;
  const models::Parameters& parameters;
  const MonteCarloOptions& options;
  bool quasi;
};

/// One JSON object: the estimates, and all that is needed to have them again.
std::string json_report(const models::ModelResult& result, const Asked& asked);

}  // namespace furrow::cli
