#include <furrow/cli/verb.hpp>

#include <utility>

#include <CLI/CLI.hpp>

namespace furrow::cli {

const Option& Option::required() const {
  option_->required();
  return *this;
}

const Option& Option::in_range(int least, int greatest) const {
  option_->check(CLI::Range(least, greatest));
  return *this;
}

const Option& Option::not_negative() const {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

const Option& Option::one_of(const std::vector<std::string>& words) const {
  option_->check(CLI::IsMember(words));
  return *this;
}

const Option& Option::shown_as(const std::string& value) const {
  option_->type_name(value);
  return *this;
}

const Option& Option::repeatable() const {
  option_->take_all()->expected(1)->allow_extra_args(false);
  return *this;
}

bool Option::given() const { return option_->count() > 0; }

Option Verb::option(const std::string& name, std::string& value, const std::string& help) const {
  return Option(app_->add_option(name, value, help));
}

Option Verb::option(const std::string& name, int& value, const std::string& help) const {
  return Option(app_->add_option(name, value, help));
}

Option Verb::option(const std::string& name, std::size_t& value, const std::string& help) const {
  return Option(app_->add_option(name, value, help));
}

Option Verb::option(const std::string& name, double& value, const std::string& help) const {
  return Option(app_->add_option(name, value, help));
}

Option Verb::option(const std::string& name, std::vector<std::string>& values,
                    const std::string& help) const {
  return Option(app_->add_option(name, values, help));
}

void Verb::flag(const std::string& name, bool& value, const std::string& help) const {
  app_->add_flag(name, value, help);
}

void Verb::footer(const std::string& text) const { app_->footer(text); }

void Verb::on_chosen(std::function<void()> f) const { app_->callback(std::move(f)); }

Verb Verb::add_verb(const std::string& name, const std::string& what) const {
  app_->require_subcommand(1);
  return cli::add_verb(*app_, name, what);
}

void Verb::verbs_are_optional() const { app_->require_subcommand(0, 1); }

Verb add_verb(CLI::App& app, const std::string& name, const std::string& what) {
  return Verb(app.add_subcommand(name, what));
}

}  // namespace furrow::cli
