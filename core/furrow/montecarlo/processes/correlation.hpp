// furrow/montecarlo/processes/correlation.hpp
//
// Correlated normals, and assets that move together.       x = L z,  L L^T = correlation
//
//   ln S_i(t + dt) = ln S_i(t) + (growth_i - volatility_i²/2) dt + volatility_i sqrt(dt) x_i
//
// Shape   N numbers, N known to the compiler: captures are trivially copyable, L is made once
// Matrix  symmetric, 1 on its diagonal, positive definite; else InvalidArgument that names the
//         entry or the assets. Assets that move as one (correlation ±1) are to be made one
// Scheme  exact: no error of the step
// Draws   N normals a step
// Source  Golub, Van Loan, "Matrix computations", 4.2; Glasserman (2003), 2.3.3 and 3.2.3
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::processes {

/// Elements of the lower triangle, row by row: row i begins at i (i + 1) / 2.
constexpr std::size_t triangle(std::size_t n) noexcept { return n * (n + 1) / 2; }

/// The factor L of a correlation matrix of n² elements, n = rows, into triangle(n) numbers.
void factor_correlation(std::span<const double> correlation, std::size_t rows,
                        std::span<double> factor);

/// x = L z in place, for the first `count` numbers.
template <class Real>
void correlate(const double* factor, Real* z, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    const double* const row = factor + triangle(i);
    Real sum = row[i] * z[i];
    for (std::size_t j = 0; j < i; ++j) sum = sum + row[j] * z[j];
    z[i] = sum;
  }
}

template <std::size_t N>
using CorrelationMatrix = std::array<std::array<double, N>, N>;

template <std::size_t N>
class CorrelatedNormals {
 public:
  explicit CorrelatedNormals(const CorrelationMatrix<N>& correlation) {
    std::array<double, N * N> flat;
    for (std::size_t i = 0; i < N * N; ++i) flat[i] = correlation[i / N][i % N];
    factor_correlation(flat, N, factor_);
  }

  template <class G>
  std::array<RealOf<G>, N> operator()(G& path) const {
    std::array<RealOf<G>, N> z = normals<N>(path);
    correlate(factor_.data(), z.data(), N);
    return z;
  }

 private:
  std::array<double, triangle(N)> factor_;
};

/// N assets of geometric Brownian motion.
template <std::size_t N>
class CorrelatedAssets {
 public:
  CorrelatedAssets(const std::array<double, N>& growth, const std::array<double, N>& volatility,
                   const CorrelationMatrix<N>& correlation, double dt)
      : normals_(correlation) {
    check_not_negative("the time step", dt);
    for (std::size_t i = 0; i < N; ++i) {
      check_finite("a growth", growth[i]);
      check_not_negative("a volatility", volatility[i]);
      drift_[i] = (growth[i] - volatility[i] * volatility[i] / 2) * dt;
      deviation_[i] = volatility[i] * std::sqrt(dt);
    }
  }

  template <class G>
  void log_step(G& path, std::array<RealOf<G>, N>& log_values) const {
    const std::array<RealOf<G>, N> x = normals_(path);
    for (std::size_t i = 0; i < N; ++i) {
      log_values[i] = log_values[i] + (drift_[i] + deviation_[i] * x[i]);
    }
  }
  template <class G>
  void step(G& path, std::array<RealOf<G>, N>& values) const {
    const std::array<RealOf<G>, N> x = normals_(path);
    for (std::size_t i = 0; i < N; ++i) {
      values[i] = values[i] * exp(drift_[i] + deviation_[i] * x[i]);
    }
  }

 private:
  CorrelatedNormals<N> normals_;
  std::array<double, N> drift_;
  std::array<double, N> deviation_;
};

}  // namespace furrow::processes
