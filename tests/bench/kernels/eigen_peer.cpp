#include <Eigen/Dense>
#include <cmath>

#include "peer.hpp"

namespace bench {
namespace {

using Map = Eigen::Map<Eigen::ArrayXd>;
Map map(double* p, const Operands& o) { return Map(p, static_cast<Eigen::Index>(o.n)); }

void scale(Operands& o) { map(o.z, o) = 3 * map(o.x, o); }
void add(Operands& o) { map(o.z, o) = map(o.x, o) + map(o.y, o); }
void triad(Operands& o) { map(o.z, o) = 3 * map(o.x, o) + map(o.y, o); }
void sum(Operands& o) { o.result = map(o.x, o).sum(); }
void min(Operands& o) { o.result = map(o.x, o).minCoeff(); }
void dot(Operands& o) { o.result = map(o.x, o).matrix().dot(map(o.y, o).matrix()); }
void exp(Operands& o) { map(o.z, o) = map(o.x, o).exp(); }
void log(Operands& o) { map(o.z, o) = map(o.x, o).log(); }
void sin(Operands& o) { map(o.z, o) = map(o.x, o).sin(); }
void cos(Operands& o) { map(o.z, o) = map(o.x, o).cos(); }
void tanh(Operands& o) { map(o.z, o) = map(o.x, o).tanh(); }

void gemm(Operands& o) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::setNbThreads(o.workers);
  const auto k = static_cast<Eigen::Index>(std::llround(std::sqrt(static_cast<double>(o.n))));
  const Eigen::Map<Matrix> x(o.x, k, k);
  const Eigen::Map<Matrix> y(o.y, k, k);
  Eigen::Map<Matrix>(o.z, k, k).noalias() = x * y;
}

}  // namespace

std::span<const Peer> eigen_peers() {
  static constexpr Peer peers[] = {
      {"scale", "eigen", scale}, {"add", "eigen", add},   {"triad", "eigen", triad},
      {"sum", "eigen", sum},     {"min", "eigen", min},   {"dot", "eigen", dot},
      {"exp", "eigen", exp},     {"log", "eigen", log},   {"sin", "eigen", sin},
      {"cos", "eigen", cos},     {"tanh", "eigen", tanh}, {"gemm", "eigen", gemm},
  };
  return peers;
}

}  // namespace bench
