// list and inspect: asked of one worker.
#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/hdf5/ask.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/object.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t answer_bytes_min = std::size_t{64} << 10;
constexpr std::size_t answer_bytes_max = std::size_t{32} << 20;

/// A file of many small objects has a long answer, and is not gone through twice for it.
std::size_t answer_bytes_for(const std::string& file) {
  std::error_code error;
  const std::uint64_t bytes = os::stamp_of(file, error).bytes / 8;
  return std::clamp<std::size_t>(bytes, answer_bytes_min, answer_bytes_max);
}

void put_numbers(WireWriter& wire, const std::vector<std::int64_t>& values) {
  wire.put<std::uint64_t>(values.size());
  for (const std::int64_t value : values) wire.put(value);
}

std::vector<std::int64_t> get_numbers(WireReader& wire) {
  std::vector<std::int64_t> values;
  for (auto left = wire.get<std::uint64_t>(); left != 0; --left) {
    values.push_back(wire.get<std::int64_t>());
  }
  return values;
}

void put_dataset(WireWriter& wire, const ObjectInfo& info) {
  wire.put(info.dtype);
  wire.text(info.type);
  wire.text(info.byte_order);
  wire.put(info.has_shape);
  put_numbers(wire, info.shape);
  put_numbers(wire, info.shape_max);
  wire.text(info.layout);
  put_numbers(wire, info.chunk);
  wire.put<std::uint64_t>(info.filters.size());
  for (const Filter& filter : info.filters) {
    wire.put(filter.id);
    wire.text(filter.name);
    wire.put(filter.available);
    wire.put<std::uint64_t>(filter.values.size());
    for (const std::uint32_t value : filter.values) wire.put(value);
  }
  wire.put(info.bytes);
  wire.put(info.stored_bytes);
  Attributes fill;
  if (info.fill) fill.emplace("", *info.fill);
  wire.attributes(fill);
}

void get_dataset(WireReader& wire, ObjectInfo& info) {
  info.dtype = wire.get<Dtype>();
  info.type = wire.text();
  info.byte_order = wire.text();
  info.has_shape = wire.get<bool>();
  info.shape = get_numbers(wire);
  info.shape_max = get_numbers(wire);
  info.layout = wire.text();
  info.chunk = get_numbers(wire);
  for (auto left = wire.get<std::uint64_t>(); left != 0; --left) {
    Filter filter;
    filter.id = wire.get<int>();
    filter.name = wire.text();
    filter.available = wire.get<bool>();
    for (auto values = wire.get<std::uint64_t>(); values != 0; --values) {
      filter.values.push_back(wire.get<std::uint32_t>());
    }
    info.filters.push_back(std::move(filter));
  }
  info.bytes = wire.get<std::uint64_t>();
  info.stored_bytes = wire.get<std::uint64_t>();
  Attributes fill = wire.attributes();
  if (!fill.empty()) info.fill = std::move(fill.begin()->second);
}

}  // namespace

void put_info(WireWriter& wire, const ObjectInfo& info) {
  wire.text(info.path);
  wire.put(info.kind);
  wire.text(info.target);
  wire.put(info.leads_nowhere);
  wire.text(info.error);
  wire.put(info.attribute_count);
  if (info.kind == ObjectKind::dataset) put_dataset(wire, info);
  wire.attributes(info.attributes);
  wire.put<std::uint64_t>(info.foreign_attributes.size());
  for (const ForeignAttribute& attribute : info.foreign_attributes) {
    wire.text(attribute.name);
    wire.text(attribute.type);
  }
}

ObjectInfo get_info(WireReader& wire) {
  ObjectInfo info;
  info.path = wire.text();
  info.kind = wire.get<ObjectKind>();
  info.target = wire.text();
  info.leads_nowhere = wire.get<bool>();
  info.error = wire.text();
  info.attribute_count = wire.get<std::uint64_t>();
  if (info.kind == ObjectKind::dataset) get_dataset(wire, info);
  info.attributes = wire.attributes();
  for (auto left = wire.get<std::uint64_t>(); left != 0; --left) {
    std::string name = wire.text();
    info.foreign_attributes.push_back({std::move(name), wire.text()});
  }
  return info;
}

