#include <omp.h>

#include <cmath>

#include "peers.hpp"

namespace peers {

void openmp_affine(double* x, std::size_t n, double a, double b) {
#pragma omp parallel for simd schedule(static)
  for (std::size_t i = 0; i < n; ++i) x[i] = a * x[i] + b;
}

double openmp_sum(const double* x, std::size_t n) {
  double sum = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

void openmp_empty() {
#pragma omp parallel
  { asm volatile("" ::: "memory"); }
}

int openmp_threads() { return omp_get_max_threads(); }

void libm_exp(double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = std::exp(x[i]);
}

}  // namespace peers
