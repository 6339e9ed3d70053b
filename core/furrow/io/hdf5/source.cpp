#include <furrow/io/hdf5/source.hpp>

#include <algorithm>
#include <memory>
#include <system_error>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/links.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t chunk_cache_slots = 521;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

struct Listing {
  std::vector<std::string> names;
  std::size_t count_max;
};

// Stops with one name more than asked for, which tells that there are more.
herr_t note_dataset(hid_t, const char* name, const H5O_info_t* info, void* list) noexcept {
  try {
    auto& listing = *static_cast<Listing*>(list);
    if (info->type != H5O_TYPE_DATASET) return 0;
    listing.names.push_back("/" + std::string(name));
    return listing.names.size() > listing.count_max ? 1 : 0;
  } catch (...) {
    return -1;
  }
}

bool same_dataset(const Description& a, const Description& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.chunk == b.chunk && a.stamp == b.stamp &&
         a.layout == b.layout && a.offset == b.offset;
}

void fill(const Extents& from, hsize_t* to) {
  for (std::size_t axis = 0; axis < from.ndim(); ++axis)
    to[axis] = static_cast<hsize_t>(from[axis]);
}

}  // namespace

void refuse_unreadable(const std::string& file, const std::error_code& error) {
  const std::string name = "\"" + file + "\"";
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    throw NotFound("there is no file " + name);
  }
  if (error == std::errc::is_a_directory) {
    throw InvalidArgument(name + " is a folder; name the HDF5 file in it");
  }
  if (error == std::errc::invalid_argument) throw InvalidArgument(name + " is no plain file");
  const std::string message = "cannot read the file " + name + ": " + error.message();
  if (error == std::errc::permission_denied) throw PermissionDenied(message);
  throw IoError(message);
}

std::string dataset_path(const std::string& dataset) {
  std::string path;
  for (std::size_t at = 0; at < dataset.size();) {
    const std::size_t end = std::min(dataset.find('/', at), dataset.size());
    const std::string part = dataset.substr(at, end - at);
    if (!part.empty() && part != ".") path += "/" + part;
    at = end + 1;
  }
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw InvalidArgument("\"" + dataset + "\" names no dataset; write it as /group/name");
  }
  return path;
}

std::string quoted(const std::string& file, const std::string& dataset) {
  return "dataset \"" + dataset + "\" of \"" + file + "\"";
}

std::string list_datasets(hid_t file, std::size_t count_max) {
  Listing listing{{}, count_max};
  const herr_t result =
      H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, note_dataset, &listing, H5O_INFO_BASIC);
  if (result < 0) return "the rest of the file cannot be read";
  if (listing.names.empty()) return "the file holds no dataset";
  std::string text;
  for (std::size_t i = 0; i < listing.names.size() && i < count_max; ++i) {
    text += (i == 0 ? "" : ", ") + listing.names[i];
  }
  return "the file holds " + text + (listing.names.size() > count_max ? ", …" : "");
}

Source::Source(const std::string& file, const std::string& dataset, bool external)
    : file_name_(file), path_(dataset_path(dataset)) {
  constexpr int files_max = 16;
  for (int files = 0;; ++files) {
    name_ = quoted(file_name_, path_);
    open_file();
    const Resolved found = resolve(file_.get(), path_, name_, external);
    path_ = found.path;
    if (found.file.empty()) break;
    if (files == files_max) throw NotFound("there is no " + name_ + ": links lead in a circle");
    file_.close();
    file_name_ = external_file(file_name_, found.file);
  }
  access_ = own<Properties>(H5Pcreate(H5P_DATASET_ACCESS), "cannot read " + name_);
  open_dataset();
  if (!external) require_own_elements(file_.get(), dataset_.get(), name_);
  describe(dataset_.get(), name_, description_);
  memory_type_ = read_type(dataset_.get(), description_);
}

Source::Source(const std::string& file, const std::string& dataset, const Description& expected)
    : file_name_(file), path_(dataset), name_(quoted(file, dataset)) {
  access_ = own<Properties>(H5Pcreate(H5P_DATASET_ACCESS), "cannot read " + name_);
  set_cache(expected);
  open_file();
  // Before anything of it is followed: it was looked at with care when it was described.
  bool same = description_.stamp == expected.stamp;
  if (same) {
    open_dataset();
    describe(dataset_.get(), name_, description_);
    same = same_dataset(description_, expected);
  }
  if (!same) throw InUse(name_ + " was changed while it was being loaded; load it again");
  memory_type_ = read_type(dataset_.get(), description_);
}

