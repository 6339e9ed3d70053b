// furrow/compute/reduce.cpp
#include <furrow/compute/reduce.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <fmt/format.h>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/kernels/reduce/axes.hpp>

namespace furrow {
namespace {

using kernels::AxesResult;
using kernels::ReduceOp;

enum class Gives { sum, mean, same, index, truth, norm };

struct Reduction {
  std::string_view name;
  ReduceOp op;
  AxesResult result;
  Gives gives;
  ReduceOp plain;  // of integers
};

constexpr auto value = AxesResult::value;
constexpr auto average = AxesResult::mean;
constexpr auto moments = ReduceOp::mean_variance;
constexpr auto numbers = ReduceOp::nanmean_variance;

constexpr Reduction reductions[] = {
    {"sum", ReduceOp::sum, value, Gives::sum, ReduceOp::sum},
    {"prod", ReduceOp::product, value, Gives::sum, ReduceOp::product},
    // The mean of integers goes by f64, where sums do not wrap.
    {"mean", ReduceOp::sum, average, Gives::mean, moments},
    {"var", moments, AxesResult::variance, Gives::mean, moments},
    {"std", moments, AxesResult::deviation, Gives::mean, moments},
    {"min", ReduceOp::min, value, Gives::same, ReduceOp::min},
    {"max", ReduceOp::max, value, Gives::same, ReduceOp::max},
    {"argmin", ReduceOp::argmin, value, Gives::index, ReduceOp::argmin},
    {"argmax", ReduceOp::argmax, value, Gives::index, ReduceOp::argmax},
    {"any", ReduceOp::any, value, Gives::truth, ReduceOp::any},
    {"all", ReduceOp::all, value, Gives::truth, ReduceOp::all},
    {"count_nonzero", ReduceOp::count, value, Gives::index, ReduceOp::count},
    {"norm", ReduceOp::norm2, value, Gives::norm, ReduceOp::norm2},
    {"norm1", ReduceOp::norm1, value, Gives::norm, ReduceOp::norm1},
    {"norm2", ReduceOp::norm2, value, Gives::norm, ReduceOp::norm2},
    {"norm_inf", ReduceOp::norm_inf, value, Gives::norm, ReduceOp::norm_inf},
    {"nansum", ReduceOp::nansum, value, Gives::sum, ReduceOp::sum},
    {"nanprod", ReduceOp::nanprod, value, Gives::sum, ReduceOp::product},
    {"nanmean", numbers, average, Gives::mean, moments},
    {"nanvar", numbers, AxesResult::variance, Gives::mean, moments},
    {"nanstd", numbers, AxesResult::deviation, Gives::mean, moments},
    {"nanmin", ReduceOp::nanmin, value, Gives::same, ReduceOp::min},
    {"nanmax", ReduceOp::nanmax, value, Gives::same, ReduceOp::max},
    {"dot", ReduceOp::dot, value, Gives::sum, ReduceOp::dot},
    {"nanargmin", ReduceOp::nanargmin, value, Gives::index, ReduceOp::argmin},
    {"nanargmax", ReduceOp::nanargmax, value, Gives::index, ReduceOp::argmax},
};

const Reduction& reduction_of(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(reductions), std::end(reductions),
                   [&](const Reduction& reduction) { return reduction.name == name; });
  if (found != std::end(reductions)) return *found;
  std::string known;
  for (const Reduction& reduction : reductions) known += fmt::format(" {}", reduction.name);
  throw NotFound(fmt::format("there is no reduction \"{}\"; there are{}", name, known));
}

bool is_whole(Dtype dtype) { return is_integer(dtype) || dtype == Dtype::bool_; }

ReduceOp op_for(const Reduction& reduction, Dtype dtype) {
  return is_whole(dtype) ? reduction.plain : reduction.op;
}

/// Where the axes of x are: those that stay, and those that go.
struct Split {
  std::array<bool, kernels::axes_max> goes{};
  Shape shape;          // of the result
  Shape without;        // without the reduced axes, whether they are kept with extent 1 or not
  std::int64_t length;  // elements of each output
};

Split split_axes(std::string_view name, const AnyArray& x, const ReduceOptions& options) {
  Split split;
  if (options.axes.empty()) std::fill_n(split.goes.begin(), x.ndim(), true);
  for (const std::int64_t axis : options.axes) {
    const std::size_t k = compute::check_axis(x, axis, name);
    if (split.goes[k]) {
      throw InvalidArgument(
          fmt::format("{}: axis {} is named twice; name each axis once", name, axis));
    }
    split.goes[k] = true;
  }
  split.length = 1;
  for (std::size_t k = 0; k < x.ndim(); ++k) {
    if (split.goes[k]) {
      split.length *= x.extent(k);
      if (options.keepdims) split.shape.push_back(1);
    } else {
      split.shape.push_back(x.extent(k));
      split.without.push_back(x.extent(k));
    }
  }
  return split;
}

/// The mask as x's shape sees it; not valid when there is none.
AnyArray mask_of(const Reduction& reduction, const AnyArray& x, const AnyArray& where) {
  if (!where.valid()) return {};
  if (where.dtype() != Dtype::bool_) {
    throw TypeMismatch(fmt::format("{}: the mask is of dtype {}; pass one of bool", reduction.name,
                                   dtype_name(where.dtype())));
  }
  return where.broadcast_to(x.shape());
}

/// y is not valid but for dot.
kernels::AxesPlan plan_of(const Reduction& reduction, const AnyArray& out, const AnyArray& x,
                          const AnyArray& y, const AnyArray& mask, const Split& split,
                          double ddof) {
  kernels::AxesCall call{};
  call.x = x.data();
  call.y = y.valid() ? y.data() : nullptr;
  call.mask = mask.valid() ? static_cast<const bool*>(mask.data()) : nullptr;
  call.out = out.data();
  call.op = op_for(reduction, x.dtype());
  call.dtype = x.dtype();
  call.out_dtype = out.dtype();
  call.result = reduction.result;
  call.ddof = ddof;
  const bool keeps = out.ndim() == x.ndim();
  std::size_t axis = 0;
  for (std::size_t k = 0; k < x.ndim(); ++k) {
    const std::int64_t mask_stride = mask.valid() ? mask.strides()[k] : 0;
    const std::int64_t y_stride = y.valid() ? y.strides()[k] : 0;
    if (split.goes[k]) {
      call.reduced.add({x.extent(k), x.strides()[k], mask_stride, 0, y_stride}, mask.valid());
      if (keeps) ++axis;
    } else {
      call.kept.add({x.extent(k), x.strides()[k], mask_stride, out.strides()[axis++], y_stride},
                    mask.valid());
    }
  }
  return kernels::plan_axes(call);
}

void run(Engine& engine, kernels::AxesPlan plan) {
  compute::Scratch scratch;
  if (const std::size_t bytes = kernels::scratch_bytes(plan); bytes != 0) {
    plan.scratch = scratch(bytes);
  }
  kernels::reduce_axes(compute::OnEngine{engine}, plan);
}

/// Throws where an output would be of nothing and has no value then.
void check_nothing(Engine& engine, const Reduction& reduction, const AnyArray& x,
                   const AnyArray& mask, const Split& split) {
  if (kernels::reduce_functions(op_for(reduction, x.dtype()), x.dtype())->identity != nullptr) {
    return;
  }
  if (size_of(split.without) == 0) return;
  if (split.length == 0) {
    throw InvalidArgument(
        fmt::format("the {} of no elements is not defined (shape {}, reduced to {})",
                    reduction.name, to_string(x.shape()), to_string(split.without)));
  }
  if (!mask.valid()) return;
  const auto chosen = Array<bool>::temporary(split.without);
  run(engine, plan_of(reduction_of("any"), chosen, mask, {}, {}, split, 0));
  const auto* const missing = std::find(chosen.data(), chosen.data() + chosen.size(), false);
  if (missing != chosen.data() + chosen.size()) {
    throw InvalidArgument(fmt::format(
        "{}: the mask chooses nothing for output {} of {}, and the {} of nothing is not defined",
        reduction.name, missing - chosen.data(), chosen.size(), reduction.name));
  }
}

/// Whether outputs may have no place, which is found out when they are computed.
bool may_miss(const Reduction& reduction) {
  return reduction.op == ReduceOp::nanargmin || reduction.op == ReduceOp::nanargmax;
}

void check_places(const Reduction& reduction, const AnyArray& places) {
  const auto* const first = static_cast<const std::int64_t*>(places.data());
  const auto* const missing = std::find(first, first + places.size(), -1);
  if (missing == first + places.size()) return;
  throw InvalidArgument(fmt::format("{}: output {} of {} has nothing but NaN", reduction.name,
                                    missing - first, places.size()));
}

}  // namespace

