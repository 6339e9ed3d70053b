// furrow/kernels/sort/split.cpp
//
// Choosing splitters, placing buckets, and gathering and sorting one bucket.
#include <furrow/kernels/simd.hpp>
// Highway after the list of targets. Its sort chooses its target by itself: keys are integers, and
// sorted integers are the same on every target.
#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include <furrow/kernels/sort/entries.hpp>
#include <furrow/kernels/sort/split.hpp>

namespace furrow::kernels {
namespace {

constexpr std::int64_t bucket_elements = 32768;  // 256 KiB of doubles: a quarter of a core's cache
constexpr std::int64_t buckets_wanted_max = 256;
constexpr std::int64_t sample_per_choice = 16;

/// A few less than a power of two, so that with both ends and NaN the tree has no level more.
std::int64_t choices_of(std::int64_t count) noexcept {
  const auto wanted = static_cast<std::uint64_t>(
      std::clamp(count / bucket_elements, std::int64_t{8}, buckets_wanted_max));
  return static_cast<std::int64_t>(std::bit_ceil(wanted)) - 4;
}

std::int64_t blocks_of(std::int64_t count) noexcept {
  return (count + split_block_elements - 1) / split_block_elements;
}

/// Each choice may bring a bucket of equals with it; then NaN's, and the two ends.
std::int64_t bucket_room(std::int64_t count) noexcept { return 2 * choices_of(count) + 6; }

std::size_t rounded(std::int64_t count, std::size_t bytes) noexcept {
  return (static_cast<std::size_t>(count) * bytes + 63) / 64 * 64;
}

std::int64_t sample_count(std::int64_t count) noexcept {
  return choices_of(count) * sample_per_choice + 1;
}

template <class T>
void repair_typed(const LaneIn& lane, KeyOrder order, std::uint32_t position_bits,
                  std::uint64_t* positions, std::int64_t count) noexcept {
  const T* const data = static_cast<const T*>(lane.data);
  const std::uint64_t mask = (std::uint64_t{1} << position_bits) - 1;
  const auto key = [=](std::uint64_t position) {
    return to_key<T>(data[static_cast<std::int64_t>(position & mask) * lane.stride], order);
  };
  std::int64_t begin = 0;
  while (begin < count) {
    std::int64_t end = begin + 1;
    while (end < count && positions[end] >> position_bits == positions[begin] >> position_bits) {
      ++end;
    }
    const auto before = [&](std::uint64_t a, std::uint64_t b) {
      const auto key_a = key(a);
      const auto key_b = key(b);
      return key_a != key_b ? key_a < key_b : a < b;
    };
    // Elements that are truly equal stand right already.
    if (end - begin > 1 && !std::is_sorted(positions + begin, positions + end, before)) {
      std::sort(positions + begin, positions + end, before);
    }
    begin = end;
  }
}

}  // namespace

void sort_keys(std::uint16_t* keys, std::size_t count) noexcept {
  if (count > 1) hwy::Sorter()(keys, count, hwy::SortAscending());
}
void sort_keys(std::uint32_t* keys, std::size_t count) noexcept {
  if (count > 1) hwy::Sorter()(keys, count, hwy::SortAscending());
}
void sort_keys(std::uint64_t* keys, std::size_t count) noexcept {
  if (count > 1) hwy::Sorter()(keys, count, hwy::SortAscending());
}

void sort_bytes(void* keys, std::size_t count, std::size_t bytes) noexcept {
  if (bytes == 8) return sort_keys(static_cast<std::uint64_t*>(keys), count);
  if (bytes == 4) return sort_keys(static_cast<std::uint32_t*>(keys), count);
  sort_keys(static_cast<std::uint16_t*>(keys), count);
}

void repair_ties(const LaneIn& lane, KeyOrder order, std::uint32_t position_bits,
                 std::uint64_t* positions, std::int64_t count) noexcept {
  visit_dtype(lane.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_sortable(dtype_of<T>)) {
      repair_typed<T>(lane, order, position_bits, positions, count);
    }
  });
}

bool Split::is_constant(std::int64_t bucket) const noexcept {
  return least_key(*this, bucket) == most_key(*this, bucket) ||
         (is_real_float(dtype) && bucket == buckets - 1);  // NaN's own
}

std::size_t split_bytes(Dtype dtype, std::int64_t count, bool positions) noexcept {
  const std::int64_t room = bucket_room(count);
  return rounded(std::max(room, sample_count(count)), 8) + rounded(room + 1, 8) +
         rounded(blocks_of(count) * (room + 1), 4) +
         rounded(count, positions ? 8 : key_bytes(dtype));
}

