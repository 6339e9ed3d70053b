// furrow/montecarlo/models/resample.hpp
//
// Statistics of data, of the data without one of them, and of a resample of it.
//
// Sorted   the data of median and quantile stand in order, so that a resample is a count of each
// Quantile NumPy's default: linear between the two neighbours of q (n - 1)
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace furrow::models {

enum class Statistic { mean, median, std, quantile, correlation };

/// What a closure captures of it.
struct Resampled {
  Statistic statistic;
  double q;         // of median and quantile
  const double* x;  // in order, for those
  const double* y;  // of a correlation
  std::int64_t count;

  /// Of the data, each taken times[i] times, `count` in all.
  double of(const std::uint16_t* times) const;
};

/// Of the data without each one of them in turn: the jackknife's values.
std::vector<double> left_one_out(const Resampled& data);

}  // namespace furrow::models
