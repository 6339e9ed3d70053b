// furrow/io/hdf5/sink.hpp
//
// Writes one dataset into a file, the file changing whole or not at all.
//
// Steps    take the file's place (os/replace_file.hpp), copy the old file when there is one, open
//          the copy, write, close, and give it the name
// File     HDF5's earliest format, which every reader takes; no times, so that equal arrays make
//          equal files
// Later    workers that filter chunks into a ring belong into write_elements, before H5Dwrite
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow::hdf5 {

struct WriteRequest {
  std::string file;
  std::string dataset;
  Dtype dtype = Dtype::none;
  const void* data = nullptr;  // element (0, 0, …)
  Shape shape;
  Strides strides;  // elements, any sign
  int gzip = 0;
  Extents chunk;         // used when `chunked`
  bool chunked = false;  // the caller gave a chunk shape
  bool replace = false;
  std::int64_t timeout_ns = 0;  // for another saver of the same file
  Attributes attributes;
  std::function<bool(double)> watch;  // asked between blocks with the part done; false: Cancelled
};

/// Chunks of about 1 MiB that hold whole rows where rows are small enough.
Extents choose_chunk(const Shape& shape, std::size_t item_bytes);

/// Throws AlreadyExists, NotFound (no such folder), InvalidArgument, ShapeMismatch (chunk),
/// PermissionDenied, OutOfSpace, InUse, Corrupt (the file that is there), IoError. After a failure
/// the old file is as it was and no temporary file is left.
void write_dataset(const WriteRequest& request);

}  // namespace furrow::hdf5
