#include <furrow/montecarlo/models/ising_exact.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace furrow::models {
namespace {

/// The logarithm of a product, its sign, and the derivative of the logarithm.
struct Product {
  double log = 0;
  double sign = 1;
  double slope = 0;

  void times(double log_of_factor, double slope_of_factor) {
    log += log_of_factor;
    slope += slope_of_factor;
  }
};

/// γ_l and its derivative by K: cosh γ_l = cosh 2K coth 2K - cos(π l / n); γ_0 = 2K + ln tanh K,
/// which is negative above the critical temperature.
struct Gamma {
  double value;
  double slope;
};

Gamma gamma(std::int64_t l, std::int64_t n, double k) {
  const double s = std::sinh(2 * k);
  if (l == 0) return {2 * k + std::log(std::tanh(k)), 2 + 2 / s};
  // cosh γ - 1 from parts that are not negative: nothing is lost where it is small.
  const double c = std::cosh(2 * k);
  const double half =
      std::sin(std::numbers::pi * static_cast<double>(l) / (2 * static_cast<double>(n)));
  const double less_one = (s - 1) * (s - 1) / s + 2 * half * half;
  const double sinh_gamma = std::sqrt(less_one * (less_one + 2));
  return {std::log1p(less_one + sinh_gamma), 2 * c * (1 - 1 / (s * s)) / sinh_gamma};
}

}  // namespace

double ising_torus_energy(std::int64_t size, double temperature) {
  const double k = 1 / temperature;
  const auto n = static_cast<double>(size);
  // 2 cosh(n γ/2) and 2 sinh(n γ/2), of odd l and of even ones.
  std::array<Product, 4> products;
  for (std::int64_t l = 0; l < 2 * size; ++l) {
    const Gamma g = gamma(l, size, k);
    const double x = n * g.value / 2;
    const double dx = n * g.slope / 2;
    const double size_of_x = std::abs(x);
    const double tail = std::exp(-2 * size_of_x);
    Product& cosh = products[l % 2 == 0 ? 2 : 0];
    Product& sinh = products[l % 2 == 0 ? 3 : 1];
    cosh.times(size_of_x + std::log1p(tail), dx * std::tanh(x));
    // γ_0 is no 0 for a temperature that is a double; next to it, slope and product make up for
    // each other.
    sinh.times(size_of_x + std::log(-std::expm1(-2 * size_of_x)), dx / std::tanh(x));
    if (x < 0) sinh.sign = -sinh.sign;
  }
  double greatest = products[0].log;
  for (const Product& each : products) greatest = std::max(greatest, each.log);
  double sum = 0;
  double slope = 0;
  for (const Product& each : products) {
    const double weight = each.sign * std::exp(each.log - greatest);
    sum += weight;
    slope += weight * each.slope;
  }
  return -1 / std::tanh(2 * k) - slope / sum / (n * n);
}

double ising_infinite_energy(double temperature) {
  const double k = 2 / temperature;
  const double modulus = 2 * std::sinh(k) / (std::cosh(k) * std::cosh(k));
  const double t = std::tanh(k);
  return -1 / t *
         (1 + 2 / std::numbers::pi * (2 * t * t - 1) * std::comp_ellint_1(std::min(modulus, 1.0)));
}

double ising_infinite_magnetisation(double temperature) {
  return std::pow(1 - std::pow(std::sinh(2 / temperature), -4), 0.125);
}

double ising_correlation_length(double temperature) {
  const double k = 1 / temperature;
  return 1 / std::abs(std::log(1 / std::tanh(k)) - 2 * k);
}

double ising_critical_temperature() { return 2 / std::log(1 + std::numbers::sqrt2); }

}  // namespace furrow::models
