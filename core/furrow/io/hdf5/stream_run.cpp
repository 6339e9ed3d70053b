#include <furrow/io/hdf5/stream_run.hpp>

#include <algorithm>
#include <cstring>

#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/hdf5/sampling.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr int attempts_max = 3;
struct Filtering {
  std::uint64_t ring_bytes = 0;    // what the workers filter into (session.cpp)
  std::uint64_t worker_bytes = 0;  // and what each of them takes for it
};

/// The ring takes a quarter of what a stream may take, where that holds more than two slots.
Filtering filtering_of(const Engine& engine, const Extents& chunk, Dtype dtype,
                       std::uint64_t memory_bytes) {
  if (chunk.ndim() == 0) return {};
  const std::uint64_t chunk_bytes = static_cast<std::uint64_t>(size_of(chunk)) * item_bytes(dtype);
  const std::uint64_t slot = std::max(std::uint64_t{512} << 10, chunk_bytes * 9 / 8);
  const std::uint64_t workers = std::max<std::size_t>(engine.workers(), 1);
  const std::uint64_t most = std::max(memory_bytes / 4 / slot, std::uint64_t{2});
  return {std::min(4 * workers, most) * slot, 2 * chunk_bytes};
}

std::string name_of(const DatasetAddress& address) { return quoted(address.file, address.dataset); }

StreamReport report_of(const SlabReader& reader, const SlabPlan& plan) {
  return {reader.road(), plan.slabs(), plan.slab_rows, plan.buffer_bytes};
}

Shape slab_shape(const Shape& shape, std::int64_t rows) {
  Shape slab = shape;
  slab[0] = rows;
  return slab;
}

std::uint64_t row_bytes_of(const StreamOutput& output) {
  std::uint64_t bytes = item_bytes(output.dtype);
  for (std::size_t axis = 1; axis < output.shape.ndim(); ++axis) {
    bytes *= static_cast<std::uint64_t>(output.shape[axis]);
  }
  return bytes;
}

/// Rows of one layer of the output's chunks.
std::int64_t layer_rows_of(const StreamOutput& output) {
  return output.save.chunk.ndim() == 0 ? 1 : output.save.chunk[0];
}

/// The output's end: slabs in turn in two buffers, the one written while the other is computed.
///
///   | room | slab …………………… |      room: for rows of a layer of chunks that the slab before began;
///     | whole layers … | rest |      the rest goes to the other buffer's room: no chunk is written
///                                    twice, or read back
class SlabWriter {
 public:
  SlabWriter(Engine& engine, const StreamOutput& output, std::int64_t slab_rows,
             std::uint64_t ring_bytes)
      : engine_(engine),
        output_(output),
        ring_bytes_(ring_bytes),
        layer_(layer_rows_of(output)),
        room_(layer_ - 1) {
    for (AnyArray& buffer : buffers_) {
      buffer = AnyArray::temporary(output.dtype, slab_shape(output.shape, room_ + slab_rows));
    }
  }

  /// Where the next slab of so many rows is to be computed.
  AnyArray place(std::int64_t rows) const { return buffers_[next_].rows(room_, room_ + rows); }

  /// What was computed in place(rows).
  void write(std::int64_t rows, bool last, const JobOptions& job) {
    const AnyArray& buffer = buffers_[next_];
    if (!session_) open(place(rows), job);
    finish();  // from here on nobody reads the other buffer
    next_ = 1 - next_;
    const std::int64_t begin = room_ - carried_;
    const std::int64_t count = carried_ + rows;
    const std::int64_t whole = last ? count : count / layer_ * layer_;
    carried_ = count - whole;
    const AnyArray rest = buffer.rows(begin + whole, begin + count);
    if (rest.size() > 0) {
      std::memcpy(buffers_[next_].rows(room_ - carried_, room_).data(), rest.data(), rest.bytes());
    }
    if (whole == 0) return;
    session_->start(buffer.rows(begin, begin + whole));
    writing_ = true;
  }

