#include <furrow/io/hdf5/chunks.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace furrow::hdf5 {
namespace {

constexpr std::int64_t chunk_bytes_wanted = std::int64_t{1} << 20;
constexpr std::int64_t growable_bytes_min = std::int64_t{64} << 10;
constexpr std::int64_t rows_min = 4;
constexpr std::int64_t few_chunks = 8;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept { return (a + b - 1) / b; }

/// Few chunks share an axis evenly: else the last one may be almost all padding.
std::int64_t evenly(std::int64_t extent, std::int64_t part) noexcept {
  const std::int64_t parts = ceil_div(extent, part);
  return parts > few_chunks ? part : ceil_div(extent, parts);
}

template <std::size_t Bytes>
void copy_items(std::byte* to, std::int64_t to_step, const std::byte* from, std::int64_t from_step,
                std::int64_t count) noexcept {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_step, from + i * from_step, Bytes);
  }
}

/// Steps in bytes.
void copy_run(std::byte* to, std::int64_t to_step, const std::byte* from, std::int64_t from_step,
              std::int64_t count, std::size_t item) noexcept {
  const auto dense = static_cast<std::int64_t>(item);
  if (to_step == dense && from_step == dense) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * item);
    return;
  }
  switch (item) {
    case 1: return copy_items<1>(to, to_step, from, from_step, count);
    case 2: return copy_items<2>(to, to_step, from, from_step, count);
    case 4: return copy_items<4>(to, to_step, from, from_step, count);
    case 8: return copy_items<8>(to, to_step, from, from_step, count);
    default: return copy_items<16>(to, to_step, from, from_step, count);
  }
}

void fill_elements(std::byte* to, std::size_t count, const std::byte* value, std::size_t item) {
  if (std::all_of(value, value + item, [](std::byte b) { return b == std::byte{0}; })) {
    std::memset(to, 0, count * item);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) std::memcpy(to + i * item, value, item);
}

}  // namespace

Extents choose_chunk(const Shape& shape, std::size_t item_bytes, bool growable) {
  Extents chunk = shape;
  if (shape.ndim() == 0) return chunk;
  const auto item = static_cast<std::int64_t>(item_bytes);
  for (std::int64_t& extent : std::span(&chunk[0], chunk.ndim())) {
    extent = std::max<std::int64_t>(extent, 1);
  }
  const std::int64_t rows = chunk[0];
  std::int64_t wanted = chunk_bytes_wanted / item;
  if (growable) {
    const std::int64_t now = size_of(chunk);
    wanted = std::clamp(now, std::min(growable_bytes_min / item, wanted), wanted);
  }
  // Of each row, as much as lets several into a chunk; a lonely row may have it all.
  const bool one_axis = chunk.ndim() == 1;
  const std::int64_t rows_wanted = growable ? rows_min : std::min(rows, rows_min);
  std::int64_t left = one_axis ? 1 : std::max<std::int64_t>(wanted / rows_wanted, 1);
  std::int64_t row = 1;
  for (std::size_t axis = chunk.ndim() - 1; axis > 0; --axis) {
    const std::int64_t part = std::min(chunk[axis], left);
    chunk[axis] = evenly(chunk[axis], part);
    left = std::max<std::int64_t>(left / chunk[axis], 1);
    row *= chunk[axis];
  }
  const std::int64_t fit = std::max<std::int64_t>(wanted / row, 1);
  chunk[0] = growable ? fit : evenly(rows, std::min(rows, fit));
  return chunk;
}

