// furrow/kernels/random/steps.hpp
//
// The draws of one element at consecutive steps, where random.hpp has consecutive elements at one.
//
//   out[s] = element `at.first_index` of random_uniform or random_normal in stream
//            at.stream + (first_step + s) * 2^32, with the same bits
//
// Shape   contiguous f64
// For     a path of a simulation that draws on and on by itself (montecarlo/path.hpp)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/random/random.hpp>

namespace furrow::kernels {

void uniform_steps(std::span<double> out, const RandomAt& at, std::uint32_t first_step) noexcept;
void normal_steps(std::span<double> out, const RandomAt& at, std::uint32_t first_step) noexcept;

/// What each target has.
struct StepsTable {
  void (*uniforms)(std::span<double>, const RandomAt&, std::uint32_t) noexcept;
  void (*normals)(std::span<double>, const RandomAt&, std::uint32_t) noexcept;
};
const StepsTable* resolve_random_steps(std::size_t slot) noexcept;

}  // namespace furrow::kernels
