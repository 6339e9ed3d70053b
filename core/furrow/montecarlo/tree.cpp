#include <furrow/montecarlo/tree.hpp>

#include <algorithm>
#include <bit>

namespace furrow::montecarlo {

void Tree::add(const double* record, std::int32_t level) {
  std::vector<double> node(record, record + layout_.moment_words());
  for (std::int32_t l = level; (blocks_ >> l & 1) != 0; ++l) {
    merge_moments(layout_, nodes_.back().data(), node.data());
    node = std::move(nodes_.back());
    nodes_.pop_back();
  }
  nodes_.push_back(std::move(node));
  blocks_ += std::int64_t{1} << level;
  for (std::size_t w = 0; w < counts_.size(); ++w) {
    add_count(counts_.data(), w, count_at(record, layout_.moment_words() + w));
  }
}

std::vector<double> Tree::total() const {
  std::vector<double> all(layout_.moment_words(), 0.0);
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    std::vector<double> left = nodes_[i];
    merge_moments(layout_, left.data(), all.data());
    all = std::move(left);
  }
  all.insert(all.end(), counts_.begin(), counts_.end());
  return all;
}

std::size_t Tree::state_words(std::int64_t blocks) const noexcept {
  return static_cast<std::size_t>(std::popcount(static_cast<std::uint64_t>(blocks))) *
             layout_.moment_words() +
         counts_.size();
}

std::vector<double> Tree::state() const {
  std::vector<double> out;
  for (const std::vector<double>& node : nodes_) out.insert(out.end(), node.begin(), node.end());
  out.insert(out.end(), counts_.begin(), counts_.end());
  return out;
}

void Tree::set(std::int64_t blocks, const std::vector<double>& state) {
  nodes_.clear();
  auto at = state.begin();
  for (int node = std::popcount(static_cast<std::uint64_t>(blocks)); node > 0; --node) {
    const auto end = at + static_cast<std::ptrdiff_t>(layout_.moment_words());
    nodes_.emplace_back(at, end);
    at = end;
  }
  counts_.assign(at, state.end());
  blocks_ = blocks;
}

}  // namespace furrow::montecarlo
