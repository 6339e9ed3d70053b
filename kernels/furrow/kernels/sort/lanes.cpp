// furrow/kernels/sort/lanes.cpp
#include <furrow/kernels/sort/lanes.hpp>

#include <furrow/kernels/sort/entries.hpp>

namespace furrow::kernels {

void sort_lane(const LaneIn& lane, bool descending, std::byte* keys) noexcept {
  sort_table().load[static_cast<std::size_t>(lane.dtype)](lane, {descending, false}, keys);
  sort_bytes(keys, static_cast<std::size_t>(lane.count), key_bytes(lane.dtype));
}

void argsort_lane(const LaneIn& lane, bool descending, std::uint64_t* indices) noexcept {
  const KeyOrder order = {descending, true};
  const auto range =
      sort_table().positions[static_cast<std::size_t>(lane.dtype)](lane, order, indices);
  if (lane.count < 2) return;
  sort_keys(indices, static_cast<std::size_t>(lane.count));
  if (range.shift != 0) {
    repair_ties(lane, order, range.position_bits, indices, lane.count);
  }
  const std::uint64_t mask = (std::uint64_t{1} << range.position_bits) - 1;
  for (std::int64_t i = 0; i < lane.count; ++i) indices[i] &= mask;
}

void store_lane(Dtype dtype, const std::byte* keys, std::int64_t count, bool descending, void* out,
                std::int64_t stride) noexcept {
  sort_table().store[static_cast<std::size_t>(dtype)](keys, count, descending, out, stride);
}

}  // namespace furrow::kernels
