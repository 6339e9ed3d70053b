#include <furrow/io/hdf5/source.hpp>

#include <algorithm>
#include <memory>
#include <system_error>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/type.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t chunk_cache_slots = 521;

[[noreturn]] void refuse_unreadable(const std::string& file, const std::error_code& error) {
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
  return a.dtype == b.dtype && a.shape == b.shape && a.chunk == b.chunk && a.stamp == b.stamp;
}

void fill(const Extents& from, hsize_t* to) {
  for (std::size_t axis = 0; axis < from.ndim(); ++axis)
    to[axis] = static_cast<hsize_t>(from[axis]);
}

}  // namespace

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

Source::Source(const std::string& file, const std::string& dataset, const Description* expected) {
  const std::string path = dataset_path(dataset);
  name_ = quoted(file, path);
  access_ = own<Properties>(H5Pcreate(H5P_DATASET_ACCESS), "cannot read " + name_);
  if (expected != nullptr && expected->chunked) {
    // Every chunk is used once. A chunk without filter and as wide as the dataset goes straight to
    // its place, past the cache; the others need room for just one.
    bool wide = true;
    for (std::size_t axis = 1; axis < expected->shape.ndim(); ++axis) {
      wide = wide && expected->chunk[axis] >= expected->shape[axis];
    }
    const std::size_t bytes =
        static_cast<std::size_t>(size_of(expected->chunk)) * item_bytes(expected->dtype);
    const std::size_t cache = wide && !expected->filtered ? 0 : bytes;
    check(H5Pset_chunk_cache(access_.get(), chunk_cache_slots, cache, 0.75),
          "cannot read " + name_);
  }
  open_file(file);
  find(path);
  describe();
  if (expected != nullptr && !same_dataset(description_, *expected)) {
    throw InUse(name_ + " was changed while it was being loaded; load it again");
  }
}

void Source::open_file(const std::string& file) {
  const Properties properties = own<Properties>(H5Pcreate(H5P_FILE_ACCESS), "cannot read files");
  H5Pset_fclose_degree(properties.get(), H5F_CLOSE_STRONG);
  for (int attempt = 0;; ++attempt) {
    std::error_code error = os::check_readable(file);
    if (error) refuse_unreadable(file, error);
    const os::FileStamp before = os::stamp_of(file, error);
    file_ = own<File>(H5Fopen(file.c_str(), H5F_ACC_RDONLY, properties.get()),
                      "cannot open \"" + file + "\"");
    description_.stamp = os::stamp_of(file, error);
    // A save may give the name to a new file at any instant.
    if ((!error && description_.stamp == before) || attempt == 10) return;
    file_.close();
  }
}

void Source::find(const std::string& path) {
  const std::string asked = "cannot look for " + name_;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const htri_t link = H5Lexists(file_.get(), part.c_str(), H5P_DEFAULT);
    check(link, asked);
    if (link == 0) throw NotFound("there is no " + name_ + "; " + list_datasets(file_.get()));
    const htri_t object = H5Oexists_by_name(file_.get(), part.c_str(), H5P_DEFAULT);
    if (object <= 0) {
      throw NotFound("there is no " + name_ + ": \"" + part + "\" is a link that leads nowhere");
    }
    if (end == std::string::npos) break;
    const Object inner = own<Object>(H5Oopen(file_.get(), part.c_str(), H5P_DEFAULT), asked);
    if (H5Iget_type(inner.get()) != H5I_GROUP) {
      throw NotFound("there is no " + name_ + ": \"" + part + "\" is no group; " +
                     list_datasets(file_.get()));
    }
  }
  {
    const Object found = own<Object>(H5Oopen(file_.get(), path.c_str(), H5P_DEFAULT), asked);
    if (H5Iget_type(found.get()) != H5I_DATASET) {
      throw NotFound("there is no " + name_ + ": it is a group; " + list_datasets(file_.get()));
    }
  }  // closed first: the first to open a dataset decides about its chunk cache
  dataset_ = own<Dataset>(H5Dopen2(file_.get(), path.c_str(), access_.get()), asked);
}

