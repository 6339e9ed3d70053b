// furrow/montecarlo/block.hpp
//
// A block: the paths whose results are folded together, a few hundred, so that their numbers stay
// in the first-level cache between the simulation and the moments.
#pragma once

#include <cstddef>
#include <cstdint>

namespace furrow::montecarlo {

/// Which random numbers: those of stream `stream` of the generator with key `seed`.
struct Sequence {
  std::uint64_t seed;
  std::uint64_t stream;  // below 2^32
};

/// Blocks hold 32 to 1024 paths, a power of two: whole packs on every target.
inline constexpr std::int64_t block_paths_min = 32;
inline constexpr std::int64_t block_paths_max = 1024;
inline constexpr std::size_t outputs_max = 32;

struct BlockCall {
  Sequence sequence;
  std::int64_t first_path;
  std::int64_t count;  // rounded up to whole packs; there is room for them
  double* out;         // output k of path first_path + i goes to out[k * stride + i]
  std::size_t stride;
  bool mirrored;  // every uniform u becomes 1 - u, every normal z becomes -z
  bool forgive;   // a plain closure that throws gives NaN
};

/// Runs one block; which code that is depends on the SIMD target (simulate.hpp).
using BlockFunction = void (*)(const void* closure, const BlockCall& call);

}  // namespace furrow::montecarlo
