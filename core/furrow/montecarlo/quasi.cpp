#include <furrow/montecarlo/quasi.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/tree.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::montecarlo {
namespace {

constexpr std::int64_t points_max = std::int64_t{1} << 40;
constexpr std::int64_t points_first = 1024;
constexpr std::int64_t randomisations_max = 4096;
constexpr std::int64_t stop_randomisations_min = 8;
/// A piece has 2^6 blocks at most, so that jobs end soon when cancelled; all of a job's records
/// together have 32 MiB.
constexpr std::int32_t piece_level_max = 6;
constexpr std::size_t job_bytes_max = std::size_t{32} << 20;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(const QuasiOptions& o) {
  if (o.points < 1 || o.points > points_max) {
    throw InvalidArgument(
        fmt::format("a randomisation has 1 to 2^40 points, {} were asked for", o.points));
  }
  if (o.randomisations < 1 || o.randomisations > randomisations_max) {
    throw InvalidArgument(
        fmt::format("there are 1 to 4096 randomisations, not {}", o.randomisations));
  }
  if (o.scrambling == Scrambling::none && o.randomisations != 1) {
    throw InvalidArgument(fmt::format(
        "points that are not scrambled are the same {} times: scramble them, or ask for one "
        "randomisation",
        o.randomisations));
  }
  const bool by_error = o.error != 0 || o.relative_error != 0;
  if (!(o.error >= 0) || !(o.relative_error >= 0)) {
    throw InvalidArgument("error and relative_error are not negative");
  }
  if (by_error && o.randomisations < stop_randomisations_min) {
    throw InvalidArgument(fmt::format(
        "to stop for an error takes {} randomisations at least (16 are usual): that of {} is too "
        "uncertain itself",
        stop_randomisations_min, o.randomisations));
  }
  if (!(o.confidence > 0 && o.confidence < 1)) {
    throw InvalidArgument(
        fmt::format("a confidence is between 0 and 1 (0.95), not {}", o.confidence));
  }
  const auto size = static_cast<std::uint64_t>(o.block_paths);
  if (o.block_paths < block_paths_min || o.block_paths > block_paths_max ||
      !std::has_single_bit(size)) {
    throw InvalidArgument(
        fmt::format("block_paths is a power of two from 32 to 1024, not {}", o.block_paths));
  }
}

/// What one output of one randomisation has come to.
struct Part {
  double mean = 0;
  double variance = 0;  // of a path
  double min = 0, max = 0;
};

Estimate estimate_of(const std::vector<double>& means, double confidence) {
  const auto n = static_cast<double>(means.size());
  Estimate out;
  for (const double mean : means) out.mean += mean / n;
  double m2 = 0, m3 = 0, m4 = 0;
  for (const double mean : means) {
    const double e = mean - out.mean;
    m2 += e * e, m3 += e * e * e, m4 += e * e * e * e;
  }
  out.variance = means.size() > 1 ? m2 / (n - 1) : nan;
  out.standard_error = std::sqrt(out.variance / n);
  out.skew = m2 > 0 ? m3 / n / std::pow(m2 / n, 1.5) : nan;
  out.kurtosis = m2 > 0 ? m4 / n / (m2 / n * (m2 / n)) - 3 : nan;
  const double t = means.size() > 1 ? student_interval(confidence, n - 1) : nan;
  out.low = out.mean - t * out.standard_error;
  out.high = out.mean + t * out.standard_error;
  return out;
}

/// What a job's workers write to, theirs until they have left it.
struct Records {
  Array<double> words;
  Future<void> job;

