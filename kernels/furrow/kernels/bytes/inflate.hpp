// furrow/kernels/bytes/inflate.hpp
//
// Deflate's data back into bytes, quickly, where one table look-up can do the work of several.
//
// Meant for   numbers in chunks of files: short matches between few literals, or long runs of
//             literals. It is compiled for AVX2 and AVX-512; on other targets it declines
// Declines    whatever is damaged, and what is valid but strange (codes that are not complete,
//             which no common compressor writes): the caller asks another inflater then, which has
//             the last word. It accepts nothing that RFC 1951 does not
// Memory      `out` and `in` do not overlap; not a byte outside of them is read or written. The
//             tables are the caller's, hold nothing from one call to the next, and fit any thread
// Source      RFC 1951; the way of decoding is described in inflate_codes.hpp and inflate.cpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace furrow::kernels {

/// 37 KiB; what is in it is for inflate_codes.hpp and inflate.cpp alone.
struct InflateTables {
  static constexpr unsigned litlen_bits_max = 12;
  static constexpr unsigned distance_bits = 9;

  /// A canonical code: of each length its first code, how many, and where their symbols begin.
  struct Code {
    std::uint16_t first[16];
    std::uint16_t count[16];
    std::uint16_t begin[16];
    std::uint16_t literals[16];  // of count, those below 256
    std::uint16_t symbols[320];  // sorted by code; behind them those that have none
  };

  alignas(64) std::uint32_t single[1U << litlen_bits_max];
  alignas(64) std::uint32_t several[1U << litlen_bits_max];
  alignas(64) std::uint32_t distance[1U << distance_bits];
  Code litlen_code;
  Code distance_code;
  unsigned litlen_bits;
};

/// Fills `out` from the deflate data that `in` begins with. Returns how many bytes of `in` it took,
/// or 0 when it declines or the data do not make exactly out.size() bytes: `out` holds anything.
std::size_t inflate(InflateTables& tables, std::span<std::byte> out,
                    std::span<const std::byte> in) noexcept;

}  // namespace furrow::kernels
