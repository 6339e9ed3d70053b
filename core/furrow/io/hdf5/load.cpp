#include <algorithm>
#include <filesystem>
#include <system_error>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/work.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t answer_bytes = std::size_t{64} << 10;
constexpr std::size_t block_bytes_min = std::size_t{1} << 20;
constexpr std::size_t block_bytes_max = std::size_t{32} << 20;
constexpr std::size_t blocks_per_worker = 8;  // so that the last ones to finish finish together

struct Inspected {
  Description description;
  ReadAttributes attributes;
};

/// In a worker: a damaged file may crash the library while it is only looked at.
void answer_inspection(Mail& mail) {
  guard(mail, [&mail] {
    const QuietErrors quiet;
    WireReader request = request_of(mail);
    const std::string file = request.text();
    os::fault_point("io.load.inspect");
    const Source source(file, request.text());
    const ReadAttributes attributes = read_object_attributes(source.dataset());
    WireWriter answer;
    answer.put(source.description());
    answer.attributes(attributes.kept);
    answer.texts(attributes.skipped);
    post_answer(mail, answer);
  });
}

Inspected inspect(Engine& engine, const std::string& file, const std::string& dataset,
                  const Place& place, const JobOptions& job) {
  WireWriter request;
  request.text(file);
  request.text(dataset);
  for (std::size_t capacity = answer_bytes;;) {
    const Mailbox box(place, request, capacity);
    Mail* const mail = box.mail();
    run(
        engine, box, 1, [mail](std::int64_t) { answer_inspection(*mail); }, job,
        "cannot read " + quoted(file, dataset));
    if (box.fits()) {
      WireReader answer = box.answer();
      Inspected result;
      result.description = answer.get<Description>();
      result.attributes.kept = answer.attributes();
      result.attributes.skipped = answer.texts();
      return result;
    }
    capacity = static_cast<std::size_t>(box.answer_bytes());
  }
}

/// The part of the dataset that is wanted. Throws ShapeMismatch.
Box select_rows(const Description& d, const std::optional<RowRange>& rows,
                const std::string& name) {
  Box all{d.shape, d.shape};
  for (std::size_t axis = 0; axis < d.shape.ndim(); ++axis) all.offset[axis] = 0;
  if (!rows) return all;
  const std::string wanted = std::to_string(rows->begin) + ":" + std::to_string(rows->end);
  if (d.shape.ndim() == 0) throw ShapeMismatch(name + " is a single number, it has no rows");
  if (rows->begin < 0 || rows->begin > rows->end || rows->end > d.shape[0]) {
    throw ShapeMismatch("rows " + wanted + " are not in " + name +
                        ", which has rows 0:" + std::to_string(d.shape[0]));
  }
  all.offset[0] = rows->begin;
  all.count[0] = rows->end - rows->begin;
  return all;
}

/// What a worker takes along for its blocks. Trivially copyable.
struct BlockReader {
  Mail* mail;
  Description description;
  BlockPlan plan;
  Source::Destination to;

