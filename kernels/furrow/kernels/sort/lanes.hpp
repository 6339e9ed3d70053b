// furrow/kernels/sort/lanes.hpp
//
// An array seen along one axis: lanes of equal length, and what is done to a short one in one
// piece.
//
// Order   lanes are numbered in C order of the other axes; strides count elements, any sign
// Cut     lanes are worked on in groups of about 16384 elements, at most 4096 groups
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/sort/split.hpp>

namespace furrow::kernels {

struct Lanes {
  static constexpr int axes_max = 8;

  Dtype dtype = Dtype::none;
  const void* in = nullptr;
  void* out = nullptr;
  std::int64_t length = 0;
  std::int64_t in_step = 1;
  std::int64_t out_step = 1;
  int axes = 0;  // the other axes
  std::int64_t extent[axes_max] = {};
  std::int64_t in_stride[axes_max] = {};
  std::int64_t out_stride[axes_max] = {};

  std::int64_t count() const noexcept {
    std::int64_t lanes = 1;
    for (int k = 0; k < axes; ++k) lanes *= extent[k];
    return lanes;
  }
  std::int64_t in_offset(std::int64_t lane) const noexcept { return offset(lane, in_stride); }
  std::int64_t out_offset(std::int64_t lane) const noexcept { return offset(lane, out_stride); }
  LaneIn lane_in(std::int64_t lane) const noexcept {
    const auto bytes = static_cast<std::int64_t>(item_bytes(dtype));
    return {dtype, static_cast<const std::byte*>(in) + in_offset(lane) * bytes, in_step, length};
  }

 private:
  std::int64_t offset(std::int64_t lane, const std::int64_t (&stride)[axes_max]) const noexcept {
    std::int64_t at = 0;
    for (int k = axes - 1; k >= 0; --k) {
      at += lane % extent[k] * stride[k];
      lane /= extent[k];
    }
    return at;
  }
};

/// How lanes are cut: group g is the lanes [first(g), end(g)).
struct LaneGroups {
  std::int64_t lanes;
  std::int64_t per_group;

  explicit LaneGroups(const Lanes& all) noexcept : lanes(all.count()) {
    const std::int64_t length = std::max<std::int64_t>(all.length, 1);
    // Neighbours across the axis share cache lines.
    const std::int64_t least = all.in_step == 1 && all.out_step == 1 ? 1 : 8;
    per_group = std::max({least, 16384 / length, (lanes + 4095) / 4096});
  }
  std::int64_t count() const noexcept { return (lanes + per_group - 1) / per_group; }
  std::int64_t first(std::int64_t g) const noexcept { return g * per_group; }
  std::int64_t end(std::int64_t g) const noexcept { return std::min(lanes, (g + 1) * per_group); }
};

/// A single lane.
inline Lanes one_lane(Dtype dtype, const void* in, void* out, std::int64_t count) noexcept {
  Lanes lanes;
  lanes.dtype = dtype;
  lanes.in = in;
  lanes.out = out;
  lanes.length = count;
  return lanes;
}

/// Sorted keys of a lane into `keys` (key_bytes each).
void sort_lane(const LaneIn& lane, bool descending, std::byte* keys) noexcept;

/// Sorted positions of a lane into `indices`, which become indices. Stable.
void argsort_lane(const LaneIn& lane, bool descending, std::uint64_t* indices) noexcept;

/// Sorted keys as elements.
void store_lane(Dtype dtype, const std::byte* keys, std::int64_t count, bool descending, void* out,
                std::int64_t stride) noexcept;

}  // namespace furrow::kernels
