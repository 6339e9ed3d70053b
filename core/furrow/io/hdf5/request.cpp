#include <furrow/io/hdf5/request.hpp>

#include <algorithm>

#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/sampling.hpp>
#include <furrow/io/hdf5/source.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::uint64_t chunk_bytes_max = 0xFFFFFFFFu;  // the file format's

}  // namespace

Extents chunk_of(const WriteRequest& r) {
  if (r.gzip < 0 || r.gzip > 9) {
    throw InvalidArgument("gzip level " + std::to_string(r.gzip) + " is none of 0 to 9");
  }
  if (r.growable && r.shape.ndim() == 0) {
    throw InvalidArgument("a single number has no rows to grow by (save an array of rank 1)");
  }
  if (!r.chunk_given) return choose_chunk(r.shape, item_bytes(r.dtype), r.growable);
  if (r.chunk.ndim() != r.shape.ndim()) {
    throw ShapeMismatch("chunk " + to_string(r.chunk) + " does not fit an array of shape " +
                        to_string(r.shape) + ": give one extent per axis");
  }
  Extents chunk = r.chunk;
  for (std::size_t axis = 0; axis < chunk.ndim(); ++axis) {
    if (chunk[axis] < 1) {
      throw InvalidArgument("chunk " + to_string(chunk) + " has extents below 1");
    }
    if (axis == 0 && r.growable) continue;
    chunk[axis] = std::min(chunk[axis], std::max<std::int64_t>(r.shape[axis], 1));
  }
  std::uint64_t left = chunk_bytes_max / item_bytes(r.dtype);
  for (const std::int64_t extent : chunk) left /= static_cast<std::uint64_t>(extent);
  if (left == 0) {
    throw InvalidArgument("a chunk of " + to_string(chunk) + " has 4 GiB or more; HDF5 takes less");
  }
  return chunk;
}

WriteRequest request_of(Dtype dtype, const Shape& shape, const std::string& file,
                        const std::string& dataset, const SaveOptions& options) {
  WriteRequest r;
  r.file = absolute_path(file);
  r.dataset = dataset_path(dataset);
  r.dtype = dtype;
  r.shape = shape;
  r.gzip = options.gzip;
  r.shuffle = options.shuffle == Shuffle::on;
  r.chunk = options.chunk;
  // A scalar's chunk shape is empty too, and it is stored without chunks either way.
  r.chunk_given = options.chunk.ndim() != 0;
  r.growable = options.growable;
  r.fletcher32 = options.fletcher32;
  r.replace = options.replace;
  r.timeout_ns = options.timeout_ns;
  if (options.attributes) r.attributes = *options.attributes;
  chunk_of(r);  // refused before anything is done
  return r;
}

WriteRequest request_for(Engine* engine, const AnyArray& array, const std::string& file,
                         const std::string& dataset, const SaveOptions& options) {
  if (!array.valid()) throw InvalidArgument("there is no array to save: the handle is empty");
  WriteRequest r = request_of(array.dtype(), array.shape(), file, dataset, options);
  if (!options.attributes) r.attributes = attributes_of_view(array);
  if (options.shuffle == Shuffle::automatic) r.shuffle = shuffle_pays(engine, array, r);
  return r;
}

WireWriter encode(const WriteRequest& r) {
  WireWriter wire;
  wire.text(r.file);
  wire.text(r.dataset);
  wire.put(r.append);
  wire.put(r.dtype);
  wire.put(r.shape);
  wire.put(r.gzip);
  wire.put(r.shuffle);
  wire.put(r.fletcher32);
  wire.put(r.chunk);
  wire.put(r.chunk_given);
  wire.put(r.growable);
  wire.put(r.replace);
  wire.put(r.fresh);
  wire.put(r.large_attributes);
  wire.put(r.timeout_ns);
  wire.attributes(r.attributes);
  return wire;
}

WriteRequest decode_request(WireReader wire) {
  WriteRequest r;
  r.file = wire.text();
  r.dataset = wire.text();
  r.append = wire.get<bool>();
  r.dtype = wire.get<Dtype>();
  r.shape = wire.get<Shape>();
  r.gzip = wire.get<int>();
  r.shuffle = wire.get<bool>();
  r.fletcher32 = wire.get<bool>();
  r.chunk = wire.get<Extents>();
  r.chunk_given = wire.get<bool>();
  r.growable = wire.get<bool>();
  r.replace = wire.get<bool>();
  r.fresh = wire.get<bool>();
  r.large_attributes = wire.get<bool>();
  r.timeout_ns = wire.get<std::int64_t>();
  r.attributes = wire.attributes();
  return r;
}

}  // namespace furrow::hdf5
