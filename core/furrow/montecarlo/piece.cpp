#include <furrow/montecarlo/piece.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/sketch.hpp>

namespace furrow::montecarlo {

Pieces::Range Pieces::range(std::int64_t piece) const noexcept {
  const std::int64_t whole = blocks >> level;
  if (piece < whole) return {first_block + (piece << level), level};
  std::int64_t at = first_block + (whole << level);
  std::int64_t left = tail();
  for (std::int64_t skip = piece - whole;; --skip) {
    const auto size = std::bit_floor(static_cast<std::uint64_t>(left));
    if (skip == 0) return {at, std::countr_zero(size)};
    at += static_cast<std::int64_t>(size);
    left -= static_cast<std::int64_t>(size);
  }
}

namespace {

constexpr std::size_t moment_words_max = RecordLayout{outputs_max}.moment_words();

/// Room for a block's outputs, of the greatest size; most simulations touch a small part of it.
struct Room {
  alignas(64) std::array<double, outputs_max * block_paths_max> values;
};

/// Folds the blocks of a piece as they come: level by level, left with right.
class Folding {
 public:
  Folding(const Pieces& pieces, double* record) noexcept : pieces_(pieces), record_(record) {}

  /// Outputs of the paths from `first` on; what stands in `values` is changed.
  void add(double* values, std::size_t stride, std::int64_t first, std::size_t count) noexcept {
    const RecordLayout& layout = pieces_.layout;
    if (pieces_.samples != nullptr) keep(values, stride, first, count);
    double* node = nodes_[0].data();
    moments_of_block(layout, values, stride, count, node);
    if (!finite(node)) count = without_invalid(values, stride, first, count, node);
    if (pieces_.grouped && count != 0) become_one(node, count);
    for (std::size_t k = 0; k < layout.outputs; ++k) {
      const double* const x = values + k * stride;
      if (layout.bins != 0) count_in_bins(pieces_.bins, x, count, record_ + layout.bins_at(k));
      if (layout.buckets != 0) count_in_sketch(x, count, record_ + layout.buckets_at(k));
    }
    carry();
  }

  /// The one node that is left is the record's.
  void finish() noexcept {
    const std::size_t top = static_cast<std::size_t>(std::countr_zero(blocks_)) + 1;
    std::copy_n(nodes_[top].data(), pieces_.layout.moment_words(), record_);
  }

 private:
  /// nodes_[l + 1] holds 2^l blocks where bit l of blocks_ is set; nodes_[0] the new one.
  void carry() noexcept {
    std::size_t level = 0;
    for (; (blocks_ >> level & 1) != 0; ++level) {
      merge_moments(pieces_.layout, nodes_[level + 1].data(), nodes_[0].data());
      std::copy_n(nodes_[level + 1].data(), pieces_.layout.moment_words(), nodes_[0].data());
    }
    std::copy_n(nodes_[0].data(), pieces_.layout.moment_words(), nodes_[level + 1].data());
    ++blocks_;
  }

  /// The node of the paths whose outputs are all finite: their number, and they come first. Of a
  /// group, which means nothing without one of its paths, none is left.
  std::size_t without_invalid(double* values, std::size_t stride, std::int64_t first,
                              std::size_t count, double* node) const noexcept {
    if (pieces_.samples != nullptr) blank(values, stride, first, count);
    const std::size_t left = pieces_.grouped ? 0 : leave_out(values, stride, count);
    if (left != 0) {
      moments_of_block(pieces_.layout, values, stride, left, node);
    } else {
      clear_record(node, pieces_.layout.moment_words());
    }
    set_count(node, 1, count - left);
    return left;
  }

  /// A block as one sample: its mean.
  void become_one(double* node, std::size_t paths) const noexcept {
    const RecordLayout& layout = pieces_.layout;
    for (std::size_t k = 0; k < layout.outputs; ++k) {
      double* const m = node + layout.output_at(k);
      m[at_m2] = m[at_m3] = m[at_m4] = 0;
    }
    std::fill_n(node + layout.output_at(layout.outputs), layout.pairs(), 0.0);
    set_count(node, 0, paths / static_cast<std::size_t>(pieces_.block_paths));
  }

  bool finite(const double* node) const noexcept {
    bool all = true;
    for (std::size_t k = 0; k < pieces_.layout.outputs; ++k) {
      all = all && std::isfinite(node[pieces_.layout.output_at(k) + at_mean]);
    }
    return all;
  }