  explicit Records(std::size_t count)
      : words(Array<double>::temporary({static_cast<std::int64_t>(count)})) {}
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  ~Records() {
    job.cancel();
    job.wait();
  }
};

class QuasiCourse {
 public:
  QuasiCourse(const QuasiOptions& options, const AnyQuasi& simulation)
      : options_(options),
        simulation_(simulation),
        layout_{static_cast<std::uint32_t>(simulation.outputs)},
        limit_(options.points),
        by_error_(options.error > 0 || options.relative_error > 0),
        started_ns_(os::monotonic_ns()),
        parts_(static_cast<std::size_t>(options.randomisations),
               std::vector<Part>(simulation.outputs)),
        paths_(layout_.moment_words(), 0.0) {
    if (options.set == PointSet::sobol) {
      limit_ = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(limit_)));
    }
  }

  QuasiResult find() {
    std::int64_t goal = by_error_ ? std::min(points_first, limit_) : limit_;
    for (;;) {
      while (points_ < goal) {
        if (!add_points(std::min(goal - points_, points_at_once()))) return result(Stop::cancelled);
      }
      if (by_error_ && accurate()) return result(Stop::error);
      if (points_ == limit_) return result(Stop::paths);
      goal = std::min(2 * points_, limit_);
    }
  }

 private:
  /// The next points of every randomisation. False when cancelled.
  bool add_points(std::int64_t points) {
    QuasiPieces all{};
    all.randomisations = options_.randomisations;
    all.plan = {{options_.seed, 0}, static_cast<std::uint64_t>(points_), options_.scrambling};
    Pieces& each = all.each;
    each.sequence = {options_.seed, 0};
    each.paths = points;
    each.block_paths = options_.block_paths;
    each.blocks = (points + each.block_paths - 1) / each.block_paths;
    each.forgive = options_.on_invalid == OnInvalid::count;
    each.layout = layout_;
    each.level = level_for(each.blocks);
    Records records(static_cast<std::size_t>(all.count()) * layout_.words());
    each.records = records.words.data();
    records.job = simulation_.start(all);
    constexpr std::int64_t tick_ns = 100'000'000;
    while (!records.job.wait(options_.progress ? tick_ns : -1)) {
      const double part = records.job.progress() * static_cast<double>(points);
      if (!report(static_cast<std::int64_t>(part))) return false;
    }
    records.job.get();
    take_in(each);
    return report(0);
  }

  /// Of each randomisation, in one job: a function of the options alone, as the bits depend on it.
  std::int64_t points_at_once() const noexcept {
    const std::size_t of_pieces =
        layout_.words() * sizeof(double) * static_cast<std::size_t>(options_.randomisations);
    const auto pieces =
        static_cast<std::int64_t>(std::max(job_bytes_max / of_pieces, std::size_t{1}));
    return (pieces << piece_level_max) * options_.block_paths;
  }

  /// As a power of two: several pieces for every worker. The bits do not depend on it.
  std::int32_t level_for(std::int64_t blocks) const noexcept {
    const auto workers = static_cast<std::int64_t>(std::max<std::size_t>(simulation_.workers, 1));
    const auto share =
        static_cast<std::uint64_t>(blocks * options_.randomisations / (32 * workers));
    return std::clamp(static_cast<std::int32_t>(std::bit_width(share)) - 1, 0, piece_level_max);
  }

  void take_in(const Pieces& each) {
    const std::int64_t points = points_ + each.paths;
    const double share = static_cast<double>(points_) / static_cast<double>(points);
    const double* record = each.records;
    for (std::vector<Part>& part : parts_) {
      Tree tree(layout_);
      for (std::int64_t i = 0; i < each.count(); ++i, record += layout_.words()) {
        tree.add(record, each.range(i).level);
      }
      const std::vector<double> total = tree.total();
      merge_moments(layout_, paths_.data(), total.data());
      const std::vector<Part> more = parts_of(total);
      part = points_ == 0 ? more : joined(part, more, share);
    }
    points_ = points;
    invalid_ = static_cast<std::int64_t>(count_at(paths_.data(), 1));
    if (invalid_ != 0 && options_.on_invalid == OnInvalid::fail) {
      throw KernelFailed(fmt::format(
          "{} of the first {} paths have an output that is not finite (on_invalid = count leaves "
          "such paths out, and counts them)",
          invalid_, points_ * options_.randomisations));
    }
  }

  std::vector<Part> parts_of(const std::vector<double>& total) const {
    const auto n = static_cast<double>(count_at(total.data(), 0));
    std::vector<Part> out;
    for (std::size_t k = 0; k < layout_.outputs; ++k) {
      const double* const m = total.data() + layout_.output_at(k);
      out.push_back(
          {n > 0 ? m[at_mean] : nan, n > 1 ? m[at_m2] / (n - 1) : 0.0, m[at_min], m[at_max]});
    }
    return out;
  }

  static std::vector<Part> joined(const std::vector<Part>& left, const std::vector<Part>& right,
                                  double share) {
    std::vector<Part> out;
    for (std::size_t k = 0; k < left.size(); ++k) {
      const Part& a = left[k];
      const Part& b = right[k];
      const double apart = b.mean - a.mean;
      out.push_back(
          {a.mean + apart * (1 - share),
           share * a.variance + (1 - share) * b.variance + share * (1 - share) * apart * apart,
           std::min(a.min, b.min), std::max(a.max, b.max)});
    }
    return out;
  }

  /// `ahead` points of each randomisation are done beside those in the estimate.
  bool report(std::int64_t ahead) const {
    if (!options_.progress) return true;
    MonteCarloProgress so_far;
    so_far.paths = (points_ + ahead) * options_.randomisations;
    so_far.paths_limit = limit_ * options_.randomisations;
    const Estimate first = estimate(0);
    so_far.mean = first.mean;
    so_far.standard_error = first.standard_error;
    so_far.seconds = seconds();
    return options_.progress(so_far);
  }

  double seconds() const { return static_cast<double>(os::monotonic_ns() - started_ns_) * 1e-9; }

  bool accurate() const {
    const Estimate first = estimate(0);
    const auto n = static_cast<double>(count_at(paths_.data(), 0));
    const double* const m = paths_.data() + layout_.output_at(0);
    const double kurtosis = n * m[at_m4] / (m[at_m2] * m[at_m2]) - 3;
    // Whether the paths have seen what there is to see.
    if (!believable(first.standard_error, kurtosis, n, static_cast<std::int64_t>(n))) return false;
    return first.standard_error <= options_.error ||
           (options_.relative_error > 0 &&
            first.standard_error <= options_.relative_error * std::abs(first.mean));
  }

  std::vector<double> means(std::size_t output) const {
    std::vector<double> out;
    for (const std::vector<Part>& part : parts_) {
      out.push_back(points_ != 0 ? part[output].mean : nan);
    }
    return out;
  }

  Estimate estimate(std::size_t output) const {
    Estimate out = estimate_of(means(output), options_.confidence);
    out.min = parts_[0][output].min;
    out.max = parts_[0][output].max;
    for (const std::vector<Part>& part : parts_) {
      out.min = std::min(out.min, part[output].min);
      out.max = std::max(out.max, part[output].max);
    }
    return out;
  }

  QuasiResult result(Stop stop) const {
    QuasiResult out;
    for (std::size_t k = 0; k < layout_.outputs; ++k) {
      double variance = 0;
      for (const std::vector<Part>& part : parts_) {
        variance += part[k].variance / static_cast<double>(parts_.size());
      }
      out.outputs.push_back(estimate(k));
      out.means.push_back(means(k));
      out.gain.push_back(variance / static_cast<double>(points_) / out.outputs[k].variance);
    }
    out.points = points_;
    out.randomisations = options_.randomisations;
    out.invalid = invalid_;
    out.stop = stop;
    out.seconds = seconds();
    return out;
  }

  const QuasiOptions& options_;
  const AnyQuasi& simulation_;
  RecordLayout layout_;
  std::int64_t limit_;
  bool by_error_;
  std::int64_t started_ns_;
  std::int64_t points_ = 0;  // that every randomisation has
  std::int64_t invalid_ = 0;
  std::vector<std::vector<Part>> parts_;  // by randomisation, then by output
  std::vector<double> paths_;             // moments of all of them
};

}  // namespace

QuasiResult run_quasi(const QuasiOptions& options, const AnyQuasi& simulation) {
  check(options);
  return QuasiCourse(options, simulation).find();
}

}  // namespace furrow::montecarlo
