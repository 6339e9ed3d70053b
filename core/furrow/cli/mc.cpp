// furrow mc
#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/mc_arguments.hpp>
#include <furrow/cli/mc_plot.hpp>
#include <furrow/cli/mc_report.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>
#include <furrow/os/interrupt.hpp>

namespace furrow::cli {
namespace {

// How much is done, by the end that is nearest.
double done(const MonteCarloOptions& options, const MonteCarloProgress& p) {
  double part = 0;
  if (options.paths != 0) {
    part = static_cast<double>(p.paths) / static_cast<double>(options.paths);
  }
  if (options.time_ns != 0) {
    part = std::max(part, p.seconds * 1e9 / static_cast<double>(options.time_ns));
  }
  // Errors shrink as the square root of the paths.
  const double target = std::max(options.error, options.relative_error * std::abs(p.mean));
  if (target > 0 && p.standard_error > 0) {
    part = std::max(part, target * target / (p.standard_error * p.standard_error));
  }
  return part;
}

bool has_target(const MonteCarloOptions& options) {
  return options.error > 0 || options.relative_error > 0;
}

// Of an error that was asked for and not reached.
std::string missed(const McArguments& arguments, const MonteCarloOptions& options,
                   const models::ModelResult& result) {
  const MonteCarloResult& simulation = result.simulation;
  const double error = result.outputs.empty() ? 0 : result.outputs.front().estimate.standard_error;
  const double mean = result.outputs.empty() ? 0 : result.outputs.front().estimate.mean;
  const std::string asked =
      arguments.error.empty() ? arguments.relative_error + " of the mean" : arguments.error;
  const std::string end = fmt::format("after {} paths, the end by {}", grouped(simulation.paths),
                                      simulation.stop == Stop::time ? "--time" : "--paths");
  if (error <= std::max(options.error, options.relative_error * std::abs(mean))) {
    return fmt::format(
        "the error asked for, {}, is not believed yet: it is {:.3g} {}, too few to know it well",
        asked, error, end);
  }
  return fmt::format("the error asked for, {}, was not reached: it is {:.3g} {}", asked, error,
                     end);
}

void complain_about(const models::ModelResult& result) {
  const MonteCarloResult& simulation = result.simulation;
  if (simulation.invalid == 0) return;
  complain(fmt::format("{} of {} paths were left out: an output of theirs was not finite",
                       grouped(simulation.invalid),
                       grouped(simulation.paths + simulation.invalid)));
}

// What a model finds wrong with values is wrong with the command line, unless it is a file's fault,
// which has classes of its own.
models::ModelResult run_model(Engine& engine, const models::Model& model,
                              const MonteCarloOptions& options, const models::Given& given,
                              bool quasi) {
  try {
    if (quasi) return models::run_quasi(engine, model.name, options, given);
    return models::run(engine, model.name, options, given);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
}

// Read before anything starts: what the table does not allow is seen at once.
models::Parameters read(const models::Model& model, const models::Given& given) {
  try {
    return {model.name, model.parameters, given};
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
}

int simulate(const Command& command, const McArguments& arguments) {
  const models::Model& model = models::find(arguments.model);
  MonteCarloOptions options = options_of(arguments, model);
  const models::Given given = given_of(arguments);
  const models::Parameters parameters = read(model, given);
  if (!arguments.plot.empty()) check_plot_file(arguments.plot);
  Work work(command, "mc " + model.name);
  work.progress().begin(0);
  options.progress = [&](const MonteCarloProgress& p) {
    work.progress().set_label(fmt::format("mc {}  {} paths  {}", model.name, grouped(p.paths),
                                          with_error(p.mean, p.standard_error)));
    work.progress().update(done(options, p));
    return !os::interrupted();
  };
  montecarlo::Plot plot;
  if (!arguments.plot.empty()) {
    try {
      options.histogram = bins_of_pilot(work.engine(), model, options, given);
    } catch (const InvalidArgument& error) {
      throw UsageError(error.what());
    }
    options.milestone = [&plot](const MonteCarloProgress& p) {
      plot.points.push_back({p.paths, p.mean, p.standard_error});
    };
  }
  const models::ModelResult result =
      run_model(work.engine(), model, options, given, arguments.quasi);
  work.progress().clear();
  print(arguments.json ? json_report(result, {model, parameters, options, arguments.quasi})
                       : report(result));
  complain_about(result);
  if (!arguments.plot.empty()) draw(arguments.plot, model, options, result, plot);
  if (result.simulation.stop == Stop::cancelled) {
    throw Interrupted(fmt::format(
        "interrupted; the estimate is that of the first {} paths{}",
        grouped(result.simulation.paths),
        options.checkpoint.empty()
            ? ""
            : fmt::format(", and the same command goes on from {}", options.checkpoint)));
  }
  if (!has_target(options) || result.simulation.stop == Stop::error) return exit_done;
  complain(missed(arguments, options, result));
  return exit_missed;
}

int run(const Command& command, const McArguments& arguments) {
  if (arguments.list) {
    print(model_list(arguments.json));
    return exit_done;
  }
  if (arguments.model.empty()) {
    throw UsageError("no model is given (furrow mc --list shows them)");
  }
  return simulate(command, arguments);
}

}  // namespace

void add_mc(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<McArguments>();
  const Verb verb = add_verb(app, "mc", "Monte Carlo simulation: runs a model, prints an estimate");
  add_mc_options(verb, arguments);
  verb.footer(
      "  furrow mc pi --paths 1e8\n"
      "  furrow mc --list\n"
      "  furrow mc pi --help           its parameters\n"
      "  furrow mc pi --error 1e-5 --time 10s --json\n"
      "  furrow mc slab --thickness 3 --plot slab.svg\n"
      "It ends at what comes first. The digits depend on the model, its parameters and the seed,\n"
      "never on the number of workers; with --time also on when it ended.\n"
      "Interrupted, it writes its checkpoint and prints the estimate so far.\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done, and the --error or --relative-error\n"
      "that was asked for was not reached, 130 interrupted (128 + signal).");
  verb.verbs_are_optional();
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return run(command, *arguments); };
  });
}

}  // namespace furrow::cli
