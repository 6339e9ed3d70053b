// furrow/engine/writing.hpp
//
// An array that is written other than as an operand of a job: through pointers in the closures of
// Engine::for_each, or by the coordinator itself.
//
//   const engine::Writing writing(engine, x);
//   engine.for_each(blocks, [to = x.data()](std::int64_t block) { … });
//
// Header  the engine becomes the array's last writer at once, as at the start of a job: what an
//         engine that died in a job in place has left half-made is not put over what is written now
//         (engine/settle.cpp). The generation grows at the end, also when a step throws
// Whole   an operation of several jobs is one to Engine::at_boundary
// Thread  the one that makes it lets go of it, and posts the jobs in between
#pragma once

#include <utility>

#include <furrow/engine/engine.hpp>

namespace furrow::engine {

class Writing {
 public:
  /// REQUIRES: the array is attached to be written.
  Writing(const Engine& engine, AnyArray array) : pass_(engine.gate()), array_(std::move(array)) {
    array_.segment()->mark_writer(engine.id());
  }
  ~Writing() { array_.segment()->bump_generation(); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

 private:
  const GatePass pass_;
  AnyArray array_;
};

}  // namespace furrow::engine
