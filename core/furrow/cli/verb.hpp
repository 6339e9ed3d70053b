// furrow/cli/verb.hpp
//
// A verb of the command line, with its options: what CLI11 gives, without its header, which takes
// seconds to compile. main.cpp and verb.cpp alone include that.
//
//   const Verb verb = add_verb(app, "rm", "Remove arrays");
//   verb.option("NAME", options->names, "Names of arrays").required();
//   verb.flag("--force", options->force, "Also where somebody is attached");
//   verb.on_chosen([&command, options] { command.run = …; });
//
// Lifetime  what options write to lives as long as the command line: on_chosen's closure holds it
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace furrow::cli {

/// What may be asked of an option. Each gives the option again.
class Option {
 public:
  explicit Option(CLI::Option* option) noexcept : option_(option) {}

  const Option& required() const;
  const Option& in_range(int least, int greatest) const;
  const Option& not_negative() const;
  const Option& one_of(const std::vector<std::string>& words) const;
  const Option& shown_as(const std::string& value) const;  // what stands for it in the help
  const Option& repeatable() const;                        // one value each time
  /// Whether the command line, once read, had it.
  bool given() const;

 private:
  CLI::Option* option_;
};

class Verb {
 public:
  explicit Verb(CLI::App* app) noexcept : app_(app) {}

  /// "--name" is an option, a NAME without dashes an argument in its place.
  Option option(const std::string& name, std::string& value, const std::string& help) const;
  Option option(const std::string& name, int& value, const std::string& help) const;
  Option option(const std::string& name, std::size_t& value, const std::string& help) const;
  Option option(const std::string& name, double& value, const std::string& help) const;
  Option option(const std::string& name, std::vector<std::string>& values,
                const std::string& help) const;
  void flag(const std::string& name, bool& value, const std::string& help) const;

  /// Text below the help.
  void footer(const std::string& text) const;
  void on_chosen(std::function<void()> f) const;

  /// A verb of this verb, one of which must then be given.
  Verb add_verb(const std::string& name, const std::string& what) const;
  /// None of them need be given.
  void verbs_are_optional() const;

 private:
  CLI::App* app_;
};

Verb add_verb(CLI::App& app, const std::string& name, const std::string& what);

}  // namespace furrow::cli
