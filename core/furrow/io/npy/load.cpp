#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include <furrow/engine/writing.hpp>
#include <furrow/io/free_name.hpp>
#include <furrow/io/npy/header.hpp>
#include <furrow/io/npy/job.hpp>
#include <furrow/io/npy/runs.hpp>
#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::npy {
namespace {

// Straight into place in large pieces; by way of a buffer in pieces that stay in the cache.
constexpr std::size_t direct_bytes = std::size_t{4} << 20;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

[[noreturn]] void refuse(const std::string& file, const std::error_code& error) {
  const std::string name = "\"" + file + "\"";
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    throw NotFound("there is no file " + name);
  }
  if (error == std::errc::is_a_directory) {
    throw InvalidArgument(name + " is a folder; name the .npy file in it");
  }
  if (error == std::errc::invalid_argument) throw InvalidArgument(name + " is no plain file");
  const std::string message = "cannot read the file " + name + ": " + error.message();
  if (error == std::errc::permission_denied) throw PermissionDenied(message);
  throw IoError(message);
}

struct Found {
  std::string file;  // links followed, for workers that may stand in another folder
  os::FileStamp stamp;
  Header header;
};

std::string read_text(const os::Descriptor& file, std::uint64_t offset, std::size_t bytes,
                      const std::string& name) {
  std::string text(bytes, '\0');
  std::error_code error;
  text.resize(os::read_at(file, offset, text.data(), bytes, error));
  if (error) refuse(name, error);
  return text;
}

Found look_at(const std::string& name) {
  Found found;
  std::error_code error;
  if ((error = os::check_readable(name))) refuse(name, error);
  found.file = std::filesystem::canonical(name, error).string();
  if (error) refuse(name, error);
  const os::Descriptor file = os::open_file(found.file, os::OpenMode::read_only, error);
  if (error) refuse(name, error);
  found.stamp = os::stamp_of(file, error);  // of what is read here, whatever has the name by now
  if (error) refuse(name, error);
  const std::string first = read_text(file, 0, preamble_bytes_max, name);
  const Preamble preamble = read_preamble(std::as_bytes(std::span(first)), name);
  const std::string literal = read_text(file, preamble.literal_at, preamble.literal_bytes, name);
  if (literal.size() != preamble.literal_bytes) {
    throw Corrupt("cannot read \"" + name + "\": it is cut short in its header");
  }
  found.header = read_literal(literal, preamble, name);
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(size_of(found.header.shape)) * item_bytes(found.header.dtype);
  const std::uint64_t there = found.stamp.bytes - std::min(found.stamp.bytes, found.header.data_at);
  if (there < bytes) {
    throw Corrupt(
        fmt::format("cannot read \"{}\": it is cut short, {} bytes of its elements are "
                    "there of {}",
                    name, there, bytes));
  }
  found.header.bytes_behind = there - bytes;
  return found;
}

Shape reversed(const Shape& shape) {
  Shape result = shape;
  for (std::size_t axis = 0; axis < shape.ndim(); ++axis) {
    result[axis] = shape[shape.ndim() - 1 - axis];
  }
  return result;
}

/// Rows of an array, and how its elements follow each other in the file.
struct Wanted {
  Found found;
  bool fortran = false;  // the file's first axis is the fast one, and the array's is the slow one
  Shape shape;           // of the array
  std::int64_t first_row = 0;
};

bool order_matters(const Header& header) {
  std::size_t axes = 0;
  for (const std::int64_t extent : header.shape) axes += extent != 1 ? 1 : 0;
  return header.fortran_order && axes > 1 && size_of(header.shape) != 0;
}

