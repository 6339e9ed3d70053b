#include <furrow/io/hdf5/object.hpp>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/links.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/type.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t rank_max = 32;  // HDF5's
constexpr std::size_t fill_bytes_max = 4096;

herr_t refuse_traversal(const char*, const char*, const char*, const char*, unsigned*, hid_t,
                        void*) noexcept {
  return -1;
}

/// Link access that never opens another file.
Properties within_the_file() {
  const std::string asked = "cannot look into a file";
  Properties access = own<Properties>(H5Pcreate(H5P_LINK_ACCESS), asked);
  check(H5Pset_elink_cb(access.get(), refuse_traversal, nullptr), asked);
  return access;
}

std::string order_of(hid_t type) {
  switch (H5Tget_order(type)) {
    case H5T_ORDER_LE: return H5Tget_size(type) > 1 ? "little" : "";
    case H5T_ORDER_BE: return H5Tget_size(type) > 1 ? "big" : "";
    default: return "";
  }
}

std::string layout_name(hid_t creation) {
  switch (H5Pget_layout(creation)) {
    case H5D_COMPACT: return "compact";
    case H5D_CONTIGUOUS: return H5Pget_external_count(creation) > 0 ? "external" : "contiguous";
    case H5D_CHUNKED: return "chunked";
    case H5D_VIRTUAL: return "virtual";
    default: return "unknown";
  }
}

std::string filter_name(H5Z_filter_t id, const std::string& in_file) {
  switch (id) {
    case H5Z_FILTER_DEFLATE: return "gzip";
    case H5Z_FILTER_SHUFFLE: return "shuffle";
    case H5Z_FILTER_FLETCHER32: return "fletcher32";
    case H5Z_FILTER_SZIP: return "szip";
    case H5Z_FILTER_NBIT: return "nbit";
    case H5Z_FILTER_SCALEOFFSET: return "scaleoffset";
    default: return in_file;
  }
}

std::vector<Filter> filters_of(hid_t creation) {
  std::vector<Filter> filters;
  const int count = H5Pget_nfilters(creation);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned values[32] = {};
    std::size_t value_count = std::size(values);
    char name[128] = {};
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &value_count,
                                           values, sizeof name - 1, name, nullptr);
    if (id < 0) fail("cannot read the filters");
    Filter filter;
    filter.id = id;
    filter.name = filter_name(id, name);
    filter.values.assign(values, values + std::min(value_count, std::size(values)));
    filter.available = H5Zfilter_avail(id) > 0;
    filters.push_back(std::move(filter));
  }
  return filters;
}

std::optional<Attribute> fill_of(hid_t creation, hid_t type, Dtype dtype) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  if (dtype == Dtype::none || H5Pfill_value_defined(creation, &defined) < 0) return std::nullopt;
  if (defined != H5D_FILL_VALUE_USER_DEFINED) return std::nullopt;
  Attribute fill;
  fill.dtype = dtype;
  fill.bytes.resize(fill_bytes_max);  // the type in the file may be larger than ours
  const Type memory = memory_type_of(type, dtype);
  if (H5Pget_fill_value(creation, memory.get(), fill.bytes.data()) < 0) return std::nullopt;
  fill.bytes.resize(item_bytes(dtype));
  return fill;
}

void describe_shape(hid_t dataset, ObjectInfo& info) {
  const std::string asked = "cannot read its shape";
  const Space space = own<Space>(H5Dget_space(dataset), asked);
  info.has_shape = H5Sget_simple_extent_type(space.get()) != H5S_NULL;
  hsize_t extents[rank_max] = {};
  hsize_t most[rank_max] = {};
  const int rank = info.has_shape ? H5Sget_simple_extent_dims(space.get(), extents, most) : 0;
  check(rank, asked);
  for (int axis = 0; axis < rank; ++axis) {
    info.shape.push_back(static_cast<std::int64_t>(extents[axis]));
    info.shape_max.push_back(most[axis] == H5S_UNLIMITED ? -1
                                                         : static_cast<std::int64_t>(most[axis]));
  }
}

