#include <furrow/io/hdf5/sink.hpp>

#include <algorithm>
#include <memory>
#include <optional>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/scales.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/steady_file.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
constexpr std::size_t write_bytes = std::size_t{32} << 20;
constexpr std::uint64_t chunk_bytes_max = 0xFFFFFFFFu;  // the file format's

bool is_any(const std::error_code& code, std::initializer_list<std::errc> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](std::errc e) { return code == e; });
}

void require(const os::ReplaceError& failed, const std::string& file) {
  using Step = os::ReplaceError::Step;
  if (!failed) return;
  const std::string asked = "cannot save to \"" + file + "\": ";
  const std::string reason = failed.code.message();
  const std::string at = " (\"" + failed.path + "\")";
  switch (failed.step) {
    case Step::busy: throw InUse(asked + "another process is still saving to it; try again");
    case Step::in_use:
      throw InUse(asked + "another program has it open for writing; close it there first");
    case Step::changed:
      throw InUse(asked + "another program changed it meanwhile; nothing was saved, save again");
    default: break;
  }
  if (is_any(failed.code, {std::errc::no_space_on_device, std::errc::file_too_large}) ||
      failed.code.value() == EDQUOT) {
    throw OutOfSpace(asked + "no room on the disk (" + reason + "); the old file is unchanged");
  }
  if (is_any(failed.code, {std::errc::permission_denied, std::errc::operation_not_permitted,
                           std::errc::read_only_file_system})) {
    throw PermissionDenied(asked + reason + at);
  }
  if (is_any(failed.code, {std::errc::is_a_directory})) {
    throw InvalidArgument(asked + "it is a folder; name a file in it");
  }
  if (failed.step == Step::folder && is_any(failed.code, {std::errc::file_exists})) {
    throw IoError(asked + "a file of another user is in the way" + at + "; remove it");
  }
  if (is_any(failed.code, {std::errc::no_such_file_or_directory, std::errc::not_a_directory})) {
    throw NotFound(asked + "there is no such folder" + at);
  }
  throw IoError(asked + reason + at);
}

Extents checked_chunk(const WriteRequest& r) {
  if (r.gzip < 0 || r.gzip > 9) {
    throw InvalidArgument("gzip level " + std::to_string(r.gzip) + " is none of 0 to 9");
  }
  if (!r.chunked) return choose_chunk(r.shape, item_bytes(r.dtype));
  if (r.chunk.ndim() != r.shape.ndim()) {
    throw ShapeMismatch("chunk " + to_string(r.chunk) + " does not fit an array of shape " +
                        to_string(r.shape) + ": give one extent per axis");
  }
  Extents chunk = r.chunk;
  for (std::size_t axis = 0; axis < chunk.ndim(); ++axis) {
    if (chunk[axis] < 1)
      throw InvalidArgument("chunk " + to_string(chunk) + " has extents below 1");
    chunk[axis] = std::min(chunk[axis], std::max<std::int64_t>(r.shape[axis], 1));
  }
  if (static_cast<std::uint64_t>(size_of(chunk)) > chunk_bytes_max / item_bytes(r.dtype)) {
    throw InvalidArgument("a chunk of " + to_string(chunk) + " has 4 GiB or more; HDF5 takes less");
  }
  return chunk;
}

/// True when there is a dataset at `path` (to be replaced). Throws when it cannot go there.
bool is_taken(hid_t file, const WriteRequest& r, const std::string& path) {
  const std::string name = quoted(r.file, path);
  const std::string asked = "cannot look for " + name;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const htri_t link = H5Lexists(file, part.c_str(), H5P_DEFAULT);
    check(link, asked);
    if (link == 0) return false;
    const bool last = end == std::string::npos;
    const bool leads = H5Oexists_by_name(file, part.c_str(), H5P_DEFAULT) > 0;
    if (!leads && !last) {
      throw NotFound("cannot save " + name + ": \"" + part + "\" is a link that leads nowhere");
    }
    H5I_type_t kind = H5I_DATASET;
    if (leads) {
      const Object object = own<Object>(H5Oopen(file, part.c_str(), H5P_DEFAULT), asked);
      kind = H5Iget_type(object.get());
    }
    if (!last && kind != H5I_GROUP) {
      throw AlreadyExists("cannot save " + name + ": \"" + part + "\" is no group");
    }
    if (!last) continue;
    if (kind == H5I_GROUP) throw AlreadyExists("cannot save " + name + ": a group has that name");
    if (!r.replace) {
      throw AlreadyExists("there is a " + name + " already; replace it, or take another name");
    }
    return true;
  }
}

