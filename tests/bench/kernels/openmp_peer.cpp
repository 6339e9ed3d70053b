// Loops as one writes them, for the compiler to vectorise and OpenMP to share.
#include <algorithm>
#include <cmath>
#include <limits>

#include "peer.hpp"

namespace bench {
namespace {

template <class F>
void each(Operands& o, F f) {
  const double* const x = o.x;
  const double* const y = o.y;
  double* const z = o.z;
#pragma omp parallel for simd schedule(static) num_threads(o.workers)
  for (std::size_t i = 0; i < o.n; ++i) z[i] = f(x[i], y[i]);
}

void scale(Operands& o) {
  each(o, [](double x, double) { return 3 * x; });
}
void add(Operands& o) {
  each(o, [](double x, double y) { return x + y; });
}
void triad(Operands& o) {
  each(o, [](double x, double y) { return 3 * x + y; });
}
void fused(Operands& o) {
  each(o, [](double x, double y) { return (x > 0 ? std::log(x) : 0.0) + 2 * y; });
}
void fused_polynomial(Operands& o) {
  each(o, [](double x, double y) { return ((x * 0.5 + y) * x - y) * x + 2 * y; });
}

void sum(Operands& o) {
  const double* const x = o.x;
  double sum = 0;
#pragma omp parallel for simd schedule(static) num_threads(o.workers) reduction(+ : sum)
  for (std::size_t i = 0; i < o.n; ++i) sum += x[i];
  o.result = sum;
}
void dot(Operands& o) {
  const double* const x = o.x;
  const double* const y = o.y;
  double sum = 0;
#pragma omp parallel for simd schedule(static) num_threads(o.workers) reduction(+ : sum)
  for (std::size_t i = 0; i < o.n; ++i) sum += x[i] * y[i];
  o.result = sum;
}
void min(Operands& o) {
  const double* const x = o.x;
  double least = std::numeric_limits<double>::infinity();
#pragma omp parallel for simd schedule(static) num_threads(o.workers) reduction(min : least)
  for (std::size_t i = 0; i < o.n; ++i) least = std::min(least, x[i]);
  o.result = least;
}

// x[:, 1:1001] of rows of 1024.
void affine_slab(Operands& o) {
  const std::size_t rows = o.n / row_length;
#pragma omp parallel for schedule(static) num_threads(o.workers)
  for (std::size_t r = 0; r < rows; ++r) {
    double* const row = o.x + r * row_length + 1;
#pragma omp simd
    for (std::size_t i = 0; i < slab_length; ++i) row[i] = 0.999 * row[i] + 0.001;
  }
}
void affine_contiguous(Operands& o) {
  const std::size_t n = o.n / row_length * slab_length;
#pragma omp parallel for simd schedule(static) num_threads(o.workers)
  for (std::size_t i = 0; i < n; ++i) o.x[i] = 0.999 * o.x[i] + 0.001;
}

}  // namespace

std::span<const Peer> openmp_peers() {
  static constexpr Peer peers[] = {
      {"scale", "openmp", scale},
      {"add", "openmp", add},
      {"triad", "openmp", triad},
      {"fused", "openmp", fused},
      {"fused_polynomial", "openmp", fused_polynomial},
      {"sum", "openmp", sum},
      {"dot", "openmp", dot},
      {"min", "openmp", min},
      {"slab", "openmp", affine_slab},
      {"slab", "openmp_contiguous", affine_contiguous},
  };
  return peers;
}

}  // namespace bench
