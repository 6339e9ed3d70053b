#include <furrow/io/hdf5/slabs.hpp>

#include <algorithm>
#include <chrono>
#include <numeric>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

// Of each buffer, where layers of chunks are no larger. The caches of a core or two hold such
// slabs: kernels find what was just decoded, and what is read next goes over memory that is still
// there. With buffers of 32 MiB reading and summing took twice as long; with 2 MiB jobs cost.
constexpr std::uint64_t slab_bytes_wanted = std::uint64_t{4} << 20;
// What the library and the heap take in each process beside chunks: the file's structure, lists of
// what is free.
constexpr std::uint64_t library_bytes = std::uint64_t{1} << 20;
constexpr std::int64_t layer_rows_max = std::int64_t{1} << 20;

std::int64_t row_elements(const Shape& shape) {
  std::int64_t count = 1;
  for (std::size_t axis = 1; axis < shape.ndim(); ++axis) count *= shape[axis];
  return count;
}

}  // namespace

std::size_t StreamSource::row_bytes() const noexcept {
  return static_cast<std::size_t>(row_elements(info.shape)) * item_bytes(info.dtype);
}

StreamSource open_source(Engine& engine, const DatasetAddress& address,
                         const StreamOptions& options) {
  StreamSource source;
  source.address = {absolute_path(address.file), address.dataset};
  LoadOptions load_options;
  load_options.external = options.external;
  load_options.dtype = options.dtype;
  load_options.job.deadline_ns = options.job.deadline_ns;
  source.reader =
      std::make_shared<Reader>(engine, source.address.file, source.address.dataset, load_options);
  source.info = source.reader->info();
  return source;
}

Attributes attributes_of_rows(const StreamSource& source, const StreamOptions& options) {
  Attributes attributes = source.info.attributes;
  if (!options.rows) return attributes;
  const std::int64_t begin = options.rows->begin;
  const std::int64_t end = std::min(options.rows->end, source.info.shape[0]);
  cut_dimensions(attributes, 0, std::max<std::int64_t>(end - begin, 0),
                 [begin](std::int64_t i) { return begin + i; });
  return attributes;
}

std::int64_t SlabPlan::slabs() const noexcept {
  return begin == end ? 0 : (end - 1) / slab_rows - begin / slab_rows + 1;
}

std::int64_t SlabPlan::slab_begin(std::int64_t slab) const noexcept {
  return std::max(begin, (begin / slab_rows + slab) * slab_rows);
}

std::int64_t SlabPlan::slab_end(std::int64_t slab) const noexcept {
  return std::min(end, (begin / slab_rows + slab + 1) * slab_rows);
}

std::int64_t layer_rows_with(std::int64_t rows, std::int64_t others) noexcept {
  const std::int64_t both = rows / std::gcd(rows, others) * others;
  // Beyond, some chunks are decoded for two slabs.
  return both <= layer_rows_max ? both : std::max(rows, others);
}

std::int64_t layer_rows_of(const std::vector<StreamSource>& sources) {
  std::int64_t rows = 1;
  for (const StreamSource& source : sources) {
    const Extents& chunk = source.info.chunk;
    if (chunk.ndim() != 0) rows = layer_rows_with(rows, chunk[0]);
  }
  return rows;
}

std::uint64_t scratch_bytes_of(Engine& engine, const std::vector<StreamSource>& sources) {
  std::uint64_t most = 0;
  for (const StreamSource& source : sources) {
    std::uint64_t chunk = std::uint64_t{256} << 10;
    if (source.info.chunk.ndim() != 0) {
      const auto elements = static_cast<std::uint64_t>(size_of(source.info.chunk));
      chunk = std::max(chunk, elements * item_bytes(source.info.dtype));
    }
    // As stored, without gzip, and without shuffle on the way to its place. The library has them
    // likewise, and a buffer in which several chunks lie side by side comes after it.
    const bool by_library = source.reader->road() == "blocks";
    most = std::max(most, 3 * chunk + (by_library ? chunk + library_bytes : 0));
  }
  const std::uint64_t workers = std::max<std::size_t>(engine.workers(), 1);
  return library_bytes + (library_bytes + most) * workers;
}

/// "5.3M", rounded up.
std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = (bytes * 10 + (std::uint64_t{1} << 20) - 1) >> 20;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "M";
}

