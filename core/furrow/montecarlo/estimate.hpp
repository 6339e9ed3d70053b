// furrow/montecarlo/estimate.hpp
//
// What a simulation finds out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/montecarlo/record.hpp>

namespace furrow {

/// One output of a path. With controls: mean, standard_error, low and high are corrected ones, when
/// there are more paths than controls by two at least.
struct Estimate {
  double mean = 0;            // NaN without paths
  double standard_error = 0;  // of the mean; NaN with fewer than two paths
  double low = 0;             // confidence interval of the mean, Student's t
  double high = 0;
  double variance = 0;  // of a path's output, with n-1
  double skew = 0;      // m3 / m2^1.5; NaN where the variance is 0
  double kurtosis = 0;  // m4 / m2^2 - 3
  double min = 0;
  double max = 0;
};

enum class Stop { paths, error, time, cancelled };

class MonteCarloResult {
 public:
  std::vector<Estimate> outputs;
  std::int64_t paths = 0;     // that count
  std::int64_t invalid = 0;   // that were left out
  std::int64_t taken_up = 0;  // of both, those that a checkpoint held
  Stop stop = Stop::paths;
  double seconds = 0;
  /// Of each output on the controls; and by how much they reduced its variance (1: not at all).
  std::vector<std::vector<double>> control_coefficients;
  std::vector<double> variance_reduction;
  Array<double> samples;  // valid() if asked for

  double mean(std::size_t output = 0) const { return outputs.at(output).mean; }
  double standard_error(std::size_t output = 0) const { return outputs.at(output).standard_error; }
  /// Throws InvalidArgument for a result without moments (of models that make their own estimates).
  double covariance(std::size_t i, std::size_t j) const;
  double correlation(std::size_t i, std::size_t j) const;
  /// Counts below the bins, in each, and above; empty if not asked for.
  std::vector<std::int64_t> histogram(std::size_t output = 0) const;
  /// 0 <= q <= 1: exact from kept samples, else from the sketch. Throws InvalidArgument when
  /// neither was asked for.
  double quantile(double q, std::size_t output = 0) const;

  /// What the estimates were made from.
  montecarlo::RecordLayout layout;
  std::vector<double> record;
};

/// Output i less output j, of the same paths: common random numbers. The estimates of outputs that
/// no control corrects. The variance is that of both less twice their covariance, each rounded:
/// what is below 1e-15 of theirs is lost, so that a bump of 1e-9 gets a wrong error (a bump of
/// 1e-4, one that is right to 1e-6). For bumps below 1e-5 return the difference itself as an
/// output: it is folded as exactly as any other.
Estimate difference(const MonteCarloResult& result, std::size_t i, std::size_t j,
                    double confidence = 0.95);

/// mean_i / mean_j with its error by the delta method: weighted values over weights, which is
/// importance sampling normalised by itself (with a bias of order 1 / paths).
Estimate ratio(const MonteCarloResult& result, std::size_t i, std::size_t j,
               double confidence = 0.95);

/// (sum of w)^2 / (sum of w^2): as many paths of equal weight would know as much. Kish (1965).
double effective_paths(const MonteCarloResult& result, std::size_t weight);

namespace montecarlo {

/// The estimates of a record's moments. `control_means` belong to the last outputs.
void make_estimates(MonteCarloResult& result, double confidence,
                    const std::vector<double>& control_means);

/// Student's t: |T| <= t with probability `confidence`, to 1e-9 and better. Infinite below one
/// degree of freedom; parts of one are left off, which makes it longer.
double student_interval(double confidence, double degrees);

/// Whether a standard error is known well enough to stop for it: of `samples` that have this
/// kurtosis (m4 / m2^2 - 3), its own relative error is sqrt((kurtosis + 2) / samples) / 2, which is
/// to be at most 1/16; and they are 64 at least. After 2^20 paths any is believed. Source: the
/// variance of a variance; Hickernell, Jiang, Liu, Owen (2013) hold the same of kurtosis.
bool believable(double standard_error, double kurtosis, double samples,
                std::int64_t paths) noexcept;

}  // namespace montecarlo
}  // namespace furrow
