#include <furrow/montecarlo/multilevel.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/kernels/quasi/sobol.hpp>
#include <furrow/montecarlo/tree.hpp>

namespace furrow::montecarlo {
namespace {

constexpr std::int64_t block = 256;
/// A level without any variance is not believed before.
constexpr std::int64_t constant_paths = 1 << 20;
constexpr double paths_most = 0x1p46;
/// Pieces whose records are on their way at once.
constexpr std::int64_t pieces_max = 1 << 14;

void check(const MultilevelOptions& o) {
  if (!(o.error > 0) || !std::isfinite(o.error)) {
    throw InvalidArgument(fmt::format("multilevel simulation needs an error, not {}", o.error));
  }
  if (o.levels_min < 3 || o.levels_max < o.levels_min || o.levels_max > 30) {
    throw InvalidArgument(
        fmt::format("levels are 3 to 30, least to most, not {} to {}: the bias is judged from what "
                    "the last levels change, and fewer say nothing about it",
                    o.levels_min, o.levels_max));
  }
  if (!(o.weak_order > 0) || !(o.cost_factor >= 1) || o.pilot_paths < 2 * block ||
      static_cast<double>(o.pilot_paths) > paths_most) {
    throw InvalidArgument(
        "weak_order is positive, cost_factor at least 1, pilot_paths 512 to 2^46");
  }
  if (!(o.confidence > 0 && o.confidence < 1)) {
    throw InvalidArgument(
        fmt::format("a confidence is between 0 and 1 (0.95), not {}", o.confidence));
  }
}

/// The random numbers of a level.
Sequence sequence_of(const MultilevelOptions& o, std::size_t level) noexcept {
  const std::uint64_t key = kernels::mix64(kernels::mix64(o.seed + 0x6d756c74696c6576) + o.stream);
  return {key, level};
}

/// The moments of one level's paths so far.
class Level {
 public:
  Level(Engine& engine, LevelCode code, Sequence sequence)
      : engine_(engine),
        code_(std::move(code)),
        layout_{static_cast<std::uint32_t>(code_.simulation.outputs)},
        tree_(layout_),
        sequence_(sequence) {}

  std::int64_t paths() const noexcept { return tree_.blocks() * block; }

  /// Goes on up to as many, rounded up to whole blocks.
  void extend(double paths) {
    const auto blocks =
        (static_cast<std::int64_t>(std::min(paths, paths_most)) + block - 1) / block;
    while (tree_.blocks() < blocks) simulate(pieces_to(blocks));
  }

  MultilevelResult::Level moments() const {
    const std::vector<double> total = tree_.total();
    const double* const m = total.data() + layout_.output_at(0);
    const auto n = static_cast<double>(count_at(total.data(), 0));
    return {paths(), m[at_mean], m[at_m2] / (n - 1)};
  }

 private:
  /// Some pieces for every worker, as large as where the last ones ended allows; else up to there
  /// from where large ones may begin.
  Pieces pieces_to(std::int64_t blocks) const {
    const std::int64_t done = tree_.blocks();
    const std::int64_t left = blocks - done;
    const auto shares = static_cast<std::int64_t>(16 * std::max<std::size_t>(engine_.workers(), 1));
    const auto share = static_cast<std::uint64_t>(std::max<std::int64_t>(left / shares, 1));
    const std::int32_t wanted =
        std::min(level_max, static_cast<std::int32_t>(std::bit_width(share)) - 1);
    const std::int32_t possible =
        done == 0 ? level_max : std::countr_zero(static_cast<std::uint64_t>(done));
    Pieces p{};
    p.sequence = sequence_;
    p.first_block = done;
    p.level = std::min(wanted, possible);
    p.blocks = std::min(left, pieces_max << p.level);
    const std::int64_t large = std::int64_t{1} << wanted;
    if (possible < wanted) p.blocks = std::min(p.blocks, large - done % large);
    p.paths = blocks * block;
    p.block_paths = block;
    p.layout = layout_;
    return p;
  }

