// furrow/kernels/random/reference_laws.hpp
//
// The specification of the distributions: one number from an element's draws.
//
//   draw(s)     64 bits: words 2*(i%2) and 2*(i%2) + 1 of block i/2 at step s, as a uniform of (0,
//   1) normal(s)   Box and Muller on the block's both draws at step s step s random_step(attempt,
//   purpose) = (8*attempt + purpose) << 16
//
// Written for reading, with libm: the SIMD code follows it to a few units of rounding.
#pragma once

#include <cmath>

#include <furrow/kernels/random/domain.hpp>
#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/philox.hpp>

namespace furrow::kernels {

/// One normal from its pair of uniforms.
inline double box_muller(double u, double v, bool odd) noexcept {
  constexpr double two_pi = 6.283185307179586;
  const double radius = std::sqrt(-2 * std::log(u));
  return radius * (odd ? std::sin(two_pi * v) : std::cos(two_pi * v));
}

/// The draws of one element.
class ElementDraws {
 public:
  ElementDraws(const Scalar* p, std::uint64_t index) noexcept
      : seed_(p[random_seed].u64), stream_(p[random_stream].u64), index_(index) {}

  double uniform(std::uint32_t step) const noexcept {
    return open_unit(philox_u64(words(step), static_cast<unsigned>(index_ % 2)));
  }
  double normal(std::uint32_t step) const noexcept {
    const PhiloxWords w = words(step);
    return box_muller(open_unit(philox_u64(w, 0)), open_unit(philox_u64(w, 1)), index_ % 2 != 0);
  }

 private:
  PhiloxWords words(std::uint32_t step) const noexcept {
    return philox_block(seed_, stream_, index_ / 2, step);
  }
  std::uint64_t seed_, stream_, index_;
};

/// Marsaglia and Tsang, for shapes from 1 on.
inline double reference_gamma(const ElementDraws& draws, std::uint32_t purpose, double shape) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (std::uint32_t k = 0;; ++k) {
    const double z = draws.normal(random_step(k, purpose));
    const double u = draws.uniform(random_step(k, purpose + 1));
    const double v = std::pow(1 + c * z, 3);
    if (v > 0 && std::log(u) < z * z / 2 + d * (1 - v + std::log(v))) return d * v;
  }
}

/// ln of a gamma number of scale 1, any shape above 0.
inline double reference_log_gamma(const ElementDraws& draws, std::uint32_t purpose, double shape) {
  if (shape >= 1) return std::log(reference_gamma(draws, purpose, shape));
  const double lift = std::log(draws.uniform(random_step(0, purpose + 2))) / shape;
  return std::log(reference_gamma(draws, purpose, shape + 1)) + lift;
}

inline double reference_poisson_log(double k, double lam) {
  return k * std::log(lam) - lam - std::lgamma(k + 1);
}

inline double reference_poisson(const ElementDraws& draws, double lam) {
  if (lam < table_mean_max) {
    double p = std::exp(-lam);
    double sum = p;
    double k = 0;
    for (const double u = draws.uniform(0); u > sum && sum < 1 && k < table_entries;) {
      k += 1;
      p *= lam / k;
      sum += p;
    }
    return k;
  }
  const double b = 0.931 + 2.53 * std::sqrt(lam);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  for (std::uint32_t attempt = 0;; ++attempt) {
    const double u = draws.uniform(random_step(attempt, 0)) - 0.5;
    const double v = draws.uniform(random_step(attempt, 1));
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + lam + 0.43);
    if (us >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k;
    const double hat = std::log(v * inverse_alpha / (a / (us * us) + b));
    if (k >= 0 && hat <= reference_poisson_log(k, lam)) return k;
  }
}

/// For p <= 1/2.
inline double reference_binomial(const ElementDraws& draws, double n, double p) {
  const auto log_of = [=](double k) {
    return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) +
           (n - k) * std::log1p(-p);
  };
  const double mean = n * p;
  if (mean < table_mean_max) {
    double probability = std::exp(n * std::log1p(-p));
    double sum = probability;
    double k = 0;
    for (const double u = draws.uniform(0); u > sum && sum < 1 && k < n;) {
      k += 1;
      probability *= (n + 1 - k) / k * (p / (1 - p));
      sum += probability;
    }
    return k;
  }
  const double deviation = std::sqrt(mean * (1 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double mode = std::floor((n + 1) * p);
  for (std::uint32_t attempt = 0;; ++attempt) {
    const double u = draws.uniform(random_step(attempt, 0)) - 0.5;
    const double v = draws.uniform(random_step(attempt, 1));
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.5);
    if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k;
    const double hat = std::log(v * (2.83 + 5.1 / b) * deviation / (a / (us * us) + b));
    if (k >= 0 && k <= n && hat <= log_of(k) - log_of(mode)) return k;
  }
}

/// The tangent of half a turn from u = 0 to u = 1.
inline double reference_cauchy(double u) {
  constexpr double pi = 3.141592653589793;
  if (u < 0.25) return -1 / std::tan(pi * u);
  if (u > 0.75) return 1 / std::tan(pi * (1 - u));
  return std::tan(pi * (u - 0.5));
}

/// REQUIRES: random_refusal has nothing against the parameters.
template <RandomOp O>
double reference_law(const ElementDraws& draws, double first, double second) noexcept {
  const auto exponential = [&] { return -std::log(1 - draws.uniform(0)); };
  const double u = draws.uniform(0);
  switch (O) {
    case RandomOp::bernoulli: return u < first ? 1 : 0;
    case RandomOp::lognormal: return std::exp(first + second * draws.normal(0));
    case RandomOp::exponential: return first * exponential();
    case RandomOp::weibull: return second * std::pow(exponential(), 1 / first);
    case RandomOp::rayleigh: return first * std::sqrt(2 * exponential());
    case RandomOp::pareto: return second * std::exp(exponential() / first);
    case RandomOp::laplace:
      return first + second * (u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u)));
    case RandomOp::logistic: return first + second * std::log(u / (1 - u));
    case RandomOp::gumbel: return first - second * std::log(-std::log(u));
    case RandomOp::cauchy: return first + second * reference_cauchy(u);
    case RandomOp::gamma:
      return first == 0 ? 0 : second * std::exp(reference_log_gamma(draws, 0, first));
    case RandomOp::chisquare: return 2 * std::exp(reference_log_gamma(draws, 0, first / 2));
    case RandomOp::beta: {
      const double x = reference_log_gamma(draws, 0, first);
      return 1 / (1 + std::exp(reference_log_gamma(draws, 3, second) - x));
    }
    case RandomOp::student_t: {
      const double chisquare = 2 * std::exp(reference_log_gamma(draws, 0, first / 2));
      return draws.normal(random_step(0, 6)) / std::sqrt(chisquare / first);
    }
    case RandomOp::geometric:
      return first == 1
                 ? 1
                 : std::min(std::max(std::ceil(exponential() / -std::log1p(-first)), 1.0), 0x1p62);
    case RandomOp::poisson: return reference_poisson(draws, first);
    case RandomOp::binomial:
      return second <= 0.5 ? reference_binomial(draws, first, second)
                           : first - reference_binomial(draws, first, 1 - second);
    default: return 0;
  }
}

}  // namespace furrow::kernels