Properties file_access(SteadyFile& file, const Attributes& attributes) {
  Properties access = own<Properties>(H5Pcreate(H5P_FILE_ACCESS), "cannot save");
  file.serve(access.get());
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  for (const auto& [name, attribute] : attributes) {
    if (attribute.bytes.size() > compact_attribute_bytes_max) {
      H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
    }
  }
  return access;
}

Dataset create_dataset(hid_t file, const WriteRequest& r, const std::string& path,
                       const Extents& chunk) {
  const std::string asked = "cannot save " + quoted(r.file, path);
  const Properties link = own<Properties>(H5Pcreate(H5P_LINK_CREATE), asked);
  check(H5Pset_create_intermediate_group(link.get(), 1), asked);
  check(H5Pset_char_encoding(link.get(), H5T_CSET_UTF8), asked);
  const Properties creation = own<Properties>(H5Pcreate(H5P_DATASET_CREATE), asked);
  check(H5Pset_obj_track_times(creation.get(), false), asked);
  hsize_t extents[segment::dimensions_max] = {};
  hsize_t pieces[segment::dimensions_max] = {};
  const int rank = static_cast<int>(r.shape.ndim());
  for (std::size_t axis = 0; axis < r.shape.ndim(); ++axis) {
    extents[axis] = static_cast<hsize_t>(r.shape[axis]);
    pieces[axis] = static_cast<hsize_t>(chunk[axis]);
  }
  // A scalar has no chunks, and neither has a dataset without elements.
  if (rank > 0 && size_of(r.shape) > 0 && (r.chunked || r.gzip > 0)) {
    check(H5Pset_chunk(creation.get(), rank, pieces), asked);
    if (r.gzip > 0) check(H5Pset_deflate(creation.get(), static_cast<unsigned>(r.gzip)), asked);
  }
  const Space space = rank == 0 ? own<Space>(H5Screate(H5S_SCALAR), asked)
                                : own<Space>(H5Screate_simple(rank, extents, nullptr), asked);
  const Type type = stored_type(r.dtype);
  return own<Dataset>(H5Dcreate2(file, path.c_str(), type.get(), space.get(), link.get(),
                                 creation.get(), H5P_DEFAULT),
                      asked);
}

void write_elements(hid_t dataset, const WriteRequest& r, const Extents& chunk,
                    const SteadyFile& file) {
  const std::string asked = "cannot write to \"" + r.file + "\"";
  const std::size_t item = item_bytes(r.dtype);
  const Type type = native_type(r.dtype);
  if (r.shape.ndim() == 0) {
    check(H5Dwrite(dataset, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, r.data), asked);
    return;
  }
  Box all{r.shape, r.shape};
  for (std::size_t axis = 0; axis < r.shape.ndim(); ++axis) all.offset[axis] = 0;
  const BlockPlan plan = plan_blocks(all, chunk, item, write_bytes);
  std::unique_ptr<std::byte[]> buffer;
  for (std::int64_t i = 0; i < plan.blocks; ++i) {
    const Box box = plan.block(i);
    hsize_t offset[segment::dimensions_max];
    hsize_t count[segment::dimensions_max];
    std::int64_t first = 0;
    for (std::size_t axis = 0; axis < r.shape.ndim(); ++axis) {
      offset[axis] = static_cast<hsize_t>(box.offset[axis]);
      count[axis] = static_cast<hsize_t>(box.count[axis]);
      first += box.offset[axis] * r.strides[axis];
    }
    const auto* data =
        static_cast<const std::byte*>(r.data) + first * static_cast<std::int64_t>(item);
    if (!is_contiguous(box.count, r.strides)) {
      // The first block is never smaller than the others.
      if (!buffer) buffer.reset(new std::byte[static_cast<std::size_t>(size_of(box.count)) * item]);
      copy_box(box.count, item, data, r.strides, buffer.get(), c_strides(box.count));
      data = buffer.get();
    }
    const int rank = static_cast<int>(r.shape.ndim());
    const Space memory = own<Space>(H5Screate_simple(rank, count, nullptr), asked);
    const Space space = own<Space>(H5Dget_space(dataset), asked);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr), asked);
    check(H5Dwrite(dataset, type.get(), memory.get(), space.get(), H5P_DEFAULT, data), asked);
    os::fault_point("io.save.block");
    if (file.error()) return;  // the rest would be for nothing
    if (r.watch && !r.watch(static_cast<double>(i + 1) / static_cast<double>(plan.blocks))) {
      throw Cancelled(asked + ": it was cancelled; the old file is unchanged");
    }
  }
}

