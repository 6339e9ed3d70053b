#include <furrow/io/hdf5/decode.hpp>

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>

#include <furrow/error.hpp>
#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/kernels/bytes/inflate.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t checksum_bytes = 4;
// Deflate makes 258 bytes of two bits at best.
constexpr std::uint64_t inflation_max = 1032;

bool has_deflate(const Description& d) noexcept {
  for (std::uint32_t i = 0; i < d.filter_count; ++i) {
    if (d.filters[i].kind == FilterKind::deflate) return true;
  }
  return false;
}

bool was_applied(std::uint32_t mask, std::uint32_t filter) noexcept {
  return (mask >> filter & 1) == 0;
}

/// Bytes of the chunk before filter `filter` was applied, where no deflate came before that.
std::size_t bytes_before(const Description& d, std::uint32_t mask, std::uint32_t filter) noexcept {
  std::size_t bytes = chunk_bytes(d);
  for (std::uint32_t i = 0; i < filter; ++i) {
    if (d.filters[i].kind == FilterKind::fletcher32 && was_applied(mask, i))
      bytes += checksum_bytes;
  }
  return bytes;
}

/// What is left in front of the checksum.
std::span<std::byte> checked(std::span<std::byte> data, const ChunkName& chunk) {
  if (data.size() < checksum_bytes)
    throw Corrupt(chunk.text() + " is too short to hold its checksum");
  const std::span<std::byte> content = data.first(data.size() - checksum_bytes);
  std::uint32_t stored = 0;
  std::memcpy(&stored, content.data() + content.size(), sizeof stored);  // little-endian
  if (!kernels::fletcher32_matches(stored, kernels::fletcher32(content))) {
    throw Corrupt(chunk.text() + " is damaged: its checksum (fletcher32) does not fit its bytes");
  }
  return content;
}

/// Is the chunk shuffled? Planes of bytes have few matches, and libdeflate is as fast or faster.
bool is_shuffled(const Description& d, std::uint32_t mask) noexcept {
  for (std::uint32_t i = 0; i < d.filter_count; ++i) {
    if (d.filters[i].kind == FilterKind::shuffle && was_applied(mask, i)) return true;
  }
  return false;
}

/// By our own inflater, where it is the faster one: what it gains on numbers it loses on tables for
/// small chunks, and on runs of one value. False: ask libdeflate, whose verdict is the one that
/// counts.
bool inflate_quickly(kernels::InflateTables& tables, std::span<const std::byte> in,
                     std::span<std::byte> out) {
  constexpr std::size_t out_min = std::size_t{16} << 10;
  constexpr std::size_t ratio_max = 100;
  // RFC 1950: two bytes that say how (deflate, a window of at most 32 KiB, no dictionary) and are
  // together a multiple of 31; the data; their checksum, its highest byte first.
  constexpr std::size_t header_bytes = 2;
  if (out.size() < out_min || in.size() < header_bytes + checksum_bytes) return false;
  if (out.size() / ratio_max > in.size()) return false;
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(in[i]); };
  const std::uint32_t how = byte(0) << 8 | byte(1);
  const bool known = (how & 0x0F20) == 0x0800 && how < 0x8000 && how % 31 == 0;
  if (!known) return false;
  const std::size_t data_max = in.size() - header_bytes - checksum_bytes;
  const std::size_t taken = kernels::inflate(tables, out, in.subspan(header_bytes, data_max));
  if (taken == 0) return false;
  const std::size_t at = header_bytes + taken;
  const std::uint32_t stored =
      byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
  return libdeflate_adler32(1, out.data(), out.size()) == stored;
}

}  // namespace

