#include <furrow/engine/strided.hpp>

#include <algorithm>
#include <cstring>

namespace furrow::engine {
namespace {

template <std::size_t Bytes>
void copy_strided(std::byte* to, std::ptrdiff_t to_step, const std::byte* from,
                  std::ptrdiff_t from_step, std::int64_t count) noexcept {
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + i * to_step, from + i * from_step, Bytes);
}

void copy_run(std::byte* to, std::ptrdiff_t to_step, const std::byte* from,
              std::ptrdiff_t from_step, std::int64_t count, std::size_t item) noexcept {
  const auto packed = static_cast<std::ptrdiff_t>(item);
  if (to_step == packed && from_step == packed) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * item);
    return;
  }
  switch (item) {
    case 1: return copy_strided<1>(to, to_step, from, from_step, count);
    case 2: return copy_strided<2>(to, to_step, from, from_step, count);
    case 4: return copy_strided<4>(to, to_step, from, from_step, count);
    case 8: return copy_strided<8>(to, to_step, from, from_step, count);
    default: return copy_strided<16>(to, to_step, from, from_step, count);
  }
}

// Calls visit(address, step in bytes, elements) for the runs along the last axis.
template <class Visit>
void for_each_run(const OperandLayout& operand, std::int64_t first, std::size_t count,
                  Visit visit) noexcept {
  const std::size_t ndim = operand.shape.ndim();
  const auto item = static_cast<std::int64_t>(operand.item_bytes);
  if (ndim == 0) {
    visit(reinterpret_cast<std::byte*>(operand.address), item, static_cast<std::int64_t>(count));
    return;
  }
  const std::size_t last = ndim - 1;
  std::int64_t index[segment::dimensions_max];
  std::int64_t offset = 0;
  for (std::size_t axis = ndim; axis-- > 0;) {
    index[axis] = first % operand.shape[axis];
    first /= operand.shape[axis];
    offset += index[axis] * operand.strides[axis];
  }
  auto left = static_cast<std::int64_t>(count);
  while (left > 0) {
    const std::int64_t run = std::min(left, operand.shape[last] - index[last]);
    visit(reinterpret_cast<std::byte*>(operand.address) + offset * item,
          operand.strides[last] * item, run);
    left -= run;
    offset += run * operand.strides[last];
    index[last] += run;
    // Carry into the slower axes, as an odometer does.
    for (std::size_t axis = last; axis > 0 && index[axis] == operand.shape[axis]; --axis) {
      offset += operand.strides[axis - 1] - index[axis] * operand.strides[axis];
      index[axis] = 0;
      ++index[axis - 1];
    }
  }
}

}  // namespace

void gather(const OperandLayout& operand, std::int64_t first, std::size_t count,
            void* packed) noexcept {
  auto* to = static_cast<std::byte*>(packed);
  const std::size_t item = operand.item_bytes;
  for_each_run(operand, first, count,
               [&](std::byte* from, std::int64_t step, std::int64_t run) noexcept {
                 copy_run(to, static_cast<std::ptrdiff_t>(item), from, step, run, item);
                 to += static_cast<std::size_t>(run) * item;
               });
}

void scatter(const OperandLayout& operand, std::int64_t first, std::size_t count,
             const void* packed) noexcept {
  const auto* from = static_cast<const std::byte*>(packed);
  const std::size_t item = operand.item_bytes;
  for_each_run(operand, first, count,
               [&](std::byte* to, std::int64_t step, std::int64_t run) noexcept {
                 copy_run(to, step, from, static_cast<std::ptrdiff_t>(item), run, item);
                 from += static_cast<std::size_t>(run) * item;
               });
}

}  // namespace furrow::engine