void write_file(hid_t file, bool keep, const WriteRequest& r, const std::string& path,
                const Extents& chunk, const SteadyFile& steady) {
  std::optional<Predecessor> old;
  if (keep && is_taken(file, r, path)) old.emplace(file, path);
  const Dataset dataset = create_dataset(file, r, path, chunk);
  write_elements(dataset.get(), r, chunk, steady);
  write_attributes_and_scales(file, dataset.get(), path, r.attributes, r.replace);
  if (old) old->hand_over(file, dataset.get());
}

/// Everything between opening the temporary file and having it closed.
void write_temporary(os::FileReplacement& place, bool keep, const WriteRequest& r,
                     const std::string& path, const Extents& chunk) {
  const std::string asked = "cannot save to \"" + r.file + "\"";
  SteadyFile steady(place);
  const Properties access = file_access(steady, r.attributes);
  const char* name = place.temporary().c_str();
  File file = own<File>(keep ? H5Fopen(name, H5F_ACC_RDWR, access.get())
                             : H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
                        asked);
  const auto require_written = [&] {
    if (steady.error()) {
      require({os::ReplaceError::Step::write, steady.error(), place.target()}, r.file);
    }
  };
  try {
    write_file(file.get(), keep, r, path, chunk, steady);
    if (!file.close()) fail(asked);
  } catch (const Error&) {
    require_written();  // the cause, where there is one
    throw;
  }
  require_written();
}

}  // namespace

Extents choose_chunk(const Shape& shape, std::size_t item) {
  Extents chunk = shape;
  std::size_t bytes = item;
  for (std::size_t left = shape.ndim(); left > 0; --left) {
    const std::size_t axis = left - 1;
    const auto extent = static_cast<std::size_t>(std::max<std::int64_t>(shape[axis], 1));
    const std::size_t fits = std::max<std::size_t>(chunk_bytes / bytes, 1);
    chunk[axis] = static_cast<std::int64_t>(std::min(extent, fits));
    bytes *= static_cast<std::size_t>(chunk[axis]);
  }
  return chunk;
}

void write_dataset(const WriteRequest& r) {
  const QuietErrors quiet;
  const std::string path = dataset_path(r.dataset);
  Extents chunk = checked_chunk(r);
  os::FileReplacement place;
  require(place.begin(r.file, r.timeout_ns), r.file);
  // An empty file holds nothing that could be kept.
  const bool keep = place.target_exists() && place.target_bytes() > 0;
  bool replaced = false;
  if (keep) {
    // Looked at before it is copied: a refusal costs no copy of a large file.
    const File old = own<File>(H5Fopen(place.target().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT),
                               "cannot save to \"" + r.file + "\"");
    replaced = is_taken(old.get(), r, path);
  }
  if (keep) require(place.copy_target(), r.file);
  if (!r.chunked && r.gzip == 0) {
    chunk = r.shape;
    for (std::size_t axis = 0; axis < chunk.ndim(); ++axis) chunk[axis] = 1;
    const auto bytes = static_cast<std::uint64_t>(size_of(r.shape)) * item_bytes(r.dtype);
    if (!replaced) require(place.reserve(place.target_bytes() + bytes), r.file);
  }
  os::fault_point("io.save.write");
  write_temporary(place, keep, r, path, chunk);
  require(place.commit(), r.file);
}

}  // namespace furrow::hdf5
