#include <furrow/montecarlo/models/models.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/models/list.hpp>

namespace furrow::models {

// Every model there is.
const std::vector<Model>& all() {
  static const std::vector<Model> models{
      european(),      digital(), asian(),     barrier(), lookback(),    basket(), american(),
      heston(),        merton(),  portfolio(), pi(),      integral(),    buffon(), random_walk(),
      first_passage(), gambler(), hitting(),   slab(),    percolation(), ising(),  bootstrap(),
  };
  return models;
}

const Model& find(std::string_view name) {
  const std::vector<Model>& models = all();
  const auto found = std::find_if(models.begin(), models.end(),
                                  [&](const Model& model) { return model.name == name; });
  if (found != models.end()) return *found;
  std::vector<std::string> names;
  for (const Model& model : models) names.push_back(model.name);
  throw InvalidArgument(
      fmt::format("there is no model \"{}\": there are {}", name, fmt::join(names, ", ")));
}

ModelResult run(Engine& engine, std::string_view name, const MonteCarloOptions& options,
                const Given& given) {
  const Model& model = find(name);
  const Parameters parameters(model.name, model.parameters, given);
  MonteCarloOptions own = options;
  own.model = model.name;
  own.parameters = parameters.texts();
  for (const Parameter& each : model.parameters) {
    if (each.leaves) own.parameters.erase(each.name);
  }
  return model.run(engine, own, parameters);
}

ModelResult named(MonteCarloResult simulation, const std::vector<Name>& names) {
  ModelResult result;
  const std::size_t count = std::min(names.size(), simulation.outputs.size());
  for (std::size_t i = 0; i < count; ++i) {
    result.outputs.push_back({names[i].name, simulation.outputs[i], names[i].exact});
  }
  result.simulation = std::move(simulation);
  return result;
}

}  // namespace furrow::models
