#include <algorithm>
#include <cstring>
#include <memory>
#include <system_error>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/free_name.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/inspection.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/reader.hpp>
#include <furrow/io/hdf5/roads.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/wanted.hpp>
#include <furrow/io/hdf5/work.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t block_bytes_min = std::size_t{1} << 20;
constexpr std::size_t filtered_block_bytes_min = std::size_t{256} << 10;
constexpr std::size_t block_bytes_max = std::size_t{32} << 20;
constexpr std::size_t blocks_per_worker = 8;  // so that the last ones to finish finish together

/// What a worker takes along for its blocks. Trivially copyable.
struct BlockReader {
  Mail* mail;
  LoadPlan plan;

  void operator()(std::int64_t index) const {
    guard(*mail, [this, index] {
      const QuietErrors quiet;
      WireReader request = request_of(*mail);
      const std::string file = request.text();
      os::fault_point("io.load.block");
      read_block(plan, file, request.text(), index);
    });
  }
};

/// A writer that changes the file in place is kept out by HDF5's lock as long as a block is being
/// read; between blocks and without locks it shows here.
void require_unchanged(const std::string& file, const std::string& name, const Description& d) {
  std::error_code error;
  const os::FileStamp now = os::stamp_of(file, error);
  // Replaced or removed meanwhile: what was read is the old file, whole.
  if (error || now.inode != d.stamp.inode || now.device != d.stamp.device) return;
  if (now != d.stamp) throw InUse(name + " was changed while it was being loaded; load it again");
}

/// A list in memory that the workers see.
template <class T>
AnyArray shared_list(const std::vector<T>& list, const Place& place) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  options.publish = false;
  options.place = place;
  options.attribute_bytes = 0;
  const auto bytes = static_cast<std::int64_t>(list.size() * sizeof(T));
  AnyArray array = AnyArray::create("list", Dtype::u8, {bytes}, options);
  if (bytes != 0) std::memcpy(array.data(), list.data(), array.bytes());
  return array;
}

struct Prepared {
  Inspected inspected;
  Conversion conversion;         // from what the dataset has to what the array gets
  std::unique_ptr<Mailbox> box;  // for the next job, when it holds file and dataset
  Wanted wanted;
  std::string name;  // for messages
};

/// How the work is cut, and the lists that it refers to.
struct Planned {
  LoadPlan plan;
  AnyArray rows;
  AnyArray groups;
};

Planned plan_load(Engine& engine, const Prepared& p, const Place& place) {
  const Description& d = p.inspected.description;
  Planned planned;
  LoadPlan& plan = planned.plan;
  plan.description = d;
  plan.road = road_of(d);
  plan.conversion = p.conversion;
  Selection selection = p.wanted.selection;
  const auto elements = static_cast<std::size_t>(size_of(selection.count));
  if (elements == 0) return planned;
  if (p.wanted.listed) {
    planned.rows = shared_list(p.wanted.rows, place);
    selection.rows = static_cast<const ListedRow*>(planned.rows.data());
  }
  const std::size_t workers = std::max<std::size_t>(engine.workers(), 1);
  const auto block_bytes_of = [&](std::size_t bytes) {
    return std::clamp(bytes / (workers * blocks_per_worker),
                      d.filtered ? filtered_block_bytes_min : block_bytes_min, block_bytes_max);
  };
  const Extents extents =
      cell_extents(d, selection, block_bytes_of(elements * item_bytes(d.dtype)));
  if (p.wanted.listed) {
    const std::vector<RowGroup> groups = group_rows(p.wanted.rows, extents[0]);
    planned.groups = shared_list(groups, place);
    plan.cells = cells_of(selection, extents, static_cast<const RowGroup*>(planned.groups.data()),
                          static_cast<std::int64_t>(groups.size()));
  } else {
    plan.cells = cells_of(selection, extents);
  }
  const std::int64_t count = plan.cells.count();
  if (plan.road != Road::blocks) {
    const auto cell_bytes = static_cast<std::size_t>(size_of(extents)) * item_bytes(d.dtype);
    const std::size_t bytes = block_bytes_of(cell_bytes * static_cast<std::size_t>(count));
    plan.cells_per_block = std::max<std::int64_t>(static_cast<std::int64_t>(bytes / cell_bytes), 1);
  }
  plan.blocks = (count + plan.cells_per_block - 1) / plan.cells_per_block;
  return planned;
}

