#include <algorithm>
#include <cstring>
#include <memory>
#include <system_error>

#include <furrow/io/absolute_path.hpp>
#include <furrow/io/npy/header.hpp>
#include <furrow/io/npy/job.hpp>
#include <furrow/io/npy/runs.hpp>
#include <furrow/io/replace_errors.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::npy {
namespace {

constexpr std::size_t direct_bytes = std::size_t{4} << 20;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

using Step = os::ReplaceError::Step;

/// What a worker takes along. Trivially copyable.
struct Writer {
  hdf5::Mail* mail;
  Dtype dtype;
  bool direct;
  std::uint64_t data_at;
  std::int64_t elements;
  std::int64_t block;
  FileOrder order;
  const std::byte* from;
  std::uint64_t device;  // of the temporary file: a dead saver's worker may find another's
  std::uint64_t inode;

  void operator()(std::int64_t index) const {
    hdf5::guard(*mail, [&] {
      hdf5::WireReader request = hdf5::request_of(*mail);
      const std::string temporary = request.text();
      write(index, temporary, request.text());
    });
  }

  void write(std::int64_t index, const std::string& temporary, const std::string& target) const {
    std::error_code error;
    const os::Descriptor file = os::open_file(temporary, os::OpenMode::read_write, error);
    const os::FileStatus status = error ? os::FileStatus{} : os::status_of(file, error);
    if (!error && (status.device != device || status.inode != inode)) {
      error = std::make_error_code(std::errc::no_such_file_or_directory);
    }
    os::fault_point("io.npy.save");
    const std::size_t item = item_bytes(dtype);
    const std::int64_t begin = index * block;
    const std::int64_t end = std::min(begin + block, elements);
    const std::size_t bytes = static_cast<std::size_t>(end - begin) * item;
    const std::byte* place = from + static_cast<std::uint64_t>(begin) * item;
    std::unique_ptr<std::byte[]> memory;
    if (!direct) {
      memory.reset(new std::byte[bytes]);
      gather(memory.get(), begin, end);
      place = memory.get();
    }
    const std::uint64_t offset = data_at + static_cast<std::uint64_t>(begin) * item;
    if (!error) error = os::write_at(file, offset, place, bytes);
    if (error) require_replaced({Step::write, error, target}, target);
  }

  void gather(std::byte* to, std::int64_t begin, std::int64_t end) const {
    const auto item = static_cast<std::int64_t>(item_bytes(dtype));
    const std::size_t ndim = order.extents.ndim();
    const std::int64_t step = ndim == 0 ? 1 : order.strides[ndim - 1];
    for_each_run(order, begin, end, [&](std::int64_t at, std::int64_t count, std::int64_t there) {
      copy_items(item_bytes(dtype), count, from + there * item, step, to + at * item, 1);
    });
  }
};

}  // namespace

void save(Engine& engine, const AnyArray& array, const std::string& file,
          const SaveOptions& options) {
  if (!array.valid()) throw InvalidArgument("there is no array to save: the handle is empty");
  const std::string path = absolute_path(file);
  const std::string header = make_header(array.dtype(), array.shape());
  os::FileReplacement place;
  require_replaced(place.begin(path, options.timeout_ns), file);
  if (place.target_exists() && !options.replace) {
    throw AlreadyExists("there is a file \"" + file + "\" already; replace it, or take another");
  }
  const std::uint64_t bytes = header.size() + array.bytes();
  require_replaced(place.reserve(bytes), file, room_for(path, bytes));
  std::error_code error = place.write_at(0, header.data(), header.size());
  if (!error) error = place.resize(bytes);
  if (error) require_replaced({Step::write, error, path}, file);
  if (array.size() != 0) {
    Writer w{};
    w.dtype = array.dtype();
    w.direct = array.is_contiguous();
    w.data_at = header.size();
    w.elements = array.size();
    w.block = static_cast<std::int64_t>((w.direct ? direct_bytes : buffer_bytes) /
                                        item_bytes(array.dtype()));
    w.order = {array.shape(), array.strides()};
    w.from = static_cast<const std::byte*>(array.data());
    const os::FileStamp stamp = os::stamp_of(place.temporary(), error);
    if (error) require_replaced({Step::write, error, path}, file);
    w.device = stamp.device;
    w.inode = stamp.inode;
    hdf5::WireWriter request;
    request.text(place.temporary());
    request.text(file);
    const hdf5::Mailbox box(array.segment()->place(), request, 0);
    w.mail = box.mail();
    run_job(engine, box, (w.elements - 1) / w.block + 1, w, options.job,
            "cannot save to \"" + file + "\"");
  }
  require_replaced(place.commit(), file);
}

}  // namespace furrow::npy
