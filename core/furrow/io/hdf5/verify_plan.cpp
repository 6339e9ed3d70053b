#include <furrow/io/hdf5/verify_plan.hpp>

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/source.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::uint64_t block_bytes = std::uint64_t{4} << 20;
// Below this many a list of chunks is made in a moment, though each costs what came before it.
constexpr std::uint64_t list_max = 20'000;
constexpr std::uint64_t grid_max = 100'000'000;

std::uint64_t saturating(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > most / b ? most : a * b;
}

std::uint64_t grid_size(const ObjectInfo& info) {
  std::uint64_t count = 1;
  for (std::size_t axis = 0; axis < info.shape.size(); ++axis) {
    const auto extent = static_cast<std::uint64_t>(info.shape[axis]);
    const auto chunk = static_cast<std::uint64_t>(std::max<std::int64_t>(info.chunk[axis], 1));
    count = saturating(count, extent / chunk + (extent % chunk != 0 ? 1 : 0));
  }
  return count;
}

hsize_t chunks_written(hid_t dataset, hid_t space) {
  hsize_t written = 0;
  check(H5Dget_num_chunks(dataset, space, &written), "cannot count its chunks");
  return written;
}

/// Chunks that went past all filters of `without` and can be read, as a list; true when those are
/// all, or when there are too many chunks for a list. A chunk that a filter did not make smaller
/// may be stored without it.
bool plan_readable(hid_t dataset, unsigned without, PlannedDataset& planned) {
  const std::size_t rank = planned.info.shape.size();
  const Space space = own<Space>(H5Dget_space(dataset), "cannot read its shape");
  const hsize_t written = chunks_written(dataset, space.get());
  if (written > list_max) {
    planned.without = without;
    return true;
  }
  std::vector<hsize_t> offset(rank);
  hsize_t unreadable = 0;
  for (hsize_t i = 0; i < written; ++i) {
    haddr_t address = 0;
    hsize_t stored = 0;
    unsigned mask = 0;
    check(H5Dget_chunk_info(dataset, space.get(), i, offset.data(), &mask, &address, &stored),
          "cannot list its chunks");
    if ((mask & without) != without) {
      ++unreadable;
    } else {
      planned.offsets.insert(planned.offsets.end(), offset.begin(), offset.end());
    }
  }
  if (unreadable == 0) {
    planned.offsets.clear();
    return true;
  }
  planned.kind = PlaceKind::chunk_list;
  planned.places = planned.offsets.size() / std::max<std::size_t>(rank, 1);
  if (planned.places != 0) {
    planned.skipped = fmt::format("{} of {} chunks, ", unreadable, written) + planned.skipped;
  }
  return false;
}

/// False: what the library here can read of it is planned already, and the rest is skipped.
bool plan_filters(hid_t dataset, PlannedDataset& planned) {
  unsigned without = 0;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < planned.info.filters.size(); ++i) {
    if (planned.info.filters[i].available) continue;
    without |= 1u << i;
    names.push_back(to_string(planned.info.filters[i]));
  }
  if (without == 0) return true;
  planned.skipped = fmt::format("compressed by {}, for which the HDF5 library here has no plugin",
                                fmt::join(names, ", "));
  if (!plan_readable(dataset, without, planned)) return false;
  if (planned.without == 0) planned.skipped.clear();
  return true;
}

void plan_chunks(hid_t dataset, std::uint64_t chunk_bytes_max, PlannedDataset& planned) {
  const ObjectInfo& info = planned.info;
  const Type type = own<Type>(H5Dget_type(dataset), "cannot read its type");
  std::uint64_t bytes = H5Tget_size(type.get());
  for (const std::int64_t extent : info.chunk) {
    bytes = saturating(bytes, static_cast<std::uint64_t>(extent));
  }
  if (bytes > chunk_bytes_max) {
    planned.skipped =
        fmt::format("its chunks have {} bytes, more than the {} allowed", bytes, chunk_bytes_max);
    return;
  }
  if (!plan_filters(dataset, planned)) return;
  planned.kind = PlaceKind::chunk_grid;
  planned.places = info.stored_bytes == 0 ? 0 : grid_size(info);
  if (planned.places <= 1000) return;
  const Space space = own<Space>(H5Dget_space(dataset), "cannot read its shape");
  const hsize_t written = chunks_written(dataset, space.get());
  const bool sparse = planned.places / 4 > written;
  if (!sparse || (written > list_max && planned.places <= grid_max)) return;
  const std::size_t rank = info.shape.size();
  std::vector<hsize_t> offset(rank);
  for (hsize_t i = 0; i < written; ++i) {
    haddr_t address = 0;
    hsize_t stored = 0;
    unsigned mask = 0;
    check(H5Dget_chunk_info(dataset, space.get(), i, offset.data(), &mask, &address, &stored),
          "cannot list its chunks");
    bool inside = true;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      inside = inside && offset[axis] < static_cast<hsize_t>(info.shape[axis]);
    }
    if (!inside) continue;
    planned.offsets.insert(planned.offsets.end(), offset.begin(), offset.end());
  }
  planned.kind = PlaceKind::chunk_list;
  planned.places = planned.offsets.size() / std::max<std::size_t>(rank, 1);
}

