#include <furrow/cli/kernel_call.hpp>

#include <optional>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/engine/whole_array.hpp>
#include <furrow/kernels/expression/operations.hpp>
#include <furrow/kernels/expression/reduction.hpp>

namespace furrow::cli {
namespace {

using kernels::Kernel;
using kernels::Parameter;

// The inputs' names in the kernels' formulas.
constexpr const char* input_names[kernels::inputs_max] = {"x", "y", "z"};

class Reader {
 public:
  explicit Reader(const Kernel& kernel)
      : kernel_(kernel), values_(kernel.parameters.size()), arrays_(kernel.input_count) {}

  void word(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      named(text.substr(0, equals), text.substr(equals + 1));
    } else if (const auto value = parse_number(text)) {
      number(*value, text);
    } else {
      array(text);
    }
  }

  void array(const std::string& name) {
    for (std::size_t i = 1; i < arrays_.size(); ++i) {
      if (!arrays_[i].empty()) continue;
      arrays_[i] = name;
      return;
    }
    fail(fmt::format("\"{}\" is one array too many", name));
  }

  KernelCall call() const {
    KernelCall result{&kernel_, {}, {}};
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const Parameter& parameter = kernel_.parameters[i];
      if (!values_[i] && !parameter.has_default) fail(fmt::format("{} is missing", parameter.name));
      result.parameters.push_back(values_[i].value_or(Value(parameter.default_value)));
    }
    for (std::size_t i = 1; i < arrays_.size(); ++i) {
      if (arrays_[i].empty()) fail(fmt::format("the array {} is missing", input_names[i]));
      result.more.push_back(checked_name(arrays_[i]));
    }
    return result;
  }

 private:
  void named(const std::string& name, const std::string& text) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (kernel_.parameters[i].name != name) continue;
      if (values_[i]) fail(fmt::format("{} is given twice", name));
      values_[i] = parse_number(text);
      if (!values_[i]) fail(fmt::format("{}={} is no number", name, text));
      return;
    }
    for (std::size_t i = 1; i < arrays_.size(); ++i) {
      if (name != input_names[i]) continue;
      if (!arrays_[i].empty()) fail(fmt::format("{} is given twice", name));
      arrays_[i] = text;
      return;
    }
    fail(fmt::format("{} is none of its parameters and arrays", name));
  }

  void number(const Value& value, const std::string& text) {
    for (auto& place : values_) {
      if (place) continue;
      place = value;
      return;
    }
    fail(fmt::format("{} is one number too many", text));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError(
        fmt::format("{}: {} (furrow apply {})", kernel_.name, what, synopsis(kernel_)));
  }

  const Kernel& kernel_;
  std::vector<std::optional<Value>> values_;
  std::vector<std::string> arrays_;
};

}  // namespace

const Kernel& find_kernel(const std::string& name) {
  if (const Kernel* kernel = kernels::find(name)) return *kernel;
  if (const std::string hint = engine::whole_array_hint(name); !hint.empty()) {
    throw NotFound(fmt::format("{} is no kernel; {}", name, hint));
  }
  if (kernels::expression::is_reduction(name) || kernels::expression::find_function(name)) {
    throw NotFound(
        fmt::format("{0} is no kernel; expressions have it: furrow eval '{0}(NAME)'", name));
  }
  std::vector<std::string> names;
  for (const Kernel& kernel : kernels::all()) names.emplace_back(kernel.name);
  throw NotFound(fmt::format("no kernel is called \"{}\"{} (furrow kernels lists them)", name,
                             did_you_mean(name, names)));
}

KernelCall parse_call(const Kernel& kernel, const std::vector<std::string>& words,
                      const std::vector<std::string>& with) {
  Reader reader(kernel);
  for (const std::string& word : words) reader.word(word);
  for (const std::string& name : with) reader.array(name);
  return reader.call();
}

std::string synopsis(const Kernel& kernel) {
  std::string text = fmt::format("{} NAME", kernel.name);
  for (const Parameter& parameter : kernel.parameters) {
    text += parameter.has_default
                ? fmt::format(" [{}={:g}]", parameter.name, parameter.default_value)
                : fmt::format(" {}", parameter.name);
  }
  for (std::size_t i = 1; i < kernel.input_count; ++i) text += i == 1 ? " Y" : " Z";
  return text;
}

}  // namespace furrow::cli
