// furrow/kernels/math/pi_reduction.hpp
//
// Argument of sine and cosine for numbers so large that multiples of pi/2 need hundreds of bits.
//
//   x = quadrant * pi/2 + (high + low)   modulo 2*pi,   |high + low| <= pi/4
//
// Range   2^20 <= |x|, finite
// Error   below 2^-70 relative to high + low, for every double
// Source  Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18
//         (1983): multiply by just those bits of 2/pi that matter, in integers.
#pragma once

#include <cstdint>

namespace furrow::kernels {

struct PiReduction {
  double high;
  double low;
  std::uint64_t quadrant;  // modulo 4
};

PiReduction reduce_by_pi(double x) noexcept;

}  // namespace furrow::kernels
