// furrow/io/hdf5/decode.hpp
//
// A chunk as it lies in the file, back into elements: checksum, inflate, unshuffle, byte order.
//
// Order     the filters' own, backwards; those that the chunk's mask names were skipped when it was
//           written, and are skipped here
// Sizes     come from the dataset's description alone. What the chunk claims is checked against
//           them before any memory is taken: a chunk that is not exactly what it should be is
//           Corrupt
// Memory    buffers are kept for the next chunk, and given back when they are large
// Source    HDF5 1.10, H5Dread_chunk and "Filters in HDF5"; RFC 1950 for zlib's format
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <furrow/io/hdf5/description.hpp>

namespace furrow::hdf5 {

/// "the chunk at (16, 0) of dataset "/x" of "f.h5"", put together only when it is wanted.
struct ChunkName {
  const Extents& corner;
  const std::string& dataset;
  std::string text() const { return "the chunk at " + to_string(corner) + " of " + dataset; }
};

/// Memory that grows and forgets what was in it.
class Buffer {
 public:
  /// Throws OutOfSpace.
  std::span<std::byte> take(std::size_t bytes);
  void trim(std::size_t bytes_max) noexcept {
    if (bytes_ > bytes_max) *this = Buffer();
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t bytes_ = 0;
};

/// One per thread. Not for two threads at once.
class Decoder {
 public:
  /// Buffers up to this size are kept.
  static constexpr std::size_t kept_bytes_max = std::size_t{4} << 20;

  Decoder() noexcept;
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// A place for a chunk of `bytes` as stored. Throws Corrupt when no chunk of this dataset can be
  /// of that size. `mask` is not known yet when the size is.
  std::span<std::byte> stored(const Description& description, std::uint64_t bytes,
                              const ChunkName& chunk);

  /// The elements of the chunk that `stored` was filled with. They come to lie in `straight` when
  /// it has the size of a chunk, else (when it is empty) in this object, until its next use.
  /// `chunk` names it in errors. Throws Corrupt.
  std::span<const std::byte> decode(const Description& description, std::uint32_t mask,
                                    std::span<std::byte> stored, std::span<std::byte> straight,
                                    const ChunkName& chunk);

  /// Scratch for a reader of its own. REQUIRES: nothing of stored and decode is in use.
  std::span<std::byte> scratch(std::size_t bytes) { return turn_[0].take(bytes); }
  /// Gives large buffers back.
  void rest() noexcept;

 private:
  struct Inflater;  // libdeflate's, and tables for our own
  void inflate(std::span<const std::byte> in, std::span<std::byte> out, bool shuffled,
               const ChunkName& chunk);

  std::unique_ptr<Inflater> inflater_;
  Buffer stored_;
  Buffer turn_[2];
};

/// Bytes of a whole chunk, decoded.
std::size_t chunk_bytes(const Description& description) noexcept;

}  // namespace furrow::hdf5
