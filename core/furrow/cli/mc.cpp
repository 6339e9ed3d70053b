// furrow mc
#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/mc_report.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/montecarlo/models/models.hpp>
#include <furrow/montecarlo/plot.hpp>
#include <furrow/os/interrupt.hpp>

namespace furrow::cli {
namespace {

/// Where a simulation for an error ends when no other end is given.
constexpr std::int64_t paths_limit = 100'000'000'000;

// A model's parameter on the command line. Options write to it, so it stays where it is.
struct Argument {
  const models::Parameter* parameter;
  std::string word;  // a choice's
  std::string value;
  bool flag = false;
};

struct Arguments {
  std::string model;
  std::string paths;
  std::string error;
  std::string relative_error;
  std::string time;
  std::string seed = "0";
  std::string checkpoint;
  std::string plot;
  bool antithetic = false;
  bool list = false;
  bool json = false;
  std::map<std::string, std::deque<Argument>> values;  // by model
};

// A number above zero, as 1e8 or 100000.
double positive_number(const std::string& text, std::string_view option, std::string_view what) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) ||
      !std::isfinite(value)) {
    throw UsageError(fmt::format("{} is {}, not \"{}\"", option, what, text));
  }
  return value;
}

std::int64_t parse_paths(const std::string& text) {
  constexpr const char* what = "a whole number of paths from 1 to 2^47 (1e8 will do)";
  const double value = positive_number(text, "--paths", what);
  if (value > 0x1p47 || std::trunc(value) != value) {
    throw UsageError(fmt::format("--paths is {}, not \"{}\"", what, text));
  }
  return static_cast<std::int64_t>(value);
}

std::int64_t parse_time_ns(const std::string& text) {
  constexpr const char* what = "a time as 500ms, 10s, 5min or 2h";
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string unit = digits == std::string::npos ? "s" : text.substr(digits);
  const std::map<std::string, double> units{{"ns", 1},     {"us", 1e3}, {"ms", 1e6},  {"s", 1e9},
                                            {"min", 60e9}, {"m", 60e9}, {"h", 3600e9}};
  const auto found = units.find(unit);
  if (found == units.end()) {
    throw UsageError(fmt::format("--time is {}, not \"{}\"", what, text));
  }
  const double ns = positive_number(text.substr(0, digits), "--time", what) * found->second;
  if (ns < 1 || ns > 1e18) {
    throw UsageError(fmt::format("--time is {}, at most 30 years, not \"{}\"", what, text));
  }
  return static_cast<std::int64_t>(ns);
}

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(
        fmt::format("--seed is a whole number from 0 to 18446744073709551615, not \"{}\"", text));
  }
  return seed;
}

MonteCarloOptions options_of(const Arguments& a, const models::Model& model) {
  constexpr const char* what = "a positive number";
  MonteCarloOptions options;
  if (!a.error.empty()) options.error = positive_number(a.error, "--error", what);
  if (!a.relative_error.empty()) {
    options.relative_error = positive_number(a.relative_error, "--relative-error", what);
  }
  if (!a.time.empty()) options.time_ns = parse_time_ns(a.time);
  if (!a.paths.empty()) {
    options.paths = parse_paths(a.paths);
  } else if (!a.error.empty() || !a.relative_error.empty()) {
    options.paths = paths_limit;
  } else if (a.time.empty()) {
    options.paths = model.paths;
  }
  options.seed = parse_seed(a.seed);
  options.antithetic = a.antithetic;
  options.checkpoint = a.checkpoint;
  return options;
}

models::Given given_of(const std::deque<Argument>& arguments) {
  models::Given given;
  for (const Argument& argument : arguments) {
    const bool is_choice = argument.parameter->kind == models::Parameter::Kind::choice;
    if (argument.flag) given[is_choice ? argument.word : argument.parameter->name] = "";
    if (!argument.value.empty()) given[argument.parameter->name] = argument.value;
  }
  return given;
}

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

