// furrow/montecarlo/run.hpp
//
// The course of a simulation: rounds of pieces on the engine's workers, folded in order, until it
// may stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <typeinfo>

#include <furrow/engine/engine.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>
#include <furrow/montecarlo/piece.hpp>

namespace furrow::montecarlo {

/// A closure whose type is known no more.
struct AnySimulation {
  std::size_t outputs;
  bool grouped;                         // a sample is a block's mean (design.hpp)
  const char* design;                   // how paths are drawn, for checkpoints
  std::span<const std::byte> captures;  // of the closure, which outlives the run
  const char* type;                     // of the closure, mangled
  const void* code;                     // somewhere in the program that has the closure
  std::function<Future<void>(Engine&, const Pieces&)> start;
};

/// Makes the bytes between a closure's captures the same in every process, for checkpoints compare
/// all of its bytes.
template <class F>
void clear_padding([[maybe_unused]] F& path) noexcept {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&path);
#endif
#endif
}

/// Throws InvalidArgument for options that contradict each other.
MonteCarloResult run(Engine& engine, const MonteCarloOptions& options,
                     const AnySimulation& simulation);

/// Code is the SimulationOf a closure's type (simulate.hpp).
template <class Code, class F>
AnySimulation simulation_of(const F& path) {
  static_assert(Code::outputs >= 1 && Code::outputs <= outputs_max, "a path has 1 to 32 outputs");
  return {Code::outputs,
          Code::grouped,
          Code::design,
          engine::captures_of(path),
          typeid(F).name(),
          reinterpret_cast<const void*>(&simulation_of<Code, F>),
          [&path](Engine& engine, const Pieces& pieces) {
            return engine.for_each_async(pieces.count(), [path, pieces](std::int64_t piece) {
              run_piece(pieces, piece, Code::block(), &path);
            });
          }};
}

}  // namespace furrow::montecarlo
