// furrow/kernels/reduce/axes.cpp
//
// How a reduction along axes is cut: from the shapes and dtypes alone.
#include <furrow/kernels/reduce/axes.hpp>

#include <algorithm>
#include <cstdlib>

#include <furrow/kernels/reduce/columns.hpp>
#include <furrow/kernels/reduce/walk.hpp>

namespace furrow::kernels {
namespace {

constexpr std::int64_t steps_most = 256;
constexpr std::int64_t step_elements = 32768;  // at least, where there are as many

AxesPlan::Road road_of(const AxesCall& call, std::int64_t elements) noexcept {
  using Road = AxesPlan::Road;
  if (call.kept.count == 0) return Road::rows;
  const ReduceAxis& kept = call.kept.axis[call.kept.count - 1];
  const std::int64_t kept_step = std::abs(kept.stride);
  const std::int64_t reduced_step =
      call.reduced.count == 0 ? 0 : std::abs(call.reduced.axis[call.reduced.count - 1].stride);
  const bool by_column = call.mask == nullptr && call.reduced.count <= 1 && elements > 0 &&
                         column_function(call.op, call.dtype) != nullptr;
  if (by_column && kept.stride == 1 && kept_step < reduced_step && kept.extent > 1) {
    return Road::columns;
  }
  if (by_column && elements <= short_most && kept.extent >= 16) return Road::short_rows;
  return elements > 1 && kept.extent > 1 && kept_step < reduced_step ? Road::panels : Road::rows;
}

}  // namespace

void ReduceAxes::add(const ReduceAxis& next, bool masked) noexcept {
  if (next.extent == 1) return;
  if (count != 0) {
    ReduceAxis& last = axis[count - 1];
    const bool one_walk = last.stride == next.stride * next.extent &&
                          (!masked || last.mask_stride == next.mask_stride * next.extent) &&
                          last.y_stride == next.y_stride * next.extent &&
                          last.out_stride == next.out_stride * next.extent;
    if (one_walk) {
      last = {last.extent * next.extent, next.stride, next.mask_stride, next.out_stride,
              next.y_stride};
      return;
    }
  }
  axis[count++] = next;
}

std::int64_t ReduceAxes::size() const noexcept {
  std::int64_t size = 1;
  for (std::size_t k = 0; k < count; ++k) size *= axis[k].extent;
  return size;
}

AxesPlan plan_axes(const AxesCall& call) noexcept {
  AxesPlan plan{};
  plan.call = call;
  plan.outputs = call.kept.size();
  plan.elements = call.reduced.size();
  plan.road = road_of(call, plan.elements);
  const std::size_t item = item_bytes(call.dtype);
  const auto tile = static_cast<std::int64_t>(tile_elements(item));
  plan.tiles = std::max<std::int64_t>(1, (plan.elements + tile - 1) / tile);
  plan.slot_bytes = reduce_functions(call.op, call.dtype)->partial_bytes + 16;

  const std::int64_t width = plan.road == AxesPlan::Road::rows ? 1
                             : plan.road == AxesPlan::Road::panels
                                 ? panel_width(item)
                                 : static_cast<std::int64_t>(columns_max(call.op));
  // A short total counts its outputs too: each costs as much as some elements.
  const std::int64_t total = plan.outputs * (plan.elements + 1);
  const std::int64_t steps = std::clamp<std::int64_t>(total / step_elements, 1, steps_most);
  const std::int64_t units = std::max<std::int64_t>(1, (plan.outputs + width - 1) / width);
  plan.blocks = std::clamp<std::int64_t>(units, 1, steps);
  plan.block = (units + plan.blocks - 1) / plan.blocks * width;
  plan.blocks = (plan.outputs + plan.block - 1) / plan.block;
  const std::int64_t groups =
      std::clamp<std::int64_t>(steps / std::max<std::int64_t>(1, plan.blocks), 1, plan.tiles);
  plan.group_tiles = 1;
  while (plan.group_tiles * groups < plan.tiles) plan.group_tiles *= 2;
  if (plan.road != AxesPlan::Road::rows) {
    plan.group_tiles = std::min(plan.group_tiles, group_tiles_most);
  }
  plan.groups = (plan.tiles + plan.group_tiles - 1) / plan.group_tiles;
  return plan;
}

}  // namespace furrow::kernels
