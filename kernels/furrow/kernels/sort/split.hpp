// furrow/kernels/sort/split.hpp
//
// One long lane, cut into buckets: what sort, argsort, partition, quantiles, top_k share.
//
//   split_block   each block of 65536 elements becomes keys in scratch, grouped by bucket;
//                 splitters come from a sample at fixed places
//   take_bucket   each bucket is gathered from all blocks and sorted where it belongs
//
// so the elements travel twice through memory, whatever their number: lane -> scratch -> lane. A
// value that the sample holds twice has a bucket of its own, which nobody sorts: many equal
// elements make a sort faster. A skewed bucket is only slower.
//
// Steps   split_block reads the lane and writes scratch, take_bucket reads scratch and writes its
//         destination: each may be run again from its start, in place too
// Cut     blocks and buckets follow from the count and the elements, never from workers
// Stable  with positions instead of keys: (key - bucket's least key) above the element's index in
//         64 bits, which are all different. Where the difference does not fit it loses low bits,
//         and elements that look equal then are put right by their keys
// Source  sample sort: Frazer, McKellar, J. ACM 17 (1970); its tree without branches: Sanders,
//         Winkel, Super Scalar Sample Sort, ESA 2004. Base: Blacher et al., arXiv:2205.05982
//         (vqsort)
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/kernels/sort/keys.hpp>

namespace furrow::kernels {

inline constexpr std::int64_t split_block_elements = 65536;
inline constexpr std::int64_t buckets_max = 520;

/// Travels into steps by value; the pointers lie in the caller's memory.
struct Split {
  Dtype dtype = Dtype::none;
  KeyOrder order;
  bool positions = false;
  std::uint32_t position_bits = 0;
  const void* in = nullptr;
  std::int64_t stride = 1;  // elements
  std::int64_t count = 0;
  std::int64_t blocks = 0;
  std::int64_t buckets = 0;
  std::uint64_t* splitters = nullptr;  // bucket b: splitters[b-1] <= key < splitters[b]
  std::uint32_t* starts = nullptr;     // [blocks][buckets+1], in elements of the block
  std::int64_t* offsets = nullptr;     // [buckets+1], in elements of the lane
  std::byte* elements = nullptr;       // keys, or positions of 8 bytes, block after block

  std::size_t element_bytes() const noexcept { return positions ? 8 : key_bytes(dtype); }
  std::int64_t bucket_count(std::int64_t bucket) const noexcept {
    return offsets[bucket + 1] - offsets[bucket];
  }
  /// All its elements are equal.
  bool is_constant(std::int64_t bucket) const noexcept;
};

struct LaneIn {
  Dtype dtype;
  const void* data;
  std::int64_t stride;
  std::int64_t count;
};

/// Shorter lanes are sorted in one piece (sort/lanes.hpp).
constexpr bool is_split(std::int64_t count) noexcept { return count > 2 * split_block_elements; }

/// Scratch of a split, for memory aligned to 64 bytes.
std::size_t split_bytes(Dtype dtype, std::int64_t count, bool positions) noexcept;

/// Lays a split out in `scratch`. REQUIRES: is_split(lane.count), count < 2^40.
Split make_split(const LaneIn& lane, KeyOrder order, bool positions, std::byte* scratch) noexcept;

/// Reads the sample and chooses; once, before the blocks.
void choose_splitters(Split& split) noexcept;

/// For every block.
void split_block(const Split& split, std::int64_t block) noexcept;

/// Offsets of the buckets; once, after the blocks.
void place_buckets(const Split& split) noexcept;

/// The bucket that holds the element of a rank.
std::int64_t bucket_of_rank(const Split& split, std::int64_t rank) noexcept;

/// Gathers a bucket to `to` and, unless told not to, sorts it there. `to` holds element_bytes each.
void take_bucket(const Split& split, std::int64_t bucket, std::byte* to, bool sorted) noexcept;

/// keys -> elements of the lane's dtype, `stride` apart; may be in place where sizes are equal.
void store_values(const Split& split, const std::byte* keys, std::int64_t count, void* out,
                  std::int64_t stride) noexcept;

/// positions -> indices; may be in place.
void store_indices(const Split& split, const std::byte* positions, std::int64_t count,
                   std::int64_t* out, std::int64_t stride) noexcept;

}  // namespace furrow::kernels
