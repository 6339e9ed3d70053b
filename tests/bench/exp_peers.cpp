// SLEEF and glibc's vector library by their own entry points, at the widest vectors this machine
// has.
#include <immintrin.h>
#include <sleef.h>

#include <cmath>

#include "peers.hpp"

#if defined(__AVX512F__)
extern "C" __m512d _ZGVeN8v_exp(__m512d);
using Vector = __m512d;
static Vector load(const double* p) { return _mm512_loadu_pd(p); }
static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
static Vector sleef(Vector v) { return Sleef_expd8_u10avx512f(v); }
static Vector mvec(Vector v) { return _ZGVeN8v_exp(v); }
#else
extern "C" __m256d _ZGVdN4v_exp(__m256d);
using Vector = __m256d;
static Vector load(const double* p) { return _mm256_loadu_pd(p); }
static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
static Vector sleef(Vector v) { return Sleef_expd4_u10avx2(v); }
static Vector mvec(Vector v) { return _ZGVdN4v_exp(v); }
#endif

namespace peers {
namespace {

template <class F>
void each(double* x, std::size_t n, F f) {
  constexpr std::size_t lanes = sizeof(Vector) / sizeof(double);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, f(load(x + i)));
  for (; i < n; ++i) x[i] = std::exp(x[i]);
}

}  // namespace

void sleef_exp(double* x, std::size_t n) {
  each(x, n, [](Vector v) { return sleef(v); });
}
void libmvec_exp(double* x, std::size_t n) {
  each(x, n, [](Vector v) { return mvec(v); });
}

}  // namespace peers