  void commit(const JobOptions& job) {
    if (!session_) open(buffers_[0].rows(0, 0), job);  // no rows at all
    finish();
    session_->commit();
  }

  SaveReport report() const { return hdf5::report_of(session_->target()); }
  bool lost() const noexcept { return session_ && session_->lost(); }

 private:
  void finish() {
    if (writing_) session_->finish();
    writing_ = false;
  }

  void open(const AnyArray& first, const JobOptions& job) {
    WriteRequest request = request_of(output_.dtype, output_.shape, output_.address.file,
                                      output_.address.dataset, output_.save);
    request.shuffle = output_.save.shuffle == Shuffle::on ||
                      (output_.save.shuffle == Shuffle::automatic && first.size() > 0 &&
                       shuffle_pays(&engine_, first, request));
    session_ = std::make_unique<WriteSession>(engine_, request, job);
    session_->limit_ring(ring_bytes_);
  }

  Engine& engine_;
  const StreamOutput& output_;
  std::uint64_t ring_bytes_;
  std::int64_t layer_;
  std::int64_t room_;
  std::int64_t carried_ = 0;
  AnyArray buffers_[2];
  int next_ = 0;
  std::unique_ptr<WriteSession> session_;
  bool writing_ = false;
};

}  // namespace

// --- time and progress --------------------------------------------------------------------------

StreamWatch::StreamWatch(const JobOptions& job) : job_(job) {
  if (job.deadline_ns > 0) until_ns_ = os::monotonic_ns() + job.deadline_ns;
}

void StreamWatch::enter(double begin, double end) noexcept {
  begin_ = begin;
  end_ = end;
}

std::int64_t StreamWatch::left_ns() const {
  if (until_ns_ == 0) return 0;
  const std::int64_t left = until_ns_ - os::monotonic_ns();
  if (left <= 0) throw Timeout("the deadline passed before the stream was at its end");
  return left;
}

JobOptions StreamWatch::job() const {
  JobOptions job = job_;
  job.deadline_ns = left_ns();
  if (job_.watch) {
    job.watch = [this](double done) { return job_.watch(begin_ + (end_ - begin_) * done); };
  }
  return job;
}

void StreamWatch::look() const {
  left_ns();
  if (job_.watch && !job_.watch(begin_)) throw Cancelled("the stream was cancelled");
}

// --- slabs --------------------------------------------------------------------------------------

void for_each(SlabReader& reader, const SlabPlan& plan, StreamWatch& watch,
              const std::function<void(const ReadSlab&)>& f) {
  const auto slabs = static_cast<double>(std::max<std::int64_t>(plan.slabs(), 1));
  for (double done = 0;; ++done) {
    watch.enter(done / slabs, std::min(1.0, (done + 1) / slabs));
    const ReadSlab* const slab = reader.next([&watch] { watch.look(); });
    if (slab == nullptr) return;
    watch.look();
    f(*slab);
    os::fault_point("io.stream.slab");
  }
}

StreamReport fold_slabs(
    Engine& engine, const std::vector<StreamSource>& sources, std::int64_t granule,
    const StreamOptions& options,
    const std::function<void(const std::vector<AnyArray>& pieces, const JobOptions& job)>& add) {
  SlabNeeds needs;
  needs.layer_rows = layer_rows_of(sources);
  needs.fixed_bytes = scratch_bytes_of(engine, sources);
  needs.buffers = 2 * sources.size();
  for (const StreamSource& source : sources) {
    needs.row_bytes += 2 * source.row_bytes();
    needs.fixed_bytes += 3 * static_cast<std::uint64_t>(granule) * item_bytes(source.info.dtype);
  }
  const std::int64_t rows = sources[0].info.shape[0];
  const SlabPlan plan = plan_slabs(rows, options, needs, name_of(sources[0].address));
  StreamWatch watch(options.job);
  SlabReader reader(engine, sources, plan, granule, options);
  // Elements that are left over from the slab before.
  std::vector<std::vector<std::byte>> rest(sources.size());
  std::int64_t carried = 0;
  for_each(reader, plan, watch, [&](const ReadSlab& slab) {
    const bool last = slab.first_row + slab.rows == plan.end;
    const std::int64_t count = slab.flat[0].size() - granule + carried;
    const std::int64_t whole = last ? count : count / granule * granule;
    std::vector<AnyArray> pieces;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const AnyArray all = slab.flat[i].rows(granule - carried, slab.flat[i].size());
      const std::size_t item = item_bytes(all.dtype());
      if (carried > 0) std::memcpy(all.data(), rest[i].data(), rest[i].size());
      rest[i].resize(static_cast<std::size_t>(count - whole) * item);
      const AnyArray left = all.rows(whole, count);
      if (left.size() > 0) std::memcpy(rest[i].data(), left.data(), rest[i].size());
      pieces.push_back(all.rows(0, whole));
    }
    carried = count - whole;
    if (whole > 0) add(pieces, watch.job());
  });
  return report_of(reader, plan);
}

