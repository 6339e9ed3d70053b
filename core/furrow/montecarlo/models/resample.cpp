#include <furrow/montecarlo/models/resample.hpp>

#include <cmath>
#include <limits>

namespace furrow::models {
namespace {

bool by_order(Statistic s) { return s == Statistic::median || s == Statistic::quantile; }

double between(double low, double high, double part) { return low + (high - low) * part; }

double quantile(const Resampled& d, const std::uint16_t* times, std::int64_t count) {
  const double place = d.q * static_cast<double>(count - 1);
  const double whole = std::floor(place);
  auto left = static_cast<std::int64_t>(whole);
  std::int64_t i = 0;
  for (; left >= times[i]; ++i) left -= times[i];
  const double low = d.x[i];
  if (place == whole) return low;
  if (left + 1 >= times[i]) {
    do ++i;
    while (times[i] == 0);
  }
  return between(low, d.x[i], place - whole);
}

double moments(const Resampled& d, const std::uint16_t* times, std::int64_t count) {
  const auto n = static_cast<double>(count);
  double x = 0;
  double y = 0;
  for (std::int64_t i = 0; i < d.count; ++i) {
    x += times[i] * d.x[i];
    if (d.y != nullptr) y += times[i] * d.y[i];
  }
  x /= n;
  y /= n;
  if (d.statistic == Statistic::mean) return x;
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::int64_t i = 0; i < d.count; ++i) {
    const double u = d.x[i] - x;
    xx += times[i] * u * u;
    if (d.y == nullptr) continue;
    const double v = d.y[i] - y;
    yy += times[i] * v * v;
    xy += times[i] * u * v;
  }
  if (d.statistic == Statistic::std) return std::sqrt(xx / (n - 1));
  return xy / std::sqrt(xx * yy);
}

double any(const Resampled& d, const std::uint16_t* times, std::int64_t count) {
  return by_order(d.statistic) ? quantile(d, times, count) : moments(d, times, count);
}

}  // namespace

double Resampled::of(const std::uint16_t* times) const { return any(*this, times, count); }

std::vector<double> left_one_out(const Resampled& data) {
  std::vector<std::uint16_t> times(static_cast<std::size_t>(data.count), 1);
  std::vector<double> values;
  for (std::uint16_t& one : times) {
    one = 0;
    values.push_back(any(data, times.data(), data.count - 1));
    one = 1;
  }
  return values;
}

}  // namespace furrow::models
