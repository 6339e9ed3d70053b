// furrow/kernels/bytes/table.hpp
//
// What each SIMD target gives of bytes.hpp, on plain pointers.
//
// Private  to the two source files of this family, and to its test
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/bytes/reference.hpp>

namespace furrow::kernels::detail {

struct ShuffleTable {
  // `count` items; return how many whole items were done from the front, the caller does the rest.
  std::size_t (*shuffle)(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                         std::size_t item) noexcept;
  std::size_t (*unshuffle)(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                           std::size_t item) noexcept;
};

struct BytesTable {
  void (*swap)(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
               std::size_t item) noexcept;
  void (*normalise)(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept;
  void (*widen)(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept;
  FletcherSums (*fletcher)(const std::uint8_t* in, std::size_t bytes) noexcept;
};

inline std::uint8_t* raw(std::span<std::byte> bytes) noexcept {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}
inline const std::uint8_t* raw(std::span<const std::byte> bytes) noexcept {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace furrow::kernels::detail

namespace furrow::kernels {

/// The tables of a target, by its slot (dispatch.hpp).
const detail::ShuffleTable* resolve_shuffle(std::size_t slot) noexcept;
const detail::BytesTable* resolve_bytes(std::size_t slot) noexcept;

}  // namespace furrow::kernels