Wanted choose(const std::string& file, const LoadOptions& options) {
  Wanted wanted;
  wanted.found = look_at(file);
  const Header& header = wanted.found.header;
  if (options.dtype != Dtype::none && options.dtype != header.dtype) {
    throw TypeMismatch(fmt::format("\"{}\" holds {}, asked for was {}", file,
                                   dtype_name(header.dtype), dtype_name(options.dtype)));
  }
  wanted.shape = header.shape;
  if (order_matters(header)) {
    if (options.fortran == Fortran::refuse) {
      throw InvalidArgument(
          "\"" + file +
          "\" is in Fortran order: its first axis is the fast one, and furrow's "
          "arrays are in C order; load it converted (element (i, j) stays (i, j)), or with its "
          "axes reversed (the bytes stay as they are)");
    }
    wanted.fortran = options.fortran == Fortran::convert;
    if (!wanted.fortran) wanted.shape = reversed(header.shape);
  }
  if (!options.begin && !options.end) return wanted;
  if (wanted.shape.ndim() == 0) {
    throw ShapeMismatch("\"" + file + "\" holds a single number, it has no rows");
  }
  const std::int64_t begin = options.begin.value_or(0);
  const std::int64_t end = options.end.value_or(wanted.shape[0]);
  if (begin < 0 || begin > end || end > wanted.shape[0]) {
    throw ShapeMismatch(fmt::format("rows {}:{} are not in \"{}\", which has rows 0:{}", begin, end,
                                    file, wanted.shape[0]));
  }
  wanted.first_row = begin;
  wanted.shape[0] = end - begin;
  return wanted;
}

[[noreturn]] void refuse_changed(const std::string& file) {
  throw InUse("\"" + file + "\" was changed while it was being loaded; load it again");
}

/// Nothing locks a .npy file: who writes into it between the look of a block and its end shows
/// here, as for HDF5 files.
void require_unchanged(const Found& found) {
  std::error_code error;
  const os::FileStamp now = os::stamp_of(found.file, error);
  // Replaced or removed meanwhile: what was read is the old file, whole.
  if (error || now.inode != found.stamp.inode || now.device != found.stamp.device) return;
  if (now != found.stamp) refuse_changed(found.file);
}

/// What a worker takes along. Trivially copyable.
struct Reader {
  hdf5::Mail* mail;
  os::FileStamp stamp;
  Dtype dtype;
  bool swap;
  bool direct;            // in place, in one piece
  std::uint64_t data_at;  // of element 0 of the range
  std::int64_t elements;  // in the range
  std::int64_t block;     // elements
  FileOrder order;
  std::int64_t clip_begin;  // of the fast axis, which the array may have a part of
  std::int64_t clip_end;
  std::byte* to;

  void operator()(std::int64_t index) const {
    hdf5::guard(*mail, [&] { read(index, hdf5::request_of(*mail).text()); });
  }

  void read(std::int64_t index, const std::string& name) const {
    std::error_code error;
    const os::Descriptor file = os::open_file(name, os::OpenMode::read_only, error);
    if (!error && os::stamp_of(file, error) != stamp) refuse_changed(name);
    os::fault_point("io.npy.load");
    const std::size_t item = item_bytes(dtype);
    const std::int64_t begin = index * block;
    const std::int64_t end = std::min(begin + block, elements);
    const std::size_t bytes = static_cast<std::size_t>(end - begin) * item;
    const std::uint64_t offset = data_at + static_cast<std::uint64_t>(begin) * item;
    std::unique_ptr<std::byte[]> memory;
    std::byte* place = to + static_cast<std::uint64_t>(begin) * item;
    if (!direct) {
      memory.reset(new std::byte[bytes]);
      place = memory.get();
    }
    const std::size_t got = error ? 0 : os::read_at(file, offset, place, bytes, error);
    if (error) throw IoError("cannot read \"" + name + "\": " + error.message());
    if (got != bytes) refuse_changed(name);  // it was cut short
    set_right({place, bytes});
    if (!direct) scatter(place, begin, end);
  }

  void set_right(std::span<std::byte> bytes) const {
    if (dtype == Dtype::bool_) kernels::normalise_bools(bytes, bytes);
    const std::size_t part = item_bytes(dtype) / (is_complex(dtype) ? 2 : 1);
    if (swap) kernels::swap_bytes(bytes, bytes, part);
  }

