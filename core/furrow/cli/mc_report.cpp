#include <furrow/cli/mc_report.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>

namespace furrow::cli {
namespace {

using models::Model;
using models::ModelResult;
using models::Output;
using models::Parameter;

// Decimals that show two digits of the error; enough of the value where there is none.
std::string rounded(double value, double error) {
  if (std::isnan(value)) return "nan";
  if (!std::isfinite(value) || !(error > 0) || !std::isfinite(error)) {
    return fmt::format("{:.10g}", value);
  }
  const double digits = 1 - std::floor(std::log10(error));
  if (digits < 0 || digits > 15) return fmt::format("{:.10g}", value);
  return fmt::format("{:.{}f}", value, static_cast<int>(digits));
}

std::string_view stop_name(Stop stop) {
  switch (stop) {
    case Stop::paths: return "paths";
    case Stop::error: return "error";
    case Stop::time: return "time";
    default: return "cancelled";
  }
}

std::string_view kind_name(Parameter::Kind kind) {
  switch (kind) {
    case Parameter::Kind::real: return "real";
    case Parameter::Kind::integer: return "integer";
    case Parameter::Kind::flag: return "flag";
    case Parameter::Kind::choice: return "choice";
    default: return "text";
  }
}

// As it is written: --call|--put, --strike 100.
std::string synopsis(const Parameter& parameter) {
  switch (parameter.kind) {
    case Parameter::Kind::flag: return "--" + parameter.name;
    case Parameter::Kind::choice: return fmt::format("--{}", fmt::join(parameter.words, "|--"));
    case Parameter::Kind::text:
      return fmt::format("--{} {}", parameter.name, parameter.text.empty() ? "…" : parameter.text);
    default: return fmt::format("--{} {}", parameter.name, parameter.value);
  }
}

std::string json_of(const Parameter& parameter) {
  std::string value;
  switch (parameter.kind) {
    case Parameter::Kind::flag: value = "false"; break;
    case Parameter::Kind::choice:
    case Parameter::Kind::text: value = json_quoted(parameter.text); break;
    default: value = json_number(parameter.value);
  }
  std::vector<std::string> words;
  std::vector<std::string> meanings;
  for (const std::string& word : parameter.words) words.push_back(json_quoted(word));
  for (const std::string& each : parameter.word_meanings) meanings.push_back(json_quoted(each));
  return fmt::format(
      "{{\"name\": {}, \"kind\": \"{}\", \"meaning\": {}, \"unit\": {}, \"default\": {}, "
      "\"least\": {}, \"greatest\": {}, \"words\": [{}], \"meanings\": [{}]}}",
      json_quoted(parameter.name), kind_name(parameter.kind), json_quoted(parameter.meaning),
      json_quoted(parameter.unit), value, json_number(parameter.range.least),
      json_number(parameter.range.greatest), fmt::join(words, ", "), fmt::join(meanings, ", "));
}

std::string json_of(const Model& model) {
  std::vector<std::string> parameters;
  for (const Parameter& parameter : model.parameters) parameters.push_back(json_of(parameter));
  return fmt::format("{{\"name\": {}, \"what\": {}, \"group\": {}, \"parameters\": [{}]}}",
                     json_quoted(model.name), json_quoted(model.what), json_quoted(model.group),
                     fmt::join(parameters, ", "));
}

std::string json_of(const Output& output) {
  std::string more;
  for (const models::Interval& each : output.intervals) {
    more +=
        fmt::format(", \"confidence\": {}, \"interval\": [{}, {}]", json_number(each.confidence),
                    json_number(each.low), json_number(each.high));
  }
  if (!std::isnan(output.exact)) more += ", \"exact\": " + json_number(output.exact);
  const Estimate& e = output.estimate;
  return fmt::format("{{\"name\": {}, \"mean\": {}, \"standard_error\": {}, \"ci95\": [{}, {}]{}}}",
                     json_quoted(output.name), json_number(e.mean), json_number(e.standard_error),
                     json_number(e.low), json_number(e.high), more);
}

// Numbers as short as gives them back.
std::string json_of(const models::Parameters::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json_quoted(*text);
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

std::string number_or_null(double value) { return value > 0 ? fmt::format("{}", value) : "null"; }

// null: no error was asked for.
std::string reached(const MonteCarloOptions& options, Stop stop) {
  if (options.error == 0 && options.relative_error == 0) return "null";
  return stop == Stop::error ? "true" : "false";
}

std::string json_of_asked(const Asked& asked, Stop stop) {
  std::vector<std::string> parameters;
  for (const Parameter& each : asked.model.parameters) {
    parameters.push_back(
        fmt::format("{}: {}", json_quoted(each.name), json_of(asked.parameters.at(each.name))));
  }
  const MonteCarloOptions& o = asked.options;
  return fmt::format(
      "\"error_reached\": {}, \"parameters\": {{{}}}, \"options\": {{\"paths\": {}, \"error\": {}, "
      "\"relative_error\": {}, \"time_seconds\": {}, \"antithetic\": {}, \"checkpoint\": {}, "
      "\"quasi\": {}}}",
      reached(o, stop), fmt::join(parameters, ", "),
      o.paths == 0 ? "null" : fmt::format("{}", o.paths), number_or_null(o.error),
      number_or_null(o.relative_error), number_or_null(static_cast<double>(o.time_ns) * 1e-9),
      o.antithetic, o.checkpoint.empty() ? "null" : json_quoted(o.checkpoint), asked.quasi);
}

// How far the mean is from the exact value. Paths that are all the same, as those of an asset
// without volatility, have an error of nothing, or of rounding: no unit to measure in.
std::string away(const Estimate& e, double exact) {
  constexpr double rounding = 1e-12;
  const double off = std::abs(e.mean - exact);
  const double size = std::max(std::abs(e.mean), std::abs(exact));
  if (e.standard_error > rounding * size) {
    return fmt::format("{:.1f} errors", off / e.standard_error);
  }
  if (std::isnan(e.standard_error)) return "";
  return off <= rounding * size ? "exact" : fmt::format("by {:.2g}", off);
}

std::int64_t simulated(const MonteCarloResult& result) {
  return result.paths + result.invalid - result.taken_up;
}

double rate(const MonteCarloResult& result) {
  return static_cast<double>(simulated(result)) / std::max(result.seconds, 1e-9);
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  const std::size_t first = text[0] == '-' ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string with_error(double value, double error) {
  return fmt::format("{} ± {}", rounded(value, error),
                     error > 0 ? fmt::format("{:.2g}", error) : fmt::format("{}", error));
}

std::string model_list(bool json) {
  if (json) {
    std::vector<std::string> all;
    for (const Model& model : models::all()) all.push_back(json_of(model));
    return fmt::format("[{}]\n", fmt::join(all, ",\n "));
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "WHAT", "PARAMETERS AND THEIR DEFAULTS"}};
  for (const Model& model : models::all()) {
    std::vector<std::string> parameters;
    for (const Parameter& parameter : model.parameters) parameters.push_back(synopsis(parameter));
    rows.push_back({model.name, model.what, fmt::format("{}", fmt::join(parameters, " "))});
  }
  return table(rows, "lll");
}

std::string report(const ModelResult& result) {
  std::vector<std::vector<std::string>> rows{{"", "MEAN", "STANDARD ERROR", "95 % INTERVAL"}};
  std::string alignment = "lrrr";
  if (!result.outputs.empty()) {
    for (const models::Interval& each : result.outputs.front().intervals) {
      rows.front().push_back(fmt::format("{:.6g} % INTERVAL", 100 * each.confidence));
      alignment += "r";
    }
  }
  const std::size_t columns = alignment.size();
  rows.front().insert(rows.front().end(), {"EXACT", "AWAY"});
  bool some_exact = false;
  for (const Output& output : result.outputs) {
    const Estimate& e = output.estimate;
    const bool known = !std::isnan(output.exact);
    some_exact = some_exact || known;
    const auto interval = [&](double low, double high) {
      return fmt::format("{} to {}", rounded(low, e.standard_error),
                         rounded(high, e.standard_error));
    };
    std::vector<std::string> row{
        output.name, rounded(e.mean, e.standard_error),
        std::isnan(e.standard_error) ? "nan" : fmt::format("{:.3g}", e.standard_error),
        interval(e.low, e.high)};
    for (const models::Interval& each : output.intervals) {
      row.push_back(interval(each.low, each.high));
    }
    row.resize(columns);
    row.push_back(known ? rounded(output.exact, e.standard_error / 10) : "");
    row.push_back(known ? away(e, output.exact) : "");
    rows.push_back(std::move(row));
  }
  alignment += "rr";
  if (!some_exact) {
    alignment.resize(columns);
    for (auto& row : rows) row.resize(columns);
  }
  const MonteCarloResult& simulation = result.simulation;
  std::string text = table(rows, alignment);
  text += fmt::format("{} paths, {:.3g} s, {:.3g} paths a second\n", grouped(simulation.paths),
                      simulation.seconds, rate(simulation));
  if (simulation.taken_up != 0) {
    text += fmt::format("{} of them from the checkpoint\n", grouped(simulation.taken_up));
  }
  for (const std::string& note : result.notes) text += note + "\n";
  return text;
}

std::string json_report(const ModelResult& result, const Asked& asked) {
  const MonteCarloResult& simulation = result.simulation;
  const Output none{"", {std::nan(""), std::nan(""), std::nan(""), std::nan("")}};
  const Output& first = result.outputs.empty() ? none : result.outputs.front();
  const Estimate& e = first.estimate;
  std::string text = fmt::format(
      "{{\"model\": {}, \"paths\": {}, \"seed\": {}, \"mean\": {}, \"standard_error\": {}, "
      "\"ci95\": [{}, {}], \"seconds\": {}, \"paths_per_second\": {}",
      json_quoted(asked.model.name), simulation.paths, asked.options.seed, json_number(e.mean),
      json_number(e.standard_error), json_number(e.low), json_number(e.high),
      json_number(simulation.seconds), json_number(rate(simulation)));
  if (!std::isnan(first.exact)) text += ", \"exact\": " + json_number(first.exact);
  std::vector<std::string> outputs;
  for (const Output& output : result.outputs) outputs.push_back(json_of(output));
  std::vector<std::string> notes;
  for (const std::string& note : result.notes) notes.push_back(json_quoted(note));
  text += fmt::format(", \"invalid\": {}, \"stop\": \"{}\", \"outputs\": [{}], \"notes\": [{}]",
                      simulation.invalid, stop_name(simulation.stop), fmt::join(outputs, ", "),
                      fmt::join(notes, ", "));
  return text + fmt::format(", {}, \"version\": {}}}\n", json_of_asked(asked, simulation.stop),
                            json_quoted(FURROW_VERSION));
}

}  // namespace furrow::cli
