#include <furrow/io/hdf5/sampling.hpp>

#include <algorithm>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/chunks.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t piece_bytes = std::size_t{32} << 10;
constexpr std::size_t pieces_max = 16;
constexpr std::size_t sampled_part = 32;

/// What one piece becomes.
struct Sizes {
  std::uint64_t plain;
  std::uint64_t shuffled;
};

/// Trivially copyable: it travels to the workers.
struct Sampler {
  ChunkGrid grid;
  FilterChain plain;
  FilterChain shuffled;
  std::int64_t pieces;
  std::size_t item;
  Sizes* sizes;

  void operator()(std::int64_t piece) const {
    std::vector<std::byte> buffer(grid.chunk_bytes());
    // The first of one, the first and last of two, …
    const std::int64_t chunk = pieces < 2 ? 0 : piece * (grid.chunks() - 1) / (pieces - 1);
    std::span<const std::byte> bytes = grid.elements(chunk, buffer.data());
    bytes = bytes.first(std::min(bytes.size(), piece_bytes / item * item));
    std::vector<std::byte> out(encoded_bytes_max(shuffled, bytes.size()));
    sizes[piece] = {encode_chunk(plain, bytes, out.data()).bytes,
                    encode_chunk(shuffled, bytes, out.data()).bytes};
  }
};

}  // namespace

bool shuffle_pays(Engine* engine, const AnyArray& rows, const WriteRequest& r) {
  const std::size_t item = item_bytes(r.dtype);
  if (r.gzip == 0 || item == 1 || !r.chunked() || rows.size() == 0) return false;
  Target target;
  target.dtype = r.dtype;
  target.shape = r.shape;
  target.chunk = chunk_of(r);
  target.chunked = true;
  Sampler sampler{};
  sampler.item = item;
  sampler.grid = ChunkGrid(target, {rows.data(), rows.strides(), 0, rows.shape(), nullptr});
  sampler.plain.add(FilterKind::deflate, static_cast<std::uint32_t>(r.gzip));
  sampler.shuffled.add(FilterKind::shuffle, static_cast<std::uint32_t>(item));
  sampler.shuffled.add(FilterKind::deflate, static_cast<std::uint32_t>(r.gzip));
  const std::size_t wanted =
      std::clamp<std::size_t>(rows.bytes() / sampled_part / piece_bytes, 1, pieces_max);
  sampler.pieces = std::min(sampler.grid.chunks(), static_cast<std::int64_t>(wanted));
  Sizes here[pieces_max] = {};
  if (engine != nullptr && sampler.pieces > 1) {
    const auto shared =
        Array<std::uint64_t>::temporary({2 * static_cast<std::int64_t>(pieces_max)});
    sampler.sizes = reinterpret_cast<Sizes*>(shared.data());
    engine->for_each(sampler.pieces, sampler);
    std::copy(sampler.sizes, sampler.sizes + sampler.pieces, here);
  } else {
    sampler.sizes = here;
    for (std::int64_t piece = 0; piece < sampler.pieces; ++piece) sampler(piece);
  }
  Sizes sum{};
  for (const Sizes& s : here) {
    sum.plain += s.plain;
    sum.shuffled += s.shuffled;
  }
  return sum.shuffled * 100 < sum.plain * 97;
}

}  // namespace furrow::hdf5
