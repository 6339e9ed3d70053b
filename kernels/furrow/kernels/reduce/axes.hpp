// furrow/kernels/reduce/axes.hpp
//
// Reductions along any axes, as steps for an executor (execution.hpp).
//
//   AxesCall call{.x = x, .out = sums, .op = ReduceOp::sum, .dtype = Dtype::f64,
//                 .out_dtype = Dtype::f64};
//   call.kept.add({columns, 1, 0, 1}, false);        // np.sum(x, axis=0) of rows x columns
//   call.reduced.add({rows, columns, 0, 0}, false);  // extent, strides of x, mask, output
//   AxesPlan plan = plan_axes(call);
//   plan.scratch = …;                                // scratch_bytes(plan), aligned to 64 bytes
//   reduce_axes(Threads{}, plan);
//
// Shape   the axes of x in two lists, both in C order: kept ones, which are those of the output,
//         and reduced ones, whose elements are counted through in C order
// Order   that of whole arrays, for every output alike: tiles of 8 KiB of its elements, in C order,
//         combined by index in the binary tree; 16 virtual lanes in each tile. So a result has the
//         bits that the same elements give as an array of their own, whether the reduced axis is
//         the fast one or a slow one, for any executor; but for the sign of a zero extreme
// Error   that of the kernel (reduce/README.md): pairwise on every axis
// dot     has a second operand by the same axes; its columns are gathered
// Mask    bool, by the same axes: in each tile the chosen elements move together, in their order;
//         places are counted among all elements of the output, chosen or not
// Roads   picked by shape and dtype alone:
//         rows      an output's elements by runs, where the reduced axis is the fast one
//         panels    tiles of several outputs at once, gathered as columns, where a kept axis is
//         columns   the same without gathering, a vector over the outputs: sum, product, extremes,
//                   counts, moments; short rows too, after gathering
// Memory  scratch for the partials where an output is cut; see scratch_bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <furrow/kernels/reduce/entries.hpp>

namespace furrow::kernels {

inline constexpr std::size_t axes_max = 8;

struct ReduceAxis {
  std::int64_t extent;
  std::int64_t stride;       // of x, in elements, as all strides here
  std::int64_t mask_stride;  // of the mask
  std::int64_t out_stride;   // of the output; reduced axes have none
  std::int64_t y_stride = 0;
};

/// A list of axes. `add` joins an axis with the one before it where one stride walks both.
struct ReduceAxes {
  std::size_t count = 0;
  ReduceAxis axis[axes_max] = {};

  void add(const ReduceAxis& next, bool masked) noexcept;
  std::int64_t size() const noexcept;
};

/// What becomes of an output's partial.
enum class AxesResult : std::uint8_t { value, mean, variance, deviation };

struct AxesCall {
  const void* x;
  const void* y;     // of dot: the other operand, of the same dtype; else null
  const bool* mask;  // null: every element
  void* out;
  ReduceOp op;
  Dtype dtype;      // of x
  Dtype out_dtype;  // results are rounded to it, once
  AxesResult result;
  double ddof;
  ReduceAxes kept;
  ReduceAxes reduced;
};

/// How a call is cut; a function of the shapes and dtypes alone.
struct AxesPlan {
  enum class Road : std::uint8_t { rows, panels, columns, short_rows };

  AxesCall call;
  Road road;
  std::int64_t outputs;
  std::int64_t elements;  // of each output
  std::int64_t tiles;     // of each output
  std::int64_t group_tiles;
  std::int64_t groups;  // an output's groups of tiles, a step each
  std::int64_t block;   // outputs of a step
  std::int64_t blocks;
  std::size_t slot_bytes;  // of a partial with the count of its elements
  std::byte* scratch;
};
static_assert(std::is_trivially_copyable_v<AxesPlan>);

/// REQUIRES: the kernel has this dtype; it has an identity where the reduced axes are empty or a
/// mask chooses nothing.
AxesPlan plan_axes(const AxesCall& call) noexcept;

/// Scratch that the plan takes, aligned to 64 bytes; 0 for none.
inline std::size_t scratch_bytes(const AxesPlan& plan) noexcept {
  return plan.groups == 1 ? 0
                          : static_cast<std::size_t>(plan.outputs * plan.groups) * plan.slot_bytes;
}

/// One step: a block of outputs, one group of tiles. And the last step for a block of outputs.
void reduce_axes_step(const AxesPlan& plan, std::int64_t step) noexcept;
void finish_axes_step(const AxesPlan& plan, std::int64_t block) noexcept;

/// Runs a plan, whose scratch is set, on an executor.
template <class Each>
void reduce_axes(const Each& each, const AxesPlan& plan) {
  if (plan.outputs == 0) return;
  each(plan.blocks * plan.groups, [plan](std::int64_t step) { reduce_axes_step(plan, step); });
  if (plan.groups == 1) return;
  each(plan.blocks, [plan](std::int64_t block) { finish_axes_step(plan, block); });
}

}  // namespace furrow::kernels
