// Least squares: the triangle of (a b) by all workers, the rest, which is small, here.
#define Eigen furrow_eigen
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 in Eigen's products
#endif
#include <Eigen/SVD>
#undef Eigen

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/linalg.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/linalg/least_squares.hpp>

namespace furrow {
namespace {

using Dense = furrow_eigen::Matrix<double, furrow_eigen::Dynamic, furrow_eigen::Dynamic,
                                   furrow_eigen::RowMajor>;

void check(const AnyArray& a, const AnyArray& b) {
  compute::check_valid(a, "lstsq");
  compute::check_valid(b, "lstsq");
  const bool fits = a.ndim() == 2 && (b.ndim() == 1 || b.ndim() == 2) &&
                    a.extent(0) == b.extent(0) && a.extent(0) > 0 && a.extent(1) > 0;
  if (fits) return;
  throw ShapeMismatch(fmt::format(
      "lstsq takes a matrix and as many rows on the right, not arrays \"{}\" {} and \"{}\" {}",
      a.name(), to_string(a.shape()), b.name(), to_string(b.shape())));
}

/// The power of two to divide an array by so that squares of its elements neither overflow nor
/// vanish; mostly 0. Throws InvalidArgument for infinities and NaN.
int scale_of(Engine& engine, const AnyArray& x) {
  if (x.size() == 0) return 0;
  const double greatest = engine.reduce("norm_inf", x).f64[0];
  if (!std::isfinite(greatest)) {
    throw InvalidArgument(fmt::format("lstsq: array \"{}\" has infinities or NaN", x.name()));
  }
  int exponent = 0;
  std::frexp(greatest, &exponent);
  // 2^1000 and its inverse are doubles, and bring the smallest number to 2^-74.
  return std::abs(exponent) < 300 ? 0 : std::clamp(exponent, -1000, 1000);
}

struct Scales {
  int a;
  int b;
};

/// R of (a b), which has all that the solution needs, of a and b divided by their scales.
Dense triangle(Engine& engine, const AnyArray& a, const AnyArray& b, std::int64_t right,
               const Scales& scales) {
  const std::int64_t n = a.extent(0);
  const std::int64_t width = a.extent(1) + right;
  const auto both = Array<double>::temporary({n, width});
  const auto put = [&](const AnyArray& from, const AnyArray& to, int scale) {
    engine.apply_to("cast", to, {from});
    if (scale != 0) engine.apply("scale", to, {std::ldexp(1.0, -scale)});
  };
  put(a, both.columns(0, a.extent(1)), scales.a);
  if (right > 0) {
    const auto place = both.columns(a.extent(1), width);
    put(b, b.ndim() == 1 ? place.column(0) : place, scales.b);
  }
  const auto r = Array<double>::temporary({width, width});
  const auto scratch =
      Array<double>::temporary({static_cast<std::int64_t>(kernels::triangle_of_scratch(n, width))});
  kernels::triangle_of(compute::OnEngine{engine},
                       kernels::row_major<const double>(both.data(), n, width), r.data(),
                       scratch.data());
  return furrow_eigen::Map<const Dense>(r.data(), width, width);
}

}  // namespace

template <MatrixElement T>
LeastSquares lstsq(Engine& engine, const Array<T>& a, const Array<T>& b, double rcond) {
  check(a, b);
  const std::int64_t n = a.extent(0);
  const std::int64_t p = a.extent(1);
  const std::int64_t right = b.ndim() == 2 ? b.extent(1) : 1;
  const Scales scales = {scale_of(engine, a), scale_of(engine, b)};
  const Dense r = triangle(engine, a, b, right, scales);
  furrow_eigen::BDCSVD<Dense> svd(r.topLeftCorner(p + right, p),
                                  furrow_eigen::ComputeThinU | furrow_eigen::ComputeThinV);
  const double smallest =
      rcond >= 0 ? rcond
                 : std::numeric_limits<double>::epsilon() * static_cast<double>(std::max(n, p));
  const auto& values = svd.singularValues();
  LeastSquares fit;
  while (fit.rank < p && values[fit.rank] > smallest * values[0]) ++fit.rank;
  const Dense projected = svd.matrixU().leftCols(fit.rank).transpose() * r.rightCols(right);
  const Dense x = svd.matrixV().leftCols(fit.rank) *
                  (values.head(fit.rank).cwiseInverse().asDiagonal() * projected);
  const Dense error = r.leftCols(p) * x - r.rightCols(right);

  fit.solution = Array<double>::temporary(b.ndim() == 1 ? Shape{p} : Shape{p, right});
  std::transform(x.data(), x.data() + x.size(), fit.solution.data(),
                 [&](double v) { return std::ldexp(v, scales.b - scales.a); });
  fit.singular_values = Array<double>::temporary({std::min(n, p)});
  std::transform(values.data(), values.data() + std::min(n, p), fit.singular_values.data(),
                 [&](double v) { return std::ldexp(v, scales.a); });
  fit.residuals = Array<double>::temporary({right});
  for (std::int64_t k = 0; k < right; ++k) {
    fit.residuals(k) =
        fit.rank < p ? std::nan("") : std::ldexp(error.col(k).squaredNorm(), 2 * scales.b);
  }
  return fit;
}

template LeastSquares lstsq(Engine&, const Array<float>&, const Array<float>&, double);
template LeastSquares lstsq(Engine&, const Array<double>&, const Array<double>&, double);

}  // namespace furrow