void complain_about(const Arguments& arguments, const MonteCarloOptions& options,
                    const models::ModelResult& result) {
  const MonteCarloResult& simulation = result.simulation;
  if (simulation.invalid != 0) {
    complain(fmt::format("{} of {} paths were left out: an output of theirs was not finite",
                         grouped(simulation.invalid),
                         grouped(simulation.paths + simulation.invalid)));
  }
  const bool by_error = options.error > 0 || options.relative_error > 0;
  if (!by_error || simulation.stop == Stop::error || simulation.stop == Stop::cancelled) return;
  const double error = result.outputs.empty() ? 0 : result.outputs.front().estimate.standard_error;
  complain(fmt::format(
      "the error asked for, {}, was not reached: it is {:.3g} after {} paths, the end by {}",
      arguments.error.empty() ? arguments.relative_error + " of the mean" : arguments.error, error,
      grouped(simulation.paths), simulation.stop == Stop::time ? "--time" : "--paths"));
}

// Bins for the bulk of the outputs, by the first few thousand paths: a function of the seed, as the
// paths are.
montecarlo::Bins bins_of_pilot(Engine& engine, const models::Model& model,
                               const MonteCarloOptions& options, const models::Given& given) {
  MonteCarloOptions few;
  const models::Parameters parameters(model.name, model.parameters, given);
  few.paths = 4096;
  if (model.least != nullptr) few.paths = std::max(few.paths, model.least(parameters));
  if (options.paths != 0) few.paths = std::min(few.paths, options.paths);
  models::Given nothing_left = given;
  for (const models::Parameter& each : model.parameters) {
    if (each.leaves) nothing_left.erase(each.name);
  }
  few.seed = options.seed;
  few.antithetic = options.antithetic;
  few.quantiles = true;
  few.progress = [](const MonteCarloProgress&) { return !os::interrupted(); };
  const models::ModelResult pilot = models::run(engine, model.name, few, nothing_left);
  const MonteCarloResult& simulation = pilot.simulation;
  if (simulation.layout.buckets == 0 || simulation.paths < 2) return {};
  const std::size_t k = pilot.drawn;
  const double least = simulation.outputs[k].min;
  double low = simulation.quantile(0.002, k);
  double high = simulation.quantile(0.998, k);
  const double margin = 0.1 * (high - low);
  if (!(margin > 0) || !std::isfinite(margin)) return {};
  low = least >= 0 ? std::max(low - margin, 0.0) : low - margin;
  return {low, high + margin, 60};
}

void draw(const Arguments& arguments, const models::Model& model, const MonteCarloOptions& options,
          const models::ModelResult& result, montecarlo::Plot plot) {
  const MonteCarloResult& simulation = result.simulation;
  const models::Output none;
  const models::Output& first = result.outputs.empty() ? none : result.outputs.front();
  plot.title = model.what;
  plot.quantity = first.name;
  plot.exact = first.exact;
  if (!simulation.outputs.empty()) {
    const Estimate& e = simulation.outputs.front();
    if (plot.points.empty() || plot.points.back().paths < simulation.paths) {
      plot.points.push_back({simulation.paths, e.mean, e.standard_error});
    }
  }
  if (simulation.layout.bins != 0) {
    plot.bins = options.histogram;
    plot.counts = simulation.histogram(result.drawn);
    plot.sample = fmt::format("{}, of each of {} paths",
                              result.drawn_as.empty() ? first.name : result.drawn_as,
                              grouped(simulation.paths));
    plot.markers = {{simulation.outputs[result.drawn].mean,
                     fmt::format("mean {:.6g}", simulation.outputs[result.drawn].mean)}};
  }
  montecarlo::write_plot(arguments.plot, plot);
}

int simulate(const Command& command, const Arguments& arguments) {
  const models::Model& model = models::find(arguments.model);
  MonteCarloOptions options = options_of(arguments, model);
  const models::Given given = given_of(arguments.values.at(arguments.model));
  try {
    const models::Parameters check(model.name, model.parameters, given);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
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
    options.histogram = bins_of_pilot(work.engine(), model, options, given);
    options.milestone = [&plot](const MonteCarloProgress& p) {
      plot.points.push_back({p.paths, p.mean, p.standard_error});
    };
  }
  const models::ModelResult result = models::run(work.engine(), model.name, options, given);
  work.progress().clear();
  print(arguments.json ? json_report(result, model.name, options.seed) : report(result));
  complain_about(arguments, options, result);
  if (!arguments.plot.empty()) draw(arguments, model, options, result, plot);
  if (result.simulation.stop != Stop::cancelled) return exit_done;
  throw Interrupted(fmt::format(
      "interrupted; the estimate is that of the first {} paths{}", grouped(result.simulation.paths),
      options.checkpoint.empty()
          ? ""
          : fmt::format(", and the same command goes on from {}", options.checkpoint)));
}

