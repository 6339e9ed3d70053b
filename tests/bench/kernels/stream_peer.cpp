// What memory gives: John McCalpin's STREAM kernels with stores that go past the caches, which is
// the least traffic that they can have.
#include <immintrin.h>

#include "peer.hpp"

namespace bench {
namespace {

#if defined(__AVX512F__)
using Vector = __m512d;
Vector load(const double* p) { return _mm512_loadu_pd(p); }
void stream(double* p, Vector v) { _mm512_stream_pd(p, v); }
Vector all(double v) { return _mm512_set1_pd(v); }
#else
using Vector = __m256d;
Vector load(const double* p) { return _mm256_loadu_pd(p); }
void stream(double* p, Vector v) { _mm256_stream_pd(p, v); }
Vector all(double v) { return _mm256_set1_pd(v); }
#endif
constexpr std::size_t lanes = sizeof(Vector) / sizeof(double);

template <class F>
void each(Operands& o, F f) {
#pragma omp parallel for schedule(static) num_threads(o.workers)
  for (std::size_t i = 0; i < o.n; i += lanes) stream(o.z + i, f(load(o.x + i), load(o.y + i)));
  _mm_sfence();
}

void add(Operands& o) {
  each(o, [](Vector x, Vector y) { return x + y; });
}
void triad(Operands& o) {
  each(o, [three = all(3)](Vector x, Vector y) { return x * three + y; });
}
void scale(Operands& o) {
  const Vector three = all(3);
#pragma omp parallel for schedule(static) num_threads(o.workers)
  for (std::size_t i = 0; i < o.n; i += lanes) stream(o.z + i, load(o.x + i) * three);
  _mm_sfence();
}

}  // namespace

std::span<const Peer> stream_peers() {
  static constexpr Peer peers[] = {
      {"scale", "stream", scale},
      {"add", "stream", add},
      {"triad", "stream", triad},
  };
  return peers;
}

}  // namespace bench