  bool sound(const double* values, std::size_t stride, std::size_t i) const noexcept {
    for (std::size_t k = 0; k < pieces_.layout.outputs; ++k) {
      if (!std::isfinite(values[k * stride + i])) return false;
    }
    return true;
  }

  /// Moves the paths whose outputs are all finite to the front; how many they are.
  std::size_t leave_out(double* values, std::size_t stride, std::size_t count) const noexcept {
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!sound(values, stride, i)) continue;
      for (std::size_t k = 0; k < pieces_.layout.outputs; ++k) {
        values[k * stride + left] = values[k * stride + i];
      }
      ++left;
    }
    return left;
  }

  /// NaN for the samples of paths that are left out: of a group, all.
  void blank(const double* values, std::size_t stride, std::int64_t first,
             std::size_t count) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (!pieces_.grouped && sound(values, stride, i)) continue;
      for (std::size_t k = 0; k < pieces_.layout.outputs; ++k) {
        pieces_.samples[static_cast<std::int64_t>(k) * pieces_.samples_stride + first +
                        static_cast<std::int64_t>(i)] = std::numeric_limits<double>::quiet_NaN();
      }
    }
  }

  void keep(const double* values, std::size_t stride, std::int64_t first,
            std::size_t count) const noexcept {
    for (std::size_t k = 0; k < pieces_.layout.outputs; ++k) {
      std::copy_n(values + k * stride, count,
                  pieces_.samples + static_cast<std::int64_t>(k) * pieces_.samples_stride + first);
    }
  }

  const Pieces& pieces_;
  double* record_;
  std::uint64_t blocks_ = 0;
  std::array<std::array<double, moment_words_max>, level_max + 2> nodes_;
};

}  // namespace

namespace {

/// Runs a block. What a path throws comes out with the path's number, which the block's code does
/// not know: found by running again, up to each path that gives no number, the few before it that
/// are simulated together.
void run_block(BlockFunction block, const void* closure, const BlockCall& call) {
  try {
    return block(closure, call);
  } catch (...) {  // which path it was is found below
  }
  BlockCall again = call;
  again.forgive = true;
  block(closure, again);
  again.forgive = false;
  for (std::int64_t i = 0; i < call.count; ++i) {
    if (!std::isnan(call.out[i])) continue;
    const std::int64_t path = call.first_path + i;
    const std::int64_t begin = i / block_paths_min * block_paths_min;
    again.first_path = call.first_path + begin;
    again.out = call.out + begin;
    again.count = i + 1 - begin;
    try {
      block(closure, again);
    } catch (const std::exception& error) {
      throw KernelFailed(fmt::format("path {}: {}", path, error.what()));
    } catch (...) {
      throw KernelFailed(fmt::format("path {}: what it threw is no std::exception", path));
    }
  }
  block(closure, call);  // a closure that does not do the same again
}

}  // namespace

void run_piece(const Pieces& pieces, std::int64_t index, BlockFunction block, const void* closure) {
  const Pieces::Range range = pieces.range(index);
  double* const record = pieces.records + static_cast<std::size_t>(index) * pieces.layout.words();
  clear_record(record, pieces.layout.words());
  // Left as they are: only what is written is read.
  Room room;
  Room mirror;
  Folding folding(pieces, record);
  const auto stride = static_cast<std::size_t>(pieces.block_paths);
  for (std::int64_t b = 0; b < std::int64_t{1} << range.level; ++b) {
    const std::int64_t first = (range.first_block + b) * pieces.block_paths;
    const std::int64_t count = std::min(pieces.block_paths, pieces.paths - first);
    BlockCall call{pieces.sequence, first, count,         room.values.data(),
                   stride,          false, pieces.forgive};
    run_block(block, closure, call);
    if (pieces.antithetic) {
      call.out = mirror.values.data();
      call.mirrored = true;
      run_block(block, closure, call);
      for (std::size_t k = 0; k < pieces.layout.outputs; ++k) {
        for (std::size_t i = k * stride; i < k * stride + static_cast<std::size_t>(count); ++i) {
          room.values[i] = 0.5 * (room.values[i] + mirror.values[i]);
        }
      }
    }
    folding.add(room.values.data(), stride, first, static_cast<std::size_t>(count));
  }
  folding.finish();
}

}  // namespace furrow::montecarlo
