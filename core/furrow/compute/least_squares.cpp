// Least squares: the triangle of (a b) by all workers, the rest, which is small, here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/linalg.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/compute/singular.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/linalg/least_squares.hpp>

namespace furrow {
namespace {

void check(const AnyArray& a, const AnyArray& b) {
  compute::check_valid(a, "lstsq");
  compute::check_valid(b, "lstsq");
  const bool fits = a.ndim() == 2 && (b.ndim() == 1 || b.ndim() == 2) &&
                    a.extent(0) == b.extent(0) && a.extent(0) > 0 && a.extent(1) > 0;
  if (fits) return;
  throw ShapeMismatch(
      fmt::format("lstsq takes a matrix and as many rows on the right, not {} {} and {} {}",
                  a.label(), to_string(a.shape()), b.label(), to_string(b.shape())));
}

/// The power of two to divide an array by so that squares of its elements neither overflow nor
/// vanish; mostly 0. Throws InvalidArgument for infinities and NaN.
int scale_of(Engine& engine, const AnyArray& x) {
  if (x.size() == 0) return 0;
  const double greatest = engine.reduce("norm_inf", x).f64[0];
  if (!std::isfinite(greatest)) {
    throw InvalidArgument(fmt::format("lstsq: {} has infinities or NaN", x.label()));
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
Array<double> triangle(Engine& engine, const AnyArray& a, const AnyArray& b, std::int64_t right,
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
  auto r = Array<double>::temporary({width, width});
  const auto scratch =
      Array<double>::temporary({static_cast<std::int64_t>(kernels::triangle_of_scratch(n, width))});
  kernels::triangle_of(compute::OnEngine{engine},
                       kernels::row_major<const double>(both.data(), n, width), r.data(),
                       scratch.data());
  return r;
}

/// The first `rows` rows of r, their columns from `first` to `end`.
std::vector<double> part_of(const Array<double>& r, std::int64_t rows, std::int64_t first,
                            std::int64_t end) {
  std::vector<double> part;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = first; j < end; ++j) part.push_back(r(i, j));
  }
  return part;
}

/// |a x - b|^2 of column k, from the triangle of (a b).
double residual(const Array<double>& r, const std::vector<double>& x, std::int64_t p,
                std::int64_t right, std::int64_t k) {
  double sum = 0;
  for (std::int64_t i = 0; i < p + right; ++i) {
    double error = -r(i, p + k);
    for (std::int64_t j = i; j < p; ++j) {
      error += r(i, j) * x[static_cast<std::size_t>(j * right + k)];
    }
    sum += error * error;
  }
  return sum;
}

}  // namespace

template <MatrixElement T>
LeastSquares lstsq(Engine& engine, const Array<T>& a, const Array<T>& b, double rcond) {
  check(a, b);
  const std::int64_t n = a.extent(0);
  const std::int64_t p = a.extent(1);
  const std::int64_t right = b.ndim() == 2 ? b.extent(1) : 1;
  const Scales scales = {scale_of(engine, a), scale_of(engine, b)};
  const Array<double> r = triangle(engine, a, b, right, scales);
  const double smallest =
      rcond >= 0 ? rcond
                 : std::numeric_limits<double>::epsilon() * static_cast<double>(std::max(n, p));
  const compute::SingularSolution found = compute::solve_by_singular_values(
      part_of(r, p, 0, p), part_of(r, p, p, p + right), p, right, smallest);
  LeastSquares fit;
  fit.rank = found.rank;

  fit.solution = Array<double>::temporary(b.ndim() == 1 ? Shape{p} : Shape{p, right});
  std::transform(found.x.begin(), found.x.end(), fit.solution.data(),
                 [&](double v) { return std::ldexp(v, scales.b - scales.a); });
  fit.singular_values = Array<double>::temporary({std::min(n, p)});
  std::transform(found.values.begin(), found.values.begin() + std::min(n, p),
                 fit.singular_values.data(), [&](double v) { return std::ldexp(v, scales.a); });
  fit.residuals = Array<double>::temporary({right});
  for (std::int64_t k = 0; k < right; ++k) {
    fit.residuals(k) =
        fit.rank < p ? std::nan("") : std::ldexp(residual(r, found.x, p, right, k), 2 * scales.b);
  }
  return fit;
}

template LeastSquares lstsq(Engine&, const Array<float>&, const Array<float>&, double);
template LeastSquares lstsq(Engine&, const Array<double>&, const Array<double>&, double);

}  // namespace furrow