namespace {

/// Why it is not kept: what it is, or how much there is of it.
std::string foreign_words(hid_t attribute, const std::string& asked) {
  const Type type = own<Type>(H5Aget_type(attribute), asked);
  const Space space = own<Space>(H5Aget_space(attribute), asked);
  const Dtype dtype = dtype_of_type(type.get());
  std::string what =
      dtype == Dtype::none ? describe_type(type.get()) : std::string(dtype_name(dtype));
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return "empty, of " + what;
  const int axes = H5Sget_simple_extent_ndims(space.get());
  if (axes > static_cast<int>(segment::dimensions_max)) {
    return fmt::format("{}, of {} axes", what, axes);
  }
  if (dtype == Dtype::none) return what;
  return fmt::format("{} of {}, too many to keep", H5Sget_simple_extent_npoints(space.get()), what);
}

}  // namespace

void add_attributes(hid_t object, ObjectInfo& info) {
  try {
    ReadAttributes read = read_object_attributes(object);
    info.attributes = std::move(read.kept);
    for (const std::string& name : read.skipped) {
      const std::string asked = "cannot read the attribute \"" + name + "\"";
      if (H5Aexists(object, name.c_str()) <= 0) {
        info.foreign_attributes.push_back({name, "not of a kind that is kept"});
        continue;
      }
      const auto attribute =
          own<AttributeHandle>(H5Aopen(object, name.c_str(), H5P_DEFAULT), asked);
      info.foreign_attributes.push_back({name, foreign_words(attribute.get(), asked)});
    }
  } catch (const Error& error) {
    if (info.error.empty()) info.error = error.what();
  }
}

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::group: return "group";
    case ObjectKind::dataset: return "dataset";
    case ObjectKind::type: return "type";
    case ObjectKind::soft_link: return "soft link";
    case ObjectKind::external_link: return "external link";
    case ObjectKind::hard_link: return "hard link";
    case ObjectKind::other: break;
  }
  return "unknown";
}

std::string to_string(const Filter& filter) {
  if (filter.id == H5Z_FILTER_DEFLATE && !filter.values.empty()) {
    return fmt::format("gzip-{}", filter.values[0]);
  }
  const bool known = filter.id > 0 && filter.id < H5Z_FILTER_RESERVED;
  if (known && !filter.name.empty()) return filter.name;
  return filter.name.empty() ? fmt::format("filter {}", filter.id)
                             : fmt::format("{} ({})", filter.name, filter.id);
}

Listing list(Engine& engine, const std::string& file, const std::string& group,
             const ListOptions& options) {
  WireWriter request;
  request.text(absolute_path(file));
  request.text(object_path(group));
  request.put<std::uint64_t>(options.objects_max);
  const auto answer = [](WireReader wire, WireWriter& out) {
    const std::string name = wire.text();
    const std::string path = wire.text();
    const auto objects_max = wire.get<std::uint64_t>();
    os::fault_point("io.inspect");
    const OpenFile open = open_to_read(name);
    std::uint64_t count = 0;
    bool more = false;
    walk(open.file.get(), name, path, [&](ObjectInfo&& info, hid_t) {
      more = count == objects_max;
      if (more) return false;
      ++count;
      out.put(true);
      put_info(out, info);
      return true;
    });
    out.put(false);
    out.put(more);
  };
  const auto read = [](WireReader wire) {
    Listing listing;
    while (wire.get<bool>()) listing.objects.push_back(get_info(wire));
    listing.more = wire.get<bool>();
    return listing;
  };
  return ask(engine, request, answer_bytes_for(file), answer, read, options.job,
             "cannot list \"" + file + "\"");
}

ObjectInfo inspect(Engine& engine, const std::string& file, const std::string& object,
                   const JobOptions& job) {
  WireWriter request;
  request.text(absolute_path(file));
  request.text(object_path(object));
  const auto answer = [](WireReader wire, WireWriter& out) {
    const std::string name = wire.text();
    const std::string path = wire.text();
    os::fault_point("io.inspect");
    const OpenFile open = open_to_read(name);
    const Object found = open_object(open.file.get(), name, path);
    ObjectInfo info = describe_object(found.get(), path);
    add_attributes(found.get(), info);
    put_info(out, info);
  };
  const auto read = [](WireReader wire) { return get_info(wire); };
  return ask(engine, request, answer_bytes_min, answer, read, job,
             "cannot read what \"" + object + "\" of \"" + file + "\" is");
}

}  // namespace furrow::hdf5