  void scatter(const std::byte* from, std::int64_t begin, std::int64_t end) const {
    const std::size_t item = item_bytes(dtype);
    const std::size_t ndim = order.extents.ndim();
    const std::int64_t step = ndim == 0 ? 1 : order.strides[ndim - 1];
    const std::int64_t width = ndim == 0 ? 1 : order.extents[ndim - 1];
    for_each_run(order, begin, end, [&](std::int64_t at, std::int64_t count, std::int64_t there) {
      const std::int64_t first = (begin + at) % width;
      const std::int64_t skip = std::max<std::int64_t>(clip_begin - first, 0);
      const std::int64_t last = std::min(first + count, clip_end);
      if (first + skip >= last) return;
      copy_items(item, last - first - skip, from + (at + skip) * static_cast<std::int64_t>(item), 1,
                 to + (there + skip * step) * static_cast<std::int64_t>(item), step);
    });
  }
};

std::int64_t fill(Engine& engine, const Wanted& wanted, const AnyArray& array,
                  const JobOptions& options) {
  const Header& header = wanted.found.header;
  const std::size_t item = item_bytes(header.dtype);
  if (array.size() == 0) return 0;
  Reader r{};
  r.stamp = wanted.found.stamp;
  r.dtype = header.dtype;
  r.swap = header.other_byte_order;
  r.direct = !wanted.fortran && array.is_contiguous();
  r.data_at = header.data_at;
  r.to = static_cast<std::byte*>(array.data());
  r.order = {array.shape(), array.strides()};
  r.elements = array.size();
  r.clip_end = array.ndim() == 0 ? 1 : array.extent(array.ndim() - 1);
  if (wanted.fortran) {
    // All columns are read, and of each the rows that are wanted kept.
    r.order = {reversed(header.shape), reversed(array.strides())};
    r.elements = size_of(header.shape);
    r.clip_begin = wanted.first_row;
    r.clip_end = wanted.first_row + array.extent(0);
    r.to -= wanted.first_row * array.strides()[0] * static_cast<std::int64_t>(item);
  } else if (wanted.first_row != 0) {
    const std::int64_t row = array.size() / array.extent(0);
    r.data_at += static_cast<std::uint64_t>(wanted.first_row * row) * item;
  }
  r.block = static_cast<std::int64_t>((r.direct ? direct_bytes : buffer_bytes) / item);
  hdf5::WireWriter request;
  request.text(wanted.found.file);
  const hdf5::Mailbox box(array.segment()->place(), request, 0);
  r.mail = box.mail();
  const std::int64_t blocks = (r.elements - 1) / r.block + 1;
  run_job(engine, box, blocks, r, options, "cannot read \"" + wanted.found.file + "\"");
  require_unchanged(wanted.found);
  return blocks;
}

void tell(LoadReport* report, const Wanted& wanted, std::int64_t blocks) {
  if (report != nullptr) *report = {wanted.found.header, blocks};
}

}  // namespace

Header inspect(const std::string& file) { return look_at(file).header; }

AnyArray load(Engine& engine, const std::string& file, std::string_view name,
              const LoadOptions& options, LoadReport* report) {
  const Wanted wanted = choose(file, options);
  CreateOptions create = options.create;
  create.publish = false;  // it appears with its elements, or not at all
  if (!options.replace) require_free(name, create.place);
  AnyArray array = AnyArray::create(name, wanted.found.header.dtype, wanted.shape, create);
  tell(report, wanted, fill(engine, wanted, array, options.job));
  array.segment()->publish(options.replace);
  return array;
}

void load(Engine& engine, const std::string& file, const AnyArray& array,
          const LoadOptions& options, LoadReport* report) {
  if (array.access() == Access::read_only) {
    throw PermissionDenied("array \"" + array.name() + "\" is attached read-only");
  }
  LoadOptions typed = options;
  typed.dtype = array.dtype();
  const Wanted wanted = choose(file, typed);
  if (wanted.shape != array.shape()) {
    throw ShapeMismatch("\"" + file + "\" gives shape " + to_string(wanted.shape) + ", array \"" +
                        array.name() + "\" has " + to_string(array.shape()));
  }
  const engine::Writing writing(engine, array);
  tell(report, wanted, fill(engine, wanted, array, options.job));
}

}  // namespace furrow::npy
