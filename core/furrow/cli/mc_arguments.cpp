#include <furrow/cli/mc_arguments.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>

namespace furrow::cli {
namespace {

/// Where a simulation for an error ends when no other end is given.
constexpr std::int64_t paths_limit = 100'000'000'000;

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

// Of a number's name as it stands in help texts: its meaning, unit and default.
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

const char* shown_as(models::Parameter::Kind kind) {
  switch (kind) {
    case models::Parameter::Kind::real: return "NUMBER";
    case models::Parameter::Kind::integer: return "N";
    default: return "TEXT";
  }
}

void add_words(const Verb& verb, const models::Parameter& parameter,
               std::deque<McArgument>& values) {
  for (std::size_t i = 0; i < parameter.words.size(); ++i) {
    values.push_back({&parameter, parameter.words[i], ""});
    verb.flag("--" + parameter.words[i], values.back().flag,
              parameter.word_meanings[i] + (i == 0 ? " (the default)" : ""));
  }
}

void add_model(const Verb& mc, const models::Model& model, const std::string& common,
               const std::shared_ptr<McArguments>& arguments) {
  const Verb verb = mc.add_verb(model.name, model.what);
  std::deque<McArgument>& values = arguments->values[model.name];
  for (const models::Parameter& parameter : model.parameters) {
    if (parameter.kind == models::Parameter::Kind::choice) {
      add_words(verb, parameter, values);
      continue;
    }
    values.push_back({&parameter, "", ""});
    const std::string name = "--" + parameter.name;
    if (parameter.kind == models::Parameter::Kind::flag) {
      verb.flag(name, values.back().flag, help_of(parameter));
    } else {
      verb.option(name, values.back().value, help_of(parameter)).shown_as(shown_as(parameter.kind));
    }
  }
  verb.footer(
      fmt::format("{}Global options: furrow --help. Ends, digits, exit codes: furrow mc --help.\n"
                  "  furrow mc {} --paths 1e6 --seed 1 --json",
                  common, model.name));
  verb.on_chosen([arguments, name = model.name] { arguments->model = name; });
}

/// The options of every model, and their lines for the help of each, where CLI11 leaves them out.
class Common {
 public:
  explicit Common(const Verb& verb) : verb_(verb) {}

  void option(const char* name, std::string& value, const char* shown, const char* help) {
    verb_.option(name, value, help).shown_as(shown);
    line(fmt::format("{} {}", name, shown), help);
  }
  void flag(const char* name, bool& value, const char* help) {
    verb_.flag(name, value, help);
    line(name, help);
  }
  const std::string& lines() const { return lines_; }

 private:
  void line(const std::string& left, const char* help) {
    lines_ += fmt::format("  {:<28}{}\n", left, help);
  }
  const Verb& verb_;
  std::string lines_ = "Options of every model:\n";
};

}  // namespace

void add_mc_options(const Verb& mc, const std::shared_ptr<McArguments>& arguments) {
  Common common(mc);
  common.option("--paths", arguments->paths, "N",
                "How many, 1e8 for instance (default: as take about a second)");
  common.option("--error", arguments->error, "E",
                "Until the standard error is as small (or --paths, or 1e11 of them)");
  common.option("--relative-error", arguments->relative_error, "E",
                "Until it is as small a part of the mean");
  common.option("--time", arguments->time, "T", "For so long: 500ms, 10s, 5min");
  common.option("--seed", arguments->seed, "N", "Of the random numbers (default: 0)");
  common.flag("--antithetic", arguments->antithetic, "Each path with its mirror image");
  common.flag("--quasi", arguments->quasi,
              "Sobol's points, not random ones (european, digital, basket, pi, integral)");
  common.option("--checkpoint", arguments->checkpoint, "FILE.h5",
                "An HDF5 file that progress is kept in and taken up from");
  common.option("--plot", arguments->plot, "FILE.svg",
                "Draws convergence and a histogram of the paths, as SVG");
  common.flag("--json", arguments->json, "One JSON object: all that was asked, and the estimates");
  mc.flag("--list", arguments->list, "Lists the models and their parameters");
  for (const models::Model& model : models::all()) {
    add_model(mc, model, common.lines(), arguments);
  }
}

MonteCarloOptions options_of(const McArguments& a, const models::Model& model) {
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
  if (a.quasi && (!a.time.empty() || !a.plot.empty() || !a.checkpoint.empty() || a.antithetic)) {
    throw UsageError(
        "--quasi ends by --paths or --error, and goes with no --time, --plot, --checkpoint or "
        "--antithetic");
  }
  options.checkpoint = a.checkpoint;
  return options;
}

models::Given given_of(const McArguments& arguments) {
  models::Given given;
  for (const McArgument& argument : arguments.values.at(arguments.model)) {
    const bool is_choice = argument.parameter->kind == models::Parameter::Kind::choice;
    if (argument.flag) given[is_choice ? argument.word : argument.parameter->name] = "";
    if (!argument.value.empty()) given[argument.parameter->name] = argument.value;
  }
  return given;
}

}  // namespace furrow::cli
