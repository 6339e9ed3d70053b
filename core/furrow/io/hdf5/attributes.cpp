#include <furrow/io/hdf5/attributes.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/scales.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/io/hdf5/utf8.hpp>

namespace furrow::hdf5 {
namespace {

const char* const reading = "cannot read an attribute";

struct Extent {
  std::vector<std::int64_t> shape;
  std::size_t count = 1;
};

/// Nothing for null dataspaces, too many axes, too many elements.
std::optional<Extent> extent_of(hid_t space) {
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return std::nullopt;
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > static_cast<int>(segment::dimensions_max)) return std::nullopt;
  hsize_t extents[segment::dimensions_max] = {};
  if (H5Sget_simple_extent_dims(space, extents, nullptr) < 0) return std::nullopt;
  Extent result;
  for (int axis = 0; axis < rank; ++axis) {
    const hsize_t extent = extents[axis];
    if (extent != 0 && result.count > attribute_bytes_max / extent) return std::nullopt;
    result.count *= static_cast<std::size_t>(extent);
    result.shape.push_back(static_cast<std::int64_t>(extent));
  }
  return result;
}

std::vector<std::string> read_variable(hid_t attribute, hid_t type, hid_t space,
                                       std::size_t count) {
  std::vector<char*> texts(count, nullptr);
  if (count != 0) check(H5Aread(attribute, type, texts.data()), reading);
  std::vector<std::string> result;
  for (const char* text : texts) result.emplace_back(text == nullptr ? "" : text);
  if (count != 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
  return result;
}

std::vector<std::string> read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t bytes = H5Tget_size(type);
  std::vector<char> buffer(bytes * count);
  if (count != 0) check(H5Aread(attribute, type, buffer.data()), reading);
  const H5T_str_t padding = H5Tget_strpad(type);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text(buffer.data() + i * bytes, bytes);
    if (padding == H5T_STR_NULLTERM) text.resize(std::min(text.find('\0'), text.size()));
    const char blank = padding == H5T_STR_SPACEPAD ? ' ' : '\0';
    text.resize(text.find_last_not_of(blank) + 1);
    result.push_back(std::move(text));
  }
  return result;
}

std::optional<Attribute> read_texts(hid_t attribute, hid_t file_type, hid_t space,
                                    const Extent& extent) {
  if (extent.shape.size() > 1) return std::nullopt;  // furrow's lists of strings have one axis
  const bool variable = H5Tis_variable_str(file_type) > 0;
  const std::size_t bytes = variable ? sizeof(char*) : H5Tget_size(file_type);
  if (bytes == 0 || extent.count > attribute_bytes_max / bytes) return std::nullopt;
  std::vector<std::string> texts = variable
                                       ? read_variable(attribute, file_type, space, extent.count)
                                       : read_fixed(attribute, file_type, extent.count);
  const bool said = H5Tget_cset(file_type) == H5T_CSET_UTF8;
  for (std::string& text : texts) text = as_utf8(std::move(text), said);
  if (extent.shape.empty()) return Attribute::text(texts.front());
  for (std::string& text : texts) text.resize(std::min(text.find('\0'), text.size()));
  return Attribute::strings(texts);
}

std::optional<Attribute> read_numbers(hid_t attribute, hid_t file_type, const Extent& extent) {
  const Dtype dtype = is_bfloat16(file_type) ? Dtype::f32 : dtype_of_type(file_type);
  if (dtype == Dtype::none) return std::nullopt;
  if (extent.count > attribute_bytes_max / item_bytes(dtype)) return std::nullopt;
  Attribute result;
  result.dtype = dtype;
  result.shape = extent.shape;
  result.bytes.resize(extent.count * item_bytes(dtype));
  const Type memory = memory_type_of(file_type, dtype);
  if (extent.count != 0) check(H5Aread(attribute, memory.get(), result.bytes.data()), reading);
  if (dtype == Dtype::bool_) {
    for (std::byte& value : result.bytes) value = std::byte{value != std::byte{0}};
  }
  return result;
}

std::optional<Attribute> read_one(hid_t object, const std::string& name) {
  const auto attribute = own<AttributeHandle>(H5Aopen(object, name.c_str(), H5P_DEFAULT), reading);
  const Type type = own<Type>(H5Aget_type(attribute.get()), reading);
  const Space space = own<Space>(H5Aget_space(attribute.get()), reading);
  const std::optional<Extent> extent = extent_of(space.get());
  if (!extent) return std::nullopt;
  if (H5Tget_class(type.get()) == H5T_STRING) {
    return read_texts(attribute.get(), type.get(), space.get(), *extent);
  }
  return read_numbers(attribute.get(), type.get(), *extent);
}

herr_t note_name(hid_t, const char* name, const H5A_info_t*, void* list) noexcept {
  try {
    static_cast<std::vector<std::string>*>(list)->push_back(name);
  } catch (...) {
    return -1;
  }
  return 0;
}

std::vector<std::string> names_of(hid_t object) {
  std::vector<std::string> names;
  hsize_t position = 0;
  check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &position, note_name, &names), reading);
  return names;
}

