#include <furrow/io/hdf5/sink.hpp>

#include <algorithm>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/dataset.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/io/replace_errors.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t write_bytes = std::size_t{8} << 20;

Properties file_access(SteadyFile& file, const WriteRequest& r) {
  Properties access = own<Properties>(H5Pcreate(H5P_FILE_ACCESS), "cannot save");
  file.serve(access.get());
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  bool large = r.large_attributes;
  for (const auto& [name, attribute] : r.attributes) {
    large = large || attribute.bytes.size() > compact_attribute_bytes_max;
  }
  if (large) H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  return access;
}

/// The rows of a dataset that a box selects.
Space selection(hid_t dataset, const Box& box, const std::string& asked) {
  hsize_t offset[segment::dimensions_max];
  hsize_t count[segment::dimensions_max];
  std::copy(box.offset.begin(), box.offset.end(), offset);
  std::copy(box.count.begin(), box.count.end(), count);
  Space space = own<Space>(H5Dget_space(dataset), asked);
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr), asked);
  return space;
}

Space memory_space(const Extents& count, const std::string& asked) {
  hsize_t extents[segment::dimensions_max];
  std::copy(count.begin(), count.end(), extents);
  return own<Space>(H5Screate_simple(static_cast<int>(count.ndim()), extents, nullptr), asked);
}

}  // namespace

Sink::Sink(WriteRequest request)
    : request_(std::move(request)),
      asked_((request_.append ? "cannot append to \"" : "cannot save to \"") + request_.file +
             "\"") {
  const WriteRequest& r = request_;
  if (!r.append) chunk_of(r);
  require_replaced(place_.begin(r.file, r.timeout_ns), r.file);
  const bool keep = keeps();
  bool replaced = false;
  if (keep) {
    // Looked at before it is copied: a refusal costs no copy of a large file.
    const File old =
        own<File>(H5Fopen(place_.target().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), asked_);
    if (r.append) {
      const Dataset dataset = open_dataset(old.get(), r);
      describe_target(dataset.get(), quoted(r.file, r.dataset), type_);
    } else {
      replaced = is_taken(old.get(), r);
    }
  } else if (r.append) {
    throw NotFound("there is no file \"" + r.file +
                   "\" to append to (save one with growable, --growable on the command line)");
  }
  const std::uint64_t kept = keep ? place_.target_bytes() : 0;
  const bool as_they_are = !r.append && !r.chunked() && !replaced;
  const std::uint64_t bytes =
      as_they_are ? static_cast<std::uint64_t>(size_of(r.shape)) * item_bytes(r.dtype) : 0;
  // What chunks take, nobody knows before they are filtered, nor what a replaced dataset leaves.
  room_ = room_for(place_.target(), kept + bytes);
  if (!room_.empty() && !as_they_are) room_ += ", and room for what is new besides";
  if (keep) require_replaced(place_.copy_target(), r.file, room_);
  if (as_they_are) require_replaced(place_.reserve(kept + bytes), r.file, room_);
  os::fault_point("io.save.write");
  try {
    open();
  } catch (const Error&) {
    require_written();  // the cause, where there is one
    throw;
  }
}

Sink::~Sink() = default;

// An empty file holds nothing that could be kept.
bool Sink::keeps() const noexcept {
  return !request_.fresh && place_.target_exists() && place_.target_bytes() > 0;
}

void Sink::open() {
  const bool keep = keeps();
  steady_ = std::make_unique<SteadyFile>(place_);
  const Properties access = file_access(*steady_, request_);
  const char* name = place_.temporary().c_str();
  file_ = own<File>(keep ? H5Fopen(name, H5F_ACC_RDWR, access.get())
                         : H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
                    asked_);
  begin_dataset();
}

void Sink::begin_dataset() {
  const WriteRequest& r = request_;
  if (r.append) {
    dataset_ = open_dataset(file_.get(), r);
  } else {
    predecessor_ = take_name(file_.get(), r);
    dataset_ = create_dataset(file_.get(), r);
  }
  target_ = describe_target(dataset_.get(), quoted(r.file, r.dataset), type_);
}

void Sink::end_dataset() {
  const WriteRequest& r = request_;
  if (!r.append) {
    write_attributes_and_scales(file_.get(), dataset_.get(), r.dataset, r.attributes,
                                predecessor_ ? &*predecessor_ : nullptr);
  }
  if (predecessor_) predecessor_->hand_over(file_.get(), dataset_.get());
  predecessor_.reset();
  dataset_.close();
}

void Sink::next(WriteRequest request) {
  try {
    end_dataset();
    request_ = std::move(request);
    begin_dataset();
  } catch (const Error&) {
    require_written();
    throw;
  }
  require_written();
}

