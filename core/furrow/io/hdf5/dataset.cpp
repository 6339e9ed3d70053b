#include <furrow/io/hdf5/dataset.hpp>

#include <algorithm>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/links.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/io/hdf5_inspect.hpp>

namespace furrow::hdf5 {
namespace {

unsigned long file_number(hid_t object, const std::string& asked) {
  H5O_info_t info;
  check(H5Oget_info2(object, &info, H5O_INFO_BASIC), asked);
  return info.fileno;
}

bool is_of_file(hid_t file, hid_t object, const std::string& asked) {
  const Object root = own<Object>(H5Oopen(file, "/", H5P_DEFAULT), asked);
  return file_number(object, asked) == file_number(root.get(), asked);
}

void require_same_file(hid_t file, hid_t object, const std::string& name,
                       const std::string& asked) {
  if (is_of_file(file, object, asked)) return;
  throw PermissionDenied("cannot write " + name +
                         ": a link on the way leads into another file; name that file instead");
}

/// Chunks are written once: whole ones go past the cache.
Properties dataset_access(const std::string& asked) {
  Properties access = own<Properties>(H5Pcreate(H5P_DATASET_ACCESS), asked);
  check(H5Pset_chunk_cache(access.get(), 0, 0, 0.75), asked);
  return access;
}

Properties creation_list(const WriteRequest& r, const std::string& asked) {
  Properties creation = own<Properties>(H5Pcreate(H5P_DATASET_CREATE), asked);
  check(H5Pset_obj_track_times(creation.get(), false), asked);
  if (!r.chunked()) return creation;
  const Extents chunk = chunk_of(r);
  hsize_t pieces[segment::dimensions_max] = {};
  std::copy(chunk.begin(), chunk.end(), pieces);
  check(H5Pset_chunk(creation.get(), static_cast<int>(chunk.ndim()), pieces), asked);
  FilterChain chain;
  if (r.shuffle) chain.add(FilterKind::shuffle, static_cast<std::uint32_t>(item_bytes(r.dtype)));
  if (r.gzip > 0) chain.add(FilterKind::deflate, static_cast<std::uint32_t>(r.gzip));
  if (r.fletcher32) chain.add(FilterKind::fletcher32, 0);
  set_chain(creation.get(), chain, asked);
  return creation;
}

Space space_of(const WriteRequest& r, const std::string& asked) {
  const int rank = static_cast<int>(r.shape.ndim());
  if (rank == 0) return own<Space>(H5Screate(H5S_SCALAR), asked);
  hsize_t extents[segment::dimensions_max] = {};
  hsize_t most[segment::dimensions_max] = {};
  std::copy(r.shape.begin(), r.shape.end(), extents);
  std::copy(r.shape.begin(), r.shape.end(), most);
  for (int axis = 0; r.growable && axis < rank; ++axis) {
    // A fixed axis of 0 is shorter than any chunk, which the library does not take.
    if (axis == 0 || extents[axis] == 0) most[axis] = H5S_UNLIMITED;
  }
  return own<Space>(H5Screate_simple(rank, extents, most), asked);
}

/// Of an optional filter without a plugin the library would leave out the new chunks, and say
/// nothing.
void require_filters(hid_t creation, const std::string& name) {
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0;
    std::size_t value_count = 0;
    char text[64] = {};
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &value_count,
                                           nullptr, sizeof text, text, nullptr);
    if (id < 0 || H5Zfilter_avail(id) > 0) continue;
    throw IoError(name + " is compressed by " + to_string(Filter{id, text, {}, false}) +
                  ", for which the HDF5 library here has no plugin: new rows would not be "
                  "compressed; set HDF5_PLUGIN_PATH, or repack the file with gzip");
  }
}

}  // namespace

bool is_taken(hid_t file, const WriteRequest& r) {
  const std::string& path = r.dataset;
  const std::string name = quoted(r.file, path);
  const std::string refused = (r.append ? "cannot append to " : "cannot save ") + name;
  const std::string asked = "cannot look for " + name;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const htri_t link = H5Lexists(file, part.c_str(), H5P_DEFAULT);
    check(link, asked);
    if (link == 0) return false;
    const bool last = end == std::string::npos;
    H5L_info_t info;
    check(H5Lget_info(file, part.c_str(), &info, H5P_DEFAULT), asked);
    const bool foreign = info.type == H5L_TYPE_EXTERNAL && last && !r.append;
    const bool leads = !foreign && H5Oexists_by_name(file, part.c_str(), H5P_DEFAULT) > 0;
    if (!leads && (!last || r.append)) {
      throw NotFound(refused + ": " + dead_link(file, part));
    }
    H5I_type_t kind = H5I_DATASET;
    if (leads) {
      const Object object = own<Object>(H5Oopen(file, part.c_str(), H5P_DEFAULT), asked);
      kind = H5Iget_type(object.get());
      if (!last || r.append) require_same_file(file, object.get(), name, asked);
    }
    if (!last && kind != H5I_GROUP) {
      throw AlreadyExists(refused + ": \"" + part + "\" is no group");
    }
    if (!last) continue;
    if (kind == H5I_GROUP) throw AlreadyExists(refused + ": a group has that name");
    if (!r.replace && !r.append) {
      throw AlreadyExists("there is a " + name +
                          " already; replace it (--replace on the command line), append to it, or "
                          "take another name");
    }
    return true;
  }
}

