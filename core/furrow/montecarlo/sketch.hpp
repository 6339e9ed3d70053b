// furrow/montecarlo/sketch.hpp
//
// Quantiles of numbers that are not kept: counts in buckets whose width is a fixed part of their
// value.
//
// Buckets  64 for each power of two from 2^-32 to 2^32, for each sign, and one for what is smaller;
//          what is larger goes to the last. Their counts add up in any order: the same for any
//          number of workers
// Error    a quantile lies in the bucket of the true one: within 1/64 of it, and far nearer where
//          the density is smooth, for the place inside a bucket is interpolated; within 2^-32 of
//          quantiles near 0
// Source   the buckets' idea: Masson, Rim, Lee, "DDSketch", VLDB 2019
#pragma once

#include <cstddef>
#include <cstdint>

namespace furrow::montecarlo {

inline constexpr std::uint32_t sketch_per_sign = 64 * 64;
inline constexpr std::uint32_t sketch_buckets = 2 * sketch_per_sign + 1;

/// Counts finite numbers into a record's buckets.
void count_in_sketch(const double* x, std::size_t count, double* counts) noexcept;

/// The number below which the part q of all lies, 0 <= q <= 1; `total` > 0 of them were counted,
/// from low to high.
double sketch_quantile(const double* counts, std::uint64_t total, double q, double low,
                       double high) noexcept;

}  // namespace furrow::montecarlo
