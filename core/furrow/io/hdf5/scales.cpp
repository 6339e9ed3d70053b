#include <furrow/io/hdf5/scales.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/reference_lists.hpp>
#include <furrow/io/hdf5/type.hpp>

namespace furrow::hdf5 {
namespace {

const char* const reading = "cannot read dimension scales";

constexpr const char* list_name = "DIMENSION_LIST";
constexpr const char* labels_name = "DIMENSION_LABELS";
constexpr const char* class_name = "CLASS";
constexpr const char* title_name = "NAME";
constexpr const char* users_name = "REFERENCE_LIST";
constexpr const char* netcdf_numbers[] = {"_Netcdf4Dimid", "_Netcdf4Coordinates"};
// What netCDF calls a dimension that has no variable; the length in ten digits follows.
const std::string netcdf_no_variable = "This is a netCDF dimension but not a netCDF variable.";

std::string path_of(hid_t object) {
  char name[4096] = {};
  const ssize_t bytes = H5Iget_name(object, name, sizeof name);
  return bytes <= 0 || static_cast<std::size_t>(bytes) >= sizeof name ? std::string() : name;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

/// "time" for "/g/time" seen from "/g/x", "/lat" for "/lat".
std::string name_from(const std::string& scale, const std::string& dataset) {
  const std::string folder = folder_of(dataset);
  return folder_of(scale) == folder ? scale.substr(folder.size()) : scale;
}

/// "" when there is no such text.
std::string text_of(const std::optional<Attribute>& attribute) {
  const bool text = attribute && attribute->is_text() && attribute->shape.empty();
  return text ? attribute->as_text() : std::string();
}
std::string text_of(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : text_of(std::optional(found->second));
}
std::string text_of(hid_t object, const char* name) {
  return text_of(read_attribute(object, name));
}

/// Numbers of our dtypes, as many as an attribute may have.
std::optional<Attribute> values_of(hid_t dataset) {
  const Type type = own<Type>(H5Dget_type(dataset), reading);
  const Space space = own<Space>(H5Dget_space(dataset), reading);
  const Dtype dtype = dtype_of_type(type.get());
  const int rank = H5Sget_simple_extent_ndims(space.get());
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (dtype == Dtype::none || rank < 0 || rank > static_cast<int>(segment::dimensions_max) ||
      count < 0 || static_cast<std::uint64_t>(count) > attribute_bytes_max / item_bytes(dtype)) {
    return std::nullopt;
  }
  hsize_t extents[segment::dimensions_max] = {};
  check(H5Sget_simple_extent_dims(space.get(), extents, nullptr), reading);
  Attribute values;
  values.dtype = dtype;
  values.shape.assign(extents, extents + rank);
  values.bytes.resize(static_cast<std::size_t>(count) * item_bytes(dtype));
  const Type memory = memory_type_of(type.get(), dtype);
  if (count != 0) {
    check(H5Dread(dataset, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.bytes.data()),
          reading);
  }
  return values;
}

/// Nothing when it is of a kind that cannot be kept.
std::optional<Scale> read_scale(hid_t dataset, const std::string& from) {
  const std::string path = path_of(dataset);
  if (path.empty() || H5Iget_type(dataset) != H5I_DATASET) return std::nullopt;
  Scale scale;
  scale.name = name_from(path, from);
  ReadAttributes read = read_plain_attributes(
      dataset,
      {list_name, labels_name, class_name, users_name, netcdf_numbers[0], netcdf_numbers[1]});
  scale.attributes = std::move(read.kept);
  if (text_of(scale.attributes, title_name).rfind(netcdf_no_variable, 0) == 0) return scale;
  scale.values = values_of(dataset);
  return scale.values ? std::optional(std::move(scale)) : std::nullopt;
}

bool is_scale(hid_t dataset) { return text_of(dataset, class_name) == "DIMENSION_SCALE"; }

std::size_t rank_of(hid_t dataset) {
  const Space space = own<Space>(H5Dget_space(dataset), reading);
  return static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 0));
}

void write_labels(hid_t dataset, const std::vector<std::string>& labels) {
  const std::size_t rank = rank_of(dataset);
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return label.empty(); })) {
    return;
  }
  if (labels.size() != rank) {
    throw InvalidArgument("attribute \"dims.labels\" has " + std::to_string(labels.size()) +
                          " labels for " + std::to_string(rank) + " axes");
  }
  write_object_attributes(dataset, {{labels_name, Attribute::strings(labels)}});
}