void describe_dataset(hid_t dataset, ObjectInfo& info) {
  const Type type = own<Type>(H5Dget_type(dataset), "cannot read its type");
  info.dtype = dtype_of_type(type.get());
  const bool bfloat16 = is_bfloat16(type.get());
  info.type =
      info.dtype == Dtype::none ? describe_type(type.get()) : std::string(dtype_name(info.dtype));
  if (bfloat16) info.dtype = Dtype::f32;
  info.byte_order = order_of(type.get());
  describe_shape(dataset, info);
  const std::string asked = "cannot read how it is stored";
  const Properties creation = own<Properties>(H5Dget_create_plist(dataset), asked);
  info.layout = layout_name(creation.get());
  if (info.layout == "chunked") {
    hsize_t chunk[rank_max] = {};
    const int rank = H5Pget_chunk(creation.get(), rank_max, chunk);
    check(rank, asked);
    for (int axis = 0; axis < std::min<int>(rank, rank_max); ++axis) {
      info.chunk.push_back(static_cast<std::int64_t>(chunk[axis]));
    }
    info.filters = filters_of(creation.get());
  }
  std::uint64_t bytes = info.has_shape ? H5Tget_size(type.get()) : 0;
  for (const std::int64_t extent : info.shape) bytes *= static_cast<std::uint64_t>(extent);
  info.bytes = bytes;
  info.stored_bytes = H5Dget_storage_size(dataset);
  info.fill = fill_of(creation.get(), type.get(), info.dtype);
}

ObjectKind kind_of(hid_t object) {
  switch (H5Iget_type(object)) {
    case H5I_GROUP: return ObjectKind::group;
    case H5I_DATASET: return ObjectKind::dataset;
    case H5I_DATATYPE: return ObjectKind::type;
    default: return ObjectKind::other;
  }
}

}  // namespace

OpenFile open_to_read(const std::string& name) {
  const Properties properties = own<Properties>(H5Pcreate(H5P_FILE_ACCESS), "cannot read files");
  H5Pset_fclose_degree(properties.get(), H5F_CLOSE_STRONG);
  for (int attempt = 0;; ++attempt) {
    std::error_code error = os::check_readable(name);
    if (error) refuse_unreadable(name, error);
    const os::FileStamp before = os::stamp_of(name, error);
    OpenFile open{own<File>(H5Fopen(name.c_str(), H5F_ACC_RDONLY, properties.get()),
                            "cannot open \"" + name + "\""),
                  os::stamp_of(name, error)};
    // A save may give the name to a new file at any instant.
    if ((!error && open.stamp == before) || attempt == 10) return open;
  }
}

std::string object_path(const std::string& object) {
  const bool root = object.find_first_not_of('/') == std::string::npos;
  return root ? "/" : dataset_path(object);
}

Object open_object(hid_t file, const std::string& file_name, const std::string& path) {
  const Properties access = within_the_file();
  Object object(H5Oopen(file, path.c_str(), access.get()));
  if (object.valid()) return object;
  const std::string name = "\"" + path + "\" in \"" + file_name + "\"";
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    H5L_info_t link{};
    if (H5Lget_info(file, part.c_str(), &link, access.get()) < 0) break;
    if (link.type == H5L_TYPE_EXTERNAL) {
      throw IoError("cannot look at " + name + ": \"" + part +
                    "\" is a link into another file, and those are not followed");
    }
    if (link.type == H5L_TYPE_SOFT && leads_nowhere(file, path)) {
      throw NotFound("there is no " + name + ": " + dead_link(file, part));
    }
    if (end == std::string::npos) break;
  }
  throw NotFound("there is no " + name + "; " + list_datasets(file));
}

ObjectInfo describe_object(hid_t object, const std::string& path) {
  ObjectInfo info;
  info.path = path;
  info.kind = kind_of(object);
  try {
    H5O_info_t about{};
    check(H5Oget_info2(object, &about, H5O_INFO_NUM_ATTRS), "cannot read its header");
    info.attribute_count = about.num_attrs;
    if (info.kind == ObjectKind::dataset) describe_dataset(object, info);
  } catch (const Error& error) {
    info.error = error.what();
  }
  return info;
}

}  // namespace furrow::hdf5
