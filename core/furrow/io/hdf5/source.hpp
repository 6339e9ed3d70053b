// furrow/io/hdf5/source.hpp
//
// A dataset opened to be read: what it holds, and parts of it into memory, in the library's own
// way (H5Dread) or chunk by chunk as they lie in the file.
//
// Where    in a worker. A damaged file may kill whoever reads it, metadata included
// Lock     the file is open read-only, which HDF5 marks for other programs by a shared lock
// Bits     elements come out in the machine's byte order, bools as 0 and 1, all else as stored
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/selection.hpp>

namespace furrow::hdf5 {

/// "/a/b" of "a//b/". Throws InvalidArgument when no name is left.
std::string dataset_path(const std::string& dataset);

/// `dataset "/a" of "x.h5"`, for messages.
std::string quoted(const std::string& file, const std::string& dataset);

/// What os::check_readable says, as NotFound, InvalidArgument, PermissionDenied or IoError.
[[noreturn]] void refuse_unreadable(const std::string& file, const std::error_code& error);

/// Up to `count_max` datasets of an open file, with ", …" when there are more.
std::string list_datasets(hid_t file, std::size_t count_max = 10);

class Source {
 public:
  /// Throws NotFound (no such file or dataset; says what there is), TypeMismatch (a type that
  /// furrow has no dtype for), ShapeMismatch (more than 8 axes, a null dataspace), Corrupt,
  /// PermissionDenied (also of what leads into other files, unless `external`), InUse, IoError.
  Source(const std::string& file, const std::string& dataset, bool external = false);

  /// The same dataset again, by its resolved names: sets the chunk cache to suit it. Throws InUse
  /// when the file or the dataset is no longer what was described.
  Source(const std::string& file, const std::string& dataset, const Description& expected);

  const Description& description() const noexcept { return description_; }
  hid_t dataset() const noexcept { return dataset_.get(); }
  /// Where links led to.
  const std::string& file() const noexcept { return file_name_; }
  const std::string& path() const noexcept { return path_; }
  const std::string& name() const noexcept { return name_; }  // for messages

  /// Where elements go: `data` holds element 0 of a strided array over the box `all`.
  struct Destination {
    void* data = nullptr;
    Box all;
    Strides strides;
  };
  void read_box(const Box& box, const Destination& to) const;

  /// What is wanted of a cell, by H5Dread, into the result whose element 0 is `data`.
  void read_cell(const Cells& cells, const Cell& cell, void* data, const Strides& strides) const;

  /// Bytes of the chunk with this corner as it is stored; 0: it was never written.
  std::uint64_t chunk_stored_bytes(const Extents& corner) const;
  /// Where each chunk lies in the file, in C order (Description::no_offset: never written). Empty
  /// unless the dataset has chunks without filters, few of them, and about `bytes_max` at most.
  std::vector<std::uint64_t> plain_chunks(std::size_t bytes_max) const;
  /// The chunk as stored; returns the mask of the filters that were skipped. REQUIRES: `to` has
  /// chunk_stored_bytes of it, not 0.
  std::uint32_t read_chunk(const Extents& corner, std::span<std::byte> to) const;

 private:
  /// Positions offset + i * step.
  struct Slab {
    Extents offset;
    Extents step;
    Extents count;
  };
  void open_file();
  void set_cache(const Description& expected);
  void open_dataset();
  void read_dense(const Slab& slab, std::byte* memory) const;
  void read_slab(const Slab& slab, std::byte* to, const Strides& strides) const;
  void read(const Slab& slab, hid_t memory_space, void* memory) const;

  std::string file_name_;
  std::string path_;
  std::string name_;
  Properties access_;
  File file_;
  Dataset dataset_;
  Type memory_type_;
  Description description_;
};

}  // namespace furrow::hdf5
