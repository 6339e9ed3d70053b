// furrow/kernels/finance/columns.hpp
//
// What the formulas take: each quantity is one number for all options, or a column of one for each.
//
//   double p = black_scholes({.spot = 100, .strike = 95, .volatility = 0.2, .maturity = 0.5});
//   black_scholes(prices, {.spot = spots, .strike = 95, .volatility = sigmas, .maturity = 0.5});
//
// Units   rates and dividends continuous per year, times in years, volatilities per square root of
//         a year; prices in the unit of spot and strike
// Memory  the caller's; out may be one of the columns, but not overlap one otherwise
// Bits    option i depends on its own numbers alone; one number or a column, the same bits
// NaN     numbers outside of a formula's domain (a negative volatility, maturity, spot or strike)
//         give NaN in that place
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace furrow::kernels::finance {

/// One number, or as many as there are options.
class Column {
 public:
  constexpr Column() noexcept = default;
  constexpr Column(double value) noexcept : value_(value) {}  // NOLINT: a number is a column
  constexpr Column(std::span<const double> values) noexcept   // NOLINT: so is a span of them
      : values_(values.data()) {}
  Column(const std::vector<double>& values) noexcept : values_(values.data()) {}  // NOLINT
  template <std::size_t N>
  constexpr Column(const std::array<double, N>& values) noexcept  // NOLINT
      : values_(values.data()) {}

  /// Null: value() is that of all.
  constexpr const double* values() const noexcept { return values_; }
  constexpr double value() const noexcept { return value_; }

 private:
  double value_ = 0;
  const double* values_ = nullptr;
};

enum class Right : int { call = 1, put = -1 };

}  // namespace furrow::kernels::finance
