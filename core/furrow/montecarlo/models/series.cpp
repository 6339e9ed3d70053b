#include <furrow/montecarlo/models/series.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace furrow::models {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t count_min = 16;
constexpr std::size_t means_max = 8192;
constexpr double window_taus = 6;

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

/// Means of so many neighbours that there are fewer than means_max. The first values, which do not
/// fill one, are left out.
std::vector<double> means_of_neighbours(const std::vector<double>& x) {
  std::size_t length = 1;
  while (x.size() / length >= means_max) length *= 2;
  std::vector<double> means;
  for (std::size_t i = x.size() % length; i < x.size(); i += length) {
    double sum = 0;
    for (std::size_t j = i; j < i + length; ++j) sum += x[j];
    means.push_back(sum / static_cast<double>(length));
  }
  return means;
}

/// Σ (x_i - mean) (x_(i+lag) - mean) / (count - lag)
double covariance_at(const std::vector<double>& off, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = lag; i < off.size(); ++i) sum += off[i] * off[i - lag];
  return sum / static_cast<double>(off.size() - lag);
}

struct Squared {
  double error;        // squared, of the mean
  double degrees;      // that it has
  double tau_error{};  // of τ, as a part of it
};

Squared squared_error(std::vector<double> x) {
  const auto count = static_cast<double>(x.size());
  const double mean = mean_of(x);
  for (double& v : x) v -= mean;
  const double variance = covariance_at(x, 0);
  if (!(variance > 0)) return {0, count - 1};
  double tau = 0.5;
  std::size_t window = 0;
  while (static_cast<double>(window) < window_taus * tau && window < x.size() / 2) {
    ++window;
    tau = std::max(tau + covariance_at(x, window) / variance, 1e-3);
  }
  const double reach = static_cast<double>(2 * window + 1);
  return {2 * tau * (1 + reach / count) * variance / count, std::max(count / reach, 1.0),
          2 * std::sqrt(std::max(reach / 2 - tau, 0.0) / count)};
}

}  // namespace

double SeriesEstimate::error_upper() const noexcept {
  return estimate.standard_error * std::sqrt(tau_upper() / tau);
}

bool is_long(const SeriesEstimate& series, std::size_t count) noexcept {
  return static_cast<double>(count) >= series_taus * series.tau_upper();
}

bool is_accurate(const SeriesEstimate& series, std::size_t count, double target) noexcept {
  return series.error_upper() <= target && is_long(series, count);
}

SeriesEstimate series_estimate(const std::vector<double>& x, double confidence) {
  SeriesEstimate out;
  Estimate& e = out.estimate;
  e.mean = e.standard_error = e.low = e.high = out.tau = none;
  e.variance = e.skew = e.kurtosis = e.min = e.max = none;
  if (x.empty()) return out;
  e.mean = mean_of(x);
  e.min = *std::min_element(x.begin(), x.end());
  e.max = *std::max_element(x.begin(), x.end());
  if (x.size() < count_min) return out;
  const auto count = static_cast<double>(x.size());
  double squares = 0;
  for (const double v : x) squares += (v - e.mean) * (v - e.mean);
  e.variance = squares / (count - 1);
  const Squared squared = squared_error(means_of_neighbours(x));
  e.standard_error = std::sqrt(squared.error);
  out.tau = e.variance > 0 ? squared.error * count / (2 * e.variance) : 0.5;
  out.tau_error = squared.tau_error * out.tau;
  const double reach = montecarlo::student_interval(confidence, squared.degrees) * e.standard_error;
  e.low = e.mean - reach;
  e.high = e.mean + reach;
  return out;
}

void put_record(MonteCarloResult& result, const std::vector<double>& x,
                const std::vector<double>& y) {
  result.layout = {};
  result.layout.outputs = 2;
  result.record.assign(result.layout.words(), 0.0);
  double* const record = result.record.data();
  montecarlo::set_count(record, 0, x.size());
  if (x.empty()) return;
  const double means[] = {mean_of(x), mean_of(y)};
  for (std::size_t k = 0; k < 2; ++k) {
    const std::vector<double>& from = k == 0 ? x : y;
    double* const m = record + result.layout.output_at(k);
    m[montecarlo::at_mean] = means[k];
    m[montecarlo::at_min] = *std::min_element(from.begin(), from.end());
    m[montecarlo::at_max] = *std::max_element(from.begin(), from.end());
    for (const double v : from) {
      const double off = v - means[k];
      m[montecarlo::at_m2] += off * off;
      m[montecarlo::at_m3] += off * off * off;
      m[montecarlo::at_m4] += off * off * off * off;
    }
  }
  double& pair = record[result.layout.pair_at(0, 1)];
  for (std::size_t i = 0; i < x.size(); ++i) pair += (x[i] - means[0]) * (y[i] - means[1]);
}

}  // namespace furrow::models
