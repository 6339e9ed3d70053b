// furrow/compute/lanes.cpp
#include <furrow/compute/lanes.hpp>

#include <fmt/format.h>

#include <functional>

namespace furrow::compute {
namespace {

std::string name_of(const AnyArray& x) {
  return x.name().empty() ? "a temporary array" : fmt::format("array \"{}\"", x.name());
}

struct Range {
  const std::byte* begin;
  const std::byte* end;
};

/// The bytes from the first to the last element.
Range range_of(const AnyArray& x) {
  const auto item = static_cast<std::int64_t>(item_bytes(x.dtype()));
  const auto* base = static_cast<const std::byte*>(x.data());
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (std::size_t k = 0; k < x.ndim(); ++k) {
    const std::int64_t reach = (x.extent(k) - 1) * x.strides()[k];
    (reach < 0 ? low : high) += reach;
  }
  return {base + low * item, base + (high + 1) * item};
}

bool same_elements(const AnyArray& a, const AnyArray& b) {
  return a.data() == b.data() && a.dtype() == b.dtype() && a.shape() == b.shape() &&
         a.strides() == b.strides();
}

}  // namespace

void check_sortable(const AnyArray& x, std::string_view what) {
  if (kernels::is_sortable(x.dtype())) return;
  throw TypeMismatch(fmt::format("{}: {} holds {}, whose elements have no order; pass a real dtype",
                                 what, name_of(x), dtype_name(x.dtype())));
}

std::size_t check_axis(const AnyArray& x, std::int64_t axis, std::string_view what) {
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  const std::int64_t found = axis < 0 ? axis + ndim : axis;
  if (found < 0 || found >= ndim) {
    throw InvalidArgument(fmt::format("{}: axis {} of {}, which has {} axes; pass {} to {}", what,
                                      axis, name_of(x), ndim, -ndim, ndim - 1));
  }
  return static_cast<std::size_t>(found);
}

void check_output(const AnyArray& out, const AnyArray& in, std::string_view what) {
  if (out.access() == Access::read_only) {
    throw PermissionDenied(
        fmt::format("{}: {} is attached read-only; attach it to write", what, name_of(out)));
  }
  if (out.size() == 0) return;
  for (std::size_t k = 0; k < out.ndim(); ++k) {
    if (out.strides()[k] == 0 && out.extent(k) > 1) {
      throw InvalidArgument(
          fmt::format("{}: {} repeats its elements along axis {} and cannot be written", what,
                      name_of(out), k));
    }
  }
  if (in.size() == 0 || same_elements(out, in)) return;
  const Range a = range_of(out);
  const Range b = range_of(in);
  const std::less<const std::byte*> before;
  if (before(a.begin, b.end) && before(b.begin, a.end)) {
    throw InvalidArgument(fmt::format(
        "{}: the output overlaps the input without being the same elements; pass another array",
        what));
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
          what, name_of(x)));
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