/// By whoever waits, at the offsets that a worker found. No library is in the way, so nothing can
/// crash; but a disk may hang, so not where a deadline was asked for.
bool reads_at_once(const LoadPlan& plan, const JobOptions& job) {
  const std::size_t bytes = static_cast<std::size_t>(size_of(plan.cells.extents)) *
                            static_cast<std::size_t>(plan.cells.count()) *
                            item_bytes(plan.description.dtype);
  return (plan.road == Road::contiguous || plan.chunk_offsets != nullptr) &&
         bytes <= own_bytes_max && job.deadline_ns == 0;
}

void fill(Engine& engine, Prepared& p, LoadPlan& plan, const AnyArray& array,
          const LoadOptions& options) {
  if (plan.blocks == 0) return;
  plan.data = array.data();
  plan.strides = array.strides();
  const Segment& segment = *array.segment();
  if (!segment.is_reserved() && !plan.conversion.needed()) {
    const segment::FileIdentity file = segment.identity();
    plan.file = {os::this_process_id(), static_cast<std::uint32_t>(segment.descriptor()),
                 file.device, file.inode, segment::header_bytes};
  }
  if (!p.inspected.chunk_offsets.empty()) plan.chunk_offsets = p.inspected.chunk_offsets.data();
  if (reads_at_once(plan, options.job)) {
    for (std::int64_t i = 0; i < plan.blocks; ++i) {
      read_block(plan, p.inspected.file, p.inspected.dataset, i);
    }
  } else {
    plan.chunk_offsets = nullptr;  // the workers find their own
    if (p.box == nullptr) {
      WireWriter request;
      request.text(p.inspected.file);
      request.text(p.inspected.dataset);
      p.box = std::make_unique<Mailbox>(options.create.place, request, 0);
    }
    Mailbox& box = *p.box;
    box.reuse();
    run(engine, box, plan.blocks, BlockReader{box.mail(), plan}, options.job,
        "cannot read " + p.name);
    box.ended();
  }
  require_unchanged(p.inspected.file, p.name, p.inspected.description);
}

/// All that can be refused before anything is made.
Prepared prepare(Engine& engine, const std::string& file, const std::string& dataset,
                 const LoadOptions& options) {
  Prepared p;
  Answer answer =
      inspect_or_recall(engine, {absolute_path(file), dataset_path(dataset), options.external},
                        options.create.place, options.job);
  p.inspected = std::move(answer.inspected);
  p.box = std::move(answer.box);
  const Description& d = p.inspected.description;
  p.name = quoted(p.inspected.file, p.inspected.dataset);
  p.wanted = wanted_of(d, options, p.name);
  p.conversion = {d.dtype, options.dtype == Dtype::none ? loads_as(d) : options.dtype, d.bfloat16};
  if (p.conversion.to != loads_as(d) && !(options.convert && p.conversion.possible())) {
    throw TypeMismatch(p.name + " holds " + std::string(dtype_name(loads_as(d))) +
                       ", asked for was " + std::string(dtype_name(options.dtype)) +
                       (options.convert ? ", which it cannot be converted to" : ""));
  }
  return p;
}

void tell(LoadReport* report, const LoadPlan& plan, Prepared& p) {
  if (report == nullptr) return;
  report->road = road_name(plan.road);
  report->blocks = plan.blocks;
  report->skipped_attributes = std::move(p.inspected.attributes.skipped);
}

DatasetInfo info_of(const Inspected& there) {
  const Description& d = there.description;
  return {loads_as(d),
          d.shape,
          d.chunked ? d.chunk : Extents(),
          d.filtered,
          there.attributes.kept,
          there.attributes.skipped};
}

/// Scales of the axes that do not come whole.
void cut_scales(Prepared& p, const LoadOptions& options) {
  const Selection& s = p.wanted.selection;
  Attributes& attributes = p.inspected.attributes.kept;
  for (std::size_t axis = 0; axis < s.count.ndim(); ++axis) {
    if (axis == 0 && p.wanted.listed) {
      cut_dimensions(attributes, axis, s.count[axis], [&options](std::int64_t i) {
        return (*options.row_list)[static_cast<std::size_t>(i)];
      });
    } else if (s.count[axis] != p.inspected.description.shape[axis]) {
      cut_dimensions(attributes, axis, s.count[axis],
                     [begin = s.begin[axis], step = s.step[axis]](std::int64_t i) {
                       return begin + i * step;
                     });
    }
  }
}

}  // namespace

