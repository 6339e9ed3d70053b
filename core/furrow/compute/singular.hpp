// furrow/compute/singular.hpp
//
// The least-squares solution of least norm of a small square system, by singular values.
//
//   a x = b,  a = U S V^T:   x = V S^+ U^T b
//
// Shape   a is p x p, b and x are p x m, row-major
// Order   serial: the same bits for any number of workers
// Error   backward stable; singular values within a small multiple of eps times the largest
// Memory  p^2 numbers, and the rotations: about 2 p^2 of them
// Size    p of some thousands: (8/3) p^3 operations for the bidiagonal form, p^2 for the rest. What
//         other libraries give most of their time to, the singular vectors, is never made: b and x
//         are taken through the rotations instead.
// Source  Golub, Van Loan, "Matrix Computations", 4th ed., 8.6: Householder bidiagonalisation and
//         the implicit QR iteration; when a number counts as 0: LINPACK's SSVDC
#pragma once

#include <cstdint>
#include <vector>

namespace furrow::compute {

struct SingularSolution {
  std::vector<double> x;       // p x m, row-major
  std::vector<double> values;  // p singular values, descending
  std::int64_t rank = 0;       // how many of them are above `cutoff` times the first
};

/// REQUIRES: finite numbers within 2^-400 and 2^400, p >= 1; a and b are p^2 and p m numbers.
SingularSolution solve_by_singular_values(std::vector<double> a, std::vector<double> b,
                                          std::int64_t p, std::int64_t m, double cutoff);

}  // namespace furrow::compute
