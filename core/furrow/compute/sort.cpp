// furrow/compute/sort.cpp
#include <furrow/compute/sort.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/kernels/sort/sort.hpp>

namespace furrow {
namespace {

using compute::OnEngine;

/// The result's shape: x's with another length of the axis, or rank 1 without an axis.
Shape shape_along(const AnyArray& x, const compute::Axis& axis, std::int64_t length,
                  std::string_view what) {
  if (!axis) return {length};
  Shape shape = x.shape();
  shape[compute::check_axis(x, *axis, what)] = length;
  return shape;
}

std::int64_t length_along(const AnyArray& x, const compute::Axis& axis, std::string_view what) {
  return axis ? x.extent(compute::check_axis(x, *axis, what)) : x.size();
}

}  // namespace

void sort_to(Engine& engine, const AnyArray& out, const AnyArray& x, const SortOptions& options) {
  compute::check_sortable(x, "sort");
  compute::check_valid(out, "sort");
  if (out.dtype() != x.dtype()) {
    throw TypeMismatch(fmt::format("sort: the output holds {}, the input {}; pass the same dtype",
                                   dtype_name(out.dtype()), dtype_name(x.dtype())));
  }
  if (out.shape() != x.shape()) {
    throw ShapeMismatch(fmt::format("sort: the output has shape {}, the input {}",
                                    to_string(out.shape()), to_string(x.shape())));
  }
  compute::check_output(out, x, "sort");
  const kernels::Lanes lanes = compute::lanes_of(x, out, options.axis, "sort");
  const engine::Writing writing(engine, out);
  kernels::sort(OnEngine{engine}, lanes, {options.descending}, compute::Scratch{});
}

void sort(Engine& engine, const AnyArray& x, const SortOptions& options) {
  sort_to(engine, x, x, options);
}

void argsort_to(Engine& engine, const Array<std::int64_t>& out, const AnyArray& x,
                const SortOptions& options) {
  compute::check_sortable(x, "argsort");
  compute::check_valid(out, "argsort");
  const Shape wanted =
      shape_along(x, options.axis, length_along(x, options.axis, "argsort"), "argsort");
  if (out.shape() != wanted) {
    throw ShapeMismatch(fmt::format("argsort: the output has shape {}, the result {}",
                                    to_string(out.shape()), to_string(wanted)));
  }
  if (x.size() != 0 && out.data() == x.data()) {
    throw InvalidArgument("argsort: the output is the input; pass another array");
  }
  compute::check_output(out, x, "argsort");
  const kernels::Lanes lanes = compute::lanes_of(x, out, options.axis, "argsort");
  const engine::Writing writing(engine, out);
  kernels::argsort(OnEngine{engine}, lanes, lanes.length, {options.descending}, compute::Scratch{});
}

Array<std::int64_t> argsort(Engine& engine, const AnyArray& x, const SortOptions& options) {
  compute::check_sortable(x, "argsort");
  auto out = Array<std::int64_t>::temporary(
      shape_along(x, options.axis, length_along(x, options.axis, "argsort"), "argsort"));
  argsort_to(engine, out, x, options);
  return out;
}

void partition(Engine& engine, const AnyArray& x, const std::vector<std::int64_t>& ranks,
               const SortOptions& options) {
  compute::check_sortable(x, "partition");
  compute::check_output(x, x, "partition");
  const kernels::Lanes lanes = compute::lanes_of(x, x, options.axis, "partition");
  const auto room = Array<std::int64_t>::temporary({std::max<std::int64_t>(std::ssize(ranks), 1)});
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const std::int64_t rank = ranks[i] < 0 ? ranks[i] + lanes.length : ranks[i];
    if (rank < 0 || rank >= lanes.length) {
      throw InvalidArgument(fmt::format("partition: rank {} of lanes of {} elements; pass {} to {}",
                                        ranks[i], lanes.length, -lanes.length, lanes.length - 1));
    }
    room.data()[i] = rank;
  }
  const engine::Writing writing(engine, x);
  kernels::partition(OnEngine{engine}, lanes, {room.data(), std::ssize(ranks)},
                     {options.descending}, compute::Scratch{});
}

TopK top_k(Engine& engine, const AnyArray& x, std::int64_t k, const TopKOptions& options) {
  compute::check_sortable(x, "top_k");
  const std::int64_t length = length_along(x, options.axis, "top_k");
  if (k < 0 || k > length) {
    throw InvalidArgument(
        fmt::format("top_k: {} of lanes of {} elements; pass 0 to {}", k, length, length));
  }
  const Shape shape = shape_along(x, options.axis, k, "top_k");
  TopK top = {AnyArray::temporary(x.dtype(), shape), Array<std::int64_t>::temporary(shape)};
  kernels::Lanes lanes = compute::lanes_of(x, top.indices, options.axis, "top_k");
  if (k == 0 || x.size() == 0) return top;
  kernels::argsort(OnEngine{engine}, lanes, k, {options.largest}, compute::Scratch{});
  // Both results are packed and alike: an index and its value have the same place.
  void* const values = top.values.data();
  const std::int64_t step = lanes.out_step;
  const kernels::LaneGroups groups(lanes);
  visit_dtype(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto* const out = static_cast<T*>(values);
    OnEngine{engine}(groups.count(), [=](std::int64_t g) {
      for (std::int64_t lane = groups.first(g); lane < groups.end(g); ++lane) {
        const T* const in = static_cast<const T*>(lanes.lane_in(lane).data);
        const std::int64_t first = lanes.out_offset(lane);
        const auto* const index = static_cast<const std::int64_t*>(lanes.out) + first;
        for (std::int64_t i = 0; i < k; ++i) {
          out[first + i * step] = in[index[i * step] * lanes.in_step];
        }
      }
    });
  });
  return top;
}

}  // namespace furrow
