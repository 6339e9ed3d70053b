// furrow/compute/search.cpp
#include <furrow/compute/search.hpp>

#include <fmt/format.h>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>

namespace furrow {
namespace {

void check_pair(const AnyArray& sorted, const AnyArray& values, std::string_view what) {
  compute::check_sortable(sorted, what);
  compute::check_valid(values, what);
  if (values.dtype() != sorted.dtype()) {
    throw TypeMismatch(fmt::format("{}: values of {} in an array of {}; cast one of them", what,
                                   dtype_name(values.dtype()), dtype_name(sorted.dtype())));
  }
  if (sorted.ndim() != 1) {
    throw ShapeMismatch(fmt::format("{}: the array that is searched has shape {}; pass rank 1",
                                    what, to_string(sorted.shape())));
  }
}

Array<std::int64_t> search(Engine& engine, const AnyArray& sorted, const AnyArray& values,
                           Side side, bool decreasing) {
  auto out = Array<std::int64_t>::temporary(values.shape());
  const AnyArray packed = compute::packed(engine, values);
  kernels::Search search;
  search.dtype = sorted.dtype();
  search.side = side;
  search.backwards = decreasing;
  const auto item = static_cast<std::int64_t>(item_bytes(sorted.dtype()));
  const std::int64_t stride = sorted.strides()[0];
  search.sorted_stride = decreasing ? -stride : stride;
  search.sorted_count = sorted.extent(0);
  const auto* const first = static_cast<const std::byte*>(sorted.data());
  search.sorted = decreasing ? first + (sorted.extent(0) - 1) * stride * item : first;
  search.values = packed.data();
  search.value_count = packed.size();
  search.out = out.data();
  kernels::searchsorted(compute::OnEngine{engine}, search);
  return out;
}

/// 1 when the bins never decrease, -1 when they never increase and do decrease, 0 else.
int direction(const AnyArray& bins) {
  bool up = true;
  bool down = true;
  visit_dtype(bins.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (kernels::is_sortable(dtype_of<T>)) {
      const auto value = [&](std::int64_t i) {
        return kernels::to_key<T>(static_cast<const T*>(bins.data())[i * bins.strides()[0]],
                                  {false, true});
      };
      for (std::int64_t i = 1; i < bins.extent(0); ++i) {
        up = up && value(i - 1) <= value(i);
        down = down && value(i - 1) >= value(i);
      }
    }
  });
  return up ? 1 : down ? -1 : 0;
}

}  // namespace

Array<std::int64_t> searchsorted(Engine& engine, const AnyArray& sorted, const AnyArray& values,
                                 Side side) {
  check_pair(sorted, values, "searchsorted");
  return search(engine, sorted, values, side, false);
}

Array<std::int64_t> digitize(Engine& engine, const AnyArray& x, const AnyArray& bins, bool right) {
  check_pair(bins, x, "digitize");
  const int found = direction(bins);
  if (found == 0) {
    throw InvalidArgument("digitize: the bins go up and down; sort them first");
  }
  return search(engine, bins, x, right ? Side::left : Side::right, found < 0);
}

}  // namespace furrow
