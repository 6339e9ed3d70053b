// furrow/engine/job.hpp
//
// One job: a kernel or closure, the arrays it works on, and how it is cut. The functions of Engine
// build these; libraries that add operations to furrow do, too.
//
// Cut     elements 0 .. count-1 in C order, tiles of tile_elements, groups of tiles (a power of
//         two, at most 4096 groups) that are claimed at once. All of it follows from the count,
//         the element types and the accumulator's size, never from the number of workers.
// Memory  a job keeps its arrays attached until it has ended
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/layout.hpp>
#include <furrow/engine/options.hpp>

namespace furrow::engine {

/// What an entry is called with: one tile. Operands are packed; operand[i] points to its first
/// element. A tile of a reduction starts from what `partial` holds (set to the identity).
struct TileCall {
  void* operand[operands_max];
  std::size_t count;
  std::int64_t first;  // C-order index of the tile's element 0
  std::uint32_t worker;
  void* partial;
};

using TileEntry = void (*)(const void* captures, const TileCall& call);
/// *left = left and right combined; `initialize` (right == nullptr) writes the identity.
using CombineEntry = void (*)(const void* captures, void* left, const void* right);

struct Operand {
  AnyArray array;
  Use use;
  // Or one element for all indices, read only: its dtype, and its bytes.
  Dtype constant = Dtype::none;
  std::array<std::byte, 16> value{};

  bool is_constant() const noexcept { return constant != Dtype::none; }
  Dtype dtype() const noexcept { return is_constant() ? constant : array.dtype(); }
};

struct Job {
  std::vector<Operand> operands;
  std::vector<AnyArray> keep;  // arrays that the captures point into
  std::int64_t count = 0;
  std::int64_t tile_elements = 0;  // 0: from the operands' element sizes
  bool protect = true;             // exactly-once for operands that are written and read
  bool per_worker = false;
  bool runs = false;  // `entry` may get many tiles in one call, where nothing protects them
  JobOptions options;

  // A closure: its bytes, and the function that runs it on a tile.
  TileEntry entry = nullptr;
  CombineEntry combine = nullptr;
  std::span<const std::byte> captures;

  // Or a kernel of the registry.
  const kernels::Kernel* kernel = nullptr;
  const kernels::Variant* variant = nullptr;
  kernels::Scalar parameters[kernels::parameters_max] = {};

  // Reductions: bytes of a partial, and what to do with the combined one (in the coordinator,
  // once).
  std::size_t partial_bytes = 0;
  std::function<void(const void* partial)> finish;
  // Or each group's partial, by index, uncombined; `group_tiles`, a power of two, says what a group
  // is (0: chosen). For whoever goes on with the tree (engine/pieces.hpp).
  std::function<void(const void* partial)> gather;
  std::int64_t group_tiles = 0;
  // An element takes no longer than memory does: kernels' always, an expression's, but a closure's
  // nobody knows. See Cut.
  bool is_light = false;
};

/// Tiles of `bytes` per element: 8 KiB worth, at least 1.
constexpr std::int64_t tile_elements_for(std::size_t item_bytes_widest) noexcept {
  return item_bytes_widest == 0 ? 1 : static_cast<std::int64_t>(tile_bytes / item_bytes_widest);
}

/// How `count` elements are cut. A claim stops the stream of reads and writes for about as long as
/// memory takes to answer: where elements are light, groups have up to 64 tiles, as long as there
/// are 512 groups for the workers to share.
struct Cut {
  std::uint32_t group_tiles;
  std::uint32_t group_count;
};
Cut cut(std::int64_t count, std::int64_t tile_elements, std::size_t partial_bytes,
        bool is_light) noexcept;

}  // namespace furrow::engine
