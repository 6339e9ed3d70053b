#include <furrow/montecarlo/estimate.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <furrow/error.hpp>
#include <furrow/montecarlo/sketch.hpp>

namespace furrow {
namespace {

using montecarlo::count_at;
using montecarlo::RecordLayout;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double comoment(const RecordLayout& layout, const std::vector<double>& record, std::size_t i,
                std::size_t j) {
  if (i == j) return record[layout.output_at(i) + montecarlo::at_m2];
  return record[layout.pair_at(std::min(i, j), std::max(i, j))];
}

void check_output(std::size_t output, std::size_t outputs) {
  if (output < outputs) return;
  throw InvalidArgument(
      fmt::format("output {} was asked for, the simulation has {}", output, outputs));
}

/// Results that were put together otherwise have estimates and no moments.
void check_moments(const MonteCarloResult& result) {
  if (result.record.size() >= result.layout.words()) return;
  throw InvalidArgument(
      "this result holds estimates alone, and not the moments of paths that covariances, "
      "histograms and quantiles are made from");
}

}  // namespace

double MonteCarloResult::covariance(std::size_t i, std::size_t j) const {
  check_output(i, outputs.size());
  check_output(j, outputs.size());
  check_moments(*this);
  const auto n = static_cast<double>(count_at(record.data(), 0));
  return n > 1 ? comoment(layout, record, i, j) / (n - 1) : nan;
}

double MonteCarloResult::correlation(std::size_t i, std::size_t j) const {
  return covariance(i, j) / std::sqrt(outputs.at(i).variance * outputs.at(j).variance);
}

std::vector<std::int64_t> MonteCarloResult::histogram(std::size_t output) const {
  check_output(output, outputs.size());
  std::vector<std::int64_t> counts;
  if (layout.bins == 0) return counts;
  check_moments(*this);
  for (std::size_t b = 0; b < layout.bins + 2; ++b) {
    counts.push_back(
        static_cast<std::int64_t>(count_at(record.data(), layout.bins_at(output) + b)));
  }
  return counts;
}

double MonteCarloResult::quantile(double q, std::size_t output) const {
  check_output(output, outputs.size());
  if (!(q >= 0 && q <= 1)) {
    throw InvalidArgument(fmt::format("a quantile is between 0 and 1, asked was {}", q));
  }
  if (paths == 0) return nan;
  if (samples.valid()) {
    const double* const row =
        samples.data() + static_cast<std::int64_t>(output) * samples.shape()[1];
    std::vector<double> kept;
    for (std::int64_t i = 0; i < samples.shape()[1]; ++i) {
      if (!std::isnan(row[i])) kept.push_back(row[i]);
    }
    const double rank = q * static_cast<double>(kept.size() - 1);
    const auto below = static_cast<std::ptrdiff_t>(rank);
    std::nth_element(kept.begin(), kept.begin() + below, kept.end());
    const double low = kept[static_cast<std::size_t>(below)];
    if (static_cast<std::size_t>(below) + 1 == kept.size()) return low;
    const double high = *std::min_element(kept.begin() + below + 1, kept.end());
    return low + (high - low) * (rank - static_cast<double>(below));
  }
  if (layout.buckets == 0) {
    throw InvalidArgument(
        "quantiles of this simulation were not asked for: set MonteCarloOptions::quantiles, or "
        "keep the samples");
  }
  check_moments(*this);
  return montecarlo::sketch_quantile(record.data() + layout.buckets_at(output),
                                     static_cast<std::uint64_t>(paths), q, outputs[output].min,
                                     outputs[output].max);
}

namespace {

Estimate combined(const MonteCarloResult& result, double mean, double variance, double confidence) {
  const auto n = static_cast<double>(count_at(result.record.data(), 0));
  Estimate out;
  out.mean = mean;
  out.variance = variance;
  out.standard_error = std::sqrt(std::max(variance, 0.0) / n);
  const double t = montecarlo::student_interval(confidence, n - 1);
  out.low = mean - t * out.standard_error;
  out.high = mean + t * out.standard_error;
  out.skew = out.kurtosis = out.min = out.max = nan;
  return out;
}

}  // namespace

Estimate difference(const MonteCarloResult& result, std::size_t i, std::size_t j,
                    double confidence) {
  return combined(result, result.mean(i) - result.mean(j),
                  result.covariance(i, i) + result.covariance(j, j) - 2 * result.covariance(i, j),
                  confidence);
}

Estimate ratio(const MonteCarloResult& result, std::size_t i, std::size_t j, double confidence) {
  const double below = result.mean(j);
  const double r = result.mean(i) / below;
  return combined(result, r,
                  (result.covariance(i, i) - 2 * r * result.covariance(i, j) +
                   r * r * result.covariance(j, j)) /
                      (below * below),
                  confidence);
}

double effective_paths(const MonteCarloResult& result, std::size_t weight) {
  check_moments(result);
  const double mean = result.mean(weight);
  const auto n = static_cast<double>(count_at(result.record.data(), 0));
  const double square = mean * mean + result.covariance(weight, weight) * (n - 1) / n;
  return square > 0 ? n * mean * mean / square : 0;
}

namespace montecarlo {

namespace {

Estimate estimate_of(const RecordLayout& layout, const std::vector<double>& record, double n,
                     std::size_t k) {
  const double* const m = record.data() + layout.output_at(k);
  Estimate out;
  if (n == 0) {
    out.mean = out.standard_error = out.low = out.high = out.variance = nan;
    out.skew = out.kurtosis = out.min = out.max = nan;
    return out;
  }
  out.mean = m[at_mean];
  out.variance = n > 1 ? m[at_m2] / (n - 1) : nan;
  out.standard_error = std::sqrt(out.variance / n);
  const double spread = m[at_m2] / n;
  out.skew = spread > 0 ? m[at_m3] / n / (spread * std::sqrt(spread)) : nan;
  out.kurtosis = spread > 0 ? m[at_m4] / n / (spread * spread) - 3 : nan;
  out.min = m[at_min];
  out.max = m[at_max];
  return out;
}

/// Too few paths for a regression: nothing is corrected.
void leave_controls(MonteCarloResult& result, std::size_t controls) {
  result.outputs.resize(result.outputs.size() - controls);
  result.control_coefficients.assign(result.outputs.size(), std::vector<double>(controls, 0.0));
  result.variance_reduction.assign(result.outputs.size(), 1.0);
}

/// mean - Σ β (control's mean - its true mean), β by regression on the controls.
void use_controls(MonteCarloResult& result, const std::vector<double>& control_means) {
  const auto controls = static_cast<Eigen::Index>(control_means.size());
  const std::size_t first = result.outputs.size() - control_means.size();
  const double n = static_cast<double>(result.paths);
  Eigen::MatrixXd among(controls, controls);
  Eigen::VectorXd off(controls);
  for (Eigen::Index i = 0; i < controls; ++i) {
    const std::size_t at_i = first + static_cast<std::size_t>(i);
    off(i) = result.outputs[at_i].mean - control_means[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j < controls; ++j) {
      among(i, j) =
          comoment(result.layout, result.record, at_i, first + static_cast<std::size_t>(j));
    }
  }
  const Eigen::LDLT<Eigen::MatrixXd> factors(among);
  for (std::size_t k = 0; k < first; ++k) {
    Eigen::VectorXd with(controls);
    for (Eigen::Index i = 0; i < controls; ++i) {
      with(i) = comoment(result.layout, result.record, k, first + static_cast<std::size_t>(i));
    }
    // Controls that do not vary, or repeat each other, have no part in it.
    const Eigen::VectorXd beta = factors.solve(with);
    const double own = comoment(result.layout, result.record, k, k);
    const double explained = beta.dot(with);
    Estimate& out = result.outputs[k];
    const bool sound = beta.allFinite() && explained >= 0 && explained <= own * (1 + 1e-9);
    std::vector<double> coefficients(control_means.size(), 0.0);
    double reduction = 1;
    if (sound) {
      const double rest = std::max(own - explained, 0.0);
      const double freedom = n - 1 - static_cast<double>(controls);  // > 0
      out.mean -= beta.dot(off);
      // The correction's own uncertainty: Lavenberg and Welch, Management Science 27 (1981).
      const double distance = off.dot(factors.solve(off));
      out.standard_error = std::sqrt(rest / freedom * (1 / n + std::max(distance, 0.0)));
      coefficients.assign(beta.data(), beta.data() + beta.size());
      reduction = rest > 0 ? own / rest : std::numeric_limits<double>::infinity();
    }
    result.control_coefficients.push_back(std::move(coefficients));
    result.variance_reduction.push_back(reduction);
  }
  result.outputs.resize(first);
}

}  // namespace

bool believable(double standard_error, double kurtosis, double samples,
                std::int64_t paths) noexcept {
  if (!(standard_error >= 0)) return false;
  if (paths >= (std::int64_t{1} << 20)) return true;
  return standard_error > 0 && samples >= 64 && samples >= 64 * (kurtosis + 2);
}

void make_estimates(MonteCarloResult& result, double confidence,
                    const std::vector<double>& control_means) {
  result.outputs.clear();
  result.control_coefficients.clear();
  result.variance_reduction.clear();
  result.paths = static_cast<std::int64_t>(count_at(result.record.data(), 0));
  result.invalid = static_cast<std::int64_t>(count_at(result.record.data(), 1));
  const double n = static_cast<double>(result.paths);
  for (std::size_t k = 0; k < result.layout.outputs; ++k) {
    result.outputs.push_back(estimate_of(result.layout, result.record, n, k));
  }
  // What is left of n paths to know the error from.
  double freedom = n - 1 - static_cast<double>(control_means.size());
  if (!control_means.empty() && freedom > 0) {
    use_controls(result, control_means);
  } else if (!control_means.empty()) {
    freedom = n - 1;
    leave_controls(result, control_means.size());
  }
  const double t = student_interval(confidence, freedom);
  for (Estimate& each : result.outputs) {
    each.low = each.mean - t * each.standard_error;
    each.high = each.mean + t * each.standard_error;
  }
}

}  // namespace montecarlo
}  // namespace furrow
