// tests/kernels/random_statistics.hpp
//
// Do these numbers have this distribution? Exact distribution functions, and two tests with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace furrow::kernels::test {

/// Kolmogorov and Smirnov: sqrt(n) times the greatest distance; above 1.95 in 1 of 1000 cases.
template <class Cdf>
double kolmogorov_smirnov(std::vector<double> x, Cdf cdf) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = cdf(x[i]);
    distance =
        std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

/// Chi-squared of counts, standardised: about N(0, 1). Classes are whole numbers from `first` on
/// with probability(k); those that expect fewer than 20 are taken together with their successors.
template <class Probability>
double chi_squared_score(const std::vector<double>& x, double first, double last,
                         Probability probability) {
  std::vector<double> seen(static_cast<std::size_t>(last - first) + 1);
  double outside = 0;
  for (const double value : x) {
    if (value >= first && value <= last) {
      seen[static_cast<std::size_t>(value - first)] += 1;
    } else {
      outside += 1;
    }
  }
  const auto n = static_cast<double>(x.size());
  double chi2 = 0;
  double classes = 0;
  double expected = 0;
  double observed = 0;
  double left = n;  // expected outside of all classes so far
  const auto close_class = [&] {
    chi2 += (observed - expected) * (observed - expected) / expected;
    classes += 1;
    left -= expected;
    expected = 0;
    observed = 0;
  };
  for (std::size_t k = 0; k < seen.size(); ++k) {
    expected += n * probability(first + static_cast<double>(k));
    observed += seen[k];
    if (expected >= 20 && left - expected >= 20) close_class();
  }
  expected = left;
  observed += outside;
  close_class();
  return (chi2 - (classes - 1)) / std::sqrt(2 * (classes - 1));
}

inline double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

/// The regularised lower incomplete gamma function: series or continued fraction (DLMF 8.7, 8.9).
inline double gamma_cdf(double shape, double x) {
  if (x <= 0) return 0;
  const double front = std::exp(shape * std::log(x) - x - std::lgamma(shape));
  if (x < shape + 1) {
    double term = 1 / shape;
    double sum = term;
    for (double k = 1; k < 10000 && term > sum * 1e-16; ++k) sum += term *= x / (shape + k);
    return front * sum;
  }
  double b = x + 1 - shape;
  double c = 1e300;
  double d = 1 / b;
  double h = d;
  for (double k = 1; k < 10000; ++k) {
    const double a = k * (shape - k);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * h;
}

/// The regularised incomplete beta function: continued fraction (DLMF 8.17(v)), by Lentz.
inline double beta_cdf(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta_cdf(b, a, 1 - x);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  double c = 1;
  double d = 1 / (1 - (a + b) * x / (a + 1));
  double h = d;
  for (double m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

inline double student_cdf(double df, double t) {
  const double tail = 0.5 * beta_cdf(df / 2, 0.5, df / (df + t * t));
  return t > 0 ? 1 - tail : tail;
}

inline double poisson_probability(double lam, double k) {
  return std::exp(k * std::log(lam) - lam - std::lgamma(k + 1));
}

inline double binomial_probability(double n, double p, double k) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                  k * std::log(p) + (n - k) * std::log1p(-p));
}

}  // namespace furrow::kernels::test
