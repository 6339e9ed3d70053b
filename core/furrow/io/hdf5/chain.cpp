#include <furrow/io/hdf5/chain.hpp>

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <furrow/kernels/bytes/bytes.hpp>

namespace furrow::hdf5 {
namespace {

constexpr int deflate_levels[] = {0, 2, 2, 2, 4, 5, 7, 8, 9, 9};

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const noexcept {
    libdeflate_free_compressor(compressor);
  }
};

/// Kept from chunk to chunk: making one costs about as much as compressing 100 KiB.
libdeflate_compressor* compressor_for(std::uint32_t level) {
  thread_local std::unique_ptr<libdeflate_compressor, FreeCompressor> kept;
  thread_local std::uint32_t kept_level = 0;
  if (!kept || kept_level != level) {
    kept.reset(libdeflate_alloc_compressor(deflate_levels[std::min<std::uint32_t>(level, 9)]));
    if (!kept) throw std::bad_alloc();
    kept_level = level;
  }
  return kept.get();
}

/// 0 when the chunk does not become smaller.
std::size_t deflate(std::uint32_t level, std::span<const std::byte> in, std::byte* out) {
  if (in.size() < 2) return 0;
  return libdeflate_zlib_compress(compressor_for(level), in.data(), in.size(), out, in.size() - 1);
}

thread_local std::vector<std::byte> buffers[2];  // kept for the next chunk

/// The buffer that does not hold `now`.
std::byte* scratch(const std::byte* now, std::size_t bytes) {
  std::vector<std::byte>& buffer = buffers[now == buffers[0].data() ? 1 : 0];
  if (buffer.size() < bytes) buffer.resize(bytes);
  return buffer.data();
}

bool only_checksums_follow(const FilterChain& chain, std::uint32_t i) noexcept {
  return std::all_of(chain.filters + i + 1, chain.filters + chain.count,
                     [](const ChainFilter& f) { return f.kind == FilterKind::fletcher32; });
}

/// The checksum behind the bytes at `place`.
void append_checksum(std::byte* place, std::size_t bytes) noexcept {
  const std::uint32_t sum = kernels::fletcher32({place, bytes});
  for (std::size_t k = 0; k < 4; ++k) {
    place[bytes + k] = static_cast<std::byte>(sum >> (8 * k) & 0xFF);
  }
}

}  // namespace

bool read_chain(hid_t creation, FilterChain& chain) {
  chain = {};
  unsigned options = 0;
  if (H5Pget_chunk_opts(creation, &options) >= 0 && options != 0) return false;
  const int count = H5Pget_nfilters(creation);
  if (count < 0 || count > static_cast<int>(FilterChain::count_max)) return false;
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned values[8] = {};
    std::size_t given = std::size(values);
    switch (H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &given, values, 0, nullptr,
                           nullptr)) {
      case H5Z_FILTER_SHUFFLE:
        if (given < 1 || values[0] == 0) return false;
        chain.add(FilterKind::shuffle, values[0]);
        break;
      case H5Z_FILTER_DEFLATE:
        if (given < 1 || values[0] > 9) return false;
        chain.add(FilterKind::deflate, values[0]);
        break;
      case H5Z_FILTER_FLETCHER32: chain.add(FilterKind::fletcher32, 0); break;
      default: return false;
    }
  }
  return true;
}

void set_chain(hid_t creation, const FilterChain& chain, const std::string& asked) {
  for (std::uint32_t i = 0; i < chain.count; ++i) {
    const ChainFilter& filter = chain.filters[i];
    switch (filter.kind) {
      case FilterKind::shuffle: check(H5Pset_shuffle(creation), asked); break;
      case FilterKind::deflate: check(H5Pset_deflate(creation, filter.value), asked); break;
      case FilterKind::fletcher32: check(H5Pset_fletcher32(creation), asked); break;
      case FilterKind::other: break;
    }
  }
}

void trim_filters(std::size_t bytes_max) noexcept {
  for (std::vector<std::byte>& buffer : buffers) {
    if (buffer.size() > bytes_max) std::vector<std::byte>().swap(buffer);
  }
}

Encoded encode_chunk(const FilterChain& chain, std::span<const std::byte> chunk, std::byte* out) {
  const std::size_t room = encoded_bytes_max(chain, chunk.size());
  Encoded encoded;
  std::span<const std::byte> now = chunk;
  for (std::uint32_t i = 0; i < chain.count; ++i) {
    const ChainFilter& filter = chain.filters[i];
    const bool last = now.data() != out && only_checksums_follow(chain, i);
    std::byte* to = last ? out : scratch(now.data(), room);
    std::size_t bytes = now.size();
    switch (filter.kind) {
      case FilterKind::shuffle: kernels::shuffle_bytes({to, bytes}, now, filter.value); break;
      case FilterKind::deflate: bytes = deflate(filter.value, now, to); break;
      case FilterKind::fletcher32:
        if (now.data() == chunk.data()) {
          std::memcpy(to, now.data(), bytes);
        } else {
          to = const_cast<std::byte*>(now.data());  // one of our own buffers, with room behind
        }
        append_checksum(to, bytes);
        bytes += 4;
        break;
      case FilterKind::other: break;
    }
    if (bytes == 0) {
      encoded.mask |= 1U << i;
    } else {
      now = {to, bytes};
    }
  }
  if (now.data() != out) std::memcpy(out, now.data(), now.size());
  encoded.bytes = now.size();
  return encoded;
}

}  // namespace furrow::hdf5
