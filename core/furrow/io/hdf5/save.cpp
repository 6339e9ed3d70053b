#include <functional>
#include <memory>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/push.hpp>
#include <furrow/io/hdf5/sampling.hpp>
#include <furrow/io/hdf5/session.hpp>
#include <furrow/io/hdf5/sink.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::hdf5 {
namespace {

constexpr int attempts_max = 3;

WriteRequest append_request(const AnyArray& array, const std::string& file,
                            const std::string& dataset, const AppendOptions& options) {
  if (!array.valid()) throw InvalidArgument("there is no array to append: the handle is empty");
  WriteRequest r;
  r.file = absolute_path(file);
  r.dataset = dataset_path(dataset);
  r.append = true;
  r.timeout_ns = options.timeout_ns;
  if (array.ndim() != 0) return r;
  throw ShapeMismatch("a single number has no rows to append; give it a first axis of 1");
}

void tell(SaveReport* report, const Target& target) {
  if (report != nullptr) *report = report_of(target);
}

/// From the start when the owner of the file died: nothing has happened yet.
void write(Engine& engine, const AnyArray& array, const WriteRequest& request, JobOptions job,
           SaveReport* report) {
  const std::int64_t until = os::monotonic_ns() + job.deadline_ns;
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<WriteSession> session;
    try {
      session = std::make_unique<WriteSession>(engine, request, job);
      session->push(array);
      session->commit();
      return tell(report, session->target());
    } catch (const WorkerDied&) {
      if (!session || !session->lost() || attempt == attempts_max) throw;
    }
    session.reset();
    if (job.deadline_ns == 0) continue;
    job.deadline_ns = until - os::monotonic_ns();
    if (job.deadline_ns <= 0) throw Timeout("the deadline passed; nothing was saved");
  }
}

/// The same in this process.
void write_here(const AnyArray& array, const WriteRequest& request,
                const std::function<bool(double)>& watch, SaveReport* report) {
  const QuietErrors quiet;
  Sink sink(request);
  require_fits(sink.target(), array.dtype(), array.shape(), quoted(request.file, request.dataset));
  const std::int64_t begin = request.append ? sink.target().shape[0] : 0;
  if (array.size() > 0) {
    push_rows(sink, {array.data(), array.strides(), begin, array.shape(), nullptr}, watch);
  }
  sink.finish();
  sink.publish();
  tell(report, sink.target());
}

}  // namespace

void save(Engine& engine, const AnyArray& array, const std::string& file,
          const std::string& dataset, const SaveOptions& options, SaveReport* report) {
  write(engine, array, request_for(&engine, array, file, dataset, options), options.job, report);
}

void save(const AnyArray& array, const std::string& file, const std::string& dataset,
          const SaveOptions& options, SaveReport* report) {
  write_here(array, request_for(nullptr, array, file, dataset, options), options.job.watch, report);
}

void append(Engine& engine, const AnyArray& array, const std::string& file,
            const std::string& dataset, const AppendOptions& options, SaveReport* report) {
  write(engine, array, append_request(array, file, dataset, options), options.job, report);
}

void append(const AnyArray& array, const std::string& file, const std::string& dataset,
            const AppendOptions& options, SaveReport* report) {
  write_here(array, append_request(array, file, dataset, options), options.job.watch, report);
}

}  // namespace furrow::hdf5
