// SLEEF (1.0 ULP) and glibc's vector library (up to 4 ULP) by their own entry points, at the widest
// vectors of this machine; one thread. n is a multiple of their lanes.
#include <immintrin.h>
#include <sleef.h>

#include "peer.hpp"

#if defined(__AVX512F__)
using Vector = __m512d;
#define SLEEF(name) Sleef_##name##d8_u10avx512f
#define MVEC(name) _ZGVeN8v_##name
static Vector load(const double* p) { return _mm512_loadu_pd(p); }
static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
#else
using Vector = __m256d;
#define SLEEF(name) Sleef_##name##d4_u10avx2
#define MVEC(name) _ZGVdN4v_##name
static Vector load(const double* p) { return _mm256_loadu_pd(p); }
static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
#endif
extern "C" {
Vector MVEC(exp)(Vector);
Vector MVEC(log)(Vector);
Vector MVEC(sin)(Vector);
Vector MVEC(cos)(Vector);
Vector MVEC(tanh)(Vector);
Vector MVEC(tan)(Vector);
Vector MVEC(asin)(Vector);
Vector MVEC(sinh)(Vector);
Vector MVEC(cosh)(Vector);
Vector MVEC(asinh)(Vector);
Vector MVEC(acosh)(Vector);
Vector MVEC(atanh)(Vector);
Vector MVEC(log1p)(Vector);
Vector MVEC(log2)(Vector);
Vector MVEC(log10)(Vector);
Vector MVEC(cbrt)(Vector);
Vector MVEC(atan)(Vector);
Vector MVEC(erf)(Vector);
}

namespace bench {
namespace {

template <auto f>
void each(Operands& o) {
  for (std::size_t i = 0; i < o.n; i += sizeof(Vector) / sizeof(double)) {
    store(o.z + i, f(load(o.x + i)));
  }
}

void sleef_pow(Operands& o) {
  for (std::size_t i = 0; i < o.n; i += sizeof(Vector) / sizeof(double)) {
    store(o.z + i, SLEEF(pow)(load(o.x + i), load(o.y + i)));
  }
}

}  // namespace

std::span<const Peer> vector_math_peers() {
  static constexpr Peer peers[] = {
      {"exp", "sleef", each<SLEEF(exp)>},
      {"exp", "libmvec", each<MVEC(exp)>},
      {"log", "sleef", each<SLEEF(log)>},
      {"log", "libmvec", each<MVEC(log)>},
      {"sin", "sleef", each<SLEEF(sin)>},
      {"sin", "libmvec", each<MVEC(sin)>},
      {"cos", "sleef", each<SLEEF(cos)>},
      {"cos", "libmvec", each<MVEC(cos)>},
      {"tanh", "sleef", each<SLEEF(tanh)>},
      {"tanh", "libmvec", each<MVEC(tanh)>},
      {"pow", "sleef", sleef_pow},
      {"atan", "sleef", each<SLEEF(atan)>},
      {"erf", "sleef", each<SLEEF(erf)>},
      {"cbrt", "sleef", each<SLEEF(cbrt)>},
      {"tan", "sleef", each<SLEEF(tan)>},
      {"tan", "libmvec", each<MVEC(tan)>},
      {"asin", "sleef", each<SLEEF(asin)>},
      {"asin", "libmvec", each<MVEC(asin)>},
      {"sinh", "sleef", each<SLEEF(sinh)>},
      {"sinh", "libmvec", each<MVEC(sinh)>},
      {"cosh", "sleef", each<SLEEF(cosh)>},
      {"cosh", "libmvec", each<MVEC(cosh)>},
      {"asinh", "sleef", each<SLEEF(asinh)>},
      {"asinh", "libmvec", each<MVEC(asinh)>},
      {"acosh", "sleef", each<SLEEF(acosh)>},
      {"acosh", "libmvec", each<MVEC(acosh)>},
      {"atanh", "sleef", each<SLEEF(atanh)>},
      {"atanh", "libmvec", each<MVEC(atanh)>},
      {"log1p", "sleef", each<SLEEF(log1p)>},
      {"log1p", "libmvec", each<MVEC(log1p)>},
      {"log2", "sleef", each<SLEEF(log2)>},
      {"log2", "libmvec", each<MVEC(log2)>},
      {"log10", "sleef", each<SLEEF(log10)>},
      {"log10", "libmvec", each<MVEC(log10)>},
      {"cbrt", "libmvec", each<MVEC(cbrt)>},
      {"atan", "libmvec", each<MVEC(atan)>},
      {"erf", "libmvec", each<MVEC(erf)>},
  };
  return peers;
}

}  // namespace bench