struct Decoder::Inflater {
  libdeflate_decompressor* const handle = libdeflate_alloc_decompressor();
  kernels::InflateTables tables;
  Inflater() = default;
  ~Inflater() { libdeflate_free_decompressor(handle); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

Decoder::Decoder() noexcept = default;
Decoder::~Decoder() = default;

std::span<std::byte> Buffer::take(std::size_t bytes) {
  if (bytes > bytes_) {
    *this = Buffer();
    // Without filling: what is taken is written first.
    memory_.reset(new (std::nothrow) std::byte[bytes]);
    if (memory_ == nullptr) {
      throw OutOfSpace("no memory for a chunk of " + std::to_string(bytes) + " bytes");
    }
    bytes_ = bytes;
  }
  return {memory_.get(), bytes};
}

std::size_t chunk_bytes(const Description& d) noexcept {
  return static_cast<std::size_t>(size_of(d.chunk)) * item_bytes(d.dtype);
}

void Decoder::rest() noexcept {
  stored_.trim(kept_bytes_max);
  for (Buffer& buffer : turn_) buffer.trim(kept_bytes_max);
}

std::span<std::byte> Decoder::stored(const Description& d, std::uint64_t bytes,
                                     const ChunkName& chunk) {
  const std::uint64_t whole = chunk_bytes(d);
  // Deflate that does not pay costs 5 bytes in 16 KiB at worst as zlib writes it; twice is plenty.
  const std::uint64_t most = 2 * whole + 4096;
  const std::uint64_t least = has_deflate(d) ? whole / inflation_max : whole;
  // The library allows no chunk of 4 GiB.
  const bool impossible = whole > UINT32_MAX;
  if (impossible || bytes > most || bytes < least || bytes > d.stamp.bytes) {
    throw Corrupt(chunk.text() + " is damaged: it has " + std::to_string(bytes) +
                  " bytes in the file, for " + std::to_string(whole) + " bytes of elements");
  }
  return stored_.take(static_cast<std::size_t>(bytes));
}

void Decoder::inflate(std::span<const std::byte> in, std::span<std::byte> out, bool shuffled,
                      const ChunkName& chunk) {
  if (inflater_ == nullptr) inflater_ = std::make_unique<Inflater>();
  if (inflater_->handle == nullptr) throw OutOfSpace("no memory to decompress " + chunk.text());
  if (!shuffled && inflate_quickly(inflater_->tables, in, out)) return;
  switch (libdeflate_zlib_decompress(inflater_->handle, in.data(), in.size(), out.data(),
                                     out.size(), nullptr)) {
    case LIBDEFLATE_SUCCESS: return;
    case LIBDEFLATE_SHORT_OUTPUT:
      throw Corrupt(chunk.text() + " is damaged: it decompresses to less than its " +
                    std::to_string(out.size()) + " bytes");
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw Corrupt(chunk.text() + " is damaged: it decompresses to more than its " +
                    std::to_string(out.size()) + " bytes");
    default: throw Corrupt(chunk.text() + " is damaged: its gzip data cannot be decompressed");
  }
}

std::span<const std::byte> Decoder::decode(const Description& d, std::uint32_t mask,
                                           std::span<std::byte> stored,
                                           std::span<std::byte> straight, const ChunkName& chunk) {
  std::span<std::byte> data = stored;
  // The step that ends in `straight` is the last that moves bytes: the first filter of these.
  std::uint32_t last_move = d.filter_count;
  for (std::uint32_t i = d.filter_count; i-- > 0;) {
    if (was_applied(mask, i) && d.filters[i].kind != FilterKind::fletcher32) last_move = i;
  }
  std::size_t turn = 0;
  for (std::uint32_t i = d.filter_count; i-- > 0;) {
    if (!was_applied(mask, i)) continue;
    const FilterStep& filter = d.filters[i];
    if (filter.kind == FilterKind::fletcher32) {
      data = checked(data, chunk);
      continue;
    }
    const bool inflates = filter.kind == FilterKind::deflate;
    const std::size_t bytes = inflates ? bytes_before(d, mask, i) : data.size();
    const bool ends = i == last_move && bytes == straight.size();
    const std::span<std::byte> out = ends ? straight : turn_[turn].take(bytes);
    turn = 1 - turn;
    if (inflates) {
      inflate(data, out, is_shuffled(d, mask), chunk);
    } else {
      kernels::unshuffle_bytes(out, data, filter.item_bytes);
    }
    data = out;
    os::fault_point("io.load.decode");
  }
  if (data.size() != chunk_bytes(d)) {
    throw Corrupt(chunk.text() + " is damaged: it holds " + std::to_string(data.size()) +
                  " bytes, not " + std::to_string(chunk_bytes(d)));
  }
  if (!straight.empty() && data.data() != straight.data()) {
    std::memcpy(straight.data(), data.data(), data.size());
    data = straight;
  }
  make_native(d, data.data(), data.size());
  return data;
}

}  // namespace furrow::hdf5
