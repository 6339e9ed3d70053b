// The standard library: std::execution::par_unseq, which libstdc++ gives to TBB, and what the
// library has without it.
#include <tbb/global_control.h>

#include <algorithm>
#include <execution>
#include <functional>
#include <numeric>
#include <random>

#include "peer.hpp"

namespace bench {
namespace {

constexpr auto par = std::execution::par_unseq;

template <class F>
void each(Operands& o, F f) {
  std::transform(par, o.x, o.x + o.n, o.y, o.z, f);
}

// TBB's threads as many as asked for, while one of these lives.
template <void (*work)(Operands&)>
void limited(Operands& o) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(o.workers));
  work(o);
}

void scale(Operands& o) {
  std::transform(par, o.x, o.x + o.n, o.z, [](double x) { return 3 * x; });
}
void add(Operands& o) {
  each(o, [](double x, double y) { return x + y; });
}
void triad(Operands& o) {
  each(o, [](double x, double y) { return 3 * x + y; });
}
void sum(Operands& o) { o.result = std::reduce(par, o.x, o.x + o.n); }
void dot(Operands& o) { o.result = std::transform_reduce(par, o.x, o.x + o.n, o.y, 0.0); }
void min(Operands& o) { o.result = *std::min_element(par, o.x, o.x + o.n); }
void sort(Operands& o) { std::sort(par, o.x, o.x + o.n); }
void cumsum(Operands& o) { std::inclusive_scan(par, o.x, o.x + o.n, o.z); }

void sort_serial(Operands& o) { std::sort(o.x, o.x + o.n); }
void cumsum_serial(Operands& o) { std::inclusive_scan(o.x, o.x + o.n, o.z); }
void median_serial(Operands& o) {
  double* const middle = o.x + o.n / 2;
  std::nth_element(o.x, middle, o.x + o.n);
  o.result = *middle;
}

template <class Distribution>
void draw(Operands& o) {
  static std::mt19937_64 generator(1);
  Distribution distribution;
  std::generate(o.z, o.z + o.n, [&] { return distribution(generator); });
}

}  // namespace

std::span<const Peer> standard_peers() {
  static constexpr Peer peers[] = {
      {"scale", "tbb", limited<scale>},
      {"add", "tbb", limited<add>},
      {"triad", "tbb", limited<triad>},
      {"sum", "tbb", limited<sum>},
      {"dot", "tbb", limited<dot>},
      {"min", "tbb", limited<min>},
      {"sort", "tbb", limited<sort>},
      {"sort", "std::sort", sort_serial},
      {"median", "std::nth_element", median_serial},
      {"cumsum", "tbb", limited<cumsum>},
      {"cumsum", "std::inclusive_scan", cumsum_serial},
      {"random_uniform", "std::mt19937_64", draw<std::uniform_real_distribution<double>>},
      {"random_normal", "std::mt19937_64", draw<std::normal_distribution<double>>},
  };
  return peers;
}

}  // namespace bench
