// furrow/compute/lanes.cpp
#include <furrow/compute/lanes.hpp>

#include <fmt/format.h>

#include <furrow/engine/operands.hpp>

namespace furrow::compute {
void check_valid(const AnyArray& x, std::string_view what) {
  if (x.valid()) return;
  throw InvalidArgument(fmt::format("{}: an array was never created; create or attach it", what));
}

void check_sortable(const AnyArray& x, std::string_view what) {
  check_valid(x, what);
  if (kernels::is_sortable(x.dtype())) return;
  throw TypeMismatch(fmt::format("{}: {} holds {}, whose elements have no order; pass a real dtype",
                                 what, x.label(), dtype_name(x.dtype())));
}

std::size_t check_axis(const AnyArray& x, std::int64_t axis, std::string_view what) {
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  if (ndim == 0) {
    throw InvalidArgument(
        fmt::format("{}: axis {} of {}, which is one element and has none; ask "
                    "for all elements, without an axis",
                    what, axis, x.label()));
  }
  const std::int64_t found = axis < 0 ? axis + ndim : axis;
  if (found < 0 || found >= ndim) {
    throw InvalidArgument(fmt::format("{}: axis {} of {}, which has {} axes; pass {} to {}", what,
                                      axis, x.label(), ndim, -ndim, ndim - 1));
  }
  return static_cast<std::size_t>(found);
}

void check_output(const AnyArray& out, const AnyArray& in, std::string_view what) {
  check_valid(out, what);
  check_valid(in, what);
  if (out.access() == Access::read_only) {
    throw PermissionDenied(
        fmt::format("{}: {} is attached read-only; attach it to write", what, out.label()));
  }
  engine::check_distinct(out);
  const engine::Overlap overlap = engine::overlap_of(out, in);
  if (overlap == engine::Overlap::none) return;
  if (overlap == engine::Overlap::partly) {
    throw InvalidArgument(fmt::format(
        "{}: the output overlaps the input without being the same elements; pass another array",
        what));
  }
  if (out.data() != in.data()) {
    throw InvalidArgument(fmt::format(
        "{}: the output is the input, attached a second time; pass one of the two for both", what));
  }
}

bool shares_memory(const AnyArray& out, const AnyArray& in) noexcept {
  if (out.data() == in.data()) return true;
  return out.segment() != in.segment() && out.segment()->identity() == in.segment()->identity();
}

kernels::Lanes lanes_of(const AnyArray& in, const AnyArray& out, Axis axis, std::string_view what) {
  kernels::Lanes lanes;
  lanes.dtype = in.dtype();
  lanes.in = in.data();
  lanes.out = out.data();
  if (axis) {
    const std::size_t along = check_axis(in, *axis, what);
    lanes.length = in.extent(along);
    lanes.in_step = in.strides()[along];
    lanes.out_step = out.strides()[along];
    for (std::size_t k = 0; k < in.ndim(); ++k) {
      if (k == along) continue;
      lanes.extent[lanes.axes] = in.extent(k);
      lanes.in_stride[lanes.axes] = in.strides()[k];
      lanes.out_stride[lanes.axes++] = out.strides()[k];
    }
    return lanes;
  }
  const auto step = [&](const AnyArray& x) {
    Shape shape = x.shape();
    Strides strides = x.strides();
    coalesce(shape, strides);
    if (x.size() > 1 && shape.ndim() > 1) {
      throw ShapeMismatch(fmt::format(
          "{}: all elements of {} are asked for, and it is a slice with holes; copy it first, or "
          "give an axis",
          what, x.label()));
    }
    return shape.ndim() == 1 ? strides[0] : 1;
  };
  lanes.length = in.size();
  lanes.in_step = step(in);
  lanes.out_step = step(out);
  return lanes;
}

AnyArray packed(Engine& engine, const AnyArray& x) {
  if (x.is_contiguous()) return x;
  AnyArray copy = AnyArray::temporary(x.dtype(), x.shape());
  engine.apply_to_async("copy", copy, std::vector<AnyArray>{x}).get();
  return copy;
}

Shape without_axis(const Shape& shape, std::size_t axis) {
  Shape rest = shape;
  rest.remove(axis);
  return rest;
}

}  // namespace furrow::compute
