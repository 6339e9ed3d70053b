// furrow/kernels/bytes/inflate_codes.hpp
//
// Deflate's codes, and the tables that decode them: what of inflate.hpp is the same on any target.
//
// Entry of the litlen tables, found by the next bits of the stream:
//
//   bit   0      6              14              22     24       31
//         ├ bits ┼ 1st literal ─┼ 2nd literal ──┼ how  ┼ length ┤
//                                                many
//
//   bits     that it takes from the stream, those of a length's extra bits among them
//   how many literals it gives: 0, 1 or 2
//   length   of the match that follows them, less 2; 255 is 258 (and 257 is never made so); 0: none
//
// How many = 3 without a length is `rare`: the end of the block, a code longer than the table's
// bits, or a length whose extra bits do not fit in. So one look-up may give two literals, or a
// literal and a whole match length; and comparing entries as numbers tells the three cases apart:
// literals alone < rare < matches.
//
// Entry of the distance table: bits 0 to 5 code and extra bits, 8 to 11 the code alone, from 16 on
// the base; bit 6: the code is not in the table.
//
// Private  to the sources of inflate.hpp
// Source   RFC 1951, 3.2.2 (canonical codes), 3.2.5 (lengths and distances), 3.2.7 (their codes)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <furrow/kernels/bytes/inflate.hpp>

namespace furrow::kernels::detail {

namespace entry {
inline constexpr std::uint32_t one_literal = 1U << 22;
inline constexpr std::uint32_t kind = 3U << 22;
inline constexpr std::uint32_t rare = 3U << 22;
inline constexpr std::uint32_t matches = 1U << 24;
inline constexpr std::uint32_t rare_end = rare | 1U << 6;
inline constexpr std::uint32_t rare_long = rare | 2U << 6;
inline constexpr std::uint32_t rare_length = rare | 4U << 6;  // base from bit 10, extra from 19 on
inline constexpr std::uint32_t rare_bad = rare | 8U << 6;
inline constexpr std::uint32_t far_distance = 1U << 6;

constexpr unsigned bits(std::uint32_t e) noexcept { return e & 63; }
constexpr std::uint32_t length(std::uint32_t e) noexcept {
  return (e >> 24) + 2 + static_cast<std::uint32_t>(e >= 255U << 24);
}
}  // namespace entry

/// The bits of the stream that were loaded, from bit 0 on, and where it goes on.
///
/// Above the `count` bits that are valid there may be more of the stream, already or-ed in: they
/// come again, the same, with the next bytes.
struct InflateStream {
  std::uint64_t bits;
  std::uint64_t count;
  const std::uint8_t* in;
  const std::uint8_t* in_end;
  std::uint8_t* out;
  std::uint8_t* out_begin;
  std::uint8_t* out_end;

  std::size_t in_left() const noexcept { return static_cast<std::size_t>(in_end - in); }
  std::size_t out_left() const noexcept { return static_cast<std::size_t>(out_end - out); }
  std::size_t out_made() const noexcept { return static_cast<std::size_t>(out - out_begin); }

  /// At least 56 bits, or all that are left, with zeros above.
  void fill() noexcept {
    if (in_left() >= sizeof bits) {
      std::uint64_t next = 0;
      std::memcpy(&next, in, sizeof next);
      bits |= next << count;
      in += (63 - count) >> 3;
      count |= 56;
    } else {
      while (count < 56 && in != in_end) {
        bits |= std::uint64_t{*in++} << count;
        count += 8;
      }
      bits &= (std::uint64_t{1} << count) - 1;
    }
  }
  /// REQUIRES: n <= 32. Taking more than there are makes `count` huge: see overdrawn.
  std::uint32_t take(unsigned n) noexcept {
    const std::uint64_t taken = bits & ((std::uint64_t{1} << n) - 1);
    bits >>= n;
    count -= n;
    return static_cast<std::uint32_t>(taken);
  }
  bool overdrawn() const noexcept { return count > 63; }
  /// Whole bytes that were loaded and not taken go back; the rest of a byte is dropped.
  void align() noexcept {
    in -= count / 8;
    bits = 0;
    count = 0;
  }
};

/// Entries of the symbols, without the bits of their codes.
struct SymbolEntries {
  std::uint32_t litlen[288];
  std::uint32_t distance[32];  // 0: no such symbol
};
extern const SymbolEntries symbol_entries;

/// The codes of a block whose header says `kind` 1 or 2 (fixed, dynamic). False: declined.
bool read_codes(InflateTables& tables, InflateStream& stream, unsigned kind) noexcept;

/// Fills tables.single and tables.distance from the codes. REQUIRES: bits <= litlen_bits_max.
void build_tables(InflateTables& tables, unsigned bits) noexcept;

/// Fills tables.several from tables.single: a literal's entry with that of the bits behind it,
/// where both fit.
void pair_up(InflateTables& tables) noexcept;

/// The share of entries, in 4096ths, that a literal and another symbol would fit in together.
unsigned share_of_pairs(const InflateTables::Code& litlen) noexcept;
/// The share of symbols, in 32768ths, that the codes expect to be literals; to be longer than bits.
unsigned share_of_literals(const InflateTables::Code& litlen) noexcept;
unsigned share_of_long(const InflateTables::Code& litlen, unsigned bits) noexcept;

/// A symbol decoded from its code alone: slower, for any length.
struct Decoded {
  unsigned symbol;
  unsigned bits;
};
Decoded decode_canonical(const InflateTables::Code& code, std::uint64_t bits) noexcept;

enum class InflateEnd { block, margin, bad };

/// The rest of a block, symbol by symbol, with every step checked; never ends at a margin.
InflateEnd inflate_carefully(const InflateTables& tables, InflateStream& stream) noexcept;

/// What each SIMD target gives; null where it has nothing.
struct InflateTable {
  /// Decodes by `entries` until a block ends or `in` or `out` come near their ends. `in_runs`: most
  /// symbols are literals.
  InflateEnd (*decode)(const InflateTables& tables, const std::uint32_t* entries, bool in_runs,
                       InflateStream& stream) noexcept;
};

}  // namespace furrow::kernels::detail

namespace furrow::kernels {

/// The table of a target, by its slot (dispatch.hpp).
const detail::InflateTable* resolve_inflate(std::size_t slot) noexcept;

}  // namespace furrow::kernels
