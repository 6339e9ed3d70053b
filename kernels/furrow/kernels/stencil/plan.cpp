// furrow/kernels/stencil/plan.cpp
//
// A stencil made ready: axes that lie in one another are joined, and the output is cut into steps.
#include <algorithm>
#include <limits>

#include <furrow/kernels/stencil/stencil.hpp>

namespace furrow::kernels {
namespace {

/// Multiply-adds of a step: tens of microseconds.
constexpr std::int64_t step_work = std::int64_t{1} << 18;
constexpr std::int64_t steps_max = 4096;
/// Elements between two taps of the last axis, where it is joined with short ones behind it.
constexpr std::int64_t inner_max = 128;

bool is_untouched(const StencilAxis& axis) noexcept {
  return axis.taps == 1 && axis.origin == 0 && axis.in == axis.out;
}

/// True when `inner` positions of the axis behind follow one another from one of `axis` to the
/// next.
bool lie_in_one(const StencilAxis& axis, const StencilAxis& behind) noexcept {
  return is_untouched(behind) && axis.in_stride == behind.in * behind.in_stride &&
         axis.out_stride == behind.out * behind.out_stride;
}

/// Joins axes; gives how many are left.
std::size_t join(StencilAxis* axes, std::size_t count, std::int64_t& inner) noexcept {
  std::size_t left = 1;
  for (std::size_t k = 1; k < count; ++k) {
    StencilAxis& before = axes[left - 1];
    if (is_untouched(before) && lie_in_one(before, axes[k])) {
      before.in *= axes[k].in;
      before.out = before.in;
      before.in_stride = axes[k].in_stride;
      before.out_stride = axes[k].out_stride;
    } else {
      axes[left++] = axes[k];
    }
  }
  inner = 1;
  if (left < 2) return left;
  // The weights walk an axis with few elements behind it: one line, taps that many apart.
  const StencilAxis& last = axes[left - 1];
  if (last.in_stride == 1 && last.out_stride == 1 && last.in <= inner_max &&
      lie_in_one(axes[left - 2], last)) {
    inner = last.in;
    --left;
  }
  return left;
}

template <class T>
void cut(StencilPlan<T>& plan, std::int64_t taps) noexcept {
  plan.rows = 1;
  for (std::size_t k = 0; k < plan.outer_count; ++k) plan.rows *= plan.outer[k].out;
  const std::int64_t row = plan.last.out * plan.inner;
  plan.blocks = (row + stencil_block_elements - 1) / stencil_block_elements;
  const std::int64_t block = std::min(row, stencil_block_elements);
  std::int64_t wanted = std::max<std::int64_t>(
      1, step_work / std::max(std::int64_t{1}, block) / std::max(std::int64_t{1}, taps));
  // No more steps than are worth the while, whatever the taps are.
  const std::int64_t units = plan.blocks * plan.rows;
  wanted = std::max(wanted, (units + steps_max - 1) / steps_max);
  plan.rows_of_step = std::min(wanted, plan.rows);
  plan.blocks_of_step = std::clamp<std::int64_t>(wanted / plan.rows_of_step, 1, plan.blocks);
  plan.row_groups = (plan.rows + plan.rows_of_step - 1) / plan.rows_of_step;
  plan.block_groups = (plan.blocks + plan.blocks_of_step - 1) / plan.blocks_of_step;
}

/// x - x is 0 for finite numbers, and NaN for the others.
template <class T>
bool is_finite(T x) noexcept {
  return x - x == T(0);
}

}  // namespace

template <class T>
StencilPlan<T> plan_stencil(const StencilArrays<T>& arrays) noexcept {
  StencilPlan<T> plan{};
  plan.in = arrays.in;
  plan.out = arrays.out;
  plan.boundary = arrays.boundary;
  plan.value = arrays.boundary == Boundary::constant ? arrays.value : T{};
  std::int64_t taps = 1;
  StencilAxis axes[stencil_axes_max] = {};
  const std::size_t count = arrays.in_shape.size();
  for (std::size_t k = 0; k < count; ++k) {
    taps *= arrays.weight_shape[k];
    axes[k] = {arrays.in_shape[k], arrays.out_shape[k],  arrays.weight_shape[k],
               arrays.origin[k],   arrays.in_strides[k], arrays.out_strides[k]};
  }
  plan.weight_step = arrays.backwards ? -1 : 1;
  plan.first_weight = arrays.weights + (arrays.backwards ? taps - 1 : 0);
  plan.finite = std::all_of(arrays.weights, arrays.weights + taps, is_finite<T>);
  // The stride of an axis with one position says nothing.
  if (axes[count - 1].in == 1) axes[count - 1].in_stride = 1;
  const std::size_t left = join(axes, count, plan.inner);
  plan.outer_count = left - 1;
  std::copy_n(axes, left - 1, plan.outer);
  plan.last = axes[left - 1];
  if (plan.inner > 1) plan.last.in_stride = plan.last.out_stride = 1;
  cut(plan, taps);
  return plan;
}

template StencilPlan<float> plan_stencil(const StencilArrays<float>&) noexcept;
template StencilPlan<double> plan_stencil(const StencilArrays<double>&) noexcept;
template StencilPlan<std::int32_t> plan_stencil(const StencilArrays<std::int32_t>&) noexcept;
template StencilPlan<std::int64_t> plan_stencil(const StencilArrays<std::int64_t>&) noexcept;
template StencilPlan<std::uint32_t> plan_stencil(const StencilArrays<std::uint32_t>&) noexcept;
template StencilPlan<std::uint64_t> plan_stencil(const StencilArrays<std::uint64_t>&) noexcept;

}  // namespace furrow::kernels
