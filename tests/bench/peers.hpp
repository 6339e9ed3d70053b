// What furrow is measured beside: the same work by others, each compiled for this machine
// (-march=native), on the caller's memory.
#pragma once

#include <cstddef>

namespace peers {

// In place, one pass over memory, by all OpenMP threads.
void openmp_affine(double* x, std::size_t n, double a, double b);
double openmp_sum(const double* x, std::size_t n);
// One empty parallel region.
void openmp_empty();
int openmp_threads();

// exp(x) in place, one core.
void sleef_exp(double* x, std::size_t n);    // 1.0 ULP
void libmvec_exp(double* x, std::size_t n);  // glibc, up to 4 ULP
void eigen_exp(double* x, std::size_t n);
void xtensor_exp(double* x, std::size_t n);  // with xsimd
void libm_exp(double* x, std::size_t n);     // glibc, one at a time

}  // namespace peers
