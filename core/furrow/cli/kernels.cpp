// furrow kernels
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/kernel_call.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::cli {
namespace {

using kernels::Family;
using kernels::Kernel;
using kernels::Parameter;

std::string_view family_name(Family family) {
  switch (family) {
    case Family::reduce: return "reduce";
    case Family::random: return "random";
    default: return "elementwise";
  }
}

std::string_view kind_name(Parameter::Kind kind) {
  switch (kind) {
    case Parameter::Kind::element: return "element";
    case Parameter::Kind::count: return "count";
    default: return "real";
  }
}

// The dtypes of the array that a kernel is applied to, each once.
std::vector<std::string> dtypes_of(const Kernel& kernel) {
  std::vector<std::string> names;
  for (const kernels::Variant& variant : kernel.variants) {
    const std::string name(dtype_name(kernel.input_count > 0 ? variant.in[0] : variant.out));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string json_of(const Kernel& kernel) {
  std::vector<std::string> parameters;
  for (const Parameter& parameter : kernel.parameters) {
    parameters.push_back(
        fmt::format("{{\"name\": {}, \"kind\": \"{}\", \"default\": {}}}",
                    json_quoted(parameter.name), kind_name(parameter.kind),
                    parameter.has_default ? json_number(parameter.default_value) : "null"));
  }
  std::vector<std::string> dtypes;
  for (const std::string& name : dtypes_of(kernel)) dtypes.push_back(json_quoted(name));
  return fmt::format(
      "{{\"name\": {}, \"family\": \"{}\", \"summary\": {}, \"formula\": {}, \"numpy\": {}, "
      "\"error\": {}, \"arrays\": {}, \"parameters\": [{}], \"dtypes\": [{}], \"synopsis\": {}}}",
      json_quoted(kernel.name), family_name(kernel.family), json_quoted(kernel.summary),
      json_quoted(kernel.formula), json_quoted(kernel.numpy), json_quoted(kernel.error),
      kernel.input_count, fmt::join(parameters, ", "), fmt::join(dtypes, ", "),
      json_quoted(synopsis(kernel)));
}

int list(bool json) {
  std::string text;
  std::vector<std::vector<std::string>> rows{{"APPLY", "FORMULA", "DTYPES", "WHAT"}};
  for (const Kernel& kernel : kernels::all()) {
    if (json) {
      text += (text.empty() ? "[" : ",\n ") + json_of(kernel);
      continue;
    }
    rows.push_back({synopsis(kernel), std::string(kernel.formula),
                    fmt::format("{}", fmt::join(dtypes_of(kernel), " ")),
                    std::string(kernel.summary)});
  }
  print(json ? text + "]\n" : table(rows, "llll"));
  return exit_done;
}

}  // namespace

void add_kernels(CLI::App& app, Command& command) {
  auto json = std::make_shared<bool>(false);
  const Verb verb = add_verb(app, "kernels", "List the kernels and how they are applied");
  verb.flag("--json", *json,
            "An array of objects: name, family, summary, formula, numpy, error, arrays (how "
            "many it reads), parameters, dtypes, synopsis");
  verb.on_chosen([&command, json] { command.run = [json] { return list(*json); }; });
}

}  // namespace furrow::cli
