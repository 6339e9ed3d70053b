// furrow/io/hdf5/chain.hpp
//
// The filters of a dataset that furrow applies itself, and their work on one chunk.
//
//   elements ─ shuffle ─ gzip ─ fletcher32 ─ what H5Dwrite_chunk takes       in any order
//
// gzip     by libdeflate, at the level that is fastest and gives sizes like those of zlib's level
//          of the same number, mostly below them: for 1 to 9 libdeflate's 2 2 2 4 5 7 8 9 9. A
//          chunk that does not shrink is stored as it is, with gzip's bit in its filter mask: every
//          reader of HDF5 honours the mask, and is the faster for it
// Bits     equal chunks give equal bytes, whoever filters them
// Memory   the caller's, and two buffers of the chunk's size per thread
// Source   HDF5 1.10 file format, IV.A.2.l; the levels were measured beside zlib 1.2.13 on smooth
//          and noisy fields, random walks, integers and programs
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/handle.hpp>

namespace furrow::hdf5 {

struct ChainFilter {
  FilterKind kind = FilterKind::shuffle;
  std::uint32_t value = 0;  // shuffle: bytes of an item; deflate: the level
};

/// Trivially copyable: closures take it along.
struct FilterChain {
  static constexpr std::size_t count_max = 4;
  ChainFilter filters[count_max];
  std::uint32_t count = 0;
  void add(FilterKind kind, std::uint32_t value) noexcept { filters[count++] = {kind, value}; }
};

/// The chain of a dataset's creation list. False when there is a filter that is not ours, or the
/// list leaves chunks at the edge unfiltered: then H5Dwrite does it all.
bool read_chain(hid_t creation, FilterChain& chain);

/// Sets a creation list's filters. Throws IoError.
void set_chain(hid_t creation, const FilterChain& chain, const std::string& asked);

/// What a chunk of so many bytes may become at most.
constexpr std::size_t encoded_bytes_max(const FilterChain& chain, std::size_t bytes) noexcept {
  return bytes + 4 * chain.count;
}

struct Encoded {
  std::size_t bytes = 0;
  std::uint32_t mask = 0;  // filters that were left out, by position
};

/// `out` has room for encoded_bytes_max. Throws std::bad_alloc.
Encoded encode_chunk(const FilterChain& chain, std::span<const std::byte> chunk, std::byte* out);

/// Gives this thread's buffers back where they are larger.
void trim_filters(std::size_t bytes_max) noexcept;

}  // namespace furrow::hdf5
