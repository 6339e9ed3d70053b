#include <furrow/montecarlo/multilevel.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::montecarlo {
namespace {

constexpr std::int64_t block = 256;

void check(const MultilevelOptions& o) {
  if (!(o.error > 0) || !std::isfinite(o.error)) {
    throw InvalidArgument(fmt::format("multilevel simulation needs an error, not {}", o.error));
  }
  if (o.levels_min < 1 || o.levels_max < o.levels_min || o.levels_max > 30) {
    throw InvalidArgument(
        fmt::format("levels are 1 to 30, least to most, not {} to {}", o.levels_min, o.levels_max));
  }
  if (!(o.weak_order > 0) || !(o.cost_factor >= 1) || o.pilot_paths < 2 * block) {
    throw InvalidArgument(
        "weak_order is positive, cost_factor at least 1, pilot_paths at least 512");
  }
}

class Levels {
 public:
  Levels(const MultilevelOptions& options, const LevelRun& run) : options_(options), run_(run) {}

  MultilevelResult find() {
    for (int l = 0; l < options_.levels_min; ++l) add_level();
    for (;;) {
      grow();
      const double bias = expected_bias();
      const bool enough = bias * bias <= options_.error * options_.error / 2;
      if (enough || static_cast<int>(levels_.size()) == options_.levels_max) {
        return result(bias, enough);
      }
      add_level();
    }
  }

 private:
  double cost(std::size_t level) const {
    return std::pow(options_.cost_factor, static_cast<double>(level));
  }

  void add_level() {
    levels_.push_back({});
    simulate(levels_.size() - 1, options_.pilot_paths);
  }

  void simulate(std::size_t level, std::int64_t paths) {
    const MonteCarloResult found = run_(static_cast<int>(level), paths);
    levels_[level] = {found.paths, found.mean(), found.outputs[0].variance};
  }

  /// Paths of each level, for a statistical error of the half of error^2 in all, at the least cost.
  /// A level's paths are simulated anew from its first when there are to be more.
  void grow() {
    // Variances change as paths are added: a second look finds little left to do.
    for (int turn = 0; turn < 2; ++turn) {
      double sum = 0;
      for (std::size_t l = 0; l < levels_.size(); ++l) {
        sum += std::sqrt(std::max(levels_[l].variance, 0.0) * cost(l));
      }
      for (std::size_t l = 0; l < levels_.size(); ++l) {
        const double wanted = 2 / (options_.error * options_.error) *
                              std::sqrt(std::max(levels_[l].variance, 0.0) / cost(l)) * sum;
        const auto paths =
            (static_cast<std::int64_t>(std::min(wanted, 0x1p46)) + block) / block * block;
        if (paths > levels_[l].paths) simulate(l, paths);
      }
    }
  }

  /// The rest of the series of means, from the greatest that the last levels make expect.
  double expected_bias() const {
    const double fall = std::pow(2.0, options_.weak_order);
    double worst = 0;
    double scale = 1;
    for (std::size_t back = 0; back < 3 && back + 1 < levels_.size(); ++back) {
      worst = std::max(worst, std::abs(levels_[levels_.size() - 1 - back].mean) * scale);
      scale /= fall;
    }
    return worst / (fall - 1);
  }

  MultilevelResult result(double bias, bool converged) const {
    MultilevelResult out;
    double variance = 0;
    double spent = 0;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      out.mean += levels_[l].mean;
      variance += levels_[l].variance / static_cast<double>(levels_[l].paths);
      spent += cost(l) * static_cast<double>(levels_[l].paths);
    }
    out.standard_error = std::sqrt(variance);
    out.bias = bias;
    const double z = student_interval(options_.confidence, 1e9);
    out.low = out.mean - z * out.standard_error;
    out.high = out.mean + z * out.standard_error;
    out.levels = levels_;
    out.converged = converged;
    // On the finest level alone a path varies as one of the coarsest does.
    out.gain = levels_[0].variance / variance * cost(levels_.size() - 1) / spent;
    return out;
  }

  const MultilevelOptions& options_;
  const LevelRun& run_;
  std::vector<MultilevelResult::Level> levels_;
};

}  // namespace

MultilevelResult run_levels(const MultilevelOptions& options, const LevelRun& level) {
  check(options);
  return Levels(options, level).find();
}

}  // namespace furrow::montecarlo