Split make_split(const LaneIn& lane, KeyOrder order, bool positions, std::byte* scratch) noexcept {
  Split split;
  split.dtype = lane.dtype;
  split.order = order;
  split.order.zeros_equal = positions;
  split.positions = positions;
  split.position_bits = bits_of_positions(lane.count);
  split.in = lane.data;
  split.stride = lane.stride;
  split.count = lane.count;
  split.blocks = blocks_of(lane.count);
  const std::int64_t room = bucket_room(lane.count);
  split.splitters = reinterpret_cast<std::uint64_t*>(scratch);
  scratch += rounded(std::max(room, sample_count(lane.count)), 8);
  split.offsets = reinterpret_cast<std::int64_t*>(scratch);
  scratch += rounded(room + 1, 8);
  split.starts = reinterpret_cast<std::uint32_t*>(scratch);
  split.elements = scratch + rounded(split.blocks * (room + 1), 4);
  return split;
}

void choose_splitters(Split& split) noexcept {
  std::uint64_t* const sample = split.splitters;
  const std::int64_t count = sample_count(split.count);
  std::uint64_t nan = 0;
  visit_dtype(split.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_sortable(dtype_of<T>)) {
      const T* const in = static_cast<const T*>(split.in);
      for (std::int64_t i = 0; i < count; ++i) {
        sample[i] = to_key<T>(in[sample_place(i, count, split.count) * split.stride], split.order);
      }
      nan = nan_key<T>;
    }
  });
  sort_keys(sample, static_cast<std::size_t>(count));
  // Every 16th of the sample, both ends included; one that comes twice is a bucket of its own.
  std::uint64_t chosen[buckets_max];
  std::int64_t kept = 0;
  const auto add = [&](std::uint64_t key) {
    if (key != 0 && (kept == 0 || key > chosen[kept - 1])) chosen[kept++] = key;
  };
  const std::uint64_t key_max = ~std::uint64_t{0} >> (64 - 8 * key_bytes(split.dtype));
  for (std::int64_t i = 0; i < count; i += sample_per_choice) {
    add(sample[i]);
    const bool twice =
        (i > 0 && sample[i] == sample[i - 1]) || (i + 1 < count && sample[i] == sample[i + 1]);
    if (twice && sample[i] < key_max) add(sample[i] + 1);
  }
  if (nan != 0) {
    while (kept > 0 && chosen[kept - 1] >= nan) --kept;
    chosen[kept++] = nan;
  }
  std::copy(chosen, chosen + kept, split.splitters);
  split.buckets = kept + 1;
}

void split_block(const Split& split, std::int64_t block) noexcept {
  sort_table().split[static_cast<std::size_t>(split.dtype)](split, block);
}

void place_buckets(const Split& split) noexcept {
  for (std::int64_t b = 0; b <= split.buckets; ++b) split.offsets[b] = 0;
  for (std::int64_t block = 0; block < split.blocks; ++block) {
    const std::uint32_t* const starts = split.starts + block * (split.buckets + 1);
    for (std::int64_t b = 0; b <= split.buckets; ++b) split.offsets[b] += starts[b];
  }
}

std::int64_t bucket_of_rank(const Split& split, std::int64_t rank) noexcept {
  const std::int64_t* const offsets = split.offsets;
  return std::upper_bound(offsets, offsets + split.buckets + 1, rank) - offsets - 1;
}

void take_bucket(const Split& split, std::int64_t bucket, std::byte* to, bool sorted) noexcept {
  const std::size_t bytes = split.element_bytes();
  std::byte* next = to;
  for (std::int64_t block = 0; block < split.blocks; ++block) {
    const std::uint32_t* const starts = split.starts + block * (split.buckets + 1) + bucket;
    const std::size_t piece = (starts[1] - starts[0]) * bytes;
    if (piece == 0) continue;
    const auto first = static_cast<std::size_t>(block * split_block_elements + starts[0]);
    std::memcpy(next, split.elements + first * bytes, piece);
    next += piece;
  }
  if (!sorted || split.is_constant(bucket)) return;
  sort_bytes(to, static_cast<std::size_t>(split.bucket_count(bucket)), bytes);
  if (!split.positions) return;
  const auto range =
      position_range(least_key(split, bucket), most_key(split, bucket), split.position_bits);
  if (range.shift == 0) return;
  repair_ties({split.dtype, split.in, split.stride, split.count}, split.order, split.position_bits,
              reinterpret_cast<std::uint64_t*>(to), split.bucket_count(bucket));
}

void store_values(const Split& split, const std::byte* keys, std::int64_t count, void* out,
                  std::int64_t stride) noexcept {
  sort_table().store[static_cast<std::size_t>(split.dtype)](keys, count, split.order.descending,
                                                            out, stride);
}

void store_indices(const Split& split, const std::byte* positions, std::int64_t count,
                   std::int64_t* out, std::int64_t stride) noexcept {
  const auto* const from = reinterpret_cast<const std::uint64_t*>(positions);
  const std::uint64_t mask = (std::uint64_t{1} << split.position_bits) - 1;
  for (std::int64_t i = 0; i < count; ++i) {
    out[i * stride] = static_cast<std::int64_t>(from[i] & mask);
  }
}

}  // namespace furrow::kernels
