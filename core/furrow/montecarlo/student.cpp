#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include <furrow/kernels/elementwise/special.hpp>
#include <furrow/montecarlo/estimate.hpp>

namespace furrow::montecarlo {
namespace {

/// P(|T| <= tan(angle) * sqrt(degrees)), a finite sum of positive terms: Abramowitz and Stegun,
/// 26.7.3 and 26.7.4.
double within(double angle, int degrees) {
  const double s = std::sin(angle);
  const double c = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? c : 1;
  double sum = 0;
  for (int k = odd ? 1 : 0; k <= degrees - 2; k += 2) {
    sum += term;
    term *= c * c * (k + 1) / (k + 2);
  }
  return odd ? 2 / std::numbers::pi * (angle + s * sum) : s * sum;
}

}  // namespace

double student_interval(double confidence, double degrees) {
  if (!(degrees >= 1)) return std::numeric_limits<double>::infinity();
  const double p = 0.5 + confidence / 2;
  double z = 0;
  kernels::ndtri(std::span(&p, 1), std::span(&z, 1));
  const double z2 = z * z;
  if (degrees >= 200 && z2 <= degrees / 50) {
    // Cornish and Fisher's expansion (Abramowitz and Stegun, 26.7.5): 1e-10 and better.
    const double g1 = z * (z2 + 1) / 4;
    const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
    const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
    const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
    return z + (g1 + (g2 + (g3 + g4 / degrees) / degrees) / degrees) / degrees;
  }
  const int whole = static_cast<int>(degrees);
  double low = 0;
  double high = std::numbers::pi / 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (within(middle, whole) < confidence ? low : high) = middle;
  }
  return std::tan((low + high) / 2) * std::sqrt(static_cast<double>(whole));
}

}  // namespace furrow::montecarlo
