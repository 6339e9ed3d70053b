#include <furrow/io/hdf5/blocks.hpp>

#include <algorithm>
#include <cstring>

namespace furrow::hdf5 {
namespace {

// With this many layers every worker of a usual machine finds something to steal.
constexpr std::int64_t enough_layers = 16;

std::int64_t layers(const Box& all, const Extents& chunk, std::size_t axis) {
  const std::int64_t begin = all.offset[axis] / chunk[axis];
  const std::int64_t end = (all.offset[axis] + all.count[axis] + chunk[axis] - 1) / chunk[axis];
  return end - begin;
}

/// Copies of a size that the compiler knows are single instructions.
template <std::size_t Item>
void copy_steps(std::byte* to, std::int64_t to_step, const std::byte* from, std::int64_t from_step,
                std::int64_t count) noexcept {
  constexpr auto item = static_cast<std::int64_t>(Item);
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_step * item, from + i * from_step * item, Item);
  }
}

/// Items are 1, 2, 4, 8 or 16 bytes; a step of 0 repeats one.
void copy_run(std::byte* to, std::int64_t to_step, const std::byte* from, std::int64_t from_step,
              std::int64_t count, std::size_t item) noexcept {
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * item);
    return;
  }
  switch (item) {
    case 1: return copy_steps<1>(to, to_step, from, from_step, count);
    case 2: return copy_steps<2>(to, to_step, from, from_step, count);
    case 4: return copy_steps<4>(to, to_step, from, from_step, count);
    case 8: return copy_steps<8>(to, to_step, from, from_step, count);
    default: return copy_steps<16>(to, to_step, from, from_step, count);
  }
}

}  // namespace

Box BlockPlan::block(std::int64_t index) const noexcept {
  Box box = all;
  if (all.count.ndim() == 0) return box;
  const std::int64_t begin = all.offset[axis];
  const std::int64_t end = begin + all.count[axis];
  const std::int64_t first = (begin / step + index) * step;
  box.offset[axis] = std::max(begin, first);
  box.count[axis] = std::min(end, first + step) - box.offset[axis];
  return box;
}

BlockPlan plan_blocks(const Box& all, const Extents& chunk, std::size_t item_bytes,
                      std::size_t block_bytes) {
  BlockPlan plan;
  plan.all = all;
  const std::int64_t size = size_of(all.count);
  if (size == 0) return plan;
  plan.blocks = 1;
  if (all.count.ndim() == 0) return plan;
  for (std::size_t axis = 1; axis < all.count.ndim(); ++axis) {
    if (layers(all, chunk, plan.axis) >= enough_layers) break;
    if (layers(all, chunk, axis) > layers(all, chunk, plan.axis)) plan.axis = axis;
  }
  const std::size_t axis = plan.axis;
  const std::size_t slice_bytes =
      static_cast<std::size_t>(size / all.count[axis]) * item_bytes;  // one element thick
  const std::size_t layer_bytes = slice_bytes * static_cast<std::size_t>(chunk[axis]);
  const std::size_t thickness = std::max<std::size_t>(block_bytes / layer_bytes, 1);
  const auto end = all.offset[axis] + all.count[axis];
  // Not thicker than the dataset, which also keeps the product in range.
  const auto whole = static_cast<std::size_t>(end / chunk[axis] + 1);
  plan.step = static_cast<std::int64_t>(std::min(thickness, whole)) * chunk[axis];
  plan.blocks = (end - 1) / plan.step - all.offset[axis] / plan.step + 1;
  return plan;
}

void copy_box(const Extents& count, std::size_t item_bytes, const void* from,
              const Strides& from_strides, void* to, const Strides& to_strides) noexcept {
  if (size_of(count) == 0) return;
  const std::size_t ndim = count.ndim();
  const auto item = static_cast<std::int64_t>(item_bytes);
  const std::int64_t inner = ndim == 0 ? 1 : count[ndim - 1];
  const std::int64_t from_step = ndim == 0 ? 1 : from_strides[ndim - 1];
  const std::int64_t to_step = ndim == 0 ? 1 : to_strides[ndim - 1];
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  Extents at = count;
  for (std::size_t axis = 0; axis < ndim; ++axis) at[axis] = 0;
  for (;;) {
    copy_run(target, to_step, source, from_step, inner, item_bytes);
    // The next run: count up the outer axes like an odometer.
    std::size_t axis = ndim < 2 ? 0 : ndim - 1;
    for (; axis > 0; --axis) {
      const std::size_t outer = axis - 1;
      source += from_strides[outer] * item;
      target += to_strides[outer] * item;
      if (++at[outer] < count[outer]) break;
      source -= count[outer] * from_strides[outer] * item;
      target -= count[outer] * to_strides[outer] * item;
      at[outer] = 0;
    }
    if (axis == 0) return;
  }
}

}  // namespace furrow::hdf5