void mark_as_scale(hid_t dataset, const std::string& title) {
  write_fixed_text(dataset, class_name, "DIMENSION_SCALE");
  if (!title.empty()) write_fixed_text(dataset, title_name, title);
}

Dataset create_scale(hid_t file, const std::string& path, const Scale& scale, std::int64_t extent) {
  const std::string asked = "cannot write the scale \"" + path + "\"";
  const Properties link = own<Properties>(H5Pcreate(H5P_LINK_CREATE), asked);
  check(H5Pset_create_intermediate_group(link.get(), 1), asked);
  check(H5Pset_char_encoding(link.get(), H5T_CSET_UTF8), asked);
  const Properties creation = own<Properties>(H5Pcreate(H5P_DATASET_CREATE), asked);
  check(H5Pset_obj_track_times(creation.get(), false), asked);
  std::vector<hsize_t> extents{static_cast<hsize_t>(extent)};
  if (scale.values) extents.assign(scale.values->shape.begin(), scale.values->shape.end());
  const int rank = static_cast<int>(extents.size());
  const Space space = rank == 0
                          ? own<Space>(H5Screate(H5S_SCALAR), asked)
                          : own<Space>(H5Screate_simple(rank, extents.data(), nullptr), asked);
  // A dimension without a variable is a big-endian float that is never written: netCDF's own habit.
  const Type type =
      scale.values ? stored_type(scale.values->dtype) : own<Type>(H5Tcopy(H5T_IEEE_F32BE), asked);
  Dataset dataset = own<Dataset>(H5Dcreate2(file, path.c_str(), type.get(), space.get(), link.get(),
                                            creation.get(), H5P_DEFAULT),
                                 asked);
  if (scale.values && !scale.values->bytes.empty()) {
    const Type memory = native_type(scale.values->dtype);
    check(H5Dwrite(dataset.get(), memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                   scale.values->bytes.data()),
          asked);
  }
  Attributes attributes = scale.attributes;
  std::string title = text_of(attributes, title_name);
  attributes.erase(title_name);
  if (!scale.values && (title.empty() || title.rfind(netcdf_no_variable, 0) == 0)) {
    std::string digits = std::to_string(extent);
    digits.insert(0, digits.size() < 10 ? 10 - digits.size() : 0, ' ');
    title = netcdf_no_variable + digits;
  }
  write_object_attributes(dataset.get(), attributes);
  mark_as_scale(dataset.get(), title);
  return dataset;
}

// What files have here is not always whole: datasets are deleted, and references to them stay. A
// list that is not what scales have names no scale; it goes with the dataset that has it.
ReferenceLists lists_of(hid_t dataset) {
  try {
    if (H5Aexists(dataset, list_name) > 0) return read_reference_lists(dataset, list_name);
  } catch (const Error&) {
  }
  return {};
}

bool has_scale(const ReferenceLists& lists, int axis, hobj_ref_t scale) {
  if (axis < 0 || static_cast<std::size_t>(axis) >= lists.size()) return false;
  const auto& list = lists[static_cast<std::size_t>(axis)];
  return std::find(list.begin(), list.end(), scale) != list.end();
}

/// The datasets that are still there, and still have the scale.
std::vector<ScaleUser> users_of(hid_t scale) {
  std::vector<ScaleUser> users;
  try {
    users = scale_users(scale);
  } catch (const Error&) {
  }
  const hobj_ref_t self = reference_to(scale);
  std::erase_if(users, [scale, self](const ScaleUser& user) {
    const Object dataset = find_referenced(scale, user.dataset);
    return !dataset.valid() || !has_scale(lists_of(dataset.get()), user.axis, self);
  });
  return users;
}

