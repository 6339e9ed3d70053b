// furrow/montecarlo/tree.hpp
//
// The left part of the tree of blocks: what has been accepted so far.
//
// Whole subtrees come in order; two of one size become one of the next, left with right. So the
// tree is that of the blocks alone, whatever pieces they came in. The fold over what is there goes
// from the smallest, which is the last, to the greatest.
#pragma once

#include <cstdint>
#include <vector>

#include <furrow/montecarlo/record.hpp>

namespace furrow::montecarlo {

class Tree {
 public:
  explicit Tree(const RecordLayout& layout)
      : layout_(layout), counts_(layout.words() - layout.moment_words(), 0.0) {}

  /// A record of 2^level blocks that follow those accepted, a multiple of 2^level.
  void add(const double* record, std::int32_t level);
  std::int64_t blocks() const noexcept { return blocks_; }
  /// Of all that was added.
  std::vector<double> total() const;

  /// The nodes and counts in a row, for a checkpoint; set gives them back.
  std::vector<double> state() const;
  void set(std::int64_t blocks, const std::vector<double>& state);
  std::size_t state_words(std::int64_t blocks) const noexcept;

 private:
  RecordLayout layout_;
  std::int64_t blocks_ = 0;
  std::vector<std::vector<double>> nodes_;  // of the set bits of blocks_, from the highest down
  std::vector<double> counts_;
};

}  // namespace furrow::montecarlo
