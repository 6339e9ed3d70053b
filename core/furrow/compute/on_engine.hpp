// furrow/compute/on_engine.hpp
//
// The workers of an engine as the executor of an algorithm (kernels/execution.hpp).
//
//   each(count, f)      f(i) on some worker for every i in [0, count); run again when its worker
//                       is killed. Throws what Engine::for_each throws: KernelFailed, WorkerDied, …
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>

namespace furrow::compute {

struct OnEngine {
  Engine& engine;

  template <class F>
  void operator()(std::int64_t count, F f) const {
    engine.for_each(count, f);
  }
};

}  // namespace furrow::compute
