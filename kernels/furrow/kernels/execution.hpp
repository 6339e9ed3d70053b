// furrow/kernels/execution.hpp
//
// Who runs the steps of an algorithm that is more than one pass of a kernel: scans, sorts, axes,
// matrices, stencils. The algorithm is written once, as steps of blocks, and takes an executor:
//
//   each(count, f)      calls f(i) for every i in [0, count), in any order, on any thread or in any
//                       process, and returns when all of them have ended
//
//   Serial              here, one after the other
//   Threads             OpenMP's threads, where the program is compiled with -fopenmp
//   OnEngine            the workers of an engine (core/furrow/compute/on_engine.hpp)
//
// Cut     count and what block i is follow from shapes alone, never from the executor: so every
//         executor gives the same bits
// Steps   f is trivially copyable, at most 4 KiB (spans and numbers by value), and may be run again
//         from its start, after a worker was killed in it: a step writes only what it does not
//         read, and writes the same again
// Memory  scratch comes from the caller, since it must lie where the executor's workers see it
#pragma once

#include <cstdint>
#include <type_traits>

namespace furrow::kernels {

struct Serial {
  template <class F>
  void operator()(std::int64_t count, F f) const {
    static_assert(std::is_trivially_copyable_v<F>, "a step captures spans and numbers by value");
    for (std::int64_t i = 0; i < count; ++i) f(i);
  }
};

/// `threads` of them; 0: as many as OpenMP says (OMP_NUM_THREADS). Without -fopenmp: one.
struct Threads {
  int threads = 0;

  template <class F>
  void operator()(std::int64_t count, F f) const {
    static_assert(std::is_trivially_copyable_v<F>, "a step captures spans and numbers by value");
#ifdef _OPENMP
    if (threads > 0) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
      for (std::int64_t i = 0; i < count; ++i) f(i);
    } else {
#pragma omp parallel for schedule(dynamic)
      for (std::int64_t i = 0; i < count; ++i) f(i);
    }
#else
    Serial{}(count, f);
#endif
  }
};

}  // namespace furrow::kernels
