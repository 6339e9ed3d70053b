// furrow/montecarlo/models/quasi_models.hpp
//
// Models on quasi-random points (montecarlo/quasi.hpp): `furrow mc --quasi`. Those whose paths take
// a few draws, all of which matter; others gain little, or would need another order of their draws.
//
// Options   of MonteCarloOptions: paths (all together: a power of two for each of 16
//           randomisations, rounded up), error and relative_error, seed, confidence, on_invalid,
//           progress
// Errors    InvalidArgument: another option, a model that is not among them; and as models::run
// Another   is a function here, and its line in quasi_models.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <furrow/montecarlo/models/models.hpp>

namespace furrow {
struct QuasiOptions;
struct QuasiResult;
}  // namespace furrow

namespace furrow::models {

/// Their names, in the order of models::all().
std::vector<std::string> quasi_names();

/// Its result has no moments and no histogram.
ModelResult run_quasi(Engine& engine, std::string_view name, const MonteCarloOptions& options,
                      const Given& given = {});

namespace quasi {

ModelResult european(Engine& engine, const QuasiOptions& options, const Parameters& p);
ModelResult digital(Engine& engine, const QuasiOptions& options, const Parameters& p);
ModelResult basket(Engine& engine, const QuasiOptions& options, const Parameters& p);
ModelResult pi(Engine& engine, const QuasiOptions& options, const Parameters& p);
ModelResult integral(Engine& engine, const QuasiOptions& options, const Parameters& p);

/// As `named` of models.hpp; the note says what points, and how much they gain.
ModelResult named(const QuasiResult& result, const Name& name);

}  // namespace quasi
}  // namespace furrow::models
