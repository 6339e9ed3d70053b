#include <furrow/montecarlo/quasi.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::montecarlo {
namespace {

constexpr std::int64_t points_max = std::int64_t{1} << 40;
constexpr std::int64_t points_first = 1024;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(const QuasiOptions& o) {
  if (o.points < 1 || o.points > points_max) {
    throw InvalidArgument(
        fmt::format("a randomisation has 1 to 2^40 points, {} were asked for", o.points));
  }
  if (o.randomisations < 1 || o.randomisations > 65536) {
    throw InvalidArgument(
        fmt::format("there are 1 to 65536 randomisations, not {}", o.randomisations));
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
  if (by_error && o.randomisations < 2) {
    throw InvalidArgument("an error needs two randomisations at least (16 are usual)");
  }
  if (!(o.confidence > 0 && o.confidence < 1)) {
    throw InvalidArgument(
        fmt::format("a confidence is between 0 and 1 (0.95), not {}", o.confidence));
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

class QuasiCourse {
 public:
  QuasiCourse(const QuasiOptions& options, const QuasiRun& run)
      : options_(options), run_(run), started_ns_(os::monotonic_ns()) {
    limit_ = options.points;
    if (options.set == PointSet::sobol) {
      limit_ = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(limit_)));
    }
    by_error_ = options.error > 0 || options.relative_error > 0;
    parts_.resize(static_cast<std::size_t>(options.randomisations));
  }

  QuasiResult find() {
    std::int64_t points = by_error_ ? std::min(points_first, limit_) : limit_;
    for (;;) {
      const bool whole = add_points(points);
      QuasiResult found = result();
      if (!whole) return stopped(found, Stop::cancelled);
      if (by_error_ && accurate(found.outputs.front())) return stopped(found, Stop::error);
      if (points_ >= limit_) return stopped(found, Stop::paths);
      points = std::min(2 * points_, limit_);
    }
  }

 private:
  /// Points points_ … points - 1 of every randomisation, to those that are there. False when
  /// cancelled: the points before then stay the estimate, if there are some.
  bool add_points(std::int64_t points) {
    std::vector<std::vector<Part>> more(parts_.size());
    for (std::size_t r = 0; r < parts_.size(); ++r) {
      const QuasiPlan plan{
          {options_.seed, r}, static_cast<std::uint64_t>(points_), options_.scrambling};
      const MonteCarloResult found = run_(plan, points - points_);
      invalid_ += found.invalid;
      for (const Estimate& each : found.outputs) {
        more[r].push_back({each.mean, each.variance, each.min, each.max});
      }
      if (points_ == 0) outputs_ = found.outputs.size();
      if (!report(r + 1, points)) {
        if (points_ != 0) return false;
        // Fewer randomisations of all points.
        more.resize(r + 1);
        parts_ = std::move(more);
        points_ = points;
        return false;
      }
    }
    const double old_share = static_cast<double>(points_) / static_cast<double>(points);
    for (std::size_t r = 0; r < parts_.size(); ++r) {
      parts_[r] = points_ == 0 ? more[r] : joined(parts_[r], more[r], old_share);
    }
    points_ = points;
    return true;
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

  bool report(std::size_t randomisations, std::int64_t points) const {
    if (!options_.progress) return true;
    MonteCarloProgress so_far;
    so_far.paths = static_cast<std::int64_t>(randomisations) * points;
    so_far.paths_limit = limit_ * options_.randomisations;
    if (points_ != 0) {
      const Estimate first = result().outputs.front();
      so_far.mean = first.mean;
      so_far.standard_error = first.standard_error;
    }
    so_far.seconds = seconds();
    return options_.progress(so_far);
  }

  double seconds() const { return static_cast<double>(os::monotonic_ns() - started_ns_) * 1e-9; }

  bool accurate(const Estimate& first) const {
    return first.standard_error <= options_.error ||
           (options_.relative_error > 0 &&
            first.standard_error <= options_.relative_error * std::abs(first.mean));
  }

  QuasiResult result() const {
    QuasiResult out;
    for (std::size_t k = 0; k < outputs_; ++k) {
      std::vector<double> means;
      double variance = 0;
      Part range = parts_[0][k];
      for (const std::vector<Part>& part : parts_) {
        means.push_back(part[k].mean);
        variance += part[k].variance / static_cast<double>(parts_.size());
        range.min = std::min(range.min, part[k].min);
        range.max = std::max(range.max, part[k].max);
      }
      Estimate estimate = estimate_of(means, options_.confidence);
      estimate.min = range.min;
      estimate.max = range.max;
      out.gain.push_back(variance / static_cast<double>(points_) / estimate.variance);
      out.outputs.push_back(estimate);
      out.means.push_back(std::move(means));
    }
    out.points = points_;
    out.randomisations = static_cast<std::int64_t>(parts_.size());
    out.invalid = invalid_;
    return out;
  }

  QuasiResult stopped(QuasiResult& found, Stop stop) const {
    found.stop = stop;
    found.seconds = seconds();
    return std::move(found);
  }

  const QuasiOptions& options_;
  const QuasiRun& run_;
  std::int64_t started_ns_;
  std::int64_t limit_ = 0;
  bool by_error_ = false;
  std::int64_t points_ = 0;
  std::int64_t invalid_ = 0;
  std::size_t outputs_ = 0;
  std::vector<std::vector<Part>> parts_;  // by randomisation, then by output
};

}  // namespace

QuasiResult run_quasi(const QuasiOptions& options, const QuasiRun& run) {
  check(options);
  return QuasiCourse(options, run).find();
}

}  // namespace furrow::montecarlo
