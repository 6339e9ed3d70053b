// furrow/io/hdf5/description.hpp
//
// What a dataset is: its shape, its layout in the file, the filters on its way, and the road that a
// load takes because of these.
//
//   chunks      raw chunks, decoded by us: filters that we know
//   contiguous  pread at the dataset's offset
//   blocks      H5Dread, for all the rest: other filters, compact and virtual datasets, external
//               storage, types whose bits are not ours
//
// Road     a pure function of the description; nothing falls back from one road to another
// Travels  trivially copyable: it goes into workers with a closure
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

enum class Layout : std::uint8_t { contiguous, compact, chunked, virtual_parts, external_files };

enum class FilterKind : std::uint8_t { shuffle, deflate, fletcher32, other };

struct FilterStep {
  FilterKind kind = FilterKind::other;
  std::uint32_t item_bytes = 1;  // of shuffle
};

/// HDF5 allows 32; whoever has more than these takes the road of blocks.
inline constexpr std::size_t filters_max = 8;

struct Description {
  Dtype dtype = Dtype::none;  // of the elements as the roads carry them: u16 for bfloat16
  bool bfloat16 = false;      // upper halves of f32
  Shape shape;
  Extents chunk;  // ones where it is not chunked
  bool chunked = false;
  bool filtered = false;
  Layout layout = Layout::contiguous;

  bool plain = false;  // elements in the file are those in memory, but for the order of bytes
  std::uint8_t swap_bytes = 1;    // the size of the parts whose bytes are exchanged; 1: none
  bool edges_unfiltered = false;  // chunks that stick out of the dataset are stored as they are
  std::uint32_t filter_count = 0;
  std::array<FilterStep, filters_max> filters = {};  // in the order of writing

  std::uint64_t offset = no_offset;     // of contiguous elements; no_offset: never written
  std::array<std::byte, 16> fill = {};  // an element where nothing was written, as in memory

  os::FileStamp stamp;  // of the file

  static constexpr std::uint64_t no_offset = ~std::uint64_t{0};
};

enum class Road : std::uint8_t { chunks, contiguous, blocks };

Road road_of(const Description& description) noexcept;
std::string_view road_name(Road road) noexcept;

/// What the elements become in memory, unless something else is asked for.
inline Dtype loads_as(const Description& description) noexcept {
  return description.bfloat16 ? Dtype::f32 : description.dtype;
}

/// Of an open dataset whose name for messages is `name`. Throws TypeMismatch (a type that furrow
/// has no dtype for), ShapeMismatch (more than 8 axes), IoError (a filter that there is no plugin
/// for). A null dataspace has the shape (0). Leaves `stamp` alone. Asking for the shape of a
/// virtual dataset opens its sources: require_own_elements (links.hpp) comes first.
void describe(hid_t dataset, const std::string& name, Description& description);

/// What H5Dread is asked for: the file's own type where it is plain, so that the library converts
/// nothing (its conversion of f16 is sixteen times slower than reading), else the native one.
Type read_type(hid_t dataset, const Description& description);

/// Elements in `count` bytes of memory, as the file has them, become the machine's.
void make_native(const Description& description, std::byte* elements, std::size_t bytes) noexcept;

}  // namespace furrow::hdf5
