#include <furrow/montecarlo/processes/correlation.hpp>

#include <cmath>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::processes {
namespace {

/// Digits that a matrix may have lost in a file.
constexpr double rounding = 1e-12;
/// What is left of a variance of 1 when the other assets are known: less than this is nothing.
constexpr double variance_min = 1e-12;

void check_entries(std::span<const double> correlation, std::size_t n) {
  if (correlation.size() != n * n) {
    throw InvalidArgument(
        fmt::format("a correlation of {} assets has {} numbers, row by row, not "
                    "{}",
                    n, n * n, correlation.size()));
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double one = correlation[i * n + i];
    if (!(std::abs(one - 1) <= rounding)) {
      throw InvalidArgument(fmt::format(
          "correlation ({0}, {0}) is {1}: an asset's correlation with itself is 1 (give "
          "correlations, and covariances as volatilities)",
          i, one));
    }
    for (std::size_t j = 0; j < i; ++j) {
      const double rho = correlation[i * n + j];
      const double mirrored = correlation[j * n + i];
      if (!(std::abs(rho) <= 1)) {
        throw InvalidArgument(
            fmt::format("correlation ({}, {}) is {}: give a number from -1 to 1", i, j, rho));
      }
      if (!(std::abs(rho - mirrored) <= rounding)) {
        throw InvalidArgument(fmt::format(
            "correlation ({0}, {1}) is {2}, and ({1}, {0}) is {3}: give a symmetric matrix", i, j,
            rho, mirrored));
      }
    }
  }
}

}  // namespace

void factor_correlation(std::span<const double> correlation, std::size_t rows,
                        std::span<double> factor) {
  check_entries(correlation, rows);
  for (std::size_t i = 0; i < rows; ++i) {
    double* const row = factor.data() + triangle(i);
    double left = 1;
    for (std::size_t j = 0; j < i; ++j) {
      const double* const other = factor.data() + triangle(j);
      double sum = correlation[i * rows + j];
      for (std::size_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      row[j] = sum / other[j];
      left -= row[j] * row[j];
    }
    if (!(left > variance_min)) {
      throw InvalidArgument(fmt::format(
          "the correlation is not positive definite: asset {} has no motion of its own beside "
          "assets 0 to {} (leave it out, or make correlations smaller)",
          i, i - 1));
    }
    row[i] = std::sqrt(left);
  }
}

}  // namespace furrow::processes
