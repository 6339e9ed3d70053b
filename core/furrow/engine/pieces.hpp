// furrow/engine/pieces.hpp
//
// Reductions over elements that come piece by piece, as those of a file that is larger than
// memory: the same bits as over the whole array at once.
//
//   engine::PiecewiseStatistics all(engine);
//   while (…) all.add(piece);
//   Statistics s = all.result();
//
// Pieces  follow each other in C order; each of them but the last has a multiple of granule()
//         elements, so that it is made of whole subtrees of the reduction's tree; at most
//         piece_groups_max granules
// Errors  as those of the same reduction of an array; InvalidArgument for pieces that are too large
//         or come after one that was no multiple
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/fold.hpp>

namespace furrow::engine {

/// Tiles of a group of every piece.
inline constexpr std::int64_t piece_group_tiles = 16;
inline constexpr std::int64_t piece_groups_max = 1024;

/// Elements that pieces are multiples of, where a value has `item_bytes`.
constexpr std::int64_t granule_of(std::size_t item_bytes) noexcept {
  return piece_group_tiles * tile_elements_for(item_bytes);
}

/// The tree that goes on from piece to piece.
class PieceFold {
 public:
  using Combine = std::function<void(void* left, const void* right)>;

  /// Runs the job, whose count is the piece's, and takes its partials.
  void add(Engine& engine, Job job, std::int64_t granule, const Combine& combine);
  std::int64_t count() const noexcept { return count_; }  // elements so far
  /// Null when there were none.
  const void* partial(const Combine& combine);

 private:
  std::unique_ptr<Fold> fold_;
  std::int64_t count_ = 0;
  bool ended_ = false;  // a piece was no multiple
};

class PiecewiseStatistics {
 public:
  explicit PiecewiseStatistics(Engine& engine) noexcept : engine_(engine) {}

  static std::int64_t granule(Dtype dtype) noexcept { return granule_of(item_bytes(dtype)); }
  void add(const AnyArray& piece, const JobOptions& options = {});
  Statistics result();

 private:
  Engine& engine_;
  PieceFold fold_;
  Dtype dtype_ = Dtype::f64;
};

/// An expression that folds to a number, as "sum(x*y)".
class PiecewiseExpression {
 public:
  /// `bindings` hold arrays of the dtypes and the shape that all pieces together have, and are not
  /// read (broadcast one element). Throws as Engine::evaluate does, InvalidArgument when the
  /// expression does not reduce, and ShapeMismatch for arrays of several shapes.
  PiecewiseExpression(Engine& engine, std::string text, std::span<const Binding> bindings);

  std::int64_t granule() const noexcept { return granule_; }
  /// Arrays of one axis under the same names.
  void add(std::span<const Binding> pieces, const JobOptions& options = {});
  Evaluated result();

 private:
  Engine& engine_;
  std::string text_;
  std::int64_t granule_ = 0;
  kernels::expression::Reduction reduction_{};
  PieceFold fold_;
};

/// What an expression is going to give, without computing it.
struct ExpressionOutlook {
  bool is_number = false;  // it folds, or has no arrays
  Dtype dtype = Dtype::none;
  Shape shape;                     // of the values, before they are folded
  std::string target;              // the name that is assigned to; empty: none
  std::vector<std::string> names;  // of what it reads, but for names of its own
};
/// Reads no element of arrays of an axis or more. With `target_elsewhere` the array that is
/// assigned to is none of those in memory. Throws as Engine::evaluate does.
ExpressionOutlook outlook_of(const std::string& text, std::span<const Binding> bindings,
                             bool target_elsewhere);

}  // namespace furrow::engine
