#include <furrow/sync/array.hpp>

#include <fmt/format.h>

namespace furrow::mp::detail {

std::uint64_t checked_bytes(std::size_t count, std::size_t element_bytes) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 60;
  if (count > limit / element_bytes)
    throw InvalidArgument(
        fmt::format("an Array of {} elements of {} bytes cannot be had", count, element_bytes));
  return count * element_bytes;
}

void throw_index(std::size_t index, std::size_t count) {
  throw InvalidArgument(fmt::format("{} was given for an Array of {} elements", index, count));
}

void throw_changed(std::size_t index) {
  throw InvalidArgument(fmt::format(
      "element {} of an Array is changed from within an update of it (change what the function is "
      "given)",
      index));
}

void check_count(const SharedObject& object, std::uint64_t count, std::size_t element_bytes,
                 std::size_t head_bytes) {
  if (count > (object.body_bytes() - head_bytes) / element_bytes)
    throw Corrupt(
        fmt::format("\"{}\" is damaged: {} elements are longer than it", object.name(), count));
}

}  // namespace furrow::mp::detail