void Source::describe() {
  const std::string asked = "cannot read what " + name_ + " is";
  Description& d = description_;
  const Type type = own<Type>(H5Dget_type(dataset_.get()), asked);
  d.dtype = dtype_of_type(type.get());
  if (d.dtype == Dtype::none) {
    throw TypeMismatch(name_ + " holds " + describe_type(type.get()) +
                       ", which furrow has no dtype for (it takes bool, i8 to u64, f16, f32, f64, "
                       "c64, c128)");
  }
  memory_type_ = memory_type_of(type.get(), d.dtype);
  const Space space = own<Space>(H5Dget_space(dataset_.get()), asked);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    throw ShapeMismatch(name_ + " is empty: it has a type, but no shape and no elements");
  }
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank > static_cast<int>(segment::dimensions_max)) {
    throw ShapeMismatch(name_ + " has " + std::to_string(rank) + " axes, furrow takes 8 at most");
  }
  hsize_t extents[segment::dimensions_max] = {};
  check(H5Sget_simple_extent_dims(space.get(), extents, nullptr), asked);
  const Properties creation = own<Properties>(H5Dget_create_plist(dataset_.get()), asked);
  hsize_t chunk[segment::dimensions_max] = {};
  d.chunked = H5Pget_layout(creation.get()) == H5D_CHUNKED &&
              H5Pget_chunk(creation.get(), segment::dimensions_max, chunk) == rank;
  for (int axis = 0; axis < rank; ++axis) {
    d.shape.push_back(static_cast<std::int64_t>(extents[axis]));
    d.chunk.push_back(d.chunked ? static_cast<std::int64_t>(std::max<hsize_t>(chunk[axis], 1)) : 1);
  }
  checked_size(d.shape, item_bytes(d.dtype));
  require_filters(creation.get());
  d.filtered = H5Pget_nfilters(creation.get()) > 0;
}

void Source::require_filters(hid_t creation) const {
  const int count = H5Pget_nfilters(creation);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    char name[64] = {};
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values,
                                               nullptr, sizeof name, name, nullptr);
    if (filter < 0) fail("cannot read the filters of " + name_);
    if (H5Zfilter_avail(filter) > 0 || (flags & H5Z_FLAG_OPTIONAL) != 0) continue;
    throw IoError(name_ + " is compressed by \"" + name + "\" (filter " + std::to_string(filter) +
                  "), for which the HDF5 library here has no plugin; set HDF5_PLUGIN_PATH, or "
                  "repack the file with gzip");
  }
}

void Source::read(const Box& box, hid_t memory_space, void* memory) const {
  const std::string asked = "cannot read " + name_;
  hid_t selected = H5S_ALL;
  Space space;
  if (box.count.ndim() != 0) {
    hsize_t offset[segment::dimensions_max];
    hsize_t count[segment::dimensions_max];
    fill(box.offset, offset);
    fill(box.count, count);
    space = own<Space>(H5Dget_space(dataset_.get()), asked);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr), asked);
    selected = space.get();
  }
  check(H5Dread(dataset_.get(), memory_type_.get(), memory_space, selected, H5P_DEFAULT, memory),
        asked);
}

void Source::read_part(const Box& box, const Destination& to) const {
  const std::string asked = "cannot read " + name_;
  const int rank = static_cast<int>(box.count.ndim());
  hsize_t whole[segment::dimensions_max];
  hsize_t offset[segment::dimensions_max];
  hsize_t count[segment::dimensions_max];
  fill(to.all.count, whole);
  fill(box.count, count);
  for (std::size_t axis = 0; axis < box.count.ndim(); ++axis) {
    offset[axis] = static_cast<hsize_t>(box.offset[axis] - to.all.offset[axis]);
  }
  const Space space = own<Space>(H5Screate_simple(rank, whole, nullptr), asked);
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr), asked);
  read(box, space.get(), to.data);
}

void Source::read_dense(const Box& box, std::byte* memory) const {
  const std::string asked = "cannot read " + name_;
  hsize_t count[segment::dimensions_max];
  fill(box.count, count);
  const int rank = static_cast<int>(box.count.ndim());
  const Space space = rank == 0 ? own<Space>(H5Screate(H5S_SCALAR), asked)
                                : own<Space>(H5Screate_simple(rank, count, nullptr), asked);
  read(box, space.get(), memory);
  if (description_.dtype != Dtype::bool_) return;
  // The file may hold any byte; a bool in memory is 0 or 1.
  for (std::byte* end = memory + size_of(box.count); memory != end; ++memory) {
    *memory = std::byte{*memory != std::byte{0}};
  }
}

void Source::read_box(const Box& box, const Destination& to) const {
  if (size_of(box.count) == 0) return;
  const std::size_t item = item_bytes(description_.dtype);
  std::int64_t first = 0;
  for (std::size_t axis = 0; axis < box.count.ndim(); ++axis) {
    first += (box.offset[axis] - to.all.offset[axis]) * to.strides[axis];
  }
  auto* target = static_cast<std::byte*>(to.data) + first * static_cast<std::int64_t>(item);
  if (is_contiguous(box.count, to.strides)) return read_dense(box, target);
  // Part of the width of an array without holes: the library puts the rows where they belong.
  if (is_contiguous(to.all.count, to.strides) && description_.dtype != Dtype::bool_) {
    return read_part(box, to);
  }
  const std::size_t bytes = static_cast<std::size_t>(size_of(box.count)) * item;
  const std::unique_ptr<std::byte[]> buffer(new std::byte[bytes]);
  read_dense(box, buffer.get());
  copy_box(box.count, item, buffer.get(), c_strides(box.count), target, to.strides);
}

}  // namespace furrow::hdf5