/// In the type that it has in the file: nothing is converted.
void copy_as_it_is(hid_t from, hid_t to, const std::string& name) {
  const std::string asked = "cannot copy the attribute \"" + name + "\"";
  const auto old = own<AttributeHandle>(H5Aopen(from, name.c_str(), H5P_DEFAULT), asked);
  const Type type = own<Type>(H5Aget_type(old.get()), asked);
  const Space space = own<Space>(H5Aget_space(old.get()), asked);
  const bool null = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
  const hssize_t count = null ? 0 : H5Sget_simple_extent_npoints(space.get());
  const std::size_t item = H5Tget_size(type.get());
  if (count < 0 || item == 0 || static_cast<std::uint64_t>(count) > attribute_bytes_max / item) {
    return;
  }
  const auto copy = own<AttributeHandle>(
      H5Acreate2(to, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), asked);
  if (count == 0) return;
  std::vector<std::byte> bytes(static_cast<std::size_t>(count) * item);
  check(H5Aread(old.get(), type.get(), bytes.data()), asked);
  const herr_t written = H5Awrite(copy.get(), type.get(), bytes.data());
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, bytes.data());
  if (written < 0) throw IoError(asked);
}

std::size_t count_of(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  return count;
}

Space space_of(const std::vector<std::int64_t>& shape, const std::string& asked) {
  if (shape.empty()) return own<Space>(H5Screate(H5S_SCALAR), asked);
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const int rank = static_cast<int>(extents.size());
  return own<Space>(H5Screate_simple(rank, extents.data(), nullptr), asked);
}

void create(hid_t object, const std::string& name, const Type& type,
            const std::vector<std::int64_t>& shape, const void* content) {
  const std::string asked = "cannot write the attribute \"" + name + "\"";
  const Space space = space_of(shape, asked);
  const auto attribute = own<AttributeHandle>(
      H5Acreate2(object, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), asked);
  if (count_of(shape) != 0) check(H5Awrite(attribute.get(), type.get(), content), asked);
}

void write_texts(hid_t object, const std::string& name, const Attribute& attribute) {
  const std::string text(reinterpret_cast<const char*>(attribute.bytes.data()),
                         attribute.bytes.size());
  // A string of variable length ends at its first NUL.
  if (attribute.shape.empty() && text.find('\0') != std::string::npos) {
    return create(object, name, fixed_text_type(text.size()), {}, text.data());
  }
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count_of(attribute.shape); ++i) {
    const std::size_t end = std::min(text.find('\0', std::min(at, text.size())), text.size());
    parts.push_back(at < text.size() ? text.substr(at, end - at) : std::string());
    at = end + 1;
  }
  std::vector<const char*> pointers;
  for (const std::string& part : parts) pointers.push_back(part.c_str());
  create(object, name, text_type(), attribute.shape, pointers.data());
}

}  // namespace

ReadAttributes read_plain_attributes(hid_t object, const std::set<std::string>& but) {
  ReadAttributes result;
  for (const std::string& name : names_of(object)) {
    if (but.contains(name)) continue;
    if (std::optional<Attribute> attribute = read_one(object, name)) {
      result.kept.emplace(name, std::move(*attribute));
    } else {
      result.skipped.push_back(name);
    }
  }
  std::sort(result.skipped.begin(), result.skipped.end());
  return result;
}

ReadAttributes read_object_attributes(hid_t object) {
  if (H5Iget_type(object) != H5I_DATASET) return read_plain_attributes(object, {});
  ReadAttributes dimensions;
  const std::set<std::string> done = read_dimensions(object, dimensions);
  ReadAttributes result = read_plain_attributes(object, done);
  result.kept.merge(dimensions.kept);
  result.skipped.insert(result.skipped.end(), dimensions.skipped.begin(), dimensions.skipped.end());
  return result;
}

std::optional<Attribute> read_attribute(hid_t object, const std::string& name) {
  return H5Aexists(object, name.c_str()) > 0 ? read_one(object, name) : std::nullopt;
}

void write_fixed_text(hid_t object, const std::string& name, const std::string& text) {
  Type type = own<Type>(H5Tcopy(H5T_C_S1), "cannot make an HDF5 type");
  check(H5Tset_size(type.get(), text.size() + 1), "cannot make an HDF5 type");
  create(object, name, type, {}, text.c_str());
}

bool has_foreign_attributes(hid_t object, const std::set<std::string>& but) {
  const std::vector<std::string> names = names_of(object);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return !but.contains(name) && !read_one(object, name);
  });
}

void copy_foreign_attributes(hid_t from, hid_t to, const std::set<std::string>& but) {
  for (const std::string& name : names_of(from)) {
    if (but.contains(name) || H5Aexists(to, name.c_str()) > 0 || read_one(from, name)) continue;
    copy_as_it_is(from, to, name);
  }
}

void write_object_attributes(hid_t object, const Attributes& attributes) {
  for (const auto& [name, attribute] : attributes) {
    if (attribute.is_text()) {
      write_texts(object, name, attribute);
      continue;
    }
    if (attribute.bytes.size() != count_of(attribute.shape) * item_bytes(attribute.dtype)) {
      throw InvalidArgument("attribute \"" + name + "\" has " +
                            std::to_string(attribute.bytes.size()) +
                            " bytes, which do not fit its dtype and shape");
    }
    // The bytes are little-endian by definition, and so is the stored type: nothing is converted.
    create(object, name, stored_type(attribute.dtype), attribute.shape, attribute.bytes.data());
  }
}

}  // namespace furrow::hdf5
