#include <furrow/montecarlo/models/quasi_models.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::models {
namespace {

constexpr std::int64_t randomisations = 16;
constexpr std::int64_t points_max = std::int64_t{1} << 40;

struct QuasiModel {
  const char* name;
  ModelResult (*run)(Engine&, const QuasiOptions&, const Parameters&);
};
constexpr QuasiModel quasi_models[] = {
    {"european", &quasi::european}, {"digital", &quasi::digital},
    {"basket", &quasi::basket},     {"pi", &quasi::pi},
    {"integral", &quasi::integral},
};

QuasiOptions options_of(const MonteCarloOptions& o) {
  if (o.time_ns != 0 || o.antithetic || !o.checkpoint.empty() || o.histogram.count != 0 ||
      !o.samples.empty() || o.milestone) {
    throw InvalidArgument(
        "quasi-random points are a number of paths or an error: they take no time, no antithetic "
        "paths, no checkpoint, no histogram and no samples");
  }
  if (o.paths <= 0) throw InvalidArgument("quasi-random points need a number of paths, at most");
  QuasiOptions options;
  const std::int64_t points = std::max<std::int64_t>(o.paths / randomisations, 1);
  options.points = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::min(points, points_max))));
  options.randomisations = randomisations;
  options.error = o.error;
  options.relative_error = o.relative_error;
  options.seed = o.seed;
  options.confidence = o.confidence;
  options.on_invalid = o.on_invalid;
  options.progress = o.progress;
  return options;
}

}  // namespace

std::vector<std::string> quasi_names() {
  std::vector<std::string> names;
  for (const QuasiModel& each : quasi_models) names.emplace_back(each.name);
  return names;
}

ModelResult run_quasi(Engine& engine, std::string_view name, const MonteCarloOptions& options,
                      const Given& given) {
  const Model& model = find(name);
  const Parameters parameters(model.name, model.parameters, given);
  const auto* const found = std::find_if(std::begin(quasi_models), std::end(quasi_models),
                                         [&](const QuasiModel& each) { return name == each.name; });
  if (found == std::end(quasi_models)) {
    throw InvalidArgument(fmt::format("{} has no quasi-random points: {} have them", name,
                                      fmt::join(quasi_names(), ", ")));
  }
  return found->run(engine, options_of(options), parameters);
}

ModelResult quasi::named(const QuasiResult& result, const Name& name) {
  ModelResult out;
  out.outputs.push_back({name.name, result.outputs.at(0), name.exact});
  MonteCarloResult& simulation = out.simulation;
  simulation.outputs = result.outputs;
  simulation.paths = result.points * result.randomisations - result.invalid;
  simulation.invalid = result.invalid;
  simulation.stop = result.stop;
  simulation.seconds = result.seconds;
  simulation.layout = {};
  out.notes.push_back(
      fmt::format("{} points of Sobol's, scrambled {} times: the error is that of "
                  "{} means",
                  result.points, result.randomisations, result.randomisations));
  const double gain = result.gain.empty() ? 0 : result.gain.front();
  if (gain > 0 && std::isfinite(gain)) {
    out.notes.push_back(fmt::format("as well known as by {:.3g} times as many random paths", gain));
  }
  return out;
}

}  // namespace furrow::models