void Sink::require_written() const {
  if (!steady_ || !steady_->error()) return;
  require_replaced({os::ReplaceError::Step::write, steady_->error(), place_.target()},
                   request_.file, room_);
}

void Sink::extend(std::int64_t rows) {
  if (target_.shape.ndim() == 0 || rows <= target_.shape[0]) return;
  const std::string name = quoted(request_.file, request_.dataset);
  if (target_.rows_max >= 0 && rows > target_.rows_max) {
    throw ShapeMismatch(name + " has " + std::to_string(target_.shape[0]) + " rows and room for " +
                        std::to_string(target_.rows_max) + ", not for " + std::to_string(rows) +
                        " (save it with growable, --growable on the command line)");
  }
  hsize_t extents[segment::dimensions_max];
  std::copy(target_.shape.begin(), target_.shape.end(), extents);
  extents[0] = static_cast<hsize_t>(rows);
  check(H5Dset_extent(dataset_.get(), extents), "cannot append to " + name);
  target_.shape[0] = rows;
}

void Sink::write_rows(const Slab& slab, const std::function<bool(double)>& watch) {
  const std::size_t item = item_bytes(target_.dtype);
  if (target_.shape.ndim() == 0) {
    check(H5Dwrite(dataset_.get(), type_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, slab.data), asked_);
    return require_written();
  }
  Box all{slab.shape, slab.shape};
  for (std::size_t axis = 0; axis < slab.shape.ndim(); ++axis) all.offset[axis] = 0;
  all.offset[0] = slab.begin;
  Extents chunk = target_.chunk;
  if (!target_.chunked) {
    chunk = slab.shape;
    std::fill(&chunk[0], &chunk[0] + chunk.ndim(), 1);
  }
  const BlockPlan plan = plan_blocks(all, chunk, item, write_bytes);
  std::unique_ptr<std::byte[]> buffer;
  for (std::int64_t i = 0; i < plan.blocks; ++i) {
    const Box box = plan.block(i);
    std::int64_t first = -slab.begin * slab.strides[0];
    for (std::size_t axis = 0; axis < slab.shape.ndim(); ++axis) {
      first += box.offset[axis] * slab.strides[axis];
    }
    const auto* data =
        static_cast<const std::byte*>(slab.data) + first * static_cast<std::int64_t>(item);
    if (!is_contiguous(box.count, slab.strides)) {
      // A first block may be cut short, but no block is larger than a whole one.
      Extents whole = box.count;
      whole[plan.axis] = std::min(plan.step, all.count[plan.axis]);
      if (!buffer) buffer.reset(new std::byte[static_cast<std::size_t>(size_of(whole)) * item]);
      gather_box(box.count, item, data, slab.strides, buffer.get(), c_strides(box.count));
      data = buffer.get();
    }
    const Space memory = memory_space(box.count, asked_);
    const Space space = selection(dataset_.get(), box, asked_);
    check(H5Dwrite(dataset_.get(), type_.get(), memory.get(), space.get(), H5P_DEFAULT, data),
          asked_);
    os::fault_point("io.save.block");
    require_written();  // the rest would be for nothing
    if (watch && !watch(static_cast<double>(i + 1) / static_cast<double>(plan.blocks))) {
      throw Cancelled(asked_ + ": it was cancelled; nothing was saved");
    }
  }
}

void Sink::write_chunk(const Extents& at, const std::byte* bytes, const Encoded& encoded) {
  hsize_t offset[segment::dimensions_max];
  std::copy(at.begin(), at.end(), offset);
  check(H5Dwrite_chunk(dataset_.get(), H5P_DEFAULT, encoded.mask, offset, encoded.bytes, bytes),
        asked_);
  os::fault_point("io.save.chunk");
  require_written();
}

void Sink::read_rows(std::int64_t begin, std::int64_t end, void* to) {
  Box rows{target_.shape, target_.shape};
  for (std::size_t axis = 0; axis < rows.offset.ndim(); ++axis) rows.offset[axis] = 0;
  rows.offset[0] = begin;
  rows.count[0] = end - begin;
  if (size_of(rows.count) == 0) return;
  const Space memory = memory_space(rows.count, asked_);
  const Space space = selection(dataset_.get(), rows, asked_);
  check(H5Dread(dataset_.get(), type_.get(), memory.get(), space.get(), H5P_DEFAULT, to),
        "cannot read what is there of " + quoted(request_.file, request_.dataset));
}

void Sink::finish() {
  try {
    end_dataset();
    if (!file_.close()) fail(asked_);
  } catch (const Error&) {
    require_written();
    throw;
  }
  require_written();
  require_replaced(place_.settle(), request_.file, room_);
}

void Sink::publish(std::atomic<os::Publishing>* progress) {
  require_replaced(place_.publish(progress), request_.file);
}

}  // namespace furrow::hdf5
