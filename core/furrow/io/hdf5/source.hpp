// furrow/io/hdf5/source.hpp
//
// A dataset opened to be read: what it holds, and its boxes into memory.
//
// Where    in a worker. A damaged file may kill whoever reads it, metadata included
// Lock     the file is open read-only, which HDF5 marks for other programs by a shared lock
// Later    decoding raw chunks with our own inflate belongs into read_box, in front of H5Dread
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

/// What a dataset is. Trivially copyable.
struct Description {
  Dtype dtype = Dtype::none;
  Shape shape;
  Extents chunk;  // ones where it is not chunked
  bool chunked = false;
  bool filtered = false;
  os::FileStamp stamp;  // of the file
};

/// "/a/b" of "a//b/". Throws InvalidArgument when no name is left.
std::string dataset_path(const std::string& dataset);

/// `dataset "/a" of "x.h5"`, for messages.
std::string quoted(const std::string& file, const std::string& dataset);

/// Up to `count_max` datasets of an open file, with ", …" when there are more.
std::string list_datasets(hid_t file, std::size_t count_max = 10);

class Source {
 public:
  /// Throws NotFound (no such file or dataset; says what there is), TypeMismatch (a type that
  /// furrow has no dtype for), ShapeMismatch (more than 8 axes, a null dataspace), Corrupt,
  /// PermissionDenied, InUse, IoError. With `expected`, sets the chunk cache to suit it and throws
  /// InUse when the file or the dataset is no longer what was described.
  Source(const std::string& file, const std::string& dataset,
         const Description* expected = nullptr);

  const Description& description() const noexcept { return description_; }
  hid_t dataset() const noexcept { return dataset_.get(); }

  /// Where elements go: `data` holds element 0 of a strided array over the box `all`.
  struct Destination {
    void* data = nullptr;
    Box all;
    Strides strides;
  };
  void read_box(const Box& box, const Destination& to) const;

 private:
  void open_file(const std::string& file);
  void find(const std::string& path);
  void describe();
  void require_filters(hid_t creation) const;
  void read_dense(const Box& box, std::byte* memory) const;
  void read_part(const Box& box, const Destination& to) const;
  void read(const Box& box, hid_t memory_space, void* memory) const;

  std::string name_;  // for messages
  Properties access_;
  File file_;
  Dataset dataset_;
  Type memory_type_;
  Description description_;
};

}  // namespace furrow::hdf5