void Source::set_cache(const Description& expected) {
  if (!expected.chunked) return;
  // Every chunk is used once. A chunk without filter and as wide as the dataset goes straight to
  // its place, past the cache; the others need room for just one.
  bool wide = true;
  for (std::size_t axis = 1; axis < expected.shape.ndim(); ++axis) {
    wide = wide && expected.chunk[axis] >= expected.shape[axis];
  }
  const std::size_t bytes =
      static_cast<std::size_t>(size_of(expected.chunk)) * item_bytes(expected.dtype);
  const std::size_t cache = wide && !expected.filtered ? 0 : bytes;
  check(H5Pset_chunk_cache(access_.get(), chunk_cache_slots, cache, 0.75), "cannot read " + name_);
}

void Source::open_file() {
  const Properties properties = own<Properties>(H5Pcreate(H5P_FILE_ACCESS), "cannot read files");
  H5Pset_fclose_degree(properties.get(), H5F_CLOSE_STRONG);
  for (int attempt = 0;; ++attempt) {
    std::error_code error = os::check_readable(file_name_);
    if (error) refuse_unreadable(file_name_, error);
    const os::FileStamp before = os::stamp_of(file_name_, error);
    file_ = own<File>(H5Fopen(file_name_.c_str(), H5F_ACC_RDONLY, properties.get()),
                      "cannot open \"" + file_name_ + "\"");
    description_.stamp = os::stamp_of(file_name_, error);
    // A save may give the name to a new file at any instant.
    if ((!error && description_.stamp == before) || attempt == 10) return;
    file_.close();
  }
}

void Source::open_dataset() {
  dataset_ = Dataset(H5Dopen2(file_.get(), path_.c_str(), access_.get()));
  if (dataset_.valid()) return;
  const std::string asked = "cannot open " + name_;
  const Object found = own<Object>(H5Oopen(file_.get(), path_.c_str(), H5P_DEFAULT), asked);
  if (H5Iget_type(found.get()) != H5I_DATASET) {
    throw NotFound("there is no " + name_ + ": it is a group; " + list_datasets(file_.get()));
  }
  // Once more, for the library's own reason.
  dataset_ = own<Dataset>(H5Dopen2(file_.get(), path_.c_str(), access_.get()), asked);
}

void Source::read(const Slab& slab, hid_t memory_space, void* memory) const {
  const std::string asked = "cannot read " + name_;
  hid_t selected = H5S_ALL;
  Space space;
  if (slab.count.ndim() != 0) {
    hsize_t offset[segment::dimensions_max];
    hsize_t step[segment::dimensions_max];
    hsize_t count[segment::dimensions_max];
    fill(slab.offset, offset);
    fill(slab.step, step);
    fill(slab.count, count);
    space = own<Space>(H5Dget_space(dataset_.get()), asked);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset, step, count, nullptr), asked);
    selected = space.get();
  }
  check(H5Dread(dataset_.get(), memory_type_.get(), memory_space, selected, H5P_DEFAULT, memory),
        asked);
}

void Source::read_dense(const Slab& slab, std::byte* memory) const {
  const std::string asked = "cannot read " + name_;
  hsize_t count[segment::dimensions_max];
  fill(slab.count, count);
  const int rank = static_cast<int>(slab.count.ndim());
  const Space space = rank == 0 ? own<Space>(H5Screate(H5S_SCALAR), asked)
                                : own<Space>(H5Screate_simple(rank, count, nullptr), asked);
  read(slab, space.get(), memory);
  make_native(description_, memory,
              static_cast<std::size_t>(size_of(slab.count)) * item_bytes(description_.dtype));
}

void Source::read_slab(const Slab& slab, std::byte* to, const Strides& strides) const {
  if (size_of(slab.count) == 0) return;
  if (is_contiguous(slab.count, strides)) return read_dense(slab, to);
  // Layer by layer of chunks, through a buffer of this size or of one layer.
  const std::size_t item = item_bytes(description_.dtype);
  const std::int64_t rows = slab.count[0];
  const std::size_t row_bytes = static_cast<std::size_t>(size_of(slab.count) / rows) * item;
  const std::int64_t layer = description_.chunked ? description_.chunk[0] : 1;
  const auto fit = static_cast<std::int64_t>(buffer_bytes / row_bytes) / layer * layer;
  const std::int64_t step = slab.step[0] == 1 ? std::max(fit, layer) : rows;
  const std::size_t bytes = static_cast<std::size_t>(std::min(step, rows)) * row_bytes;
  const std::unique_ptr<std::byte[]> buffer(new std::byte[bytes]);
  Slab part = slab;
  for (std::int64_t done = 0; done < rows; done += part.count[0]) {
    part.offset[0] = slab.offset[0] + done * slab.step[0];
    // The first part ends where a layer does.
    const bool begins_inside = done == 0 && slab.step[0] == 1;
    part.count[0] = std::min(step - (begins_inside ? part.offset[0] % layer : 0), rows - done);
    read_dense(part, buffer.get());
    copy_box(part.count, item, buffer.get(), c_strides(part.count),
             to + done * strides[0] * static_cast<std::int64_t>(item), strides);
  }
}

