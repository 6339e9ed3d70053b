// furrow/io/hdf5/contiguous.hpp
//
// A contiguous dataset read without the HDF5 library: its elements lie in one piece of the file, at
// an offset that is known.
//
// Locks    the file is locked (shared) as the library does it, so that a writer is kept out
// Cut      a file that ends before the elements do is Corrupt
// Gaps     where little is wanted of much, run by run; else from the first element wanted to the
//          last, by way of a buffer of one cell
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/selection.hpp>
#include <furrow/os/file.hpp>

namespace furrow::hdf5 {

class ContiguousFile {
 public:
  /// Throws InUse when the file is not the one that was described, or is open for writing.
  ContiguousFile(const std::string& file, const std::string& dataset,
                 const Description& description);

  /// From here on the elements of this shape that lie at this offset of the same file.
  void look_at(const Shape& shape, std::uint64_t offset) noexcept;

  /// What is wanted of a cell of these extents into the result whose element 0 is `to`.
  void read_cell(const Cell& cell, const Extents& extents, Decoder& scratch, std::byte* to,
                 const Strides& strides) const;

 private:
  void read_at(std::int64_t element, std::span<std::byte> to) const;
  void read_runs(const Cell& cell, Decoder& scratch, std::byte* to, const Strides& strides) const;

  std::string name_;
  Description description_;
  Strides lie_;  // of the elements in the file
  os::Descriptor file_;
};

/// The fill value at the places of what is wanted of a cell.
void place_fill(const Description& description, const Cell& cell, std::byte* to,
                const Strides& strides) noexcept;

}  // namespace furrow::hdf5