/// Equal values make any dataset a scale, unless it calls itself something else. A dimension
/// without values is met by scales only: the title it brings would hide the values of a plain
/// dataset.
bool serves_as(hid_t dataset, const Scale& scale) {
  if (is_scale(dataset)) return !scale.values || values_of(dataset) == scale.values;
  return scale.values && H5Aexists(dataset, class_name) <= 0 && values_of(dataset) == scale.values;
}

/// The scale's dataset: the one that is there, or a new one.
Dataset find_or_create(hid_t file, const std::string& path, const Scale& scale, std::int64_t extent,
                       const Predecessor* predecessor) {
  const std::string asked = "cannot look for the scale \"" + path + "\"";
  if (H5Oexists_by_name(file, path.c_str(), H5P_DEFAULT) <= 0) {
    return create_scale(file, path, scale, extent);
  }
  Object there = own<Object>(H5Oopen(file, path.c_str(), H5P_DEFAULT), asked);
  if (H5Iget_type(there.get()) != H5I_DATASET) {
    throw AlreadyExists("cannot write the scale \"" + path + "\": it is no dataset in the file");
  }
  if (serves_as(there.get(), scale)) {
    if (!is_scale(there.get())) {
      const bool titled = H5Aexists(there.get(), title_name) > 0;
      mark_as_scale(there.get(), titled ? "" : text_of(scale.attributes, title_name));
    }
    return Dataset(there.release());
  }
  const bool goes = predecessor != nullptr && is_scale(there.get()) &&
                    users_of(there.get()).empty() &&
                    predecessor->had_scale(reference_to(there.get()));
  if (goes) {
    there.close();
    check(H5Ldelete(file, path.c_str(), H5P_DEFAULT), asked);
    return create_scale(file, path, scale, extent);
  }
  throw AlreadyExists(
      "the array names \"" + path +
      "\" as its scale, and the file has a dataset of that name that is another (what is not a "
      "scale of the replaced dataset alone is not replaced); save to another group, or without "
      "scales (--no-scales, or SaveOptions::attributes without \"dims.\" + axis)");
}

void require_fit(const Scale& scale, std::size_t axis, std::int64_t extent) {
  const bool fits =
      !scale.values || scale.values->shape.size() != 1 || scale.values->shape[0] == extent;
  if (fits) return;
  throw InvalidArgument(
      "the scale \"" + scale.name + "\" has " + std::to_string(scale.values->shape[0]) +
      " values, axis " + std::to_string(axis) + " has " + std::to_string(extent) +
      " positions; cut it, or save without scales (--no-scales, or SaveOptions::attributes "
      "without \"dims." +
      std::to_string(axis) + "\")");
}

}  // namespace

std::set<std::string> read_dimensions(hid_t dataset, ReadAttributes& to) {
  std::set<std::string> done{netcdf_numbers[0], netcdf_numbers[1]};
  Dimensions dimensions;
  const std::optional<Attribute> labels = read_attribute(dataset, labels_name);
  if (labels && labels->is_text() && labels->shape.size() == 1) {
    dimensions.labels = labels->as_strings();
    done.insert(labels_name);
  }
  if (is_scale(dataset)) {
    dimensions.scale = text_of(dataset, title_name);
    done.insert({class_name, title_name, users_name});
  }
  if (H5Aexists(dataset, list_name) > 0) {
    try {
      const std::string here = path_of(dataset);
      const ReferenceLists lists = read_reference_lists(dataset, list_name);
      dimensions.scales.resize(lists.size());
      for (std::size_t axis = 0; axis < lists.size(); ++axis) {
        for (const hobj_ref_t reference : lists[axis]) {
          const Object object = find_referenced(dataset, reference);
          if (!object.valid()) {
            to.skipped.push_back("scale of axis " + std::to_string(axis) +
                                 " that is no longer in the file");
            continue;
          }
          const std::string name = path_of(object.get());
          if (std::optional<Scale> scale = read_scale(object.get(), here)) {
            dimensions.scales[axis].push_back(std::move(*scale));
          } else {
            to.skipped.push_back("scale " + name + " of axis " + std::to_string(axis));
          }
        }
      }
      done.insert(list_name);
    } catch (const Error&) {
      dimensions.scales.clear();  // it stays among the skipped attributes, by its name
    }
  }
  put_dimensions(to.kept, dimensions);
  return done;
}