SlabPlan plan_slabs(std::int64_t rows, const StreamOptions& options, const SlabNeeds& needs,
                    const std::string& name) {
  SlabPlan plan;
  const RowRange wanted = options.rows.value_or(RowRange{0, rows, 1});
  plan.begin = wanted.begin;
  plan.end = std::min(wanted.end, rows);
  if (wanted.step != 1) {
    throw InvalidArgument("a stream takes rows one after the other, and steps of " +
                          std::to_string(wanted.step) + " were asked for (load takes steps)");
  }
  const bool open = wanted.end == RowRange::last;
  if (wanted.begin < 0 || wanted.begin > plan.end || (wanted.end > rows && !open)) {
    throw ShapeMismatch("rows " + std::to_string(wanted.begin) + ":" +
                        (open ? "" : std::to_string(wanted.end)) + " are not in " + name +
                        ", which has rows 0:" + std::to_string(rows));
  }
  const std::uint64_t layer_bytes =
      std::max<std::uint64_t>(needs.row_bytes * static_cast<std::uint64_t>(needs.layer_rows), 1);
  const std::uint64_t least = needs.fixed_bytes + layer_bytes;
  if (options.memory_bytes < least) {
    throw InvalidArgument("a stream of " + name + " takes " + std::to_string(least) +
                          " bytes of memory at least, for slabs of whole chunks, and may take " +
                          std::to_string(options.memory_bytes) + "; give --memory " +
                          mebibytes(least) + " or more (StreamOptions::memory_bytes)");
  }
  const std::uint64_t room = std::min(options.memory_bytes - needs.fixed_bytes,
                                      std::max(slab_bytes_wanted * needs.buffers, layer_bytes));
  const auto layers = static_cast<std::int64_t>(room / layer_bytes);
  const std::int64_t all = (rows + needs.layer_rows - 1) / needs.layer_rows;
  plan.slab_rows = std::max<std::int64_t>(std::min(layers, all), 1) * needs.layer_rows;
  plan.buffer_bytes = static_cast<std::uint64_t>(std::min(plan.slab_rows, rows)) * needs.row_bytes;
  return plan;
}

SlabReader::SlabReader(Engine& engine, std::vector<StreamSource> sources, const SlabPlan& plan,
                       std::int64_t room, const StreamOptions& options)
    : sources_(std::move(sources)), plan_(plan), room_(room), options_(options) {
  const std::int64_t rows = std::min(plan.slab_rows, plan.end - plan.begin);
  const int buffers = plan.slabs() > 1 ? 2 : 1;
  for (int b = 0; b < buffers; ++b) {
    for (const StreamSource& source : sources_) {
      const std::int64_t elements = room + rows * row_elements(source.info.shape);
      memory_[b].push_back(AnyArray::temporary(source.info.dtype, {elements}));
    }
  }
  engine::Gate* const gate = engine.gate().holds() ? &engine.gate() : nullptr;
  thread_ = std::thread([this, gate] {
    if (gate != nullptr) gate->adopt();
    read_all();
  });
}

SlabReader::~SlabReader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SlabReader::read(std::int64_t index, Buffer& buffer) {
  ReadSlab& slab = buffer.slab;
  slab.first_row = plan_.slab_begin(index);
  slab.rows = plan_.slab_end(index) - slab.first_row;
  slab.arrays.clear();
  slab.flat.clear();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const StreamSource& source = sources_[i];
    const std::int64_t elements = slab.rows * row_elements(source.info.shape);
    const AnyArray flat = memory_[&buffer - buffers_][i].rows(0, room_ + elements);
    Shape shape = source.info.shape;
    shape[0] = slab.rows;
    const AnyArray array = flat.rows(room_, room_ + elements).reshape(shape);
    JobOptions job;
    job.deadline_ns = options_.job.deadline_ns;
    job.watch = [this](double) {
      const std::lock_guard lock(mutex_);
      return !stop_;
    };
    source.reader->read_rows(slab.first_row, slab.first_row + slab.rows, array, job);
    slab.arrays.push_back(array);
    slab.flat.push_back(flat);
  }
  os::fault_point("io.stream.read");
}

void SlabReader::read_all() noexcept {
  const std::int64_t slabs = plan_.slabs();
  for (std::int64_t index = 0; index < slabs; ++index) {
    Buffer& buffer = buffers_[index % 2];
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || !buffer.full; });
      if (stop_) return;
    }
    std::exception_ptr error;
    try {
      read(index, buffer);
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      buffer.full = error == nullptr;
      error_ = error;
    }
    changed_.notify_all();
    if (error != nullptr) return;
  }
}

const ReadSlab* SlabReader::next(const std::function<void()>& idle) {
  std::unique_lock lock(mutex_);
  if (given_ > 0) {
    buffers_[(given_ - 1) % 2].full = false;
    changed_.notify_all();
  }
  if (given_ == plan_.slabs()) return nullptr;
  Buffer& buffer = buffers_[given_ % 2];
  const auto ready = [&] { return buffer.full || error_ != nullptr; };
  while (!changed_.wait_for(lock, std::chrono::milliseconds(50), ready)) {
    lock.unlock();
    idle();
    lock.lock();
  }
  if (!buffer.full) std::rethrow_exception(error_);
  ++given_;
  return &buffer.slab;
}

}  // namespace furrow::hdf5
