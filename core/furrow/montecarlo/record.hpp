// furrow/montecarlo/record.hpp
//
// What a run of blocks leaves of its paths: moments, and counts where they are asked for.
//
//   word 0                     paths counted
//   word 1                     paths left out, because an output was not finite
//   words 2 …                  for each output: mean, m2, m3, m4, min, max
//   then                       for each pair i < j of outputs: Σ (x_i - mean_i) (x_j - mean_j)
//   then, if asked             for each output: counts below, of each bin, above
//   then, if asked             for each output: counts of the sketch's buckets
//
// Words are doubles, counts are u64 of the same size. m_k = Σ (x - mean)^k.
// Order   records of neighbouring runs are merged left with right, by Chan's and Pébay's formulas;
//         counts add up in any order
// Source  Chan, Golub, LeVeque (1979); Pébay, Sandia report SAND2008-6212
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <furrow/montecarlo/block.hpp>

namespace furrow::montecarlo {

/// Equal bins over [low, high); none when bins is 0.
struct Bins {
  double low = 0;
  double high = 0;
  std::int64_t count = 0;
};

struct RecordLayout {
  std::uint32_t outputs = 1;
  std::uint32_t bins = 0;
  std::uint32_t buckets = 0;

  static constexpr std::size_t per_output = 6;
  constexpr std::size_t pairs() const noexcept { return outputs * (outputs - 1) / 2; }
  constexpr std::size_t output_at(std::size_t k) const noexcept { return 2 + per_output * k; }
  /// Of outputs i < j.
  constexpr std::size_t pair_at(std::size_t i, std::size_t j) const noexcept {
    return output_at(outputs) + i * outputs - i * (i + 1) / 2 + (j - i - 1);
  }
  /// Words that the moments take: counts come behind.
  constexpr std::size_t moment_words() const noexcept { return output_at(outputs) + pairs(); }
  constexpr std::size_t bins_at(std::size_t k) const noexcept {
    return moment_words() + k * (bins != 0 ? bins + 2 : 0);
  }
  constexpr std::size_t buckets_at(std::size_t k) const noexcept {
    return bins_at(outputs) + k * buckets;
  }
  constexpr std::size_t words() const noexcept { return buckets_at(outputs); }
};

/// Offsets within an output's six words.
inline constexpr std::size_t at_mean = 0, at_m2 = 1, at_m3 = 2, at_m4 = 3, at_min = 4, at_max = 5;

inline std::uint64_t count_at(const double* record, std::size_t word) noexcept {
  std::uint64_t n;
  std::memcpy(&n, record + word, sizeof n);
  return n;
}
inline void set_count(double* record, std::size_t word, std::uint64_t n) noexcept {
  std::memcpy(record + word, &n, sizeof n);
}
inline void add_count(double* record, std::size_t word, std::uint64_t n) noexcept {
  set_count(record, word, count_at(record, word) + n);
}

/// Of `words` words.
void clear_record(double* record, std::size_t words) noexcept;

/// The moments of `count` > 0 paths, output k at x + k * stride, all finite.
void moments_of_block(const RecordLayout& layout, const double* x, std::size_t stride,
                      std::size_t count, double* record) noexcept;

/// Adds the moments of `right`, whose paths follow those of `left`, to `left`.
void merge_moments(const RecordLayout& layout, double* left, const double* right) noexcept;

/// Adds the counts behind the moments.
void merge_counts(const RecordLayout& layout, double* left, const double* right) noexcept;

void count_in_bins(const Bins& bins, const double* x, std::size_t count, double* counts) noexcept;

}  // namespace furrow::montecarlo
