#include <furrow/engine/strided.hpp>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include <furrow/kernels/tile_copy.hpp>

namespace furrow::engine {
namespace {

template <std::size_t Bytes>
struct Word {
  using Type = std::conditional_t<
      Bytes == 1, std::uint8_t,
      std::conditional_t<Bytes == 2, std::uint16_t,
                         std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;
  Type parts[Bytes == 16 ? 2 : 1];
};

template <std::size_t Bytes>
void copy_strided(std::byte* to, std::ptrdiff_t to_step, const std::byte* from,
                  std::ptrdiff_t from_step, std::int64_t count) noexcept {
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + i * to_step, from + i * from_step, Bytes);
}

// One element to `count` places side by side.
template <std::size_t Bytes>
void repeat(std::byte* to, const std::byte* from, std::int64_t count) noexcept {
  Word<Bytes> word;
  std::memcpy(&word, from, Bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * static_cast<std::int64_t>(Bytes), &word, Bytes);
  }
}

template <std::size_t Bytes>
void copy_items(std::byte* to, std::ptrdiff_t to_step, const std::byte* from,
                std::ptrdiff_t from_step, std::int64_t count) noexcept {
  constexpr auto packed = static_cast<std::ptrdiff_t>(Bytes);
  if (to_step != packed) return copy_strided<Bytes>(to, to_step, from, from_step, count);
  if (from_step == 0) return repeat<Bytes>(to, from, count);
  copy_strided<Bytes>(to, packed, from, from_step, count);  // a loop with one known step
}

// Bytes side by side. A call of memcpy costs more than a short run; a long one is the better copied
// while what lies behind is fetched.
void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  constexpr std::size_t chunk = 16;
  if (bytes >= 1024) return kernels::copy_tile(to, from, bytes);
  if (bytes < chunk || bytes > 512) {
    std::memcpy(to, from, bytes);
    return;
  }
  const std::size_t last = bytes - chunk;
  for (std::size_t at = 0; at < last; at += chunk) std::memcpy(to + at, from + at, chunk);
  std::memcpy(to + last, from + last, chunk);
}

void copy_run(std::byte* to, std::ptrdiff_t to_step, const std::byte* from,
              std::ptrdiff_t from_step, std::int64_t count, std::size_t item) noexcept {
  const auto packed = static_cast<std::ptrdiff_t>(item);
  if (to_step == packed && from_step == packed) {
    return copy_bytes(to, from, static_cast<std::size_t>(count) * item);
  }
  switch (item) {
    case 1: return copy_items<1>(to, to_step, from, from_step, count);
    case 2: return copy_items<2>(to, to_step, from, from_step, count);
    case 4: return copy_items<4>(to, to_step, from, from_step, count);
    case 8: return copy_items<8>(to, to_step, from, from_step, count);
    default: return copy_items<16>(to, to_step, from, from_step, count);
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

void* element_at(const OperandLayout& operand, std::int64_t index) noexcept {
  std::int64_t offset = 0;
  for (std::size_t axis = operand.shape.ndim(); axis-- > 0;) {
    offset += index % operand.shape[axis] * operand.strides[axis];
    index /= operand.shape[axis];
  }
  return reinterpret_cast<std::byte*>(operand.address) + offset * operand.item_bytes;
}

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
