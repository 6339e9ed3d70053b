// furrow/compute/lanes.hpp
//
// Arrays as lanes along an axis, and what operations on them check before anything is written.
//
// Axis    -1 is the last one; none: all elements in C order, as one lane
// Errors  each throws before it returns anything: TypeMismatch (no order), InvalidArgument (never
//         created, axis, overlap), ShapeMismatch, PermissionDenied (attached read-only)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/kernels/sort/lanes.hpp>

namespace furrow::compute {

using Axis = std::optional<std::int64_t>;

/// Scratch for the steps of one call, which every worker sees; goes with this object.
class Scratch {
 public:
  std::byte* operator()(std::size_t bytes) {
    held_.push_back(Array<std::uint8_t>::temporary({static_cast<std::int64_t>(bytes)}));
    return reinterpret_cast<std::byte*>(held_.back().data());
  }

 private:
  std::vector<Array<std::uint8_t>> held_;
};

/// Throws InvalidArgument for an array that was never created.
void check_valid(const AnyArray& x, std::string_view what);

/// Throws TypeMismatch unless the elements have an order; InvalidArgument as check_valid.
void check_sortable(const AnyArray& x, std::string_view what);

/// The axis as an index of an axis of x. Throws InvalidArgument.
std::size_t check_axis(const AnyArray& x, std::int64_t axis, std::string_view what);

/// Throws unless `out` may be written while `in` is read: it is `in` itself, or lies elsewhere. An
/// array attached twice is one array, but `out` may be `in` only through the same attachment.
void check_output(const AnyArray& out, const AnyArray& in, std::string_view what);

/// True when a result may not be written to `out` while `in` is still read: they are the same
/// elements, or two views of one segment that cannot be told apart by their addresses.
bool shares_memory(const AnyArray& out, const AnyArray& in) noexcept;

/// The lanes of `in` along the axis, and those of `out`, which has the same shape but for the
/// length of the axis. Throws ShapeMismatch when all elements are one lane and one stride cannot
/// walk it.
kernels::Lanes lanes_of(const AnyArray& in, const AnyArray& out, Axis axis, std::string_view what);

/// x itself where it is contiguous, else a temporary copy that is.
AnyArray packed(Engine& engine, const AnyArray& x);

/// The extents without one axis.
Shape without_axis(const Shape& shape, std::size_t axis);

}  // namespace furrow::compute
