// furrow/kernels/quasi/entries.hpp
//
// What each SIMD target has: runs of points into memory.
#pragma once

#include <furrow/kernels/quasi/halton.hpp>

namespace furrow::kernels {

struct QuasiTable {
  void (*sobol_uniform)(double* out, std::size_t count, const SobolAt& at) noexcept;
  void (*sobol_normal)(double* out, std::size_t count, const SobolAt& at) noexcept;
  void (*halton_uniform)(double* out, std::size_t count, const HaltonAt& at) noexcept;
};

const QuasiTable* resolve_quasi(std::size_t slot) noexcept;

}  // namespace furrow::kernels