void plan_rows(std::uint64_t chunk_bytes_max, PlannedDataset& planned) {
  const ObjectInfo& info = planned.info;
  planned.kind = PlaceKind::rows;
  if (!info.has_shape || info.stored_bytes == 0) return;
  const std::int64_t rows = info.shape.empty() ? 1 : info.shape[0];
  if (rows == 0) return;
  const std::uint64_t row_bytes =
      std::max<std::uint64_t>(info.bytes / static_cast<std::uint64_t>(rows), 1);
  if (row_bytes > chunk_bytes_max) {
    planned.skipped =
        fmt::format("its rows have {} bytes, more than the {} allowed", row_bytes, chunk_bytes_max);
    return;
  }
  planned.rows = static_cast<std::int64_t>(
      std::clamp<std::uint64_t>(piece_bytes / row_bytes, 1, static_cast<std::uint64_t>(rows)));
  planned.places = static_cast<std::uint64_t>((rows - 1) / planned.rows + 1);
}

bool has_own_bytes(hid_t dataset) {
  const Type type = own<Type>(H5Dget_type(dataset), "cannot read its type");
  return H5Tdetect_class(type.get(), H5T_VLEN) <= 0 &&
         H5Tdetect_class(type.get(), H5T_STRING) <= 0 &&
         H5Tdetect_class(type.get(), H5T_REFERENCE) <= 0;
}

void plan_contiguous(hid_t dataset, std::uint64_t file_bytes, PlannedDataset& planned) {
  const haddr_t offset = H5Dget_offset(dataset);
  planned.kind = PlaceKind::bytes;
  if (offset == HADDR_UNDEF) return;  // never written: the fill value stands for all
  planned.file_offset = offset;
  const std::uint64_t bytes = planned.info.stored_bytes;
  planned.places = bytes == 0 ? 0 : (bytes - 1) / piece_bytes + 1;
  if (offset <= file_bytes && bytes <= file_bytes - offset) return;
  planned.info.error = fmt::format(
      "the file ends at byte {}, before the end of its elements, "
      "which are {} bytes from byte {}",
      file_bytes, bytes, offset);
  planned.places = 0;
}

}  // namespace

void plan_dataset(std::int64_t dataset, std::uint64_t file_bytes, std::uint64_t chunk_bytes_max,
                  PlannedDataset& planned) {
  const std::string& layout = planned.info.layout;
  if (layout == "virtual" || layout == "external") {
    planned.skipped = "its elements lie in other files; verify those";
  } else if (layout == "chunked") {
    plan_chunks(dataset, chunk_bytes_max, planned);
  } else if (layout == "contiguous" && has_own_bytes(dataset)) {
    plan_contiguous(dataset, file_bytes, planned);
  } else {
    plan_rows(chunk_bytes_max, planned);
  }
}

