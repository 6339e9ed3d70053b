#include <furrow/montecarlo/models/transport.hpp>

#include <cmath>

#include <Eigen/Dense>

namespace furrow::models {
namespace {

// Exponential integrals.
double e2(double x) { return x == 0 ? 1 : std::exp(-x) + x * std::expint(-x); }
double e3(double x) { return (std::exp(-x) - x * e2(x)) / 2; }

Transport solve(double thickness, double c, Eigen::Index cells) {
  const double h = thickness / static_cast<double>(cells);
  // ∫∫ E1(|t - s|) over two cells that are k apart: the second difference of E3.
  Eigen::VectorXd pair(cells);
  pair(0) = 2 * (h - 0.5 + e3(h));
  for (Eigen::Index k = 1; k < cells; ++k) {
    const auto x = static_cast<double>(k) * h;
    pair(k) = e3(x - h) - 2 * e3(x) + e3(x + h);
  }
  Eigen::MatrixXd a(cells, cells);
  Eigen::VectorXd source(cells);
  for (Eigen::Index i = 0; i < cells; ++i) {
    for (Eigen::Index j = 0; j < cells; ++j) a(i, j) = -c / 2 * pair(std::abs(i - j));
    a(i, i) += h;
    source(i) = -std::exp(-h * static_cast<double>(i)) * std::expm1(-h);
  }
  const Eigen::VectorXd f = a.llt().solve(source);
  Transport out{std::exp(-thickness), 0, (1 - c) * h * f.sum()};
  for (Eigen::Index i = 0; i < cells; ++i) {
    const auto near = static_cast<double>(i) * h;
    out.reflected += c / 2 * f(i) * (e3(near) - e3(near + h));
    out.transmitted += c / 2 * f(i) * (e3(thickness - near - h) - e3(thickness - near));
  }
  return out;
}

}  // namespace

Transport slab_transport(double thickness, double scattering) {
  if (scattering == 0) return {std::exp(-thickness), 0, -std::expm1(-thickness)};
  const Transport coarse = solve(thickness, scattering, 128);
  const Transport fine = solve(thickness, scattering, 256);
  const auto extrapolated = [](double x, double y) { return y + (y - x) / 3; };
  return {extrapolated(coarse.transmitted, fine.transmitted),
          extrapolated(coarse.reflected, fine.reflected),
          extrapolated(coarse.absorbed, fine.absorbed)};
}

}  // namespace furrow::models
