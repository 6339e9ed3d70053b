// furrow/kernels/bytes/inflate.cpp
//
// Deflate's inner loop.
//
// Decoding is a chain: a look-up gives how many bits to drop, and only then the next can begin; and
// where a literal or a match comes next nobody can predict in rounded numbers, so a branch on it is
// taken wrong every second time. Both are cured by entries that hold several symbols: two literals,
// or a literal and the length of the match behind it (inflate_codes.hpp). A match with the literal
// before it is then two dependent look-ups and mostly no branch that could go wrong. The next entry
// is loaded before the match is copied, and the bits are filled up beside the chain.
//
// Budget of bits: 56 after each refill. An entry takes 12 of them at most, a distance 28, which
// leaves enough to look the next entry up before the bits are filled again.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/bytes/inflate.cpp"
#include <hwy/foreach_target.h>
//
#include <cstring>

#include <hwy/highway.h>

#include <furrow/kernels/bytes/inflate_codes.hpp>
#include <furrow/kernels/bytes/table.hpp>
#include <furrow/kernels/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

// Elsewhere shifts by any number of bits are slower, and nobody has measured.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3

namespace hn = hwy::HWY_NAMESPACE;
using detail::InflateEnd;
using detail::InflateStream;
using Bytes16 = hn::FixedTag<std::uint8_t, 16>;
using Bytes32 = hn::FixedTag<std::uint8_t, 32>;

// What one turn of the loop may take and make: four refills of 8 bytes; six literals, the longest
// match and what its copy writes behind it.
constexpr std::ptrdiff_t in_margin = 32;
constexpr std::ptrdiff_t out_margin = 6 + 258 + 72;

/// For distances below 16: which byte of the last ones comes next, and by how many bytes a register
/// of them may go on so that the pattern stays.
struct Patterns {
  alignas(16) std::uint8_t order[16][16];
  std::uint8_t step[16];
};
constexpr Patterns make_patterns() {
  Patterns p{};
  for (unsigned d = 1; d < 16; ++d) {
    for (unsigned i = 0; i < 16; ++i) p.order[d][i] = static_cast<std::uint8_t>(i % d);
    p.step[d] = static_cast<std::uint8_t>(16 / d * d);
  }
  return p;
}
constexpr Patterns patterns = make_patterns();

/// An InflateStream's part that changes, in registers. `count` is right in its low six bits alone:
/// whole entries are subtracted from it.
struct Hot {
  std::uint64_t bits;
  std::uint64_t count;
  const std::uint8_t* in;
  std::uint8_t* out;
};

template <std::size_t n>
HWY_INLINE void copy_bytes(std::uint8_t* out, const std::uint8_t* in) {
  std::uint8_t bytes[n];
  std::memcpy(bytes, in, n);
  std::memcpy(out, bytes, n);
}

HWY_INLINE void refill(Hot& h) {
  std::uint64_t next;
  std::memcpy(&next, h.in, sizeof next);
  h.bits |= next << (h.count & 63);
  h.in += (~h.count >> 3) & 7;
  h.count |= 56;
}

HWY_INLINE void consume(Hot& h, std::uint32_t e) {
  h.bits >>= e & 63;
  h.count -= e;
}

HWY_INLINE std::uint64_t low_bits(std::uint64_t bits, std::uint32_t n) {
  return bits & ((std::uint64_t{1} << (n & 63)) - 1);
}

/// Drops the entry's bits and writes its literals: two bytes in any case, as far as there is room.
HWY_INLINE void take_entry(Hot& h, std::uint32_t e) {
  consume(h, e);
  const auto two = static_cast<std::uint16_t>(e >> 6);
  std::memcpy(h.out, &two, sizeof two);
  h.out += e >> 22 & 3;
}

/// A distance that no array has room for: no such code.
constexpr std::uint64_t no_distance = ~std::uint64_t{0};

HWY_INLINE std::uint64_t take_distance(const InflateTables& t, Hot& h) {
  const std::uint32_t e = t.distance[low_bits(h.bits, InflateTables::distance_bits)];
  if ((e & detail::entry::far_distance) != 0) [[unlikely]] {
    const detail::Decoded far = detail::decode_canonical(t.distance_code, h.bits);
    if (far.symbol >= 30) return no_distance;
    consume(h, far.bits);
    const std::uint32_t d = detail::symbol_entries.distance[far.symbol];
    const std::uint64_t distance = (d >> 16) + low_bits(h.bits, d & 15);
    consume(h, d & 15);
    return distance;
  }
  const std::uint64_t extra = low_bits(h.bits, e) >> (e >> 8 & 15);
  consume(h, e);
  return (e >> 16) + extra;
}