AnyArray load(Engine& engine, const std::string& file, const std::string& dataset,
              std::string_view name, const LoadOptions& options, LoadReport* report) {
  Prepared p = prepare(engine, file, dataset, options);
  CreateOptions create = options.create;
  cut_scales(p, options);
  const Attributes& attributes = p.inspected.attributes.kept;
  if (options.attributes) {
    create.attribute_bytes = std::max(create.attribute_bytes, attribute_bytes_of(attributes));
  }
  create.publish = false;  // it appears with its rows, or not at all
  if (!options.replace) require_free(name, create.place);
  Planned planned = plan_load(engine, p, create.place);
  create.reserve = planned.plan.road == Road::blocks || p.conversion.needed() ||
                   !fills_runs(planned.plan.cells, item_bytes(p.inspected.description.dtype));
  AnyArray array = AnyArray::create(name, p.conversion.to, p.wanted.selection.count, create);
  fill(engine, p, planned.plan, array, options);
  tell(report, planned.plan, p);
  if (options.attributes && !attributes.empty()) array.set_attributes(attributes);
  array.segment()->publish(options.replace);
  return array;
}

void load(Engine& engine, const std::string& file, const std::string& dataset,
          const AnyArray& array, const LoadOptions& options, LoadReport* report) {
  LoadOptions wanted = options;
  wanted.dtype = array.dtype();
  wanted.create.place = array.segment()->place();
  if (array.access() == Access::read_only) {
    throw PermissionDenied("array \"" + array.name() + "\" is attached read-only");
  }
  Prepared p = prepare(engine, file, dataset, wanted);
  if (p.wanted.selection.count != array.shape()) {
    throw ShapeMismatch(p.name + " gives shape " + to_string(p.wanted.selection.count) +
                        ", array \"" + array.name() + "\" has " + to_string(array.shape()));
  }
  const engine::Writing writing(engine, array);
  Planned planned = plan_load(engine, p, wanted.create.place);
  fill(engine, p, planned.plan, array, wanted);
  tell(report, planned.plan, p);
}

DatasetInfo info(Engine& engine, const std::string& file, const std::string& dataset,
                 bool external) {
  const Question question{absolute_path(file), dataset_path(dataset), external};
  return info_of(inspect(engine, question, Place::default_place(), {}).inspected);
}

// --- part after part ----------------------------------------------------------------------------

struct Reader::State {
  Engine& engine;
  LoadOptions options;
  Prepared prepared;
  DatasetInfo info;
};

Reader::Reader(Engine& engine, const std::string& file, const std::string& dataset,
               const LoadOptions& options) {
  Prepared p = prepare(engine, file, dataset, options);
  DatasetInfo there = info_of(p.inspected);
  state_.reset(new State{engine, options, std::move(p), std::move(there)});
}

Reader::~Reader() = default;

const DatasetInfo& Reader::info() const noexcept { return state_->info; }

std::string Reader::road() const {
  return std::string(road_name(road_of(state_->prepared.inspected.description)));
}

void Reader::read_rows(std::int64_t begin, std::int64_t end, const AnyArray& array,
                       const JobOptions& job) {
  Prepared& p = state_->prepared;
  LoadOptions options = state_->options;
  options.rows = RowRange{begin, end, 1};
  options.job = job;
  options.create.place = array.segment()->place();
  p.wanted = wanted_of(p.inspected.description, options, p.name);
  Planned planned = plan_load(state_->engine, p, options.create.place);
  fill(state_->engine, p, planned.plan, array, options);
  require_same();
}

void Reader::require_same() const {
  const Inspected& there = state_->prepared.inspected;
  std::error_code error;
  const os::FileStamp now = os::stamp_of(there.file, error);
  if (!error && now == there.description.stamp) return;
  throw InUse(state_->prepared.name +
              " was changed or replaced while it was being read; begin again");
}

}  // namespace furrow::hdf5