  void operator()(std::int64_t index) const {
    guard(*mail, [this, index] {
      const QuietErrors quiet;
      WireReader request = request_of(*mail);
      const std::string file = request.text();
      const Source source(file, request.text(), &description);
      os::fault_point("io.load.block");
      source.read_box(plan.block(index), to);
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

std::int64_t fill(Engine& engine, const std::string& file, const std::string& dataset,
                  const Description& d, const Box& rows, const AnyArray& array,
                  const LoadOptions& options) {
  const std::size_t workers = std::max<std::size_t>(engine.workers(), 1);
  const std::size_t block_bytes =
      std::clamp(array.bytes() / (workers * blocks_per_worker), block_bytes_min, block_bytes_max);
  const BlockPlan plan = plan_blocks(rows, d.chunk, item_bytes(d.dtype), block_bytes);
  if (plan.blocks == 0) return 0;
  WireWriter request;
  request.text(file);
  request.text(dataset);
  const Mailbox box(options.create.place, request, 0);
  const BlockReader reader{box.mail(), d, plan, {array.data(), rows, array.strides()}};
  const std::string name = quoted(file, dataset);
  run(engine, box, plan.blocks, reader, options.job, "cannot read " + name);
  require_unchanged(file, name, d);
  return plan.blocks;
}

struct Prepared {
  std::string file;
  std::string dataset;
  Inspected inspected;
  Box rows;
};

/// All that can be refused before anything is made.
Prepared prepare(Engine& engine, const std::string& file, const std::string& dataset,
                 const LoadOptions& options) {
  Prepared p;
  // Workers may stand in another folder.
  p.file = std::filesystem::absolute(file).string();
  p.dataset = dataset_path(dataset);
  p.inspected = inspect(engine, p.file, p.dataset, options.create.place, options.job);
  const Description& d = p.inspected.description;
  const std::string name = quoted(p.file, p.dataset);
  p.rows = select_rows(d, options.rows, name);
  if (options.dtype != Dtype::none && options.dtype != d.dtype) {
    throw TypeMismatch(name + " holds " + std::string(dtype_name(d.dtype)) + ", asked for was " +
                       std::string(dtype_name(options.dtype)));
  }
  return p;
}

void tell(LoadReport* report, std::int64_t blocks, Prepared& p) {
  if (report == nullptr) return;
  report->road = "blocks";
  report->blocks = blocks;
  report->skipped_attributes = std::move(p.inspected.attributes.skipped);
}

// Says so before the work is done; whoever takes the name meanwhile is met when it is published.
void require_free(std::string_view name, const Place& place) {
  try {
    const segment::Info there = segment::info(name, place);
    if (there.lifetime == Lifetime::owned && !there.attached) return;  // a crash left it
  } catch (const NotFound&) {
    return;
  }
  throw AlreadyExists("there is an array \"" + std::string(name) +
                      "\" already: the name is taken (load with replace, or choose another name)");
}

}  // namespace

AnyArray load(Engine& engine, const std::string& file, const std::string& dataset,
              std::string_view name, const LoadOptions& options, LoadReport* report) {
  Prepared p = prepare(engine, file, dataset, options);
  CreateOptions create = options.create;
  if (options.rows) {
    cut_dimensions(p.inspected.attributes.kept, 0, p.rows.count[0],
                   [first = p.rows.offset[0]](std::int64_t i) { return first + i; });
  }
  const Attributes& attributes = p.inspected.attributes.kept;
  if (options.attributes) {
    create.attribute_bytes = std::max(create.attribute_bytes, attribute_bytes_of(attributes));
  }
  create.publish = false;  // it appears with its rows, or not at all
  if (!options.replace) require_free(name, create.place);
  const Description& d = p.inspected.description;
  AnyArray array = AnyArray::create(name, d.dtype, p.rows.count, create);
  tell(report, fill(engine, p.file, p.dataset, d, p.rows, array, options), p);
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
  if (p.rows.count != array.shape()) {
    throw ShapeMismatch(quoted(p.file, p.dataset) + " gives shape " + to_string(p.rows.count) +
                        ", array \"" + array.name() + "\" has " + to_string(array.shape()));
  }
  const engine::Writing writing(engine, array);
  tell(report, fill(engine, p.file, p.dataset, p.inspected.description, p.rows, array, wanted), p);
}

DatasetInfo info(Engine& engine, const std::string& file, const std::string& dataset) {
  Prepared p = prepare(engine, file, dataset, {});
  const Description& d = p.inspected.description;
  return {d.dtype,
          d.shape,
          d.chunked ? d.chunk : Extents(),
          d.filtered,
          std::move(p.inspected.attributes.kept),
          std::move(p.inspected.attributes.skipped)};
}

}  // namespace furrow::hdf5