PlaceBox box_of(const PlaceRule& rule, std::uint64_t place) {
  const std::size_t rank = rule.shape.size();
  std::vector<std::int64_t> offset(rank, 0);
  std::vector<std::int64_t> count = rule.shape;
  if (rank == 0) return {offset, count};
  if (rule.kind == PlaceKind::rows) {
    offset[0] = static_cast<std::int64_t>(place) * rule.rows;
    count[0] = std::min(rule.rows, rule.shape[0] - offset[0]);
    return {offset, count};
  }
  if (rule.kind == PlaceKind::bytes) {
    const std::uint64_t rows =
        std::max<std::uint64_t>(static_cast<std::uint64_t>(rule.shape[0]), 1);
    const std::uint64_t row = std::max<std::uint64_t>(rule.bytes / rows, 1);
    const std::uint64_t end = std::min((place + 1) * piece_bytes, rule.bytes);
    offset[0] = static_cast<std::int64_t>(place * piece_bytes / row);
    count[0] = static_cast<std::int64_t>((end + row - 1) / row) - offset[0];
    return {offset, count};
  }
  for (std::size_t left = rank; left > 0; --left) {
    const std::size_t axis = left - 1;
    const std::int64_t chunk = std::max<std::int64_t>(rule.chunk[axis], 1);
    if (rule.kind == PlaceKind::chunk_list) {
      offset[axis] = rule.offsets[place * rank + axis];
    } else {
      const auto chunks = static_cast<std::uint64_t>((rule.shape[axis] - 1) / chunk + 1);
      offset[axis] = static_cast<std::int64_t>(place % chunks) * chunk;
      if (rank > 1) place /= chunks;
    }
    count[axis] = std::min(chunk, rule.shape[axis] - offset[axis]);
  }
  return {offset, count};
}

AnyArray make_table(const std::vector<PlannedDataset>& datasets, const os::FileStamp& stamp,
                    const VerifyOptions& options) {
  struct Cut {
    std::uint64_t dataset, place, count;
  };
  std::vector<Cut> cuts;
  std::vector<std::int64_t> numbers;
  std::vector<PlanDataset> entries;
  std::string names;
  std::uint64_t room = 0;  // places that the last block still takes
  for (std::uint64_t d = 0; d < datasets.size(); ++d) {
    const PlannedDataset& planned = datasets[d];
    const ObjectInfo& info = planned.info;
    entries.push_back({planned.kind, static_cast<std::uint32_t>(info.shape.size()), planned.without,
                       0, planned.places, planned.file_offset, info.bytes, planned.rows,
                       numbers.size(), names.size(), info.path.size()});
    numbers.insert(numbers.end(), info.shape.begin(), info.shape.end());
    numbers.insert(numbers.end(), info.chunk.begin(), info.chunk.end());
    numbers.insert(numbers.end(), planned.offsets.begin(), planned.offsets.end());
    names += info.path;
    const std::uint64_t each =
        std::max<std::uint64_t>(planned.places == 0 ? 1 : info.stored_bytes / planned.places, 4096);
    const std::uint64_t most = std::clamp<std::uint64_t>(block_bytes / each, 1, block_places_max);
    for (std::uint64_t place = 0; place < planned.places;) {
      room = std::min(room, most);
      if (room == 0) {
        cuts.push_back({d, place, 0});
        room = most;
      }
      const std::uint64_t taken = std::min(room, planned.places - place);
      cuts.back().count += taken;
      place += taken;
      room -= taken;
    }
  }
  PlanHeader h{};
  h.blocks = cuts.size();
  h.datasets = datasets.size();
  h.torn_max = options.torn_max;
  h.crashes_max = options.crashes_max;
  h.stamp = stamp;
  h.blocks_at = sizeof(PlanHeader);
  h.datasets_at = h.blocks_at + cuts.size() * sizeof(PlanBlock);
  h.torn_at = h.datasets_at + entries.size() * sizeof(PlanDataset);
  h.numbers_at = h.torn_at + h.torn_max * sizeof(TornEntry);
  h.names_at = h.numbers_at + numbers.size() * sizeof(std::int64_t);
  AnyArray table =
      AnyArray::temporary(Dtype::u8, {static_cast<std::int64_t>(h.names_at + names.size())});
  PlanHeader& plan = *new (table.data()) PlanHeader{
      h.blocks, h.datasets,  h.torn_max,    h.crashes_max, {0},          {0},
      h.stamp,  h.blocks_at, h.datasets_at, h.torn_at,     h.numbers_at, h.names_at};
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    new (&plan.block(i)) PlanBlock{cuts[i].dataset, cuts[i].place, cuts[i].count, {0}};
  }
  std::copy(entries.begin(), entries.end(), plan.at<PlanDataset>(plan.datasets_at));
  std::copy(numbers.begin(), numbers.end(), plan.at<std::int64_t>(plan.numbers_at));
  std::copy(names.begin(), names.end(), plan.at<char>(plan.names_at));
  return table;
}

}  // namespace furrow::hdf5
