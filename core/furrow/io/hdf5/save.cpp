#include <filesystem>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/sink.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/work.hpp>

namespace furrow::hdf5 {
namespace {

WriteRequest request_for(const AnyArray& array, const std::string& file, const std::string& dataset,
                         const SaveOptions& options) {
  if (!array.valid()) throw InvalidArgument("there is no array to save: the handle is empty");
  WriteRequest r;
  r.file = std::filesystem::absolute(file).string();
  r.dataset = dataset_path(dataset);
  r.dtype = array.dtype();
  r.data = array.data();
  r.shape = array.shape();
  r.strides = array.strides();
  r.gzip = options.gzip;
  r.chunk = options.chunk;
  // A scalar's chunk shape is empty too, and it is stored without chunks either way.
  r.chunked = options.chunk.ndim() != 0;
  r.replace = options.replace;
  r.timeout_ns = options.timeout_ns;
  r.attributes = options.attributes ? *options.attributes : attributes_of_view(array);
  r.watch = options.job.watch;
  return r;
}

WireWriter encode(const WriteRequest& r) {
  WireWriter wire;
  wire.text(r.file);
  wire.text(r.dataset);
  wire.put(r.dtype);
  wire.put(r.data);
  wire.put(r.shape);
  wire.put(r.strides);
  wire.put(r.gzip);
  wire.put(r.chunk);
  wire.put(r.chunked);
  wire.put(r.replace);
  wire.put(r.timeout_ns);
  wire.attributes(r.attributes);
  return wire;
}

WriteRequest decode(WireReader wire) {
  WriteRequest r;
  r.file = wire.text();
  r.dataset = wire.text();
  r.dtype = wire.get<Dtype>();
  r.data = wire.get<const void*>();
  r.shape = wire.get<Shape>();
  r.strides = wire.get<Strides>();
  r.gzip = wire.get<int>();
  r.chunk = wire.get<Extents>();
  r.chunked = wire.get<bool>();
  r.replace = wire.get<bool>();
  r.timeout_ns = wire.get<std::int64_t>();
  r.attributes = wire.attributes();
  return r;
}

}  // namespace

void save(Engine& engine, const AnyArray& array, const std::string& file,
          const std::string& dataset, const SaveOptions& options) {
  const WriteRequest request = request_for(array, file, dataset, options);
  const Mailbox box(array.segment()->place(), encode(request), 0);
  Mail* const mail = box.mail();
  // Run again after the death of its worker: the old file is whole, and the dead one's lock gone.
  const auto closure = [mail](std::int64_t) {
    guard(*mail, [mail] {
      WriteRequest r = decode(request_of(*mail));
      r.watch = [mail](double done) {
        mail->done.store(done, std::memory_order_relaxed);
        return mail->leave.load(std::memory_order_relaxed) == 0;
      };
      write_dataset(r);
    });
  };
  JobOptions job = options.job;
  if (job.watch) {
    // The whole save is one tile: how far it is stands in the mail, not in the job.
    job.watch = [mail, watch = job.watch](double) {
      const bool goes_on = watch(mail->done.load(std::memory_order_relaxed));
      if (!goes_on) mail->leave.store(1, std::memory_order_relaxed);
      return goes_on;
    };
  }
  run(engine, box, 1, closure, job, "cannot save " + quoted(request.file, request.dataset));
}

void save(const AnyArray& array, const std::string& file, const std::string& dataset,
          const SaveOptions& options) {
  write_dataset(request_for(array, file, dataset, options));
}

}  // namespace furrow::hdf5
