#include <furrow/cli/mc_plot.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/mc_report.hpp>
#include <furrow/io/replace_errors.hpp>
#include <furrow/os/interrupt.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::cli {
namespace {

constexpr std::int64_t pilot_paths = 4096;
constexpr int bins = 60;
/// As large a part of the paths would flatten the others' histogram.
constexpr double atom_min = 0.03;
/// The sketch's nought (montecarlo/sketch.hpp).
constexpr double sketch_zero = 0x1p-32;
constexpr std::int64_t patience_ns = 10'000'000'000;

// The part of outputs k that is 0, where none is below.
double part_at_zero(const MonteCarloResult& pilot, std::size_t k) {
  if (pilot.outputs[k].min != 0) return 0;
  double low = 0;
  double high = 1;
  for (int i = 0; i < 20; ++i) {
    const double q = (low + high) / 2;
    (pilot.quantile(q, k) <= sketch_zero ? low : high) = q;
  }
  return low;
}

montecarlo::Bins bins_of(const models::ModelResult& pilot) {
  const MonteCarloResult& simulation = pilot.simulation;
  const std::size_t k = pilot.drawn;
  const double least = simulation.outputs[k].min;
  const double atom = part_at_zero(simulation, k);
  const auto above = [&](double q) { return simulation.quantile(atom + (1 - atom) * q, k); };
  double low = simulation.quantile(0.002, k);
  double high = above(0.998);
  // With two values only, or nearly so, there is nothing to flatten.
  const bool apart = atom >= atom_min && atom < 0.999 && above(0.1) < 0.9 * above(0.9);
  for (const models::Mark& each : pilot.marks) {
    low = std::min(low, each.at);
    high = std::max(high, each.at);
  }
  const double margin = 0.1 * (high - low);
  if (!(margin > 0) || !std::isfinite(margin)) return {};
  if (apart) return {std::numeric_limits<double>::min(), high + margin, bins};
  low = least >= 0 ? std::max(low - margin, 0.0) : low - margin;
  return {low, high + margin, bins};
}

}  // namespace

void check_plot_file(const std::string& file) {
  std::string format = std::filesystem::path(file).extension().string();
  std::transform(format.begin(), format.end(), format.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!format.empty() && format != ".svg") {
    throw UsageError(
        fmt::format("--plot draws SVG, and \"{}\" says that it is something else (name it "
                    "\"{}\"; rsvg-convert makes PNG of it)",
                    file, std::filesystem::path(file).replace_extension(".svg").string()));
  }
  os::FileReplacement place;
  require_replaced(place.begin(file, patience_ns), file);
}

montecarlo::Bins bins_of_pilot(Engine& engine, const models::Model& model,
                               const MonteCarloOptions& options, const models::Given& given) {
  MonteCarloOptions few;
  const models::Parameters parameters(model.name, model.parameters, given);
  few.paths = pilot_paths;
  if (model.least != nullptr) few.paths = std::max(few.paths, model.least(parameters));
  if (options.paths != 0) few.paths = std::min(few.paths, options.paths);
  models::Given nothing_left = given;
  for (const models::Parameter& each : model.parameters) {
    if (each.leaves) nothing_left.erase(each.name);
  }
  few.seed = options.seed;
  few.antithetic = options.antithetic;
  few.quantiles = true;
  few.progress = [](const MonteCarloProgress&) { return !os::interrupted(); };
  const models::ModelResult pilot = models::run(engine, model.name, few, nothing_left);
  if (pilot.simulation.layout.buckets == 0 || pilot.simulation.paths < 2) return {};
  return bins_of(pilot);
}

void draw(const std::string& file, const models::Model& model, const MonteCarloOptions& options,
          const models::ModelResult& result, montecarlo::Plot plot) {
  const MonteCarloResult& simulation = result.simulation;
  const models::Output none;
  const models::Output& first = result.outputs.empty() ? none : result.outputs.front();
  plot.title = model.what;
  plot.quantity = first.name;
  plot.exact = first.exact;
  if (!simulation.outputs.empty()) {
    const Estimate& e = simulation.outputs.front();
    if (plot.points.empty() || plot.points.back().paths < simulation.paths) {
      plot.points.push_back({simulation.paths, e.mean, e.standard_error});
    }
  }
  if (simulation.layout.bins != 0) {
    const Estimate& drawn = simulation.outputs[result.drawn];
    plot.bins = options.histogram;
    plot.counts = simulation.histogram(result.drawn);
    plot.sample = fmt::format("{}, of each of {} paths",
                              result.drawn_as.empty() ? first.name : result.drawn_as,
                              grouped(simulation.paths));
    if (plot.bins.low == std::numeric_limits<double>::min() && drawn.min == 0) {
      plot.atom = {0, plot.counts.front()};
      plot.counts.front() = 0;
    }
    plot.markers = {{drawn.mean, fmt::format("mean {:.4g}", drawn.mean)}};
    for (const models::Mark& each : result.marks) {
      plot.markers.push_back({each.at, fmt::format("{} {:.4g}", each.name, each.at)});
    }
  }
  const std::string text = montecarlo::svg(plot);
  os::FileReplacement place;
  require_replaced(place.begin(file, patience_ns), file);
  if (const std::error_code code = place.write_at(0, text.data(), text.size())) {
    require_replaced({os::ReplaceError::Step::write, code, file}, file);
  }
  require_replaced(place.commit(), file);
}

}  // namespace furrow::cli
