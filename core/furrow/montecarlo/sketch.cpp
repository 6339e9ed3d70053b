#include <furrow/montecarlo/sketch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include <furrow/montecarlo/record.hpp>

namespace furrow::montecarlo {
namespace {

constexpr int exponent_min = -32;
constexpr int fraction_bits = 6;
constexpr std::uint64_t key_of_smallest = std::uint64_t{1023 + exponent_min} << fraction_bits;

/// Buckets in order of their numbers: negative ones from the last, then what is next to 0.
std::size_t bucket_of(double x) noexcept {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x) & ~(std::uint64_t{1} << 63);
  const std::uint64_t key = bits >> (52 - fraction_bits);
  if (key < key_of_smallest) return sketch_per_sign;
  const std::size_t place =
      static_cast<std::size_t>(std::min<std::uint64_t>(key - key_of_smallest, sketch_per_sign - 1));
  return x < 0 ? sketch_per_sign - 1 - place : sketch_per_sign + 1 + place;
}

/// Where the numbers of magnitude bucket `place` begin.
double magnitude(std::size_t place) noexcept {
  return std::bit_cast<double>((key_of_smallest + place) << (52 - fraction_bits));
}

struct Range {
  double low, high;
};

Range range_of(std::size_t bucket) noexcept {
  if (bucket == sketch_per_sign) return {-magnitude(0), magnitude(0)};
  if (bucket > sketch_per_sign) {
    const std::size_t place = bucket - sketch_per_sign - 1;
    return {magnitude(place), magnitude(place + 1)};
  }
  const std::size_t place = sketch_per_sign - 1 - bucket;
  return {-magnitude(place + 1), -magnitude(place)};
}

}  // namespace

void count_in_sketch(const double* x, std::size_t count, double* counts) noexcept {
  for (std::size_t i = 0; i < count; ++i) add_count(counts, bucket_of(x[i]), 1);
}

double sketch_quantile(const double* counts, std::uint64_t total, double q, double low,
                       double high) noexcept {
  const double rank = q * static_cast<double>(total);
  double below = 0;
  for (std::size_t bucket = 0; bucket < sketch_buckets; ++bucket) {
    const double here = static_cast<double>(count_at(counts, bucket));
    if (here == 0) continue;
    if (below + here >= rank) {
      const Range whole = range_of(bucket);
      // Nothing lies outside of [low, high]; the outer buckets have no end of their own.
      const double from = bucket == 0 ? low : std::max(whole.low, low);
      const double to = bucket == sketch_buckets - 1 ? high : std::min(whole.high, high);
      return from + (to - from) * std::clamp((rank - below) / here, 0.0, 1.0);
    }
    below += here;
  }
  return high;
}

}  // namespace furrow::montecarlo