int run(const Command& command, const Arguments& arguments) {
  if (arguments.list) {
    print(model_list(arguments.json));
    return exit_done;
  }
  if (arguments.model.empty()) {
    throw UsageError("no model is given (furrow mc --list shows them)");
  }
  return simulate(command, arguments);
}

std::string help_of(const models::Parameter& parameter) {
  std::string text = parameter.meaning;
  if (!parameter.unit.empty()) text += ", " + parameter.unit;
  switch (parameter.kind) {
    case models::Parameter::Kind::flag:
    case models::Parameter::Kind::choice: return text;
    case models::Parameter::Kind::text:
      return parameter.text.empty() ? text : fmt::format("{} (default: {})", text, parameter.text);
    default: return fmt::format("{} (default: {})", text, parameter.value);
  }
}

void add_model(const Verb& mc, const models::Model& model,
               const std::shared_ptr<Arguments>& arguments) {
  const Verb verb = mc.add_verb(model.name, model.what);
  std::deque<Argument>& values = arguments->values[model.name];
  for (const models::Parameter& parameter : model.parameters) {
    switch (parameter.kind) {
      case models::Parameter::Kind::flag:
        values.push_back({&parameter, "", ""});
        verb.flag("--" + parameter.name, values.back().flag, help_of(parameter));
        break;
      case models::Parameter::Kind::choice:
        for (const std::string& word : parameter.words) {
          values.push_back({&parameter, word, ""});
          const bool is_default = word == parameter.words.front();
          verb.flag("--" + word, values.back().flag,
                    help_of(parameter) + (is_default ? " (the default)" : ""));
        }
        break;
      default:
        values.push_back({&parameter, "", ""});
        verb.option("--" + parameter.name, values.back().value, help_of(parameter));
    }
  }
  verb.on_chosen([arguments, name = model.name] { arguments->model = name; });
}

}  // namespace

void add_mc(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<Arguments>();
  const Verb verb = add_verb(app, "mc", "Monte Carlo simulation: runs a model, prints an estimate");
  verb.option("--paths", arguments->paths,
              "How many, 1e8 for instance (default: as take about a second)");
  verb.option("--error", arguments->error,
              "Until the standard error is as small (or --paths, or 1e11 of them)");
  verb.option("--relative-error", arguments->relative_error,
              "Until it is as small a part of the mean");
  verb.option("--time", arguments->time, "For so long: 500ms, 10s, 5min");
  verb.option("--seed", arguments->seed, "Of the random numbers (default: 0)");
  verb.flag("--antithetic", arguments->antithetic, "Each path with its mirror image");
  verb.option("--checkpoint", arguments->checkpoint,
              "An HDF5 file that progress is kept in and taken up from");
  verb.option("--plot", arguments->plot,
              "Draws convergence and a histogram of the paths into this SVG file");
  verb.flag("--json", arguments->json, "One JSON object");
  verb.flag("--list", arguments->list, "Lists the models and their parameters");
  verb.footer(
      "  furrow mc pi --paths 1e8\n"
      "  furrow mc --list\n"
      "  furrow mc pi --help           its parameters\n"
      "  furrow mc pi --error 1e-5 --time 10s --json\n"
      "  furrow mc slab --thickness 3 --plot slab.svg\n"
      "It ends at what comes first. The digits depend on the model, its parameters and the seed,\n"
      "never on the number of workers; with --time also on when it ended.\n"
      "Interrupted, it writes its checkpoint and prints the estimate so far.");
  for (const models::Model& model : models::all()) add_model(verb, model, arguments);
  verb.verbs_are_optional();
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return run(command, *arguments); };
  });
}

}  // namespace furrow::cli
