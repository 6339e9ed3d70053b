#include <Eigen/Core>

#include "peers.hpp"

void peers::eigen_exp(double* x, std::size_t n) {
  Eigen::Map<Eigen::ArrayXd> map(x, static_cast<Eigen::Index>(n));
  map = map.exp();
}
