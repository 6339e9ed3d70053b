#include <furrow/compute/linalg.hpp>

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/operands.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/linalg/covariance.hpp>
#include <furrow/kernels/linalg/gemv.hpp>
#include <furrow/kernels/linalg/triangular.hpp>

namespace furrow {
namespace {

using compute::OnEngine;
using kernels::Matrix;

std::string describe(const AnyArray& array) {
  return fmt::format("{} of shape {}", array.label(), to_string(array.shape()));
}

void check_matrix(const AnyArray& array, const char* what) {
  compute::check_valid(array, what);
  if (array.ndim() == 2) return;
  throw ShapeMismatch(
      fmt::format("{} takes a matrix, and {} has {} axes", what, describe(array), array.ndim()));
}

/// A matrix, or a vector as one column.
template <MatrixElement T>
Matrix<T> matrix_of(const Array<T>& array) {
  const std::int64_t columns = array.ndim() == 2 ? array.extent(1) : 1;
  const std::int64_t column_stride = array.ndim() == 2 ? array.strides()[1] : 1;
  return {array.data(), array.extent(0), columns, array.strides()[0], column_stride};
}

template <MatrixElement T>
Array<T> scratch_of(std::size_t elements) {
  return Array<T>::temporary({std::max<std::int64_t>(1, static_cast<std::int64_t>(elements))});
}

bool share_memory(const AnyArray& a, const AnyArray& b) {
  return a.segment()->identity() == b.segment()->identity();
}

void check_writable(const AnyArray& out) {
  if (out.access() == Access::read_write) return engine::check_distinct(out);
  throw PermissionDenied(
      fmt::format("{} is attached read-only and cannot be written (attach it with "
                  "Access::read_write)",
                  out.label()));
}

/// `out` may be written, and is of this shape.
void check_output(const AnyArray& out, const Shape& shape, const char* what) {
  compute::check_valid(out, what);
  if (out.shape() == shape) return check_writable(out);
  throw ShapeMismatch(fmt::format("{} gives shape {}, and {} is to take it", what, to_string(shape),
                                  describe(out)));
}

template <MatrixElement T>
void copy(Engine& engine, const Array<T>& from, const Array<T>& to) {
  if (to.size() > 0)
    kernels::detail::copy_matrix<OnEngine, T>({engine}, matrix_of(from), matrix_of(to));
}

/// The shape of a product; throws when there is none.
Shape product_shape(const AnyArray& a, const AnyArray& b) {
  compute::check_valid(a, "a product");
  compute::check_valid(b, "a product");
  const bool ranks = a.ndim() >= 1 && a.ndim() <= 2 && b.ndim() >= 1 && b.ndim() <= 2;
  if (!ranks || a.extent(a.ndim() - 1) != b.extent(0)) {
    throw ShapeMismatch(
        fmt::format("there is no product of {} and {}: the last axis of the one must be as long as "
                    "the first of "
                    "the other, of at most 2 axes each",
                    describe(a), describe(b)));
  }
  Shape shape;
  if (a.ndim() == 2) shape.push_back(a.extent(0));
  if (b.ndim() == 2) shape.push_back(b.extent(1));
  return shape;
}

/// out = a b, where `out` shares no memory with them.
template <MatrixElement T>
void multiply(Engine& engine, Matrix<const T> a, Matrix<const T> b, Matrix<T> out) {
  if (out.rows == 0 || out.columns == 0) return;
  if (out.columns == 1) {
    const auto scratch = scratch_of<T>(kernels::gemv_scratch<T>(a.rows, a.columns));
    return kernels::gemv<T>(OnEngine{engine}, a, b.data, b.row_stride, out.data, out.row_stride,
                            scratch.data());
  }
  if (out.rows == 1) {  // x A = (A^T x)^T
    return multiply<T>(engine, b.transposed(), a.transposed(), out.transposed());
  }
  const auto scratch = scratch_of<T>(kernels::gemm_scratch<T>(out.rows, out.columns, a.columns));
  kernels::gemm<T>(OnEngine{engine}, T(1), a, b, T(0), {}, out, scratch.data());
}

}  // namespace

template <MatrixElement T>
void matmul(Engine& engine, const Array<T>& a, const Array<T>& b, const Array<T>& out) {
  check_output(out, product_shape(a, b), "the product");
  if (share_memory(out, a) || share_memory(out, b)) {
    const Array<T> result = matmul(engine, a, b);
    const engine::Writing writing(engine, out);
    if (out.ndim() == 0) {
      *out.data() = *result.data();
    } else {
      copy(engine, result, out);
    }
    return;
  }
  const Matrix<const T> left = a.ndim() == 2 ? matrix_of(a) : matrix_of(a).transposed();
  Matrix<T> to{out.data(), 1, 1, 1, 1};
  if (out.ndim() == 2) to = matrix_of(out);
  if (out.ndim() == 1) to = a.ndim() == 2 ? matrix_of(out) : matrix_of(out).transposed();
  const engine::Writing writing(engine, out);
  multiply<T>(engine, left, matrix_of(b), to);
}

template <MatrixElement T>
Array<T> matmul(Engine& engine, const Array<T>& a, const Array<T>& b) {
  auto out = Array<T>::temporary(product_shape(a, b));
  matmul(engine, a, b, out);
  return out;
}

template <MatrixElement T>
void gemm(Engine& engine, std::type_identity_t<T> alpha, const Array<T>& a, const Array<T>& b,
          std::type_identity_t<T> beta, const Array<T>& c) {
  check_matrix(a, "gemm");
  check_matrix(b, "gemm");
  check_output(c, product_shape(a, b), "the product");
  if (c.size() == 0) return;
  // What is read must not be written: the result is made beside c, and copied.
  const auto result = Array<T>::temporary(c.shape());
  const auto scratch =
      scratch_of<T>(kernels::gemm_scratch<T>(c.extent(0), c.extent(1), a.extent(1)));
  kernels::gemm<T>(OnEngine{engine}, alpha, matrix_of(a), matrix_of(b), beta, matrix_of(c),
                   matrix_of(result), scratch.data());
  const engine::Writing writing(engine, c);
  copy(engine, result, c);
}

template <MatrixElement T>
void rank_k_update(Engine& engine, std::type_identity_t<T> alpha, const Array<T>& a,
                   std::type_identity_t<T> beta, const Array<T>& c) {
  check_matrix(a, "rank_k_update");
  check_output(c, {a.extent(0), a.extent(0)}, "the product of a matrix and its transposed");
  if (c.size() == 0) return;
  const auto result = Array<T>::temporary(c.shape());
  const auto scratch =
      scratch_of<T>(kernels::gemm_scratch<T>(c.extent(0), c.extent(1), a.extent(1)));
  const Matrix<const T> left = matrix_of(a);
  kernels::gemm<T>(OnEngine{engine}, alpha, left, left.transposed(), beta, matrix_of(c),
                   matrix_of(result), scratch.data(), kernels::Half::one);
  const engine::Writing writing(engine, c);
  copy(engine, result, c);
}

template <MatrixElement T>
Array<double> cov(Engine& engine, const Array<T>& x, const CovarianceOptions& options) {
  if (!x.valid() || (x.ndim() != 1 && x.ndim() != 2)) check_matrix(x, "cov");
  if constexpr (!std::is_same_v<T, double>) {
    const auto wide = Array<double>::temporary(x.shape());
    const AnyArray in[] = {x};
    engine.apply_to_async("cast", wide, in).get();
    return cov(engine, wide, options);
  } else {
    Matrix<const double> rows = matrix_of(x);
    if (x.ndim() == 2 && options.rowvar) rows = rows.transposed();
    const std::int64_t p = rows.columns;
    if (rows.rows <= options.ddof) {
      throw InvalidArgument(fmt::format(
          "covariances of {}: {} observations are too few (they are divided by {} - {})",
          describe(x), rows.rows, rows.rows, options.ddof));
    }
    auto out = Array<double>::temporary({p, p});
    if (p == 0) return out;
    const auto mean = Array<double>::temporary({p});
    const auto scratch = scratch_of<double>(kernels::covariance_scratch(rows.rows, p));
    const double divisor = static_cast<double>(rows.rows) - static_cast<double>(options.ddof);
    kernels::covariance(OnEngine{engine}, rows, 1 / divisor, mean.data(), out.data(),
                        scratch.data());
    return out;
  }
}

template <MatrixElement T>
Array<double> corrcoef(Engine& engine, const Array<T>& x, bool rowvar) {
  Array<double> c = cov(engine, x, {rowvar, 0});
  const std::int64_t p = c.extent(0);
  std::vector<double> deviation;
  for (std::int64_t i = 0; i < p; ++i) deviation.push_back(std::sqrt(c(i, i)));
  for (std::int64_t i = 0; i < p; ++i) {
    for (std::int64_t j = 0; j < p; ++j) {
      const auto s = static_cast<std::size_t>(std::max(i, j));
      const auto t = static_cast<std::size_t>(std::min(i, j));
      double value = c(i, j) / deviation[s] / deviation[t];
      if (i == j && value == value) value = 1;
      c(i, j) = value > 1 ? 1 : value < -1 ? -1 : value;
    }
  }
  return c;
}

template <MatrixElement T>
Array<T> cholesky(Engine& engine, const Array<T>& a) {
  check_matrix(a, "cholesky");
  const std::int64_t n = a.extent(0);
  if (a.extent(1) != n) {
    throw ShapeMismatch(fmt::format("cholesky takes a square matrix, not {}", describe(a)));
  }
  auto l = Array<T>::temporary({n, n});
  const auto scratch = scratch_of<T>(kernels::triangular_scratch<T>(n, n));
  const std::int64_t minor =
      kernels::cholesky<T>(OnEngine{engine}, matrix_of(a), matrix_of(l), scratch.data());
  if (minor != 0) {
    throw InvalidArgument(
        fmt::format("{} is not positive definite: its leading minor of order {} is not positive",
                    describe(a), minor));
  }
  return l;
}

template <MatrixElement T>
Array<T> solve_triangular(Engine& engine, const Array<T>& a, const Array<T>& b,
                          const TriangularOptions& options) {
  check_matrix(a, "solve_triangular");
  if (!b.valid() || (b.ndim() != 1 && b.ndim() != 2)) check_matrix(b, "solve_triangular");
  const std::int64_t n = a.extent(0);
  if (a.extent(1) != n || b.extent(0) != n) {
    throw ShapeMismatch(fmt::format(
        "solve_triangular takes a square matrix and as many rows on the right: not {} and {}",
        describe(a), describe(b)));
  }
  Matrix<const T> l = options.transposed ? matrix_of(a).transposed() : matrix_of(a);
  for (std::int64_t i = 0; i < n && !options.unit_diagonal; ++i) {
    if (l(i, i) != T(0)) continue;
    throw InvalidArgument(
        fmt::format("{} is singular: number {} of its diagonal is 0", describe(a), i));
  }
  auto x = Array<T>::temporary(b.shape());
  if (x.size() == 0) return x;
  Matrix<const T> right = matrix_of(b);
  Matrix<T> to = matrix_of(x);
  if (options.lower == options.transposed) {  // upper: backwards it is a lower one
    const auto reversed = [n](auto m, bool columns) {
      m.data += (n - 1) * (m.row_stride + (columns ? m.column_stride : 0));
      m.row_stride = -m.row_stride;
      if (columns) m.column_stride = -m.column_stride;
      return m;
    };
    l = reversed(l, true);
    right = reversed(right, false);
    to = reversed(to, false);
  }
  const auto scratch = scratch_of<T>(kernels::triangular_scratch<T>(n, to.columns));
  kernels::solve_lower<T>(OnEngine{engine}, l, options.unit_diagonal, right, to, scratch.data());
  return x;
}

#define FURROW_LINALG(T)                                                                   \
  template Array<T> matmul(Engine&, const Array<T>&, const Array<T>&);                     \
  template void matmul(Engine&, const Array<T>&, const Array<T>&, const Array<T>&);        \
  template void gemm<T>(Engine&, T, const Array<T>&, const Array<T>&, T, const Array<T>&); \
  template void rank_k_update<T>(Engine&, T, const Array<T>&, T, const Array<T>&);         \
  template Array<double> cov(Engine&, const Array<T>&, const CovarianceOptions&);          \
  template Array<double> corrcoef(Engine&, const Array<T>&, bool);                         \
  template Array<T> cholesky(Engine&, const Array<T>&);                                    \
  template Array<T> solve_triangular(Engine&, const Array<T>&, const Array<T>&,            \
                                     const TriangularOptions&);
FURROW_LINALG(float)
FURROW_LINALG(double)

}  // namespace furrow
