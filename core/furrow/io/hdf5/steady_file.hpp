// furrow/io/hdf5/steady_file.hpp
//
// A file driver for HDF5 whose writes never fail.
//
// Why      a failed write, on a full disk for one, leaves HDF5 1.10 with a file that it cannot
//          close: the process crashes there, or when it ends. So the library is told that all went
//          well, what did not go to the disk is kept in memory for it to read again, and the caller
//          asks for the error afterwards
// Raw data that failed is dropped: nothing reads elements back while they are written
// Place    the temporary file of a replacement; it is not opened a second time, and HDF5's own file
//          locks are out of play
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

class SteadyFile {
 public:
  /// `place` has begun, and outlives this.
  explicit SteadyFile(os::FileReplacement& place);

  /// Makes a file access list open this file, whatever name is given. Files opened so must be
  /// closed before this object goes.
  void serve(hid_t file_access);

  /// The first write that failed.
  const std::error_code& error() const noexcept { return error_; }

  // What the driver's functions come down to.
  void write(std::uint64_t offset, const void* content, std::size_t bytes, bool elements) noexcept;
  bool read(std::uint64_t offset, void* content, std::size_t bytes) const noexcept;
  void resize(std::uint64_t bytes) noexcept;
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  os::FileReplacement& place_;
  Handle<H5FDunregister> driver_;
  std::uint64_t bytes_ = 0;
  std::error_code error_;
  struct Kept {
    std::uint64_t offset;
    std::vector<std::byte> content;
  };
  std::vector<Kept> kept_;  // since the first error, in order
};

}  // namespace furrow::hdf5
