#include <furrow/io/hdf5/roads.hpp>

#include <algorithm>

#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/contiguous.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t run_bytes = std::size_t{1} << 20;

/// Whole inner axes, part of one, single positions of the outer ones: one piece of the file.
Extents run_extents(const Shape& shape, std::size_t item) {
  Extents extents = shape;
  std::size_t bytes = item;
  for (std::size_t axis = shape.ndim(); axis-- > 0;) {
    const auto most = static_cast<std::int64_t>(std::max<std::size_t>(run_bytes / bytes, 1));
    extents[axis] = std::clamp<std::int64_t>(shape[axis], 1, most);
    bytes = extents[axis] < shape[axis] ? run_bytes + 1
                                        : bytes * static_cast<std::size_t>(extents[axis]);
  }
  return extents;
}

/// From the first position that is wanted to the last.
Box covering(const Selection& selection) {
  Box box{selection.begin, selection.count};
  for (std::size_t axis = 0; axis < box.count.ndim(); ++axis) {
    box.count[axis] = (box.count[axis] - 1) * selection.step[axis] + 1;
  }
  return box;
}

/// Layers of whole chunks.
Extents layer_extents(const Description& d, const Selection& selection, std::size_t block_bytes) {
  const std::size_t item = item_bytes(d.dtype);
  Extents extents = d.shape;
  for (std::size_t axis = 0; axis < extents.ndim(); ++axis) {
    extents[axis] = std::max<std::int64_t>(extents[axis], 1);
  }
  if (extents.ndim() == 0 || size_of(selection.count) == 0) return extents;
  if (selection.rows != nullptr) {
    extents[0] = d.chunked ? d.chunk[0] : run_extents(d.shape, item)[0];
    return extents;
  }
  const BlockPlan plan = plan_blocks(covering(selection), d.chunk, item, block_bytes);
  extents[plan.axis] = plan.step;
  return extents;
}

Decoder& decoder() {
  thread_local Decoder decoder;
  return decoder;
}

bool sticks_out(const Description& d, const Cell& cell) noexcept {
  for (std::size_t axis = 0; axis < d.shape.ndim(); ++axis) {
    if (cell.corner[axis] + d.chunk[axis] > d.shape[axis]) return true;
  }
  return false;
}

void read_chunk(const LoadPlan& plan, const Source& source, const Cell& cell) {
  const Description& d = plan.description;
  const std::size_t item = item_bytes(d.dtype);
  auto* const data = static_cast<std::byte*>(plan.data);
  const ChunkName name{cell.corner, source.name()};
  const std::uint64_t bytes = source.chunk_stored_bytes(cell.corner);
  if (bytes == 0) return place_fill(d, cell, data, plan.strides);
  std::int64_t element = 0;
  std::span<std::byte> straight;
  if (goes_straight(cell, d.chunk, plan.strides, element)) {
    straight = {data + element * static_cast<std::int64_t>(item), chunk_bytes(d)};
  }
  Decoder& decode = decoder();
  std::span<std::byte> stored = decode.stored(d, bytes, name);
  if (d.filter_count == 0 && stored.size() == straight.size()) stored = straight;
  std::uint32_t mask = source.read_chunk(cell.corner, stored);
  if (d.edges_unfiltered && sticks_out(d, cell)) mask = ~std::uint32_t{0};
  const std::span<const std::byte> elements = decode.decode(d, mask, stored, straight, name);
  if (straight.empty()) {
    place(cell, item, elements.data(), c_strides(d.chunk), data, plan.strides);
  }
}

}  // namespace

Extents cell_extents(const Description& d, const Selection& selection, std::size_t block_bytes) {
  switch (road_of(d)) {
    case Road::chunks: return d.chunk;
    case Road::contiguous: return run_extents(d.shape, item_bytes(d.dtype));
    default: return layer_extents(d, selection, block_bytes);
  }
}

void read_block(const LoadPlan& plan, const std::string& file, const std::string& dataset,
                std::int64_t block) {
  const std::int64_t first = block * plan.cells_per_block;
  const std::int64_t end = std::min(first + plan.cells_per_block, plan.cells.count());
  if (plan.road == Road::contiguous) {
    const ContiguousFile source(file, dataset, plan.description);
    for (std::int64_t i = first; i < end; ++i) {
      source.read_cell(plan.cells[i], plan.cells.extents, decoder(),
                       static_cast<std::byte*>(plan.data), plan.strides);
      os::fault_point("io.load.placed");
    }
  } else {
    const Source source(file, dataset, plan.description);
    for (std::int64_t i = first; i < end; ++i) {
      const Cell cell = plan.cells[i];
      if (plan.road == Road::chunks) {
        read_chunk(plan, source, cell);
      } else {
        source.read_cell(plan.cells, cell, plan.data, plan.strides);
      }
      os::fault_point("io.load.placed");
    }
  }
  decoder().rest();
}

}  // namespace furrow::hdf5