/// The rest of a match of which the first `done` bytes are there. In steps of which each reads only
/// what is there already.
HWY_NOINLINE void copy_on(std::uint8_t* out, std::size_t distance, std::size_t length,
                          std::size_t done) {
  if (distance >= 32) {
    for (; done < length; done += 32) copy_bytes<32>(out + done, out + done - distance);
  } else if (distance >= 16) {
    for (; done < length; done += 16) copy_bytes<16>(out + done, out + done - distance);
  } else {
    const Bytes16 d;
    const std::size_t step = patterns.step[distance];
    const auto pattern = hn::LoadU(d, out);
    for (done = step; done < length; done += step) hn::StoreU(pattern, d, out + done);
  }
}

/// Writes up to 63 bytes more than length.
HWY_INLINE void copy_match(Hot& h, std::size_t distance, std::uint32_t length) {
  std::uint8_t* const out = h.out;
  const std::uint8_t* const from = out - distance;
  h.out += length;
  if (distance == 1) {
    const Bytes32 d;
    const auto pattern = hn::Set(d, *from);
    std::size_t done = 0;
    do {
      hn::StoreU(pattern, d, out + done);
      done += 32;
    } while (done < length);
  } else if (distance >= 8) [[likely]] {
    copy_bytes<8>(out, from);
    copy_bytes<8>(out + 8, from + 8);
    copy_bytes<8>(out + 16, from + 16);
    if (length > 24) {
      copy_bytes<8>(out + 24, from + 24);
      if (length > 32) copy_on(out, distance, length, 32);
    }
  } else {
    const Bytes16 d;
    const auto pattern =
        hn::TableLookupBytes(hn::LoadU(d, from), hn::Load(d, patterns.order[distance]));
    hn::StoreU(pattern, d, out);
    hn::StoreU(pattern, d, out + patterns.step[distance]);
    if (length > 24) copy_on(out, distance, length, 16);
  }
}

/// After an entry of the kind `rare`, whose three literals are taken back. True: go on.
HWY_NOINLINE bool take_rare(const InflateTables& t, InflateStream& s, std::uint32_t e,
                            InflateEnd& end) {
  namespace entry = detail::entry;
  Hot h{s.bits, s.count, s.in, s.out - 3};
  refill(h);
  end = InflateEnd::bad;
  bool literal = false;
  std::uint32_t length = entry::length(e);
  if ((e & ~63U) == entry::rare_long) {
    const detail::Decoded decoded = detail::decode_canonical(t.litlen_code, h.bits);
    if (decoded.symbol >= 286) return false;
    consume(h, decoded.bits);
    e = detail::symbol_entries.litlen[decoded.symbol];
    length = entry::length(e);
    literal = e < entry::rare;
  }
  if (literal) {
    *h.out++ = static_cast<std::uint8_t>(e >> 6);
  } else {
    if (e < entry::matches) {
      if ((e & ~63U) == entry::rare_end) end = InflateEnd::block;
      if ((e & ~63U) == entry::rare_end || (e & ~63U) == entry::rare_bad) {
        s.bits = h.bits;
        s.count = h.count & 63;
        s.in = h.in;
        s.out = h.out;
        return false;
      }
      const std::uint32_t extra = e >> 19 & 7;
      length = (e >> 10 & 511) + static_cast<std::uint32_t>(low_bits(h.bits, extra));
      consume(h, extra);
    }
    const std::uint64_t distance = take_distance(t, h);
    if (distance > static_cast<std::uint64_t>(h.out - s.out_begin)) return false;
    copy_match(h, distance, length);
  }
  refill(h);
  s.bits = h.bits;
  s.count = h.count;
  s.in = h.in;
  s.out = h.out;
  return true;
}

