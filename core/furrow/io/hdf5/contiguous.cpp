#include <furrow/io/hdf5/contiguous.hpp>

#include <algorithm>
#include <system_error>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {
namespace {

// A read of its own costs as much as going over this many bytes.
constexpr std::int64_t read_cost_bytes = 4096;

std::int64_t element_at(const Extents& position, const Strides& strides) noexcept {
  std::int64_t element = 0;
  for (std::size_t axis = 0; axis < position.ndim(); ++axis) {
    element += position[axis] * strides[axis];
  }
  return element;
}

/// In the dataset: the first position that is wanted of a cell, and the last.
void bounds(const Cell& cell, Extents& first, Extents& last) noexcept {
  for (std::size_t axis = 0; axis < first.ndim(); ++axis) {
    first[axis] = cell.corner[axis] + cell.inside[axis];
    last[axis] = first[axis] + (cell.count[axis] - 1) * cell.step[axis];
  }
  if (cell.rows == nullptr) return;
  first[0] = cell.rows[0].row;
  last[0] = cell.rows[cell.count[0] - 1].row;
}

/// What lies side by side in the file as well as in the result.
std::int64_t run_elements(const Cell& cell) noexcept {
  const std::size_t last_axis = cell.count.ndim() - 1;
  const bool listed = last_axis == 0 && cell.rows != nullptr;
  return listed || cell.step[last_axis] != 1 ? 1 : cell.count[last_axis];
}

}  // namespace

void place_fill(const Description& d, const Cell& cell, std::byte* to,
                const Strides& strides) noexcept {
  Strides same = strides;
  for (std::size_t axis = 0; axis < same.ndim(); ++axis) same[axis] = 0;
  place(cell, item_bytes(d.dtype), d.fill.data(), same, to, strides);
}

ContiguousFile::ContiguousFile(const std::string& file, const std::string& dataset,
                               const Description& description)
    : name_(quoted(file, dataset)), description_(description), lie_(c_strides(description.shape)) {
  std::error_code error;
  file_ = os::open_readable(file, error);
  if (error) throw IoError("cannot read " + name_ + ": " + error.message());
  // As the library does it: a file system without locks is no reason not to read.
  if (!os::try_lock(file_, os::LockKind::shared, error) && !error) {
    throw InUse("cannot read " + name_ + ": another program has it open for writing");
  }
  const os::FileStamp now = os::stamp_of(file_, error);
  if (error || now != description.stamp) {
    throw InUse(name_ + " was changed while it was being loaded; load it again");
  }
}

void ContiguousFile::look_at(const Shape& shape, std::uint64_t offset) noexcept {
  description_.shape = shape;
  description_.offset = offset;
  lie_ = c_strides(shape);
}

void ContiguousFile::read_at(std::int64_t element, std::span<std::byte> to) const {
  const std::size_t item = item_bytes(description_.dtype);
  const std::uint64_t offset =
      description_.offset + static_cast<std::uint64_t>(element) * static_cast<std::uint64_t>(item);
  std::error_code error;
  const std::size_t got = os::read_at(file_, offset, to.data(), to.size(), error);
  if (error) throw IoError("cannot read " + name_ + ": " + error.message());
  if (got < to.size()) {
    throw Corrupt("cannot read " + name_ + ": the file is cut short, its elements end after byte " +
                  std::to_string(offset + to.size()) + ", the file after " +
                  std::to_string(offset + got));
  }
}

void ContiguousFile::read_runs(const Cell& cell, Decoder& scratch, std::byte* to,
                               const Strides& strides) const {
  const std::size_t item = item_bytes(description_.dtype);
  const std::size_t last_axis = cell.count.ndim() - 1;
  const std::size_t run = static_cast<std::size_t>(run_elements(cell)) * item;
  const std::int64_t runs = size_of(cell.count) / run_elements(cell);
  const std::span<std::byte> dense =
      scratch.scratch(static_cast<std::size_t>(size_of(cell.count)) * item);
  Extents at = cell.count;
  for (std::int64_t i = 0; i < runs; ++i) {
    std::int64_t rest = i;
    for (std::size_t axis = at.ndim(); axis-- > 0;) {
      const bool whole = axis == last_axis && run != item;
      const std::int64_t index = whole ? 0 : rest % cell.count[axis];
      if (!whole) rest /= cell.count[axis];
      at[axis] = axis == 0 && cell.rows != nullptr
                     ? cell.rows[index].row
                     : cell.corner[axis] + cell.inside[axis] + index * cell.step[axis];
    }
    read_at(element_at(at, lie_), dense.subspan(static_cast<std::size_t>(i) * run, run));
  }
  make_native(description_, dense.data(), dense.size());
  const Strides steps = c_strides(cell.count);
  if (cell.rows == nullptr) {
    to += element_at(cell.to, strides) * static_cast<std::int64_t>(item);
    return copy_box(cell.count, item, dense.data(), steps, to, strides);
  }
  Extents one = cell.count;
  one[0] = 1;
  for (std::int64_t i = 0; i < cell.count[0]; ++i) {
    Extents target = cell.to;
    target[0] = cell.rows[i].to;
    copy_box(one, item, dense.data() + i * steps[0] * static_cast<std::int64_t>(item), steps,
             to + element_at(target, strides) * static_cast<std::int64_t>(item), strides);
  }
}

void ContiguousFile::read_cell(const Cell& cell, const Extents& extents, Decoder& scratch,
                               std::byte* to, const Strides& strides) const {
  const Description& d = description_;
  if (d.offset == Description::no_offset) return place_fill(d, cell, to, strides);
  const auto item = static_cast<std::int64_t>(item_bytes(d.dtype));
  Extents whole = extents;  // less what sticks out of the dataset
  for (std::size_t axis = 0; axis < whole.ndim(); ++axis) {
    whole[axis] = std::min(extents[axis], d.shape[axis] - cell.corner[axis]);
  }
  std::int64_t element = 0;
  if (goes_straight(cell, whole, strides, element)) {
    const std::span<std::byte> straight(to + element * item,
                                        static_cast<std::size_t>(size_of(whole) * item));
    read_at(element_at(cell.corner, lie_), straight);
    return make_native(d, straight.data(), straight.size());
  }
  Extents first = cell.count;
  Extents last = cell.count;
  bounds(cell, first, last);
  const std::int64_t begin = element_at(first, lie_);
  const std::int64_t end = element_at(last, lie_) + 1;
  const std::int64_t runs = size_of(cell.count) / run_elements(cell);
  if (runs * read_cost_bytes < (end - begin) * item) {
    return read_runs(cell, scratch, to, strides);
  }
  // Room from the cell's corner on, of which only the wanted part is read.
  const std::int64_t corner = element_at(cell.corner, lie_);
  const std::span<std::byte> room =
      scratch.scratch(static_cast<std::size_t>(size_of(whole) * item));
  const std::span<std::byte> part = room.subspan(static_cast<std::size_t>((begin - corner) * item),
                                                 static_cast<std::size_t>((end - begin) * item));
  read_at(begin, part);
  make_native(d, part.data(), part.size());
  place(cell, static_cast<std::size_t>(item), room.data(), lie_, to, strides);
}

}  // namespace furrow::hdf5
