// furrow/kernels/random/reference.hpp
//
// The specification of the random fills: element i of an array, from (seed, stream, i) alone.
//
//   u32, f32   block i/4, word i%4          u64, f64   block i/2, words 2*(i%2) and 2*(i%2) + 1
//   normal     two uniforms u, v of a block give two normals by Box and Muller (1958):
//              r cos(2 pi v) for the even element, r sin(2 pi v) for the odd one, r = sqrt(-2 ln u)
//              f64: u and v from words 0, 1 and 2, 3; f32: in f64 from words 0 and 1, then 2 and 3
//
// bits and uniforms: the SIMD code gives the same bits; normals agree to a few units of rounding,
// libm being the reference.
#pragma once

#include <cmath>

#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/philox.hpp>

namespace furrow::kernels {

/// One normal from its pair of uniforms.
inline double box_muller(double u, double v, bool odd) noexcept {
  constexpr double two_pi = 6.283185307179586;
  const double radius = std::sqrt(-2 * std::log(u));
  return radius * (odd ? std::sin(two_pi * v) : std::cos(two_pi * v));
}

template <RandomOp O, class T>
T reference_random(const Scalar* p, std::uint64_t index) noexcept {
  constexpr unsigned per_block = 16 / sizeof(T);
  const PhiloxWords words =
      philox_block(p[random_seed].u64, p[random_stream].u64, index / per_block);
  const auto at = static_cast<unsigned>(index % per_block);
  const double first = p[random_first_real].f64;
  const double second = p[random_second_real].f64;
  if constexpr (O == RandomOp::bits) {
    if constexpr (sizeof(T) == 4)
      return words[at];
    else
      return philox_u64(words, at);
  } else if constexpr (O == RandomOp::uniform) {
    const T scale = static_cast<T>(second - first);
    if constexpr (sizeof(T) == 4) {
      return std::fma(open_unit_f32(words[at]), scale, static_cast<T>(first));
    } else {
      return std::fma(open_unit(philox_u64(words, at)), scale, first);
    }
  } else {
    double u = 0;
    double v = 0;
    if constexpr (sizeof(T) == 4) {
      u = open_unit_u32(words[at & 2]);
      v = open_unit_u32(words[(at & 2) + 1]);
    } else {
      u = open_unit(philox_u64(words, 0));
      v = open_unit(philox_u64(words, 1));
    }
    return static_cast<T>(std::fma(box_muller(u, v, at % 2 != 0), second, first));
  }
}

template <RandomOp O, class T>
void reference_random_map(const MapCall& call) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    static_cast<T*>(call.out)[static_cast<std::ptrdiff_t>(i) * call.out_stride] =
        reference_random<O, T>(call.parameters, call.first_index + i);
  }
}

}  // namespace furrow::kernels