Dtype reduced_dtype(std::string_view name, Dtype dtype) {
  const Reduction& reduction = reduction_of(name);
  if (kernels::reduce_functions(op_for(reduction, dtype), dtype) == nullptr) {
    throw TypeMismatch(
        fmt::format("{} is not defined for {}; cast the array first", name, dtype_name(dtype)));
  }
  switch (reduction.gives) {
    case Gives::index: return Dtype::i64;
    case Gives::truth: return Dtype::bool_;
    case Gives::same: return dtype;
    case Gives::mean:
    case Gives::norm:
      if (dtype == Dtype::c64) return reduction.gives == Gives::norm ? Dtype::f32 : dtype;
      if (dtype == Dtype::c128) return reduction.gives == Gives::norm ? Dtype::f64 : dtype;
      return is_whole(dtype) ? Dtype::f64 : dtype;
    case Gives::sum: break;
  }
  if (is_unsigned_integer(dtype)) return Dtype::u64;
  return is_whole(dtype) ? Dtype::i64 : dtype;
}

namespace {

/// y is not valid but for dot, which has x's shape and dtype then.
void reduce_into(Engine& engine, std::string_view name, const AnyArray& out, const AnyArray& x,
                 const AnyArray& y, const ReduceOptions& options) {
  const Reduction& reduction = reduction_of(name);
  const Dtype dtype = reduced_dtype(name, x.dtype());
  const Split split = split_axes(name, x, options);
  if (out.dtype() != dtype) {
    throw TypeMismatch(fmt::format("{} of {} gives {}, and the output is of dtype {}", name,
                                   dtype_name(x.dtype()), dtype_name(dtype),
                                   dtype_name(out.dtype())));
  }
  if (out.shape() != split.shape) {
    throw ShapeMismatch(fmt::format("{} gives shape {}, and the output has {}", name,
                                    to_string(split.shape), to_string(out.shape())));
  }
  const AnyArray mask = mask_of(reduction, x, options.where);
  compute::check_output(out, x, name);
  if (mask.valid()) compute::check_output(out, mask, name);
  if (y.valid()) compute::check_output(out, y, name);
  check_nothing(engine, reduction, x, mask, split);
  // A step writes only what no other reads, also where nothing is reduced and out may be x.
  const bool is_mask = mask.valid() && compute::shares_memory(out, mask);
  const bool is_y = y.valid() && compute::shares_memory(out, y);
  const bool is_input = compute::shares_memory(out, x) || is_y || is_mask;
  const bool aside = out.size() != 0 && (is_input || may_miss(reduction));
  const engine::Writing writing(engine, out);
  const AnyArray to = aside ? AnyArray::temporary(dtype, out.shape()) : out;
  run(engine, plan_of(reduction, to, x, y, mask, split, options.ddof));
  if (may_miss(reduction)) check_places(reduction, to);
  if (aside) engine.apply_to_async("copy", out, std::vector<AnyArray>{to}).get();
}

/// The operands of dot in one shape.
std::pair<AnyArray, AnyArray> together(const AnyArray& x, const AnyArray& y) {
  if (x.dtype() != y.dtype()) {
    throw TypeMismatch(fmt::format("dot: {} is of dtype {} and {} of {}; cast one of them",
                                   x.label(), dtype_name(x.dtype()), y.label(),
                                   dtype_name(y.dtype())));
  }
  const AnyArray& longer = x.ndim() >= y.ndim() ? x : y;
  const AnyArray& other = x.ndim() >= y.ndim() ? y : x;
  Shape shape = longer.shape();
  const std::size_t ahead = longer.ndim() - other.ndim();
  for (std::size_t k = 0; k < other.ndim(); ++k) {
    if (shape[ahead + k] == 1) shape[ahead + k] = other.extent(k);
  }
  return {x.broadcast_to(shape), y.broadcast_to(shape)};
}

}  // namespace

void reduce_to(Engine& engine, std::string_view name, const AnyArray& out, const AnyArray& x,
               const ReduceOptions& options) {
  if (name == "dot")
    throw InvalidArgument("dot takes two arrays: furrow::dot_to(engine, out, x, y)");
  reduce_into(engine, name, out, x, {}, options);
}

AnyArray reduce(Engine& engine, std::string_view name, const AnyArray& x,
                const ReduceOptions& options) {
  AnyArray out =
      AnyArray::temporary(reduced_dtype(name, x.dtype()), split_axes(name, x, options).shape);
  reduce_to(engine, name, out, x, options);
  return out;
}

void dot_to(Engine& engine, const AnyArray& out, const AnyArray& x, const AnyArray& y,
            const ReduceOptions& options) {
  const auto [left, right] = together(x, y);
  reduce_into(engine, "dot", out, left, right, options);
}

AnyArray dot(Engine& engine, const AnyArray& x, const AnyArray& y, const ReduceOptions& options) {
  const auto [left, right] = together(x, y);
  AnyArray out = AnyArray::temporary(reduced_dtype("dot", left.dtype()),
                                     split_axes("dot", left, options).shape);
  reduce_into(engine, "dot", out, left, right, options);
  return out;
}

}  // namespace furrow
