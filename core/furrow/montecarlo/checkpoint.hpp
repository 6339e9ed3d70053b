// furrow/montecarlo/checkpoint.hpp
//
// A simulation's progress in an HDF5 file: dataset /monte_carlo with the tree's nodes and counts
// as they are in memory, and attributes that say what of.
//
// A counter-based generator has no state, so this is all: seed, blocks done, their merged moments.
// Blocks are whole ones: of a simulation that ended within a block, the last one is not in it, so
// that any greater number of paths can go on from there.
// The file is replaced whole (io/hdf5.hpp): a kill at any instant leaves the old one or the new.
// Errors   of another model, closure, parameters, seed, design, options or version, or of more
//          paths than are asked for: WrongData, and it says which; no such dataset in the file:
//          NotFound; a folder that is not there: NotFound, before anything runs
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/options.hpp>
#include <furrow/montecarlo/tree.hpp>

namespace furrow::montecarlo {

/// What a simulation is of, beside its options.
struct CheckpointSource {
  std::span<const std::byte> captures;  // of the closure
  const char* type;                     // of the closure, mangled
  const void* code;                     // somewhere in the program that has it
  const char* design;                   // how paths are drawn
  std::int64_t paths;                   // where it ends at the latest
};

class Checkpoint {
 public:
  Checkpoint(Engine& engine, const MonteCarloOptions& options, const RecordLayout& layout,
             const CheckpointSource& source);

  /// Sets the tree to what the file holds, when there is one.
  void take_up(Tree& tree);
  /// Throws what save would, where that can be seen now: NotFound when there is no such folder,
  /// PermissionDenied, …
  void require_room() const;
  bool found() const noexcept { return found_; }
  /// Writes when the last time is checkpoint_ns ago.
  void save_now_and_then(const Tree& tree);
  void save(const Tree& tree);

 private:
  Attributes identity(std::int64_t blocks) const;
  void check(const Attributes& found, std::int64_t blocks) const;
  void refuse_other_parameters(const Attributes& found) const;

  Engine& engine_;
  const MonteCarloOptions& options_;
  RecordLayout layout_;
  std::uint64_t captures_;  // a hash of the closure's captures
  std::string closure_;     // of one without a name: the program's build, and its type
  const char* design_;
  std::int64_t paths_;
  bool found_ = false;
  std::int64_t saved_ns_;
  std::int64_t saved_blocks_ = -1;  // none
};

}  // namespace furrow::montecarlo