void gather_box(const Extents& count, std::size_t item_bytes, const void* from,
                const Strides& from_strides, void* to, const Strides& to_strides) noexcept {
  if (size_of(count) == 0) return;
  // Axes from the one that is walked last to the one that is walked first, steps in bytes.
  struct Axis {
    std::int64_t count, from, to;
  };
  Axis axes[segment::dimensions_max];
  std::size_t used = 0;
  const auto item = static_cast<std::int64_t>(item_bytes);
  for (std::size_t axis = 0; axis < count.ndim(); ++axis) {
    if (count[axis] > 1) {
      axes[used++] = {count[axis], from_strides[axis] * item, to_strides[axis] * item};
    }
  }
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  if (used == 0) {
    std::memcpy(target, source, item_bytes);
    return;
  }
  std::stable_sort(axes, axes + used, [](const Axis& a, const Axis& b) {
    return std::abs(a.from) > std::abs(b.from);
  });
  const Axis inner = axes[used - 1];
  std::int64_t at[segment::dimensions_max] = {};
  for (;;) {
    copy_run(target, inner.to, source, inner.from, inner.count, item_bytes);
    // The next run: count up the outer axes like an odometer.
    std::size_t axis = used - 1;
    for (; axis > 0; --axis) {
      const std::size_t outer = axis - 1;
      source += axes[outer].from;
      target += axes[outer].to;
      if (++at[outer] < axes[outer].count) break;
      source -= axes[outer].count * axes[outer].from;
      target -= axes[outer].count * axes[outer].to;
      at[outer] = 0;
    }
    if (axis == 0) return;
  }
}

ChunkGrid::ChunkGrid(const Target& target, const Slab& slab) noexcept
    : target_(target), slab_(slab), count_(target.chunk) {
  const Extents& chunk = target.chunk;
  first_row_ = slab.begin / chunk[0] * chunk[0];
  count_[0] = ceil_div(slab.begin + slab.shape[0] - first_row_, chunk[0]);
  for (std::size_t axis = 1; axis < chunk.ndim(); ++axis) {
    count_[axis] = ceil_div(slab.shape[axis], chunk[axis]);
  }
  chunks_ = size_of(count_);
  chunk_bytes_ = static_cast<std::size_t>(size_of(chunk)) * item_bytes(target.dtype);
}

Extents ChunkGrid::offset(std::int64_t chunk) const noexcept {
  Extents at = count_;
  for (std::size_t left = at.ndim(); left > 0; --left) {
    const std::size_t axis = left - 1;
    at[axis] = chunk % count_[axis] * target_.chunk[axis];
    chunk /= count_[axis];
  }
  at[0] += first_row_;
  return at;
}

std::span<const std::byte> ChunkGrid::elements(std::int64_t chunk,
                                               std::byte* buffer) const noexcept {
  const std::size_t item = item_bytes(target_.dtype);
  const Extents at = offset(chunk);
  const Extents& extents = target_.chunk;
  const Strides dense = c_strides(extents);
  // The part that lies in the slab.
  Extents count = extents;
  const std::int64_t skip = std::max<std::int64_t>(slab_.begin - at[0], 0);  // rows of the head
  count[0] = std::min(at[0] + extents[0], slab_.begin + slab_.shape[0]) - at[0] - skip;
  std::int64_t first = (at[0] + skip - slab_.begin) * slab_.strides[0];
  for (std::size_t axis = 1; axis < count.ndim(); ++axis) {
    count[axis] = std::min(extents[axis], slab_.shape[axis] - at[axis]);
    first += at[axis] * slab_.strides[axis];
  }
  const auto* from =
      static_cast<const std::byte*>(slab_.data) + first * static_cast<std::int64_t>(item);
  const bool whole = count == extents;
  if (whole && is_contiguous(count, slab_.strides)) return {from, chunk_bytes_};
  Extents rows = count;
  rows[0] += skip;
  if (rows != extents) {
    fill_elements(buffer, static_cast<std::size_t>(size_of(extents)), target_.fill, item);
  }
  gather_box(count, item, from, slab_.strides,
             buffer + skip * dense[0] * static_cast<std::int64_t>(item), dense);
  if (skip > 0) {
    Shape head = slab_.shape;
    head[0] = slab_.begin - first_row_;
    const Strides strides = c_strides(head);
    std::int64_t start = 0;
    for (std::size_t axis = 1; axis < count.ndim(); ++axis) start += at[axis] * strides[axis];
    rows[0] = skip;
    gather_box(rows, item,
               static_cast<const std::byte*>(slab_.head) + start * static_cast<std::int64_t>(item),
               strides, buffer, dense);
  }
  return {buffer, chunk_bytes_};
}

}  // namespace furrow::hdf5
