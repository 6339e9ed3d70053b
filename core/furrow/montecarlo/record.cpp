#include <furrow/montecarlo/record.hpp>

#include <algorithm>

#include <furrow/kernels/reduce/block_moments.hpp>

namespace furrow::montecarlo {
namespace {

/// Pébay's formulas for two sets of which both are not empty.
struct Merge {
  double n_left, n_right, n;

  void output(double* left, const double* right) const noexcept {
    const double delta = right[at_mean] - left[at_mean];
    const double per = delta / n;
    const double product = n_left * n_right;
    const double term = delta * per * product;  // δ² n_l n_r / n
    const double square = per * per;
    left[at_m4] += right[at_m4] + term * square * (n_left * n_left - product + n_right * n_right) +
                   6 * square * (n_left * n_left * right[at_m2] + n_right * n_right * left[at_m2]) +
                   4 * per * (n_left * right[at_m3] - n_right * left[at_m3]);
    left[at_m3] += right[at_m3] + term * per * (n_left - n_right) +
                   3 * per * (n_left * right[at_m2] - n_right * left[at_m2]);
    left[at_m2] += right[at_m2] + term;
    left[at_mean] += per * n_right;
    left[at_min] = std::min(left[at_min], right[at_min]);
    left[at_max] = std::max(left[at_max], right[at_max]);
  }
};

}  // namespace

void clear_record(double* record, std::size_t words) noexcept {
  std::fill_n(record, words, 0.0);  // which is a count of 0, too
}

void moments_of_block(const RecordLayout& layout, const double* x, std::size_t stride,
                      std::size_t count, double* record) noexcept {
  set_count(record, 0, count);
  set_count(record, 1, 0);
  for (std::size_t k = 0; k < layout.outputs; ++k) {
    const kernels::BlockMoments m = kernels::block_moments(x + k * stride, count);
    double* const out = record + layout.output_at(k);
    out[at_mean] = m.mean;
    out[at_m2] = m.m2;
    out[at_m3] = m.m3;
    out[at_m4] = m.m4;
    out[at_min] = m.min;
    out[at_max] = m.max;
  }
  for (std::size_t i = 0; i < layout.outputs; ++i) {
    for (std::size_t j = i + 1; j < layout.outputs; ++j) {
      record[layout.pair_at(i, j)] =
          kernels::block_comoment(x + i * stride, record[layout.output_at(i) + at_mean],
                                  x + j * stride, record[layout.output_at(j) + at_mean], count);
    }
  }
}

void merge_moments(const RecordLayout& layout, double* left, const double* right) noexcept {
  const std::uint64_t n_left = count_at(left, 0);
  const std::uint64_t n_right = count_at(right, 0);
  const std::uint64_t invalid = count_at(left, 1) + count_at(right, 1);
  if (n_right != 0 && n_left == 0) {
    std::copy_n(right, layout.moment_words(), left);
  } else if (n_right != 0) {
    const double l = static_cast<double>(n_left);
    const double r = static_cast<double>(n_right);
    const Merge merge{l, r, l + r};
    const double weight = l * r / (l + r);
    for (std::size_t i = 0; i < layout.outputs; ++i) {
      const double* const right_i = right + layout.output_at(i);
      const double* const left_i = left + layout.output_at(i);
      for (std::size_t j = i + 1; j < layout.outputs; ++j) {
        const double delta_i = right_i[at_mean] - left_i[at_mean];
        const double delta_j =
            right[layout.output_at(j) + at_mean] - left[layout.output_at(j) + at_mean];
        left[layout.pair_at(i, j)] += right[layout.pair_at(i, j)] + delta_i * delta_j * weight;
      }
    }
    for (std::size_t k = 0; k < layout.outputs; ++k) {
      merge.output(left + layout.output_at(k), right + layout.output_at(k));
    }
    set_count(left, 0, n_left + n_right);
  }
  set_count(left, 1, invalid);
}

void merge_counts(const RecordLayout& layout, double* left, const double* right) noexcept {
  for (std::size_t w = layout.moment_words(); w < layout.words(); ++w) {
    add_count(left, w, count_at(right, w));
  }
}

void count_in_bins(const Bins& bins, const double* x, std::size_t count, double* counts) noexcept {
  const double scale = static_cast<double>(bins.count) / (bins.high - bins.low);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t bin = 0;
    if (x[i] >= bins.high) {
      bin = static_cast<std::size_t>(bins.count) + 1;
    } else if (x[i] >= bins.low) {
      // Rounding may lead to the bin behind the last.
      bin = 1 + std::min(static_cast<std::size_t>((x[i] - bins.low) * scale),
                         static_cast<std::size_t>(bins.count) - 1);
    }
    add_count(counts, bin, 1);
  }
}

}  // namespace furrow::montecarlo
