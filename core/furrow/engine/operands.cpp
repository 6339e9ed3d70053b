#include <furrow/engine/operands.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <furrow/engine/strided.hpp>
#include <furrow/error.hpp>
#include <furrow/os/cpu.hpp>

namespace furrow::engine {
namespace {

struct ByteRange {
  std::int64_t begin;
  std::int64_t end;
};

ByteRange bytes_of(const OperandLayout& operand) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (std::size_t axis = 0; axis < operand.shape.ndim(); ++axis) {
    const std::int64_t reach = (operand.shape[axis] - 1) * operand.strides[axis];
    (reach < 0 ? low : high) += reach;
  }
  const auto address = static_cast<std::int64_t>(operand.address);
  const auto item = static_cast<std::int64_t>(operand.item_bytes);
  return {address + low * item, address + (high + 1) * item};
}

// Bytes that lie together at each place of the outer axes, and the distance the places are
// multiples of.
struct Comb {
  std::int64_t tooth;
  std::int64_t pitch;
};

Comb comb_of(const OperandLayout& operand) {
  const auto item = static_cast<std::int64_t>(operand.item_bytes);
  Comb comb{item, 0};
  for (std::size_t axis = operand.shape.ndim(); axis-- > 0;) {
    const std::int64_t stride = operand.strides[axis] * item;
    if (stride == comb.tooth && comb.pitch == 0) {
      comb.tooth *= operand.shape[axis];
    } else {
      comb.pitch = std::gcd(comb.pitch, std::abs(stride));
    }
  }
  return comb;
}

bool same_elements(const OperandLayout& a, const OperandLayout& b) {
  return a.address == b.address && a.item_bytes == b.item_bytes && a.shape == b.shape &&
         a.strides == b.strides;
}

// False only when no element of one can share a byte with an element of the other: their ranges
// are apart, or they are combs of one pitch whose teeth lie beside each other (columns of a table).
bool may_overlap(const OperandLayout& a, const OperandLayout& b) {
  const ByteRange ra = bytes_of(a);
  const ByteRange rb = bytes_of(b);
  if (ra.end <= rb.begin || rb.end <= ra.begin) return false;
  const Comb ca = comb_of(a);
  const Comb cb = comb_of(b);
  const std::int64_t pitch = std::gcd(ca.pitch, cb.pitch);
  if (pitch == 0) return true;
  std::int64_t offset = (rb.begin - ra.begin) % pitch;
  if (offset < 0) offset += pitch;
  return offset < ca.tooth || offset + cb.tooth > pitch;
}

bool is_written(const Operand& operand) { return operand.use != Use::read; }

// A process may have attached one array twice, at two places. For comparisons all of its operands
// are looked at as if they lay at the first of them.
std::vector<OperandLayout> comparable_layouts(const Job& job) {
  std::vector<OperandLayout> layouts;
  for (const Operand& operand : job.operands) {
    OperandLayout layout = layout_of(operand);
    if (operand.is_constant()) {
      layouts.push_back(layout);
      continue;
    }
    const Segment& segment = *operand.array.segment();
    for (const Operand& earlier : job.operands) {
      if (earlier.is_constant()) continue;
      const Segment& other = *earlier.array.segment();
      if (!(other.identity() == segment.identity())) continue;
      layout.address += reinterpret_cast<std::uintptr_t>(other.data()) -
                        reinterpret_cast<std::uintptr_t>(segment.data());
      break;  // at the latest at the operand itself
    }
    layouts.push_back(layout);
  }
  return layouts;
}

}  // namespace

OperandLayout layout_of(const Operand& operand) {
  OperandLayout layout;
  if (operand.is_constant()) {
    layout.address = 0;
    layout.use = Use::read;
    layout.item_bytes = static_cast<std::uint32_t>(item_bytes(operand.constant));
    layout.shape = {std::int64_t{1} << 62};
    layout.strides = {0};
    layout.is_constant = 1;
    std::memcpy(layout.value, operand.value.data(), sizeof layout.value);
    return layout;
  }
  layout.is_constant = 0;
  layout.address = reinterpret_cast<std::uintptr_t>(operand.array.data());
  layout.use = operand.use;
  layout.item_bytes = static_cast<std::uint32_t>(item_bytes(operand.array.dtype()));
  layout.shape = operand.array.shape();
  layout.strides = operand.array.strides();
  coalesce(layout.shape, layout.strides);
  return layout;
}

Overlap overlap_of(const AnyArray& a, const AnyArray& b) {
  if (a.size() == 0 || b.size() == 0) return Overlap::none;
  Job pair;
  pair.operands = {{a, Use::read}, {b, Use::read}};
  const std::vector<OperandLayout> layouts = comparable_layouts(pair);
  if (!may_overlap(layouts[0], layouts[1])) return Overlap::none;
  const bool same = a.shape() == b.shape() && same_elements(layouts[0], layouts[1]);
  return same ? Overlap::same : Overlap::partly;
}

