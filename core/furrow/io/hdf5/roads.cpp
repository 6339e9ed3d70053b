#include <furrow/io/hdf5/roads.hpp>

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/contiguous.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/process.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t run_bytes = std::size_t{256} << 10;

/// From here on a run is written by a call of its own.
constexpr std::int64_t worth_writing_bytes = 4096;

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

/// Where a block puts its cells.
struct Target {
  std::byte* data;
  Strides strides;
};

/// Its elements, in `straight` when they could go there, else in the decoder; empty when the chunk
/// was never written.
std::span<const std::byte> decode_chunk(const LoadPlan& plan, const Source& source,
                                        const Cell& cell, std::span<std::byte> straight) {
  const Description& d = plan.description;
  const ChunkName name{cell.corner, source.name()};
  const std::uint64_t bytes = source.chunk_stored_bytes(cell.corner);
  if (bytes == 0) return {};
  std::span<std::byte> stored = decoder().stored(d, bytes, name);
  if (d.filter_count == 0 && stored.size() == straight.size()) stored = straight;
  std::uint32_t mask = source.read_chunk(cell.corner, stored);
  if (d.edges_unfiltered && sticks_out(d, cell)) mask = ~std::uint32_t{0};
  return decoder().decode(d, mask, stored, straight, name);
}

void read_chunk(const LoadPlan& plan, const Source& source, const Cell& cell, const Target& to) {
  const Description& d = plan.description;
  const std::size_t item = item_bytes(d.dtype);
  std::int64_t element = 0;
  std::span<std::byte> straight;
  if (goes_straight(cell, d.chunk, to.strides, element)) {
    straight = {to.data + element * static_cast<std::int64_t>(item), chunk_bytes(d)};
  }
  const std::span<const std::byte> elements = decode_chunk(plan, source, cell, straight);
  if (elements.empty()) return place_fill(d, cell, to.data, to.strides);
  if (straight.empty()) place(cell, item, elements.data(), c_strides(d.chunk), to.data, to.strides);
}

/// Reads cells one by one, by the plan's road, to where they are mapped.
class Reader {
 public:
  Reader(const LoadPlan& plan, const std::string& file, const std::string& dataset) : plan_(plan) {
    if (plan.road == Road::contiguous || plan.chunk_offsets != nullptr) {
      contiguous_.emplace(file, dataset, plan.description);
    } else {
      source_.emplace(file, dataset, plan.description);
    }
  }

  void read(const Cell& cell, const Target& to) {
    if (plan_.chunk_offsets != nullptr) {
      read_plain_chunk(cell, to);
    } else if (plan_.road == Road::contiguous) {
      contiguous_->read_cell(cell, plan_.cells.extents, decoder(), to.data, to.strides);
    } else if (plan_.road == Road::chunks) {
      read_chunk(plan_, *source_, cell, to);
    } else {
      source_->read_cell(plan_.cells, cell, to.data, to.strides);
    }
  }

  /// The elements of a cell side by side, in memory of this process.
  std::span<const std::byte> read_apart(const Cell& cell, Buffer& buffer) {
    const Description& d = plan_.description;
    Strides strides = c_strides(cell.count);
    std::int64_t element = 0;
    if (source_ && plan_.road == Road::chunks && goes_straight(cell, d.chunk, strides, element)) {
      const std::span<const std::byte> elements = decode_chunk(plan_, *source_, cell, {});
      if (!elements.empty()) return elements;
    }
    const std::span<std::byte> memory =
        buffer.take(static_cast<std::size_t>(size_of(cell.count)) * item_bytes(d.dtype));
    read(cell, {memory.data(), strides});
    return memory;
  }

 private:
  /// As if the chunk were a contiguous dataset.
  void read_plain_chunk(const Cell& cell, const Target& to) {
    const Description& d = plan_.description;
    std::int64_t chunk = 0;
    Cell alone = cell;
    for (std::size_t axis = 0; axis < d.shape.ndim(); ++axis) {
      chunk = chunk * ((d.shape[axis] + d.chunk[axis] - 1) / d.chunk[axis]) +
              cell.corner[axis] / d.chunk[axis];
      alone.corner[axis] = 0;
    }
    std::vector<ListedRow> rows;
    if (cell.rows != nullptr) {
      rows.assign(cell.rows, cell.rows + cell.count[0]);
      for (ListedRow& row : rows) row.row -= cell.corner[0];
      alone.rows = rows.data();
    }
    contiguous_->look_at(d.chunk, plan_.chunk_offsets[chunk]);
    contiguous_->read_cell(alone, d.chunk, decoder(), to.data, to.strides);
  }

  const LoadPlan& plan_;
  std::optional<ContiguousFile> contiguous_;
  std::optional<Source> source_;
};