std::optional<Predecessor> take_name(hid_t file, const WriteRequest& r) {
  const std::string asked = "cannot replace " + quoted(r.file, r.dataset);
  std::optional<Predecessor> old;
  if (!is_taken(file, r)) return old;
  const Object object(H5Oopen(file, r.dataset.c_str(), H5P_DEFAULT));
  if (object.valid() && !is_of_file(file, object.get(), asked)) {
    // What a link into another file leads to stays as it is.
    check(H5Ldelete(file, r.dataset.c_str(), H5P_DEFAULT), asked);
  } else {
    old.emplace(file, r.dataset);
  }
  return old;
}

Dataset create_dataset(hid_t file, const WriteRequest& r) {
  const std::string asked = "cannot save " + quoted(r.file, r.dataset);
  const Properties link = own<Properties>(H5Pcreate(H5P_LINK_CREATE), asked);
  check(H5Pset_create_intermediate_group(link.get(), 1), asked);
  check(H5Pset_char_encoding(link.get(), H5T_CSET_UTF8), asked);
  const Properties creation = creation_list(r, asked);
  const Properties access = dataset_access(asked);
  const Space space = space_of(r, asked);
  const Type type = stored_type(r.dtype);
  return own<Dataset>(H5Dcreate2(file, r.dataset.c_str(), type.get(), space.get(), link.get(),
                                 creation.get(), access.get()),
                      asked);
}

Dataset open_dataset(hid_t file, const WriteRequest& r) {
  const std::string name = quoted(r.file, r.dataset);
  if (!is_taken(file, r)) {
    throw NotFound("there is no " + name +
                   " to append to (save one with growable, or "
                   "--growable on the command line, first); " +
                   list_datasets(file));
  }
  const std::string asked = "cannot append to " + name;
  const Properties access = dataset_access(asked);
  return own<Dataset>(H5Dopen2(file, r.dataset.c_str(), access.get()), asked);
}

Target describe_target(hid_t dataset, const std::string& name, Type& memory_type) {
  const std::string asked = "cannot read what " + name + " is";
  Target t;
  const Type type = own<Type>(H5Dget_type(dataset), asked);
  t.dtype = dtype_of_type(type.get());
  if (t.dtype == Dtype::none) {
    throw TypeMismatch(name + " holds " + describe_type(type.get()) +
                       ", which furrow has no dtype for");
  }
  memory_type = memory_type_of(type.get(), t.dtype);
  const Space space = own<Space>(H5Dget_space(dataset), asked);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL ||
      rank > static_cast<int>(segment::dimensions_max)) {
    throw ShapeMismatch(name + " has no shape that furrow could write to");
  }
  hsize_t extents[segment::dimensions_max] = {};
  hsize_t most[segment::dimensions_max] = {};
  hsize_t chunk[segment::dimensions_max] = {};
  check(H5Sget_simple_extent_dims(space.get(), extents, most), asked);
  const Properties creation = own<Properties>(H5Dget_create_plist(dataset), asked);
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL) {
    throw InvalidArgument(name + " is virtual: its elements are in other files; write to those");
  }
  t.chunked =
      layout == H5D_CHUNKED && H5Pget_chunk(creation.get(), segment::dimensions_max, chunk) == rank;
  for (int axis = 0; axis < rank; ++axis) {
    t.shape.push_back(static_cast<std::int64_t>(extents[axis]));
    if (t.chunked) t.chunk.push_back(static_cast<std::int64_t>(chunk[axis]));
  }
  if (rank > 0 && most[0] != H5S_UNLIMITED) t.rows_max = static_cast<std::int64_t>(most[0]);
  H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
  if (H5Pfill_value_defined(creation.get(), &fill) >= 0 && fill != H5D_FILL_VALUE_UNDEFINED) {
    check(H5Pget_fill_value(creation.get(), memory_type.get(), t.fill), asked);
  }
  require_filters(creation.get(), name);
  t.filtered_here = t.chunked && read_chain(creation.get(), t.chain) && t.chain.count > 0 &&
                    H5Tequal(type.get(), memory_type.get()) > 0;
  return t;
}

}  // namespace furrow::hdf5
