// furrow/cli/mc_plot.hpp
//
// `furrow mc --plot`: the file, looked at before anything runs; what is drawn into it.
#pragma once

#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/models/models.hpp>
#include <furrow/montecarlo/plot.hpp>

namespace furrow::cli {

/// Throws UsageError for a name that says that it is another format than SVG; and what writing it
/// would throw: NotFound where there is no such folder, PermissionDenied, …
void check_plot_file(const std::string& file);

/// Bins for the bulk of the outputs, by the first few thousand paths: a function of the seed, as
/// the paths are. Where part of them is 0, the bins begin just above it.
montecarlo::Bins bins_of_pilot(Engine& engine, const models::Model& model,
                               const MonteCarloOptions& options, const models::Given& given);

/// `plot` holds the points of convergence. The old file or the new one is there, whole.
void draw(const std::string& file, const models::Model& model, const MonteCarloOptions& options,
          const models::ModelResult& result, montecarlo::Plot plot);

}  // namespace furrow::cli