template <bool in_runs>
InflateEnd decode_block(const InflateTables& t, const std::uint32_t* entries, InflateStream& s) {
  namespace entry = detail::entry;
  if (s.in_end - s.in < in_margin || s.out_end - s.out < out_margin) return InflateEnd::margin;
  const std::uint8_t* const in_last = s.in_end - in_margin;
  const std::uint8_t* const out_last = s.out_end - out_margin;
  const std::uint8_t* const out_begin = s.out_begin;
  const std::uint64_t mask = (std::uint64_t{1} << t.litlen_bits) - 1;
  InflateEnd end = InflateEnd::margin;
  Hot h{s.bits, s.count, s.in, s.out};
  refill(h);
  std::uint32_t e = entries[h.bits & mask];
  while (h.in <= in_last && h.out <= out_last) {
    take_entry(h, e);
    if (e < entry::rare) {
      if constexpr (in_runs) {
        e = entries[h.bits & mask];
        take_entry(h, e);
        if (e < entry::rare) {
          e = entries[h.bits & mask];
          take_entry(h, e);
        }
      }
      if (!in_runs || e < entry::rare) {
        e = entries[h.bits & mask];
        refill(h);
        continue;
      }
      refill(h);
    }
    if (e < entry::matches) [[unlikely]] {
      s.bits = h.bits;
      s.count = h.count;
      s.in = h.in;
      s.out = h.out;
      if (!take_rare(t, s, e, end)) return end;
      end = InflateEnd::margin;
      h = {s.bits, s.count, s.in, s.out};
      e = entries[h.bits & mask];
      continue;
    }
    const std::uint32_t length = entry::length(e);
    const std::uint64_t distance = take_distance(t, h);
    e = entries[h.bits & mask];
    refill(h);
    if (distance > static_cast<std::uint64_t>(h.out - out_begin)) [[unlikely]] {
      return InflateEnd::bad;
    }
    copy_match(h, distance, length);
  }
  s.bits = h.bits;
  s.count = h.count & 63;
  s.in = h.in;
  s.out = h.out;
  return end;
}

InflateEnd decode(const InflateTables& t, const std::uint32_t* entries, bool in_runs,
                  InflateStream& s) noexcept {
  return in_runs ? decode_block<true>(t, entries, s) : decode_block<false>(t, entries, s);
}

constexpr detail::InflateTable table{&decode};

#else

constexpr detail::InflateTable table{nullptr};

#endif

}  // namespace

const detail::InflateTable* inflate_table() { return &table; }

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

using detail::InflateTable;
FURROW_EXPORT_TABLE(InflateTable, inflate);

namespace {

using detail::InflateEnd;
using detail::InflateStream;
using detail::raw;
constinit Dispatch<InflateTable> dispatch{resolve_inflate};

bool copy_stored(InflateStream& s) noexcept {
  s.align();
  if (s.in_left() < 4) return false;
  const unsigned bytes = s.in[0] | s.in[1] << 8;
  const unsigned inverse = s.in[2] | s.in[3] << 8;
  s.in += 4;
  if ((bytes ^ inverse) != 0xFFFF || bytes > s.in_left() || bytes > s.out_left()) return false;
  if (bytes != 0) std::memcpy(s.out, s.in, bytes);
  s.in += bytes;
  s.out += bytes;
  return true;
}

/// `are_built`: the tables are those of the fixed codes, and so is the block.
bool inflate_block(const InflateTable& target, InflateTables& tables, InflateStream& s,
                   unsigned kind, bool are_built) noexcept {
  if (!are_built && !read_codes(tables, s, kind)) return false;
  const InflateTables::Code& code = tables.litlen_code;
  // Measured: tables of 12 bits pay where a tenth of the entries becomes a pair, or where more
  // than one symbol in 300 is longer than 11 bits.
  // The fixed codes have no pairs.
  const bool pairs = kind != 1 && s.in_left() >= 1024 && detail::share_of_pairs(code) > 400;
  if (!are_built) {
    detail::build_tables(tables, pairs || detail::share_of_long(code, 11) > 100 ? 12 : 11);
  }
  if (pairs) detail::pair_up(tables);
  const bool in_runs = detail::share_of_literals(code) > 32768 * 7 / 10;
  InflateEnd end = target.decode(tables, pairs ? tables.several : tables.single, in_runs, s);
  if (end == InflateEnd::margin) end = inflate_carefully(tables, s);
  return end == InflateEnd::block;
}

}  // namespace

std::size_t inflate(InflateTables& tables, std::span<std::byte> out,
                    std::span<const std::byte> in) noexcept {
  const InflateTable& target = dispatch.table();
  if (target.decode == nullptr) return 0;
  InflateStream s{.bits = 0,
                  .count = 0,
                  .in = raw(in),
                  .in_end = raw(in) + in.size(),
                  .out = raw(out),
                  .out_begin = raw(out),
                  .out_end = raw(out) + out.size()};
  // Blocks of the fixed codes may be 10 bits long: their tables are built once.
  bool are_fixed = false;
  for (bool last = false; !last;) {
    s.fill();
    if (s.count < 3) return 0;
    last = s.take(1) != 0;
    const unsigned kind = s.take(2);
    if (kind == 3) return 0;
    if (kind == 0) {
      if (!copy_stored(s)) return 0;
      continue;
    }
    if (!inflate_block(target, tables, s, kind, kind == 1 && are_fixed)) return 0;
    are_fixed = kind == 1;
  }
  s.align();
  return s.out == s.out_end ? in.size() - s.in_left() : 0;
}

}  // namespace furrow::kernels
#endif
