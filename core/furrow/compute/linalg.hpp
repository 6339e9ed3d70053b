// furrow/compute/linalg.hpp
//
// Matrices on an engine: products, covariances, Cholesky, triangular systems, least squares.
//
//   auto c = furrow::matmul(engine, a, b);                      // NumPy's a @ b
//   auto l = furrow::cholesky(engine, furrow::cov(engine, x));
//   auto x = furrow::solve_triangular(engine, l, b);
//   auto fit = furrow::lstsq(engine, a, b);                     // fit.solution, fit.rank, …
//
// Shape   matrices have 2 axes, vectors 1; any strides (a transposed view costs nothing extra)
// Types   f32 and f64; covariances and least squares are computed and given in f64
// Order   the same bits for any number of workers, and on every target with fused multiply-add
// Result  arrays without a name (Array::temporary), or the array given as `out`
// Crash   a worker may be killed at any instant: its step is run again. `out` is written last
// Errors  ShapeMismatch, InvalidArgument (not positive definite, singular, too few observations,
//         infinities or NaN in lstsq, an `out` that repeats its elements): before anything of `out`
//         is written
// Source  kernels/linalg/*.hpp: methods, error bounds
#pragma once

#include <concepts>
#include <cstdint>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>

namespace furrow {

template <class T>
concept MatrixElement = std::same_as<T, float> || std::same_as<T, double>;

/// The product of two matrices, of a matrix and a vector, or of two vectors (then of shape {}).
/// Into `out`, which may be one of them.
template <MatrixElement T>
Array<T> matmul(Engine& engine, const Array<T>& a, const Array<T>& b);
template <MatrixElement T>
void matmul(Engine& engine, const Array<T>& a, const Array<T>& b, const Array<T>& out);

/// c = alpha * a b + beta * c; with beta = 0, c is not read.
template <MatrixElement T>
void gemm(Engine& engine, std::type_identity_t<T> alpha, const Array<T>& a, const Array<T>& b,
          std::type_identity_t<T> beta, const Array<T>& c);

/// c = alpha * a a^T + beta * c, for a symmetric c, of which about half is read; half the work of
/// gemm. The result is symmetric to the last bit.
template <MatrixElement T>
void rank_k_update(Engine& engine, std::type_identity_t<T> alpha, const Array<T>& a,
                   std::type_identity_t<T> beta, const Array<T>& c);

struct CovarianceOptions {
  bool rowvar =
      true;  // each row of x is a variable, each column an observation; false: the other way
  std::int64_t ddof = 1;
};
/// p x p, of p variables; NumPy's cov. An axis of length 1 is kept: one variable gives 1 x 1.
template <MatrixElement T>
Array<double> cov(Engine& engine, const Array<T>& x, const CovarianceOptions& options = {});
/// NumPy's corrcoef: covariances divided by both standard deviations, limited to [-1, 1]. A
/// variable that does not vary has NaN.
template <MatrixElement T>
Array<double> corrcoef(Engine& engine, const Array<T>& x, bool rowvar = true);

/// The lower triangular factor of a symmetric positive definite matrix, of which the lower triangle
/// is read. Throws InvalidArgument that names the first leading minor that is not positive.
template <MatrixElement T>
Array<T> cholesky(Engine& engine, const Array<T>& a);

struct TriangularOptions {
  bool lower = true;
  bool transposed = false;  // solve with the transposed of `a` instead
  bool unit_diagonal = false;
};
/// x of a x = b, with one right-hand side (1 axis) or several (columns). The other triangle of `a`
/// is not read. Throws InvalidArgument when a number on the diagonal is 0.
template <MatrixElement T>
Array<T> solve_triangular(Engine& engine, const Array<T>& a, const Array<T>& b,
                          const TriangularOptions& options = {});

struct LeastSquares {
  Array<double> solution;         // the x of least norm among those of least |a x - b|
  Array<double> residuals;        // |a x - b|^2 of each column of b; NaN where rank < columns of a
  std::int64_t rank = 0;          // of a, numerically
  Array<double> singular_values;  // of a, descending
};
/// NumPy's lstsq, for elements of any size (their squares may overflow or vanish): singular values
/// below rcond times the largest count as 0 (negative: eps times the larger side of `a`).
template <MatrixElement T>
LeastSquares lstsq(Engine& engine, const Array<T>& a, const Array<T>& b, double rcond = -1);

}  // namespace furrow