void check_distinct(const AnyArray& array) {
  if (array.size() == 0) return;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    if (array.strides()[axis] != 0 || array.extent(axis) == 1) continue;
    throw InvalidArgument(
        fmt::format("{} of shape {} repeats its elements along axis {} and cannot be written "
                    "(write the array that was broadcast)",
                    array.label(), to_string(array.shape()), axis));
  }
}

void check_operands(const Job& job) {
  if (job.operands.size() > operands_max) {
    throw InvalidArgument(fmt::format("{} arrays in one job; it takes at most {}",
                                      job.operands.size(), operands_max));
  }
  if (job.count < 0 || job.tile_elements < 0) {
    throw InvalidArgument(fmt::format("a job of {} elements in tiles of {}: both count from 0 up",
                                      job.count, job.tile_elements));
  }
  constexpr std::int64_t count_max = std::int64_t{1} << 42;  // tiles of a group fit in its word
  if (job.count / std::max<std::int64_t>(job.tile_elements, 1) > count_max) {
    throw InvalidArgument(
        fmt::format("a job of {} elements in tiles of {}: it takes at most {} "
                    "tiles (make them larger)",
                    job.count, job.tile_elements, count_max));
  }
  for (const Operand& operand : job.operands) {
    if (operand.is_constant()) continue;
    const AnyArray& array = operand.array;
    if (!array.valid()) throw InvalidArgument("an array of the job is empty (never created)");
    if (array.size() != job.count) {
      throw ShapeMismatch(
          fmt::format("{} has shape {}, which is {} elements; the job "
                      "works on {} of each array",
                      array.label(), to_string(array.shape()), array.size(), job.count));
    }
    if (job.tile_elements > tile_elements_for(item_bytes(array.dtype()))) {
      throw InvalidArgument(fmt::format("tiles of {} elements; of {} ({}) a tile holds at most {}",
                                        job.tile_elements, array.label(), dtype_name(array.dtype()),
                                        tile_elements_for(item_bytes(array.dtype()))));
    }
    if (!is_written(operand)) continue;
    if (array.access() == Access::read_only) {
      throw PermissionDenied(
          fmt::format("{} is attached read-only and cannot be written "
                      "(attach it with Access::read_write)",
                      array.label()));
    }
    check_distinct(array);
  }
  if (job.count == 0) return;
  const std::vector<OperandLayout> layouts = comparable_layouts(job);
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    const Operand& written = job.operands[i];
    if (!is_written(written)) continue;
    for (std::size_t j = 0; j < layouts.size(); ++j) {
      if (i == j) continue;
      const Operand& other = job.operands[j];
      const bool in_place = same_elements(layouts[i], layouts[j]) && other.use == Use::read;
      if (in_place || !may_overlap(layouts[i], layouts[j])) continue;
      throw InvalidArgument(fmt::format(
          "the output in {} overlaps an operand in {} without being the same "
          "elements: what is read would depend on what is already written (copy one of them first)",
          written.array.label(), other.array.label()));
    }
  }
}

Protocol choose_protocol(const Job& job, bool exactly_once, std::uint32_t& flags) {
  bool in_place = false;
  bool updates = false;
  bool packed = true;
  const std::vector<OperandLayout> layouts = comparable_layouts(job);
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    if (layouts[i].use == Use::read) continue;
    updates = updates || layouts[i].use == Use::update;
    packed = packed && is_packed(layouts[i]);
    for (std::size_t j = 0; j < layouts.size(); ++j) {
      in_place = in_place || (i != j && same_elements(layouts[i], layouts[j]));
    }
  }
  if (!in_place && !updates) return Protocol::direct;
  if (!exactly_once || !job.protect) {
    flags |= flag_torn_on_death;
    return Protocol::direct;
  }
  // An update in place keeps a copy to put back; where tiles are gathered anyway, and for kernels
  // that read and write, the copy is the new tile.
  return updates && packed ? Protocol::undo : Protocol::commit;
}

bool should_stream(const Job& job, Protocol protocol) {
  if (job.variant == nullptr || job.partial_bytes > 0 || protocol != Protocol::direct) return false;
  const std::vector<OperandLayout> layouts = comparable_layouts(job);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    const bool in_place = is_packed(layouts[i]) || long_run(layouts[i]) != 0;
    if (layouts[i].use != Use::read && !in_place) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (layouts[j].use != Use::read && same_elements(layouts[i], layouts[j])) return false;
    }
    const ByteRange range = bytes_of(layouts[i]);
    bytes += static_cast<std::uint64_t>(range.end - range.begin);
  }
  static const std::size_t cache = os::largest_cache_bytes();
  return bytes > cache;
}

}  // namespace furrow::engine