  void simulate(Pieces pieces) {
    const std::int64_t count = pieces.count();
    const Array<double> records =
        Array<double>::temporary({count * static_cast<std::int64_t>(layout_.words())});
    pieces.records = records.data();
    code_.simulation.start(engine_, pieces).get();
    for (std::int64_t i = 0; i < count; ++i) {
      const double* const record = pieces.records + static_cast<std::size_t>(i) * layout_.words();
      if (count_at(record, 1) != 0) {
        throw KernelFailed(fmt::format("of paths {} to {} of level {}, {} are not finite", paths(),
                                       paths() + (block << pieces.range(i).level) - 1,
                                       sequence_.stream, count_at(record, 1)));
      }
      tree_.add(record, pieces.range(i).level);
    }
  }

  Engine& engine_;
  LevelCode code_;
  RecordLayout layout_;
  Tree tree_;
  Sequence sequence_;
};

class Levels {
 public:
  Levels(Engine& engine, const MultilevelOptions& options, const LevelOf& code)
      : engine_(engine), options_(options), code_(code) {}

  MultilevelResult find() {
    for (int l = 0; l < options_.levels_min; ++l) add_level();
    for (;;) {
      const bool known = grow();
      const double bias = expected_bias();
      const bool unbiased = bias * bias <= half();
      if (unbiased || static_cast<int>(levels_.size()) == options_.levels_max) {
        return result(bias, unbiased && known);
      }
      add_level();
    }
  }

 private:
  double half() const { return options_.error * options_.error / 2; }

  double cost(std::size_t level) const {
    return std::pow(options_.cost_factor, static_cast<double>(level));
  }

  void add_level() {
    const std::size_t l = levels_.size();
    courses_.emplace_back(engine_, code_(static_cast<int>(l)), sequence_of(options_, l));
    levels_.push_back({});
    extend(l, static_cast<double>(options_.pilot_paths));
  }

  void extend(std::size_t level, double paths) {
    Level& course = courses_[level];
    course.extend(paths);
    // What happens once in a million paths is not nothing.
    while (!(course.moments().variance > 0) && course.paths() < constant_paths) {
      course.extend(2 * static_cast<double>(course.paths()));
    }
    levels_[level] = course.moments();
  }

  double statistical() const {
    double sum = 0;
    for (const MultilevelResult::Level& l : levels_)
      sum += l.variance / static_cast<double>(l.paths);
    return sum;
  }

  /// Paths of each level, for a statistical error of the half of error^2 in all, at the least cost.
  /// Variances change as paths are added: until none is wanted. False where they are too many.
  bool grow() {
    for (bool more = true; more && statistical() > half();) {
      double sum = 0;
      for (std::size_t l = 0; l < levels_.size(); ++l)
        sum += std::sqrt(levels_[l].variance * cost(l));
      more = false;
      for (std::size_t l = 0; l < levels_.size(); ++l) {
        const double wanted = std::sqrt(levels_[l].variance / cost(l)) * sum / half();
        const std::int64_t before = levels_[l].paths;
        if (wanted > static_cast<double>(before)) extend(l, wanted);
        more = more || levels_[l].paths > before;
      }
    }
    return statistical() <= half();
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
    const double variance = statistical();
    double spent = 0;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      out.mean += levels_[l].mean;
      spent += cost(l) * static_cast<double>(levels_[l].paths);
    }
    out.standard_error = std::sqrt(variance);
    out.bias = bias;
    const double z = student_interval(options_.confidence, 1e9);
    out.low = out.mean - z * out.standard_error;
    out.high = out.mean + z * out.standard_error;
    out.levels = levels_;
    out.converged = converged;
    // On the finest level alone a path varies as one of the coarsest does. No path of any level was
    // simulated twice: this is all that was spent.
    out.gain = variance > 0 ? levels_[0].variance / variance * cost(levels_.size() - 1) / spent : 0;
    return out;
  }

  Engine& engine_;
  const MultilevelOptions& options_;
  const LevelOf& code_;
  std::deque<Level> courses_;
  std::vector<MultilevelResult::Level> levels_;
};

}  // namespace

MultilevelResult run_levels(Engine& engine, const MultilevelOptions& options,
                            const LevelOf& level) {
  check(options);
  return Levels(engine, options, level).find();
}

}  // namespace furrow::montecarlo