void write_attributes_and_scales(hid_t file, hid_t dataset, const std::string& path,
                                 const Attributes& attributes, const Predecessor* predecessor) {
  Attributes plain = attributes;
  const Dimensions dimensions = take_dimensions(plain);
  write_object_attributes(dataset, plain);
  if (dimensions.empty()) return;
  write_labels(dataset, dimensions.labels);
  if (dimensions.scale) mark_as_scale(dataset, *dimensions.scale);
  const Space space = own<Space>(H5Dget_space(dataset), "cannot read the new dataset's shape");
  hsize_t extents[H5S_MAX_RANK] = {};
  const int rank = H5Sget_simple_extent_dims(space.get(), extents, nullptr);
  const std::size_t axes = static_cast<std::size_t>(std::max(rank, 0));
  if (dimensions.scales.size() > axes) {
    throw InvalidArgument("there are scales of axis " +
                          std::to_string(dimensions.scales.size() - 1) + " for an array of " +
                          std::to_string(axes) + " axes");
  }
  ReferenceLists lists(axes);
  for (std::size_t axis = 0; axis < dimensions.scales.size(); ++axis) {
    const auto extent = static_cast<std::int64_t>(extents[axis]);
    for (const Scale& scale : dimensions.scales[axis]) {
      require_fit(scale, axis, extent);
      const std::string where =
          scale.name.rfind('/', 0) == 0 ? scale.name : folder_of(path) + scale.name;
      if (where == path) continue;  // a coordinate that names itself
      const Dataset there = find_or_create(file, where, scale, extent, predecessor);
      lists[axis].push_back(reference_to(there.get()));
      add_scale_user(there.get(), {reference_to(dataset), static_cast<int>(axis)});
    }
  }
  const bool any =
      std::any_of(lists.begin(), lists.end(), [](const auto& l) { return !l.empty(); });
  if (any) write_reference_lists(dataset, list_name, lists);
}

Predecessor::Predecessor(hid_t file, const std::string& path)
    : object_(H5Oopen(file, path.c_str(), H5P_DEFAULT)) {
  if (object_.valid()) {
    self_ = reference_to(object_.get());
    for (const auto& list : lists_of(object_.get())) {
      for (const hobj_ref_t reference : list) {
        const Object scale = find_referenced(file, reference);
        if (!scale.valid() || !is_scale(scale.get())) continue;
        scales_.insert(reference);
        remove_scale_user(scale.get(), self_);
      }
    }
    // With nothing to hand over it goes now, and its successor takes its place in the file.
    if (users_of(object_.get()).empty() &&
        !has_foreign_attributes(object_.get(), {list_name, users_name})) {
      object_.close();
    }
  }
  check(H5Ldelete(file, path.c_str(), H5P_DEFAULT), "cannot replace \"" + path + "\"");
}

void Predecessor::hand_over(hid_t file, hid_t successor) {
  if (!object_.valid()) return;
  const std::vector<ScaleUser> users = users_of(object_.get());
  if (!users.empty() && !is_scale(successor)) {
    mark_as_scale(successor, text_of(object_.get(), title_name));
  }
  for (const ScaleUser& user : users) {
    const Object dataset = find_referenced(file, user.dataset);
    ReferenceLists lists = lists_of(dataset.get());
    const auto axis = static_cast<std::size_t>(user.axis);
    std::replace(lists[axis].begin(), lists[axis].end(), self_, reference_to(successor));
    check(H5Adelete(dataset.get(), list_name), "cannot replace a scale");
    write_reference_lists(dataset.get(), list_name, lists);
    add_scale_user(successor, user);
  }
  copy_foreign_attributes(object_.get(), successor, {list_name, users_name});
}

}  // namespace furrow::hdf5