StreamReport write_slabs(Engine& engine, const std::vector<StreamSource>& sources,
                         const StreamOutput& output, std::uint64_t fixed_bytes,
                         const StreamOptions& options,
                         const std::function<void(const ReadSlab& slab, const AnyArray& out,
                                                  const JobOptions& job)>& compute) {
  StreamOutput to = output;
  to.address.file = absolute_path(to.address.file);
  SlabNeeds needs;
  needs.layer_rows = layer_rows_of(sources);
  needs.fixed_bytes = fixed_bytes + scratch_bytes_of(engine, sources);
  needs.row_bytes = 2 * row_bytes_of(to);
  needs.buffers = 2 * sources.size() + 2;
  for (const StreamSource& source : sources) needs.row_bytes += 2 * source.row_bytes();
  const Extents& chunk = sources[0].info.chunk;
  const bool chunks = to.save.gzip > 0 || to.save.growable;
  if (chunks && to.save.chunk.ndim() == 0) {
    to.save.chunk =
        chunk.ndim() == to.shape.ndim() ? chunk : choose_chunk(to.shape, item_bytes(to.dtype));
  }
  if (to.save.chunk.ndim() != 0) {
    to.save.chunk =
        chunk_of(request_of(to.dtype, to.shape, to.address.file, to.address.dataset, to.save));
    // Slabs are whole layers of the output's chunks, too, and what it takes where rows do not begin
    // with one.
    needs.layer_rows = layer_rows_with(needs.layer_rows, to.save.chunk[0]);
    needs.fixed_bytes += 2 * row_bytes_of(to) * static_cast<std::uint64_t>(layer_rows_of(to) - 1);
  }
  const Filtering filtering = filtering_of(engine, to.save.chunk, to.dtype, options.memory_bytes);
  needs.fixed_bytes +=
      filtering.ring_bytes + filtering.worker_bytes * std::max<std::size_t>(engine.workers(), 1);
  const std::int64_t rows = sources[0].info.shape[0];
  const SlabPlan plan = plan_slabs(rows, options, needs, name_of(sources[0].address));
  to.shape[0] = plan.end - plan.begin;
  StreamWatch watch(options.job);
  for (int attempt = 1;; ++attempt) {
    SlabReader reader(engine, sources, plan, 0, options);
    SlabWriter writer(engine, to, std::min(plan.slab_rows, to.shape[0]), filtering.ring_bytes);
    try {
      for_each(reader, plan, watch, [&](const ReadSlab& slab) {
        const AnyArray out = writer.place(slab.rows);
        compute(slab, out, watch.job());
        writer.write(slab.rows, slab.first_row + slab.rows == plan.end, watch.job());
      });
      writer.commit(watch.job());
      StreamReport report = report_of(reader, plan);
      report.written = writer.report();
      return report;
    } catch (const WorkerDied&) {
      if (!writer.lost() || attempt == attempts_max) throw;
    }
  }
}

}  // namespace furrow::hdf5
