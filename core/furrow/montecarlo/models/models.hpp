// furrow/montecarlo/models/models.hpp
//
// Simulations that are ready to run, by name: what `furrow mc` offers.
//
//   auto result = furrow::models::run(engine, "european", {.paths = 1'000'000, .seed = 42},
//                                     {{"strike", "110"}, {"put", ""}});
//   result.outputs[0].estimate.mean, result.outputs[0].exact, …
//
// Model    a name, one line on what it is, a table of parameters, and a function that simulates.
//          Another one is a file of its own (models/pi.cpp) and a line in models.cpp
// Values   are text as it stands on a command line; each is checked against the table before
//          anything runs. Numbers may be written 1e8
// Exact    where a closed form or an accurate value from the literature is known, for just these
//          parameters: NaN otherwise
// Errors   InvalidArgument: a model or parameter that does not exist (the message names those that
//          do), a value that is no number, or outside of its range; WrongData: a checkpoint or data
//          that do not fit; and what monte_carlo throws
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::models {

/// The numbers that a parameter takes: from least to greatest, both included.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double greatest = std::numeric_limits<double>::infinity();
};
inline constexpr double infinity = std::numeric_limits<double>::infinity();
/// Zero is no positive number; the smallest that is.
inline constexpr Range positive{std::numeric_limits<double>::min(), infinity};
inline constexpr Range not_negative{0, infinity};
inline constexpr Range probability{0, 1};

/// A line of a model's table.
struct Parameter {
  enum class Kind {
    real,     // a finite number
    integer,  // a whole number, at most 2^53
    flag,     // given or not
    choice,   // one of `words`, each of them a flag of its own: --call, --put
    text,     // any words, such as FILE.h5:/dataset
  };
  std::string name;
  Kind kind = Kind::real;
  std::string meaning;                       // "volatility"
  std::string unit{};                        // "per year"; empty for a pure number
  double value = 0;                          // default of a number
  std::string text{};                        // default of a text
  Range range{};                             // of a number
  std::vector<std::string> words{};          // of a choice; the first is the default
  std::vector<std::string> word_meanings{};  // of each of them
  bool leaves = false;  // names what a run leaves behind: nothing for a trial run
};

/// One line for a table: number("sigma", "volatility", "per year", 0.2, not_negative).
Parameter number(std::string name, std::string meaning, std::string unit, double value,
                 Range range = {});
Parameter integer(std::string name, std::string meaning, std::int64_t value, Range range = {});
Parameter flag(std::string name, std::string meaning);
/// A word of a choice, and what it means: {"call", "the right to buy"}.
struct Word {
  std::string word;
  std::string meaning;
};
/// The model reads choice("type") and gets one of the words.
Parameter choice(std::string name, const std::vector<Word>& words, std::string meaning);
Parameter text(std::string name, std::string meaning, std::string value);

using Given = std::map<std::string, std::string>;

/// A table with its values: the given ones, else the defaults.
class Parameters {
 public:
  using Value = std::variant<double, std::int64_t, bool, std::string>;

  /// A flag and a choice's word are given with an empty text. Throws InvalidArgument.
  Parameters(std::string_view model, const std::vector<Parameter>& table, const Given& given);

  double real(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  /// Of a text or a choice.
  const std::string& text(std::string_view name) const;
  const std::string& choice(std::string_view name) const { return text(name); }
  /// Whether a value was given, rather than left to the default.
  bool given(std::string_view name) const;
  /// Of any kind. Throws InvalidArgument for a name that the table lacks.
  const Value& at(std::string_view name) const;
  /// All of them: "0.2", "252", "true", "put".
  std::map<std::string, std::string> texts() const;

 private:
  void read(std::string_view model, const Parameter& parameter, const std::string& text);
  void choose(std::string_view model, const Parameter& parameter, const std::string& word);

  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, bool, std::less<>> given_;
};

/// One of another confidence than MonteCarloOptions::confidence, which is that of every Estimate.
struct Interval {
  double confidence;
  double low;
  double high;
};

struct Output {
  std::string name;
  Estimate estimate;
  double exact = std::numeric_limits<double>::quiet_NaN();
  std::vector<Interval> intervals{};  // that a model's parameter asked for
};

/// A value that a histogram shows.
struct Mark {
  std::string name;
  double at;
};

struct ModelResult {
  std::vector<Output> outputs;     // the first is the one that options.error is about
  MonteCarloResult simulation;     // paths, seconds, why it stopped, histograms
  std::vector<std::string> notes;  // sentences for people: what else was found out
  std::size_t drawn = 0;           // the simulation's output whose histogram is drawn
  std::string drawn_as{};          // what that is; empty: what the first output is
  std::vector<Mark> marks{};       // of that histogram, beside its mean
};

/// A simulation whose outputs are named in their order. Outputs without a name are left out.
struct Name {
  std::string name;
  double exact = std::numeric_limits<double>::quiet_NaN();
};
ModelResult named(MonteCarloResult simulation, const std::vector<Name>& names);

struct Model {
  std::string name;
  std::string what;   // "price of a European option"
  std::string group;  // "finance", "physics", …
  std::vector<Parameter> parameters;
  ModelResult (*run)(Engine&, const MonteCarloOptions&, const Parameters&);
  std::int64_t paths = 1'000'000;  // that take about a second, for who does not say how many
  /// Paths without which it refuses to run, for a trial of few; none: any number will do.
  std::int64_t (*least)(const Parameters&) = nullptr;
};

/// All of them, in the order of models.cpp.
const std::vector<Model>& all();
/// Throws InvalidArgument for a name that no model has.
const Model& find(std::string_view name);

/// Finds, reads the parameters and runs. Checkpoints carry the model's name and its parameters.
ModelResult run(Engine& engine, std::string_view name, const MonteCarloOptions& options,
                const Given& given = {});

}  // namespace furrow::models