void Source::read_box(const Box& box, const Destination& to) const {
  Slab slab{box.offset, box.offset, box.count};
  std::int64_t first = 0;
  for (std::size_t axis = 0; axis < box.count.ndim(); ++axis) {
    slab.step[axis] = 1;
    first += (box.offset[axis] - to.all.offset[axis]) * to.strides[axis];
  }
  const auto item = static_cast<std::int64_t>(item_bytes(description_.dtype));
  read_slab(slab, static_cast<std::byte*>(to.data) + first * item, to.strides);
}

void Source::read_cell(const Cells& cells, const Cell& cell, void* data,
                       const Strides& strides) const {
  const auto item = static_cast<std::int64_t>(item_bytes(description_.dtype));
  auto* to = static_cast<std::byte*>(data);
  Slab slab{cell.corner, cell.step, cell.count};
  for (std::size_t axis = 0; axis < cell.count.ndim(); ++axis) {
    slab.offset[axis] += cell.inside[axis];
    if (cell.count[axis] == 1) slab.step[axis] = 1;
  }
  if (cells.selection.rows == nullptr) {
    for (std::size_t axis = 0; axis < cell.count.ndim(); ++axis) {
      to += cell.to[axis] * strides[axis] * item;
    }
    return read_slab(slab, to, strides);
  }
  // From the first listed row to the last, and from there to their places.
  slab.offset[0] = cell.rows[0].row;
  slab.count[0] = cell.rows[cell.count[0] - 1].row - slab.offset[0] + 1;
  const std::size_t bytes =
      static_cast<std::size_t>(size_of(slab.count)) * static_cast<std::size_t>(item);
  const std::unique_ptr<std::byte[]> buffer(new std::byte[bytes]);
  read_dense(slab, buffer.get());
  Cell there = cell;
  there.corner[0] = slab.offset[0];
  for (std::size_t axis = 1; axis < cell.count.ndim(); ++axis) {
    there.inside[axis] = 0;
    there.step[axis] = 1;
  }
  place(there, item_bytes(description_.dtype), buffer.get(), c_strides(slab.count), to, strides);
}

std::uint64_t Source::chunk_stored_bytes(const Extents& corner) const {
  hsize_t offset[segment::dimensions_max];
  fill(corner, offset);
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(dataset_.get(), offset, &bytes) >= 0) return bytes;
  // HDF5 1.10 fails for a chunk that was never written, and then says so in the call itself and in
  // the function behind it. What goes wrong on the way through the index is reported from below.
  constexpr ssize_t said_by_the_call_alone = 2;
  if (H5Eget_num(H5E_DEFAULT) > said_by_the_call_alone) fail("cannot read " + name_);
  return 0;
}

std::vector<std::uint64_t> Source::plain_chunks(std::size_t bytes_max) const {
  const Description& d = description_;
  // The library looks for each by going through those before it.
  constexpr std::int64_t chunks_max = 64;
  if (road_of(d) != Road::chunks || d.filter_count != 0 || size_of(d.shape) == 0) return {};
  Cells chunks = cells_of(select_all(d.shape), d.chunk);
  const std::size_t bytes = static_cast<std::size_t>(size_of(d.chunk)) * item_bytes(d.dtype);
  if (chunks.count() > chunks_max || bytes > bytes_max ||
      static_cast<std::size_t>(chunks.count()) * bytes > 2 * bytes_max) {
    return {};
  }
  hsize_t before = 0;  // the library's addresses begin after a user's own block
  const Properties creation = own<Properties>(H5Fget_create_plist(file_.get()), name_);
  if (H5Pget_userblock(creation.get(), &before) < 0 || before != 0) return {};
  std::vector<std::uint64_t> offsets;
  for (std::int64_t i = 0; i < chunks.count(); ++i) {
    hsize_t corner[segment::dimensions_max];
    fill(chunks[i].corner, corner);
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t stored = 0;
    if (H5Dget_chunk_info_by_coord(dataset_.get(), corner, &mask, &address, &stored) < 0) return {};
    if (address != HADDR_UNDEF && stored != bytes) return {};
    offsets.push_back(address == HADDR_UNDEF ? Description::no_offset : address);
  }
  return offsets;
}

std::uint32_t Source::read_chunk(const Extents& corner, std::span<std::byte> to) const {
  hsize_t offset[segment::dimensions_max];
  fill(corner, offset);
  std::uint32_t mask = 0;
  check(H5Dread_chunk(dataset_.get(), H5P_DEFAULT, offset, &mask, to.data()),
        "cannot read " + name_);
  return mask;
}

}  // namespace furrow::hdf5
