#include <furrow/kernels/sort/select.hpp>

#include <algorithm>
#include <cmath>

#include <furrow/kernels/sort/entries.hpp>

namespace furrow::kernels {
namespace {

constexpr std::int64_t sample_elements = 4096;

/// Keys of elements at fixed places, sorted.
void take_sample(const LaneIn& lane, std::uint64_t (&sample)[sample_elements]) noexcept {
  visit_dtype(lane.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_sortable(dtype_of<T>)) {
      const T* const data = static_cast<const T*>(lane.data);
      for (std::int64_t i = 0; i < sample_elements; ++i) {
        const std::int64_t at = sample_place(i, sample_elements, lane.count);
        sample[i] = to_key<T>(data[at * lane.stride], {});
      }
    }
  });
  sort_keys(sample, sample_elements);
}

bool holds(const Selection& s, int bracket, std::int64_t rank) noexcept {
  return rank >= s.below[bracket] && rank < s.below[bracket] + s.inside[bracket];
}

}  // namespace

std::int64_t Selection::keys_count() const noexcept {
  std::int64_t count = 0;
  for (int b = 0; b < brackets; ++b) count += is_constant(b) ? 0 : inside[b];
  return count;
}

std::uint64_t Selection::key_at(std::int64_t rank) const noexcept {
  int b = 0;
  while (!holds(*this, b, rank)) ++b;
  if (is_constant(b)) return least[b];
  const auto at = static_cast<std::size_t>(place[b] + rank - below[b]);
  switch (key_bytes(lane.dtype)) {
    case 2: return reinterpret_cast<const std::uint16_t*>(keys)[at];
    case 4: return reinterpret_cast<const std::uint32_t*>(keys)[at];
    default: return reinterpret_cast<const std::uint64_t*>(keys)[at];
  }
}

Selection choose_brackets(const LaneIn& lane, const std::int64_t* ranks, int rank_count,
                          std::int64_t* counts) noexcept {
  Selection s;
  s.lane = lane;
  s.blocks = selection_blocks(lane.count);
  s.counts = counts;
  std::uint64_t sample[sample_elements];
  take_sample(lane, sample);
  const std::uint64_t greatest = ~std::uint64_t{0} >> (64 - 8 * key_bytes(lane.dtype));
  for (int i = 0; i < rank_count; ++i) {
    // Four standard deviations of the rank of a sample's element about where it is expected.
    const double part = static_cast<double>(ranks[i]) / static_cast<double>(lane.count);
    const auto n = static_cast<double>(sample_elements);
    const auto at = static_cast<std::int64_t>(part * n);
    const auto reach = static_cast<std::int64_t>(4 * std::sqrt(n * part * (1 - part))) + 8;
    const std::uint64_t least = at - reach < 0 ? 0 : sample[at - reach];
    const std::uint64_t most = at + reach >= sample_elements ? greatest : sample[at + reach];
    const int last = s.brackets - 1;
    if (last >= 0 && least <= s.most[last]) {
      s.most[last] = std::max(s.most[last], most);
    } else {
      s.least[s.brackets] = least;
      s.most[s.brackets++] = most;
    }
  }
  return s;
}

void count_block(const Selection& s, std::int64_t block) noexcept {
  sort_table().count[static_cast<std::size_t>(s.lane.dtype)](s, block);
}

bool settle_brackets(Selection& s, const std::int64_t* ranks, int rank_count) noexcept {
  for (std::int64_t block = 0; block < s.blocks; ++block) {
    std::int64_t* const counts = s.counts + block * counts_of_block;
    for (int b = 0; b < s.brackets; ++b) {
      s.below[b] += counts[2 * b];
      const std::int64_t inside = counts[2 * b + 1];
      counts[2 * b + 1] = s.inside[b];  // so many come from the blocks before
      s.inside[b] += inside;
    }
    s.nans += counts[2 * brackets_max];
  }
  std::int64_t place = 0;
  for (int b = 0; b < s.brackets; ++b) {
    s.place[b] = place;
    place += s.is_constant(b) ? 0 : s.inside[b];
  }
  if (place > s.lane.count / 2) return false;
  return std::all_of(ranks, ranks + rank_count, [&](std::int64_t rank) {
    for (int b = 0; b < s.brackets; ++b) {
      if (holds(s, b, rank)) return true;
    }
    return false;
  });
}

void collect_block(const Selection& s, std::int64_t block) noexcept {
  sort_table().collect[static_cast<std::size_t>(s.lane.dtype)](s, block);
}

void sort_bracket(const Selection& s, std::int64_t bracket) noexcept {
  const auto b = static_cast<int>(bracket);
  if (s.is_constant(b)) return;
  const std::size_t bytes = key_bytes(s.lane.dtype);
  const auto count = static_cast<std::size_t>(s.inside[b]);
  const std::size_t at = static_cast<std::size_t>(s.place[b]) * bytes;
  // A sort that is cut off leaves its keys in no state to begin from.
  std::copy_n(s.found + at, count * bytes, s.keys + at);
  sort_bytes(s.keys + at, count, bytes);
}

}  // namespace furrow::kernels
