#include <furrow/kernels/bytes/inflate_codes.hpp>

#include <algorithm>
#include <bit>

static_assert(std::endian::native == std::endian::little, "bits are read from words as they lie");

namespace furrow::kernels::detail {
namespace {

using Code = InflateTables::Code;

constexpr unsigned code_bits_max = 15;
constexpr unsigned end_symbol = 256;
constexpr unsigned literal_symbols = 256;

// RFC 1951, 3.2.5.
constexpr std::uint16_t length_base[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::uint32_t longest_match = 258;

constexpr std::uint32_t litlen_entry(unsigned symbol) noexcept {
  if (symbol < literal_symbols) return entry::one_literal | symbol << 6;
  if (symbol == end_symbol) return entry::rare_end;
  if (symbol >= 286) return entry::rare_bad;
  const std::uint32_t base = length_base[symbol - 257];
  const std::uint32_t extra = length_extra[symbol - 257];
  if (base == longest_match) return 255U << 24;
  if (extra == 0) return (base - 2) << 24;
  return entry::rare_length | base << 10 | extra << 19;
}

constexpr SymbolEntries make_symbol_entries() noexcept {
  SymbolEntries e{};
  for (unsigned s = 0; s < 288; ++s) e.litlen[s] = litlen_entry(s);
  // Two distances in turn have the same number of extra bits, from the fifth on one more each time.
  std::uint32_t base = 1;
  for (unsigned s = 0; s < 30; ++s) {
    const std::uint32_t extra = s < 4 ? 0 : s / 2 - 1;
    e.distance[s] = base << 16 | extra;
    base += 1U << extra;
  }
  return e;
}

/// False: more codes than fit, or fewer than there is room for. RFC 1951 allows distances to have
/// one code alone, of a single bit, or none.
bool make_code(Code& code, const std::uint8_t* lengths, unsigned n,
               bool is_distance = false) noexcept {
  std::uint16_t(&count)[16] = code.count;
  std::fill(std::begin(count), std::end(count), std::uint16_t{0});
  const unsigned literals = std::min(n, literal_symbols);
  for (unsigned i = 0; i < literals; ++i) ++count[lengths[i]];
  std::copy(std::begin(count), std::end(count), std::begin(code.literals));
  for (unsigned i = literals; i < n; ++i) ++count[lengths[i]];
  count[0] = 0;
  std::uint16_t next[16];
  unsigned first = 0;
  unsigned begin = 0;
  for (unsigned l = 1; l <= code_bits_max; ++l) {
    first <<= 1;
    code.first[l] = static_cast<std::uint16_t>(first);
    code.begin[l] = next[l] = static_cast<std::uint16_t>(begin);
    first += count[l];
    begin += count[l];
    if (first > 1U << l) return false;
  }
  const bool complete = first == 1U << code_bits_max;
  if (!complete && !(is_distance && begin == count[1] && begin <= 1)) return false;
  // Symbols without a code go behind the others: no branch.
  next[0] = static_cast<std::uint16_t>(begin);
  for (unsigned i = 0; i < n; ++i) {
    code.symbols[next[lengths[i]]++] = static_cast<std::uint16_t>(i);
  }
  return true;
}

/// The next code of the same length. Codes lie in the stream from their highest bit on, so they are
/// kept with their bits reversed: one is added at the top, and the carry goes down to the highest
/// bit that is clear.
unsigned next_reversed(unsigned code, unsigned length) noexcept {
  const unsigned bit = std::bit_floor(~code & ((1U << length) - 1));
  return (code & (bit - 1)) | bit;  // after the last one: 0 - 1, all of it, and nobody asks
}

/// Entries by the next `bits` bits. Each length doubles the table, then fills in its codes; what no
/// code has filled in stays `absent`. `make(symbol, length, code)` gives an entry.
template <class Entry, class F>
void fill_table(Entry* table, unsigned bits, const Code& code, Entry absent, F make) noexcept {
  table[0] = absent;
  unsigned reversed = 0;
  const std::uint16_t* symbol = code.symbols;
  for (unsigned l = 1; l <= bits; ++l) {
    const std::size_t half = std::size_t{1} << (l - 1);
    std::memcpy(table + half, table, half * sizeof *table);
    for (unsigned k = 0; k < code.count[l]; ++k) {
      table[reversed] = make(*symbol++, l, reversed);
      reversed = next_reversed(reversed, l);
    }
  }
}

/// Lengths of codes, coded in their turn (RFC 1951, 3.2.7). `lengths` has room for a last repeat
/// that runs over its end.
bool read_lengths(Code& scratch, InflateStream& s, std::uint8_t* lengths, unsigned n,
                  unsigned coded) noexcept {
  constexpr std::uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
  std::uint8_t of_lengths[19] = {};
  for (unsigned i = 0; i < coded; ++i) {
    if (s.count < 3) s.fill();
    of_lengths[order[i]] = static_cast<std::uint8_t>(s.take(3));
    if (s.overdrawn()) return false;
  }
  if (!make_code(scratch, of_lengths, 19)) return false;
  std::uint16_t table[128];
  fill_table<std::uint16_t>(table, 7, scratch, 0, [](unsigned symbol, unsigned l, unsigned) {
    return static_cast<std::uint16_t>(symbol << 8 | l);
  });
  for (unsigned i = 0; i < n;) {
    if (s.count < 14) s.fill();
    const unsigned e = table[s.bits & 127];
    const unsigned symbol = e >> 8;
    s.take(e & 255);
    if (symbol < 16) {
      lengths[i++] = static_cast<std::uint8_t>(symbol);
    } else if (symbol == 16) {
      if (i == 0) return false;
      const unsigned repeat = 3 + s.take(2);
      std::memset(lengths + i, lengths[i - 1], repeat);
      i += repeat;
    } else {
      const unsigned repeat = symbol == 17 ? 3 + s.take(3) : 11 + s.take(7);
      std::memset(lengths + i, 0, repeat);
      i += repeat;
    }
    if (s.overdrawn() || i > n) return false;
  }
  return true;
}

unsigned share(const std::uint16_t* count, unsigned from) noexcept {
  unsigned sum = 0;
  for (unsigned l = from; l <= code_bits_max; ++l) sum += unsigned{count[l]} << (15 - l);
  return sum;
}

}  // namespace

constinit const SymbolEntries symbol_entries = make_symbol_entries();

bool read_codes(InflateTables& tables, InflateStream& s, unsigned kind) noexcept {
  std::uint8_t lengths[288 + 32 + 138];
  unsigned litlens = 288;
  unsigned distances = 32;
  if (kind == 1) {
    for (unsigned i = 0; i < 288; ++i) {
      lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    std::memset(lengths + litlens, 5, distances);
  } else {
    s.fill();
    litlens = 257 + s.take(5);
    distances = 1 + s.take(5);
    const unsigned coded = 4 + s.take(4);
    // RFC 1951, 3.2.7: 257 to 286.
    if (s.overdrawn() || litlens > 286) return false;
    if (!read_lengths(tables.distance_code, s, lengths, litlens + distances, coded)) return false;
    if (lengths[end_symbol] == 0) return false;
  }
  return make_code(tables.litlen_code, lengths, litlens) &&
         make_code(tables.distance_code, lengths + litlens, distances, true);
}

void build_tables(InflateTables& tables, unsigned bits) noexcept {
  tables.litlen_bits = bits;
  struct {
    std::uint16_t code;
    std::uint8_t symbol;
    std::uint8_t bits;
  } wide[32];
  unsigned wide_count = 0;
  std::uint32_t* const table = tables.single;
  fill_table(table, bits, tables.litlen_code, entry::rare_long,
             [&](unsigned symbol, unsigned l, unsigned code) {
               const std::uint32_t e = symbol_entries.litlen[symbol];
               if (symbol > 264 && symbol < 285) {
                 wide[wide_count++] = {static_cast<std::uint16_t>(code),
                                       static_cast<std::uint8_t>(symbol - 257),
                                       static_cast<std::uint8_t>(l)};
               }
               return e + l;
             });
  // A length's extra bits are the next ones of the stream: where they fit, they are decoded too.
  for (unsigned k = 0; k < wide_count; ++k) {
    const unsigned base = length_base[wide[k].symbol];
    const unsigned extra = length_extra[wide[k].symbol];
    const unsigned used = wide[k].bits + extra;
    if (used > bits) continue;
    for (unsigned v = 0; v < 1U << extra && base + v < longest_match - 1; ++v) {
      const std::uint32_t e = used | (base + v - 2) << 24;
      for (std::size_t i = wide[k].code | v << wide[k].bits; i >> bits == 0; i += 1U << used) {
        table[i] = e;
      }
    }
  }
  fill_table(tables.distance, InflateTables::distance_bits, tables.distance_code,
             entry::far_distance, [](unsigned symbol, unsigned l, unsigned) {
               const std::uint32_t e = symbol_entries.distance[symbol];
               return e == 0 ? entry::far_distance : (e + l) | l << 8;
             });
}

void pair_up(InflateTables& tables) noexcept {
  const unsigned bits = tables.litlen_bits;
  const std::uint32_t* const single = tables.single;
  std::memcpy(tables.several, single, sizeof *single << bits);
  const std::uint16_t* symbol = tables.litlen_code.symbols;
  unsigned reversed = 0;
  for (unsigned l = 1; l < bits; ++l) {
    const unsigned count = tables.litlen_code.count[l];
    if (tables.litlen_code.literals[l] == 0) {
      for (unsigned k = 0; k < count; ++k) reversed = next_reversed(reversed, l);
      symbol += count;
      continue;
    }
    // What a second entry adds to a first of l bits: itself, but for the place of its literal.
    std::uint32_t added[1U << (InflateTables::litlen_bits_max - 1)];
    const std::size_t seconds = std::size_t{1} << (bits - l);
    for (std::size_t j = 0; j < seconds; ++j) {
      const std::uint32_t f = single[j];
      const std::uint32_t literal = f & 255U << 6;
      const bool fits = (f & 63) + l <= bits && (f & entry::kind) != entry::kind;
      added[j] = fits ? f - literal + (literal << 8) : 0;
    }
    for (unsigned k = 0; k < count; ++k) {
      const unsigned s = *symbol++;
      if (s < literal_symbols) {
        const std::uint32_t e = symbol_entries.litlen[s] + l;
        std::uint32_t* to = tables.several + reversed;
        for (std::size_t j = 0; j < seconds; ++j, to += std::size_t{1} << l) *to = e + added[j];
      }
      reversed = next_reversed(reversed, l);
    }
  }
}

unsigned share_of_pairs(const Code& litlen) noexcept {
  constexpr unsigned bits = 12;
  unsigned fits[bits + 1] = {};  // symbols of at most so many bits
  for (unsigned l = 1; l <= bits; ++l) {
    fits[l] = fits[l - 1] + (unsigned{litlen.count[l]} << (bits - l));
  }
  unsigned sum = 0;
  for (unsigned l = 1; l < bits; ++l) sum += (litlen.literals[l] * fits[bits - l]) >> l;
  return sum;
}

unsigned share_of_literals(const Code& litlen) noexcept { return share(litlen.literals, 1); }

unsigned share_of_long(const Code& litlen, unsigned bits) noexcept {
  return share(litlen.count, bits + 1);
}

Decoded decode_canonical(const Code& code, std::uint64_t bits) noexcept {
  unsigned value = 0;
  for (unsigned l = 1; l <= code_bits_max; ++l) {
    value = value << 1 | static_cast<unsigned>(bits >> (l - 1) & 1);
    const unsigned place = value - code.first[l];
    if (place < code.count[l]) return {code.symbols[code.begin[l] + place], l};
  }
  return {~0U, 0};
}

InflateEnd inflate_carefully(const InflateTables& tables, InflateStream& s) noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << tables.litlen_bits) - 1;
  for (;;) {
    s.fill();
    std::uint32_t e = tables.single[s.bits & mask];
    unsigned used = entry::bits(e);
    if (e - used == entry::rare_long) {
      const Decoded decoded = decode_canonical(tables.litlen_code, s.bits);
      if (decoded.symbol >= 286) return InflateEnd::bad;
      e = symbol_entries.litlen[decoded.symbol];
      used = decoded.bits;
    }
    s.take(used);
    if (s.overdrawn()) return InflateEnd::bad;
    if (e < entry::rare) {
      if (s.out == s.out_end) return InflateEnd::bad;
      *s.out++ = static_cast<std::uint8_t>(e >> 6);
      continue;
    }
    std::uint32_t length = entry::length(e);
    if (e < entry::matches) {
      const std::uint32_t what = e & ~63U;
      if (what == entry::rare_end) return InflateEnd::block;
      if (what == entry::rare_bad) return InflateEnd::bad;
      length = (e >> 10 & 511) + s.take(e >> 19 & 7);
      if (s.overdrawn()) return InflateEnd::bad;
    }
    s.fill();
    const Decoded far = decode_canonical(tables.distance_code, s.bits);
    if (far.symbol >= 30) return InflateEnd::bad;
    s.take(far.bits);
    const std::uint32_t d = symbol_entries.distance[far.symbol];
    const std::uint32_t distance = (d >> 16) + s.take(d & 15);
    if (s.overdrawn() || distance > s.out_made() || length > s.out_left()) return InflateEnd::bad;
    for (std::uint32_t k = 0; k < length; ++k) {
      s.out[k] = s.out[static_cast<std::ptrdiff_t>(k) - static_cast<std::ptrdiff_t>(distance)];
    }
    s.out += length;
  }
}

}  // namespace furrow::kernels::detail
