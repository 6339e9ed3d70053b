// tests/core/montecarlo/every_function.hpp
//
// A closure that uses every operator and function of a pack, and the same with doubles.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace furrow::test {

inline constexpr std::size_t every_function_outputs = 30;

struct EveryFunction {
  template <class G>
  auto operator()(G& path) const {
    const auto u = path.uniform();
    const auto z = path.normal();
    auto w = z;
    w += u;
    w -= 2.0 * z;
    w *= w;
    w /= 1.0 + u;
    const auto middle = (u > 0.25 && u < 0.75) || z >= 2.0;
    const auto odd = (u <= 0.5) ^ (z != 0.0);
    return std::array{w,
                      exp(z),
                      expm1(z),
                      log(u),
                      log1p(u),
                      sin(z),
                      cos(z),
                      tan(u),
                      sinh(z),
                      cosh(z),
                      tanh(z),
                      erf(z),
                      erfc(z),
                      ndtr(z),
                      ndtri(u),
                      pow(u, z),
                      sqrt(u),
                      abs(z),
                      floor(z),
                      ceil(z),
                      round(4.0 * z),
                      trunc(z),
                      copysign(u, z),
                      min(u, z),
                      max(u, z),
                      fma(u, z, -u),
                      where(middle, u, z),
                      where(!odd, 1.0 - u, -z),
                      where(any(u == 2.0) || none(u < 2.0) ? u > 2.0 : u < 2.0, u, z),
                      where((all(u < 1.0) ? z > 0.0 : z < 0.0) & (z < 3.0), z / u, u)};
  }
};

inline std::array<double, every_function_outputs> every_function_of_doubles(double u, double z) {
  double w = z + u - 2 * z;
  w *= w;
  w /= 1 + u;
  const bool middle = (u > 0.25 && u < 0.75) || z >= 2;
  const bool odd = (u <= 0.5) != (z != 0);
  const double root_half = std::sqrt(0.5);
  // The inverse has no function in C: its own inverse gives it back, by Newton's method.
  double inverse = 0;
  for (int i = 0; i < 60; ++i) {
    const double density = std::exp(-inverse * inverse / 2) / std::sqrt(2 * std::acos(-1.0));
    const double step = (0.5 * std::erfc(-inverse * root_half) - u) / density;
    inverse -= step > 1 ? 1 : step < -1 ? -1 : step;
  }
  return {w,
          std::exp(z),
          std::expm1(z),
          std::log(u),
          std::log1p(u),
          std::sin(z),
          std::cos(z),
          std::tan(u),
          std::sinh(z),
          std::cosh(z),
          std::tanh(z),
          std::erf(z),
          std::erfc(z),
          0.5 * std::erfc(-z * root_half),
          inverse,
          std::pow(u, z),
          std::sqrt(u),
          std::abs(z),
          std::floor(z),
          std::ceil(z),
          std::nearbyint(4 * z),
          std::trunc(z),
          std::copysign(u, z),
          std::min(u, z),
          std::max(u, z),
          std::fma(u, z, -u),
          middle ? u : z,
          odd ? -z : 1 - u,
          u,
          z > 0 && z < 3 ? z / u : u};
}

}  // namespace furrow::test
