// Tables of parameters, and values read by them.
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/models/models.hpp>

namespace furrow::models {
namespace {

constexpr double integer_max = 0x1p53;

std::string range_text(const Parameter& parameter) {
  const auto [least, greatest] = parameter.range;
  const bool is_positive = least > 0 && least <= positive.least;
  if (greatest == infinity) {
    if (is_positive) return "a positive number";
    if (least == 0) return "a number that is not negative";
    if (least == -infinity) return "a finite number";
    return fmt::format("a number of at least {}", least);
  }
  if (least == -infinity) return fmt::format("a number of at most {}", greatest);
  if (is_positive) return fmt::format("a positive number of at most {}", greatest);
  return fmt::format("a number from {} to {}", least, greatest);
}

double read_number(std::string_view model, const Parameter& parameter, const std::string& text) {
  double value = 0;
  const char* first = text.data();
  const char* const last = first + text.size();
  if (text.size() > 1 && text[0] == '+') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  const bool in_range = value >= parameter.range.least && value <= parameter.range.greatest;
  if (error != std::errc() || end != last || !std::isfinite(value) || !in_range) {
    throw InvalidArgument(fmt::format("{}: {} ({}) is {}, not \"{}\"", model, parameter.name,
                                      parameter.meaning, range_text(parameter), text));
  }
  return value;
}

std::int64_t read_integer(std::string_view model, const Parameter& parameter,
                          const std::string& text) {
  const double value = read_number(model, parameter, text);
  if (std::trunc(value) != value || std::abs(value) > integer_max) {
    throw InvalidArgument(fmt::format("{}: {} ({}) is a whole number, not \"{}\"", model,
                                      parameter.name, parameter.meaning, text));
  }
  return static_cast<std::int64_t>(value);
}

std::vector<std::string> names_in(const std::vector<Parameter>& table) {
  std::vector<std::string> names;
  for (const Parameter& parameter : table) {
    if (parameter.kind == Parameter::Kind::choice) {
      names.insert(names.end(), parameter.words.begin(), parameter.words.end());
    } else {
      names.push_back(parameter.name);
    }
  }
  return names;
}

const Parameter* find_in(const std::vector<Parameter>& table, const std::string& name) {
  for (const Parameter& parameter : table) {
    if (parameter.kind != Parameter::Kind::choice && parameter.name == name) return &parameter;
    for (const std::string& word : parameter.words) {
      if (word == name) return &parameter;
    }
  }
  return nullptr;
}

}  // namespace

Parameter number(std::string name, std::string meaning, std::string unit, double value,
                 Range range) {
  Parameter p{std::move(name), Parameter::Kind::real, std::move(meaning), std::move(unit)};
  p.value = value;
  p.range = range;
  return p;
}

Parameter integer(std::string name, std::string meaning, std::int64_t value, Range range) {
  Parameter p{std::move(name), Parameter::Kind::integer, std::move(meaning)};
  p.value = static_cast<double>(value);
  p.range = range;
  return p;
}

Parameter flag(std::string name, std::string meaning) {
  return {std::move(name), Parameter::Kind::flag, std::move(meaning)};
}

Parameter choice(std::string name, const std::vector<Word>& words, std::string meaning) {
  Parameter p{std::move(name), Parameter::Kind::choice, std::move(meaning)};
  p.text = words.at(0).word;
  for (const Word& each : words) {
    p.words.push_back(each.word);
    p.word_meanings.push_back(each.meaning);
  }
  return p;
}

Parameter text(std::string name, std::string meaning, std::string value) {
  Parameter p{std::move(name), Parameter::Kind::text, std::move(meaning)};
  p.text = std::move(value);
  return p;
}

Parameters::Parameters(std::string_view model, const std::vector<Parameter>& table,
                       const Given& given) {
  for (const Parameter& p : table) {
    switch (p.kind) {
      case Parameter::Kind::real: values_[p.name] = p.value; break;
      case Parameter::Kind::integer: values_[p.name] = static_cast<std::int64_t>(p.value); break;
      case Parameter::Kind::flag: values_[p.name] = false; break;
      default: values_[p.name] = p.text;
    }
  }
  for (const auto& [name, value] : given) {
    const Parameter* const parameter = find_in(table, name);
    if (parameter == nullptr) {
      const std::vector<std::string> names = names_in(table);
      throw InvalidArgument(
          names.empty() ? fmt::format("{} has no parameter \"{}\": it has none", model, name)
                        : fmt::format("{} has no parameter \"{}\": it has {}", model, name,
                                      fmt::join(names, ", ")));
    }
    if (parameter->kind == Parameter::Kind::choice) {
      choose(model, *parameter, name);
    } else {
      read(model, *parameter, value);
    }
    given_[parameter->name] = true;
  }
}

void Parameters::read(std::string_view model, const Parameter& parameter, const std::string& text) {
  Value& value = values_.find(parameter.name)->second;
  switch (parameter.kind) {
    case Parameter::Kind::real: value = read_number(model, parameter, text); break;
    case Parameter::Kind::integer: value = read_integer(model, parameter, text); break;
    case Parameter::Kind::flag: value = true; break;
    default: value = text;
  }
}

void Parameters::choose(std::string_view model, const Parameter& parameter,
                        const std::string& word) {
  if (given(parameter.name)) {
    throw InvalidArgument(
        fmt::format("{}: only one of {} can be", model, fmt::join(parameter.words, ", ")));
  }
  values_.find(parameter.name)->second = word;
}

const Parameters::Value& Parameters::at(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    throw InvalidArgument(
        fmt::format("a model asks for a parameter \"{}\" that its table lacks", name));
  }
  return found->second;
}

double Parameters::real(std::string_view name) const { return std::get<double>(at(name)); }
std::int64_t Parameters::integer(std::string_view name) const {
  return std::get<std::int64_t>(at(name));
}
bool Parameters::flag(std::string_view name) const { return std::get<bool>(at(name)); }
const std::string& Parameters::text(std::string_view name) const {
  return std::get<std::string>(at(name));
}
std::map<std::string, std::string> Parameters::texts() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : values_) {
    out[name] = std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
  }
  return out;
}
bool Parameters::given(std::string_view name) const { return given_.find(name) != given_.end(); }

}  // namespace furrow::models
