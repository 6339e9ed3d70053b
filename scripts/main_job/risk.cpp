#include "risk.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <furrow/io/hdf5.hpp>
#include <furrow/montecarlo/finance/portfolio.hpp>
#include <furrow/montecarlo/plot.hpp>

namespace {

constexpr std::int64_t horizon_days = 21;
constexpr std::int64_t paths = 100'000'000;
constexpr double level = 0.99;

struct History {
  double value_at_risk;
  double expected_shortfall;
  std::int64_t windows;
};

/// Of every window of 21 days that the data hold: they overlap, so that few of them are independent
/// and no error is given.
History history_of(const furrow::Array<double>& closes, std::int64_t assets) {
  std::vector<double> losses;
  for (std::int64_t day = 0; day + horizon_days < closes.extent(0); ++day) {
    double kept = 0;
    for (std::int64_t a = 0; a < assets; ++a) {
      kept += closes(day + horizon_days, a) / closes(day, a) / static_cast<double>(assets);
    }
    losses.push_back(1 - kept);
  }
  std::sort(losses.begin(), losses.end());
  const double place = level * static_cast<double>(losses.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double part = place - std::floor(place);
  const double at = losses[below] + part * (losses[below + 1] - losses[below]);
  double sum = 0;
  double count = 0;
  for (const double loss : losses) {
    if (loss < at) continue;
    sum += loss;
    count += 1;
  }
  return {at, sum / count, static_cast<std::int64_t>(losses.size())};
}

furrow::finance::Portfolio portfolio_of(const Calibration& c) {
  furrow::finance::Portfolio portfolio;
  const std::size_t assets = c.mean.size();
  for (std::size_t i = 0; i < assets; ++i) {
    portfolio.weights.push_back(1 / static_cast<double>(assets));
    // The mean of a logarithm is the growth without half of the variance.
    portfolio.growth.push_back(c.mean[i] + c.volatility[i] * c.volatility[i] / 2);
  }
  portfolio.volatility = c.volatility;
  portfolio.correlation = c.correlation;
  portfolio.horizon = static_cast<double>(horizon_days);
  return portfolio;
}

void draw(const furrow::finance::PortfolioRisk& risk, const History& history,
          furrow::montecarlo::Plot plot, const std::string& picture) {
  plot.title = "One month's loss of four European indices";
  plot.quantity = "expected shortfall at 99 %";
  plot.counts = risk.simulation.histogram(furrow::finance::PortfolioRisk::loss);
  plot.sample = "loss, as a part of the portfolio, of 100,000,000 paths";
  plot.markers = {{risk.value_at_risk.value,
                   fmt::format("99 % value at risk {:.4f}", risk.value_at_risk.value)},
                  {risk.expected_shortfall.value,
                   fmt::format("expected shortfall {:.4f}", risk.expected_shortfall.value)},
                  {history.value_at_risk, fmt::format("in history {:.4f}", history.value_at_risk)}};
  furrow::montecarlo::write_plot(picture, plot);
}

void save(furrow::Engine& engine, const furrow::finance::PortfolioRisk& risk,
          const History& history, const furrow::montecarlo::Bins& bins, std::uint64_t seed,
          const std::string& file) {
  auto table = furrow::Array<double>::temporary({2, 5});
  const auto put = [&](std::int64_t row, const furrow::finance::Measured& m, double before) {
    const double values[] = {m.value, m.standard_error, m.low, m.high, before};
    for (std::int64_t i = 0; i < 5; ++i) table(row, i) = values[i];
  };
  put(0, risk.value_at_risk, history.value_at_risk);
  put(1, risk.expected_shortfall, history.expected_shortfall);
  furrow::Attributes attributes;
  attributes["rows"] = furrow::Attribute::strings({"value at risk", "expected shortfall"});
  attributes["columns"] =
      furrow::Attribute::strings({"simulated", "standard error", "low", "high", "historical"});
  attributes["paths"] = furrow::Attribute::integer(risk.simulation.paths);
  attributes["seed"] = furrow::Attribute::integer(static_cast<std::int64_t>(seed));
  attributes["level"] = furrow::Attribute::number(level);
  attributes["days"] = furrow::Attribute::integer(horizon_days);
  attributes["historical windows"] = furrow::Attribute::integer(history.windows);
  furrow::hdf5::SaveOptions options;
  options.replace = true;
  options.attributes = attributes;
  furrow::hdf5::save(engine, table, file, "/risk", options);

  const auto counts = risk.simulation.histogram(furrow::finance::PortfolioRisk::loss);
  auto losses = furrow::Array<std::int64_t>::temporary({static_cast<std::int64_t>(counts.size())});
  std::copy(counts.begin(), counts.end(), losses.data());
  furrow::Attributes bounds;
  bounds["first bin begins"] = furrow::Attribute::number(bins.low);
  bounds["last bin ends"] = furrow::Attribute::number(bins.high);
  bounds["first and last element"] =
      furrow::Attribute::text("paths below the first and above the last bin");
  options.attributes = bounds;
  furrow::hdf5::save(engine, losses, file, "/losses", options);
}

}  // namespace

void month_of_risk(furrow::Engine& engine, const furrow::Array<double>& closes,
                   const Calibration& calibration, const std::string& file,
                   const std::string& picture) {
  furrow::MonteCarloOptions options;
  options.paths = paths;
  options.seed = 1991;  // the data's first year
  options.histogram = {-0.25, 0.25, 100};
  furrow::montecarlo::Plot plot;
  plot.bins = options.histogram;
  options.milestone = [&plot](const furrow::MonteCarloProgress& p) {
    plot.points.push_back({p.paths, p.mean, p.standard_error});
  };
  const auto risk =
      furrow::finance::portfolio_risk(engine, options, portfolio_of(calibration), level);
  const auto assets = static_cast<std::int64_t>(calibration.mean.size());
  const History history = history_of(closes, assets);
  const furrow::MonteCarloResult& run = risk.simulation;
  fmt::print(
      "one month's loss of the {} indices in equal parts, {:.0e} correlated paths, {:.2f} s\n",
      assets, static_cast<double>(run.paths), run.seconds);
  fmt::print("  {:<22}{:>12}{:>14}{:>14}\n", "99 %", "simulated", "std. error", "historical");
  const auto line = [](const char* what, const furrow::finance::Measured& m, double before) {
    fmt::print("  {:<22}{:>11.4f}%{:>13.5f}%{:>13.2f}%\n", what, 100 * m.value,
               100 * m.standard_error, 100 * before);
  };
  line("value at risk", risk.value_at_risk, history.value_at_risk);
  line("expected shortfall", risk.expected_shortfall, history.expected_shortfall);
  fmt::print("  the historical ones are of {} windows of {} days, which overlap\n\n",
             history.windows, horizon_days);
  draw(risk, history, std::move(plot), picture);
  save(engine, risk, history, options.histogram, options.seed, file);
  fmt::print("saved {}:/risk and /losses, drew {}\n", file, picture);
}
