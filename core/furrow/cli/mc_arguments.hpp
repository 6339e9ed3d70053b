// furrow/cli/mc_arguments.hpp
//
// The command line of `furrow mc`: what every model takes, and what a model's table adds.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include <furrow/cli/verb.hpp>
#include <furrow/montecarlo/models/models.hpp>

namespace furrow::cli {

// A model's parameter on the command line. Options write to it, so it stays where it is.
struct McArgument {
  const models::Parameter* parameter;
  std::string word;  // a choice's
  std::string value;
  bool flag = false;
};

struct McArguments {
  std::string model;
  std::string paths;
  std::string error;
  std::string relative_error;
  std::string time;
  std::string seed = "0";
  std::string checkpoint;
  std::string plot;
  bool antithetic = false;
  bool quasi = false;
  bool list = false;
  bool json = false;
  std::map<std::string, std::deque<McArgument>> values;  // by model
};

/// The verb's options, and a verb of it for each model.
void add_mc_options(const Verb& mc, const std::shared_ptr<McArguments>& arguments);

/// What is to be simulated, and until when. Throws UsageError.
MonteCarloOptions options_of(const McArguments& arguments, const models::Model& model);

/// The chosen model's parameters that the command line has.
models::Given given_of(const McArguments& arguments);

}  // namespace furrow::cli
