// xtensor with xsimd, one thread.
#define XTENSOR_USE_XSIMD
#include <array>
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>

#include "peer.hpp"

namespace bench {
namespace {

auto view(double* p, const Operands& o) {
  return xt::adapt(p, o.n, xt::no_ownership(), std::array<std::size_t, 1>{o.n});
}

template <class F>
void assign(Operands& o, F f) {
  const auto x = view(o.x, o);
  const auto y = view(o.y, o);
  auto z = view(o.z, o);
  xt::noalias(z) = f(x, y);
}

void scale(Operands& o) {
  assign(o, [](const auto& x, const auto&) { return 3.0 * x; });
}
void add(Operands& o) {
  assign(o, [](const auto& x, const auto& y) { return x + y; });
}
void triad(Operands& o) {
  assign(o, [](const auto& x, const auto& y) { return 3.0 * x + y; });
}
void fused_polynomial(Operands& o) {
  assign(o, [](const auto& x, const auto& y) { return ((x * 0.5 + y) * x - y) * x + 2.0 * y; });
}
#define BENCH_FUNCTION(name)                                           \
  void name(Operands& o) {                                             \
    assign(o, [](const auto& x, const auto&) { return xt::name(x); }); \
  }
BENCH_FUNCTION(exp)
BENCH_FUNCTION(log)
BENCH_FUNCTION(sin)
BENCH_FUNCTION(cos)
BENCH_FUNCTION(tanh)
BENCH_FUNCTION(tan)
BENCH_FUNCTION(asin)
BENCH_FUNCTION(sinh)
BENCH_FUNCTION(cosh)
BENCH_FUNCTION(asinh)
BENCH_FUNCTION(acosh)
BENCH_FUNCTION(atanh)
BENCH_FUNCTION(log1p)
BENCH_FUNCTION(log2)
BENCH_FUNCTION(log10)
BENCH_FUNCTION(atan)
BENCH_FUNCTION(cbrt)
BENCH_FUNCTION(erf)
#undef BENCH_FUNCTION

void sum(Operands& o) { o.result = xt::sum(view(o.x, o), xt::evaluation_strategy::immediate)(); }

}  // namespace

std::span<const Peer> xtensor_peers() {
  static constexpr Peer peers[] = {
      {"scale", "xtensor", scale}, {"add", "xtensor", add},
      {"triad", "xtensor", triad}, {"fused_polynomial", "xtensor", fused_polynomial},
      {"sum", "xtensor", sum},     {"exp", "xtensor", exp},
      {"log", "xtensor", log},     {"sin", "xtensor", sin},
      {"cos", "xtensor", cos},     {"tanh", "xtensor", tanh},
      {"tan", "xtensor", tan},     {"asin", "xtensor", asin},
      {"sinh", "xtensor", sinh},   {"cosh", "xtensor", cosh},
      {"asinh", "xtensor", asinh}, {"acosh", "xtensor", acosh},
      {"atanh", "xtensor", atanh}, {"log1p", "xtensor", log1p},
      {"log2", "xtensor", log2},   {"log10", "xtensor", log10},
      {"atan", "xtensor", atan},   {"cbrt", "xtensor", cbrt},
      {"erf", "xtensor", erf},
  };
  return peers;
}

}  // namespace bench
