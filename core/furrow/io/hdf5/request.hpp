// furrow/io/hdf5/request.hpp
//
// What is to be written where, from a coordinator to the worker that will own the file.
#pragma once

#include <cstdint>
#include <string>

#include <furrow/array/array.hpp>
#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/wire.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow::hdf5 {

struct WriteRequest {
  std::string file;     // absolute
  std::string dataset;  // as dataset_path makes it
  bool append = false;  // to a dataset that exists: all below but the timeout is its own business
  Dtype dtype = Dtype::none;
  Shape shape;  // in the end; a growable one may get longer
  int gzip = 0;
  bool shuffle = false;
  bool fletcher32 = false;  // of chunks
  Extents chunk;            // used when `chunk_given`
  bool chunk_given = false;
  bool growable = false;
  bool replace = false;
  bool fresh = false;             // what the file holds already does not stay
  bool large_attributes = false;  // some dataset that follows has attributes of over 60 KB
  std::int64_t timeout_ns = 0;    // for another saver of the same file
  Attributes attributes;

  bool chunked() const noexcept {
    const bool wanted = growable || ((chunk_given || gzip > 0) && size_of(shape) > 0);
    return wanted && shape.ndim() > 0;
  }
};

/// The chunk shape that was given, made to fit, or one that is chosen. Throws InvalidArgument,
/// ShapeMismatch.
Extents chunk_of(const WriteRequest& request);

/// Throws InvalidArgument, ShapeMismatch. Shuffles only when told to: `automatic` takes elements to
/// find out (sampling.hpp).
WriteRequest request_of(Dtype dtype, const Shape& shape, const std::string& file,
                        const std::string& dataset, const SaveOptions& options);
/// Of an array, with its attributes unless there are others. Samples it, by the engine's workers or
/// in this process.
WriteRequest request_for(Engine* engine, const AnyArray& array, const std::string& file,
                         const std::string& dataset, const SaveOptions& options);

WireWriter encode(const WriteRequest& request);
WriteRequest decode_request(WireReader wire);

}  // namespace furrow::hdf5
