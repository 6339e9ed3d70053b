// furrow/kernels/bytes/bytes.hpp
//
// What stands between elements in memory and bytes in files: HDF5's shuffle, its checksum, the byte
// order, bools.
//
//   shuffle_bytes    out[k*n + i] = in[i*s + k]        n items of s bytes: first bytes first
//   unshuffle_bytes  out[i*s + k] = in[k*n + i]        its inverse
//   swap_bytes       out[i*s + k] = in[i*s + s-1-k]
//   widen_bfloat16   out[i] = the float whose upper half is in[i]
//
// Shape    spans of bytes; `out` has the size of `in` (of widen_bfloat16 in items)
// Types    items of any size > 0; 2, 4, 8 and 16 bytes are fast. Swaps: 2, 4 and 8 alone
// Tail     bytes after the last whole item are copied by the shuffles, left out by the swaps
// Memory   shuffles: out and in do not overlap. Swaps and bools: out may be in, else no overlap. No
//          alignment is asked for
// Source   HDF5 1.10 file format, IV.A.2.l (filter pipeline); the checksum is J. Fletcher's, IEEE
//          Trans. Comm. 30, 1982, over big-endian words of 16 bits
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace furrow::kernels {

/// REQUIRES: item_bytes > 0.
void shuffle_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                   std::size_t item_bytes) noexcept;
void unshuffle_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                     std::size_t item_bytes) noexcept;

/// From the other byte order to this one. An item of 1 byte is copied.
/// REQUIRES: item_bytes is 1, 2, 4 or 8.
void swap_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                std::size_t item_bytes) noexcept;

/// Any byte but 0 becomes 1: files may hold any, a bool in memory may not.
void normalise_bools(std::span<std::byte> out, std::span<const std::byte> in) noexcept;

/// bfloat16, as this machine has it in two bytes each, to f32: exact, NaN payloads too.
/// REQUIRES: in.size() is 2 * out.size(); they do not overlap.
void widen_bfloat16(std::span<float> out, std::span<const std::byte> in) noexcept;

/// The checksum of HDF5's fletcher32 filter, which stores it little-endian behind the data:
/// s1 = Σ w[i], s2 = Σ (n-i) w[i], each modulo 65535 (0 only if all words are), s2 above s1. An odd
/// last byte is the upper one of a word.
std::uint32_t fletcher32(std::span<const std::byte> in) noexcept;

/// Is `stored` a checksum of data whose checksum is `computed`? HDF5 before 1.6.3 wrote it with the
/// bytes of each half exchanged on little-endian machines, and such files are read to this day.
constexpr bool fletcher32_matches(std::uint32_t stored, std::uint32_t computed) noexcept {
  const std::uint32_t exchanged = (computed & 0x00FF00FF) << 8 | (computed >> 8 & 0x00FF00FF);
  return stored == computed || stored == exchanged;
}

}  // namespace furrow::kernels