os::Descriptor open_result(const ResultFile& result) {
  os::Descriptor file = os::open_descriptor_of(result.process, result.descriptor, true);
  std::error_code error;
  const os::FileStatus status = os::status_of(file, error);
  if (!file.valid() || error || status.device != result.device || status.inode != result.inode) {
    throw IoError("a worker cannot open the array that is being loaded");
  }
  return file;
}

void write_result(const os::Descriptor& file, std::uint64_t offset,
                  std::span<const std::byte> elements) {
  const bool full = os::fault_point("io.load.write");
  const std::error_code error = full ? std::make_error_code(std::errc::no_space_on_device)
                                     : os::write_at(file, offset, elements.data(), elements.size());
  if (!error) return;
  const std::string message = "cannot write the array that is being loaded: " + error.message();
  if (error == std::errc::no_space_on_device) throw OutOfSpace(message);
  throw IoError(message);
}

/// What a cell holds, side by side in `elements`, to its runs of the result.
void write_runs(const LoadPlan& plan, const os::Descriptor& file, const Cell& cell,
                std::span<const std::byte> elements) {
  const Shape& result = plan.cells.selection.count;
  const std::size_t listed = cell.rows != nullptr ? 1 : 0;
  std::size_t inner = result.ndim();
  std::int64_t run = 1;
  for (bool whole = true; whole && inner > listed;) {
    --inner;
    run *= cell.count[inner];
    whole = cell.count[inner] == result[inner];
  }
  const std::size_t item = item_bytes(plan.description.dtype);
  const std::size_t bytes = static_cast<std::size_t>(run) * item;
  std::int64_t i = 0;
  for (std::size_t at = 0; at < elements.size(); at += bytes) {
    const std::int64_t element = place_of_run(cell, inner, i++, plan.strides);
    write_result(file, plan.file.offset + static_cast<std::uint64_t>(element) * item,
                 elements.subspan(at, bytes));
  }
}

/// Calls put(cell, elements) for the cells [first, end), their elements side by side.
template <class F>
void for_each_cell(const LoadPlan& plan, Reader& reader, std::int64_t first, std::int64_t end,
                   const F& put) {
  thread_local Buffer buffer;
  std::vector<ListedRow> rows;
  for (std::int64_t i = first; i < end; ++i) {
    const Cell cell = plan.cells[i];
    Cell apart = cell;  // the same, as if it were all of the result
    for (std::size_t axis = 0; axis < apart.to.ndim(); ++axis) apart.to[axis] = 0;
    if (cell.rows != nullptr) {
      rows.assign(cell.rows, cell.rows + cell.count[0]);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        rows[row].to = static_cast<std::int64_t>(row);
      }
      apart.rows = rows.data();
    }
    put(cell, reader.read_apart(apart, buffer));
    os::fault_point("io.load.placed");
  }
  buffer.trim(Decoder::kept_bytes_max);
}

}  // namespace

Extents cell_extents(const Description& d, const Selection& selection, std::size_t block_bytes) {
  switch (road_of(d)) {
    case Road::chunks: return d.chunk;
    case Road::contiguous: return run_extents(d.shape, item_bytes(d.dtype));
    default: return layer_extents(d, selection, block_bytes);
  }
}

bool fills_runs(const Cells& cells, std::size_t item) noexcept {
  const std::size_t listed = cells.selection.rows != nullptr ? 1 : 0;
  auto run = static_cast<std::int64_t>(item);
  bool whole = true;
  for (std::size_t axis = cells.extents.ndim(); whole && axis-- > listed;) {
    const std::int64_t wanted = cells.selection.count[axis];
    const std::int64_t step = cells.selection.step[axis];
    const std::int64_t count = std::min((cells.extents[axis] + step - 1) / step, wanted);
    run *= count;
    whole = count == wanted;
  }
  return (whole && listed == 0) || run >= worth_writing_bytes;
}

void read_block(const LoadPlan& plan, const std::string& file, const std::string& dataset,
                std::int64_t block) {
  const std::int64_t first = block * plan.cells_per_block;
  const std::int64_t end = std::min(first + plan.cells_per_block, plan.cells.count());
  Reader reader(plan, file, dataset);
  auto* const data = static_cast<std::byte*>(plan.data);
  if (plan.conversion.needed()) {
    for_each_cell(plan, reader, first, end, [&](const Cell& cell, std::span<const std::byte> from) {
      convert_cell(plan.conversion, cell, from, data, plan.strides);
    });
  } else if (plan.file.process != 0) {
    const os::Descriptor result = open_result(plan.file);
    for_each_cell(plan, reader, first, end, [&](const Cell& cell, std::span<const std::byte> from) {
      write_runs(plan, result, cell, from);
    });
  } else {
    for (std::int64_t i = first; i < end; ++i) {
      reader.read(plan.cells[i], {data, plan.strides});
      os::fault_point("io.load.placed");
    }
  }
  decoder().rest();
}

}  // namespace furrow::hdf5
