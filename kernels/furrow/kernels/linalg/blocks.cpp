// furrow/kernels/linalg/blocks.cpp
//
// The inner parts of matrix times vector and of triangular systems.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/linalg/blocks.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/linalg/gemv.hpp>
#include <furrow/kernels/linalg/triangular.hpp>

#ifndef FURROW_KERNELS_BLOCKS_TABLE
#define FURROW_KERNELS_BLOCKS_TABLE
namespace furrow::kernels {
template <class T>
struct BlocksOf {
  void (*gemv_columns)(const Matrix<const T>& a, const T* x, std::int64_t x_stride,
                       T* out) noexcept;
  void (*solve)(const Matrix<const T>& l, bool unit, T* strip) noexcept;
};
struct BlocksTable {
  BlocksOf<float> f32;
  BlocksOf<double> f64;
};
}  // namespace furrow::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// sum[0 .. a.rows) = A x, columns in order; a.rows is at most gemv_strip, padded in `sum`.
template <class T>
HWY_INLINE void add_columns(const Matrix<const T>& a, const T* x, std::int64_t x_stride,
                            T* HWY_RESTRICT sum) noexcept {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  std::int64_t j = 0;
  // Four columns at a time: one load and one store of the sums for four multiply-adds.
  for (; j + 4 <= a.columns; j += 4) {
    const T* column = a.data + j * a.column_stride;
    const T* second = column + a.column_stride;
    const T* third = second + a.column_stride;
    const T* fourth = third + a.column_stride;
    const T value[4] = {x[j * x_stride], x[(j + 1) * x_stride], x[(j + 2) * x_stride],
                        x[(j + 3) * x_stride]};
    std::int64_t i = 0;
    for (; i + lanes <= a.rows; i += lanes) {
      auto at = hn::LoadU(d, sum + i);
      at = hn::MulAdd(hn::LoadU(d, column + i), hn::Set(d, value[0]), at);
      at = hn::MulAdd(hn::LoadU(d, second + i), hn::Set(d, value[1]), at);
      at = hn::MulAdd(hn::LoadU(d, third + i), hn::Set(d, value[2]), at);
      at = hn::MulAdd(hn::LoadU(d, fourth + i), hn::Set(d, value[3]), at);
      hn::StoreU(at, d, sum + i);
    }
    const hn::CappedTag<T, 1> one;
    for (; i < a.rows; ++i) {
      auto at = hn::LoadU(one, sum + i);
      at = hn::MulAdd(hn::LoadU(one, column + i), hn::Set(one, value[0]), at);
      at = hn::MulAdd(hn::LoadU(one, second + i), hn::Set(one, value[1]), at);
      at = hn::MulAdd(hn::LoadU(one, third + i), hn::Set(one, value[2]), at);
      at = hn::MulAdd(hn::LoadU(one, fourth + i), hn::Set(one, value[3]), at);
      hn::StoreU(at, one, sum + i);
    }
  }
  for (; j < a.columns; ++j) {
    const T* column = a.data + j * a.column_stride;
    const hn::CappedTag<T, 1> one;
    for (std::int64_t i = 0; i < a.rows; ++i) {
      const auto value = hn::Set(one, x[j * x_stride]);
      hn::StoreU(hn::MulAdd(hn::LoadU(one, column + i), value, hn::LoadU(one, sum + i)), one,
                 sum + i);
    }
  }
}

template <class T>
void gemv_columns(const Matrix<const T>& a, const T* x, std::int64_t x_stride, T* out) noexcept {
  constexpr std::int64_t run = 64;
  alignas(64) T sum[detail::gemv_strip];
  std::fill_n(out, a.rows, T(0));
  for (std::int64_t j = 0; j < a.columns; j += run) {
    std::fill_n(sum, a.rows, T(0));
    add_columns(a.block(0, j, a.rows, std::min(run, a.columns - j)), x + j * x_stride, x_stride,
                sum);
    for (std::int64_t i = 0; i < a.rows; ++i) out[i] += sum[i];
  }
}

/// L X = B in place: row r of the strip (triangle_strip elements) holds B and becomes X.
template <class T>
void solve(const Matrix<const T>& l, bool unit, T* HWY_RESTRICT strip) noexcept {
  constexpr std::int64_t width = detail::triangle_strip;
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  constexpr int at_once = width / lanes >= 4 ? 4 : static_cast<int>(width / lanes);
  for (std::int64_t column = 0; column < width; column += at_once * lanes) {
    for (std::int64_t r = 0; r < l.rows; ++r) {
      T* row = strip + r * width + column;
      hn::Vec<decltype(d)> rest[at_once];
#pragma GCC unroll 4
      for (int v = 0; v < at_once; ++v) rest[v] = hn::Load(d, row + v * lanes);
      for (std::int64_t k = 0; k < r; ++k) {
        const auto factor = hn::Set(d, l(r, k));
        const T* known = strip + k * width + column;
#pragma GCC unroll 4
        for (int v = 0; v < at_once; ++v) {
          rest[v] = hn::NegMulAdd(factor, hn::Load(d, known + v * lanes), rest[v]);
        }
      }
      const auto diagonal = hn::Set(d, unit ? T(1) : l(r, r));
#pragma GCC unroll 4
      for (int v = 0; v < at_once; ++v) hn::Store(hn::Div(rest[v], diagonal), d, row + v * lanes);
    }
  }
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const BlocksTable* blocks_table() {
  static constexpr BlocksTable table{{&gemv_columns<float>, &solve<float>},
                                     {&gemv_columns<double>, &solve<double>}};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

#include <furrow/kernels/reduce/reduce.hpp>

namespace furrow::kernels {

HWY_EXPORT(blocks_table);

namespace {

const BlocksTable* resolve_blocks(std::size_t slot) noexcept {
  return FURROW_DISPATCH(blocks_table, slot);
}
constinit Dispatch<BlocksTable> dispatch{resolve_blocks};

template <class T>
const BlocksOf<T>& blocks() noexcept {
  if constexpr (sizeof(T) == 4) {
    return dispatch.table().f32;
  } else {
    return dispatch.table().f64;
  }
}

}  // namespace

namespace detail {

template <class T>
void gemv_rows(Matrix<const T> a, const T* x, std::int64_t x_stride, T* out,
               std::int64_t out_stride) noexcept {
  static const ReduceFunctions* dot = reduce_functions(ReduceOp::dot, dtype_of<T>);
  if (a.columns == 0) {
    for (std::int64_t i = 0; i < a.rows; ++i) out[i * out_stride] = T(0);
    return;
  }
  for (std::int64_t i = 0; i < a.rows; ++i) {
    const ReduceCall call{
        {&a(i, 0), x}, {a.column_stride, x_stride}, static_cast<std::size_t>(a.columns), 0};
    alignas(16) std::byte partial[partial_bytes_max];
    ReduceResult result;
    dot->tile(call, partial);
    dot->finish(partial, &result);
    out[i * out_stride] = static_cast<T>(result.f64[0]);
  }
}

template <class T>
void gemv_columns(Matrix<const T> a, const T* x, std::int64_t x_stride, T* out) noexcept {
  blocks<T>().gemv_columns(a, x, x_stride, out);
}

template <class T>
void solve_strip(Matrix<const T> l, bool unit, Matrix<const T> b, Matrix<T> x) noexcept {
  alignas(64) T strip[triangle_side * triangle_strip] = {};
  for (std::int64_t i = 0; i < b.rows; ++i) {
    for (std::int64_t j = 0; j < b.columns; ++j) strip[i * triangle_strip + j] = b(i, j);
  }
  blocks<T>().solve(l, unit, strip);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.columns; ++j) x(i, j) = strip[i * triangle_strip + j];
  }
}

template <class T>
std::int64_t cholesky_block(Matrix<const T> a, Matrix<T> l) noexcept {
  const std::int64_t n = a.rows;
  T work[triangle_side][triangle_side];  // the lower triangle, by columns
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = j; i < n; ++i) work[j][i] = a(i, j);
  }
  for (std::int64_t k = 0; k < n; ++k) {
    if (!(work[k][k] > T(0)) || std::isinf(work[k][k])) return k + 1;
    const T root = std::sqrt(work[k][k]);
    work[k][k] = root;
    for (std::int64_t i = k + 1; i < n; ++i) work[k][i] /= root;
    for (std::int64_t j = k + 1; j < n; ++j) {
      const T factor = work[k][j];
      for (std::int64_t i = j; i < n; ++i) work[j][i] -= factor * work[k][i];
    }
  }
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) l(i, j) = i < j ? T(0) : work[j][i];
  }
  return 0;
}

template void gemv_rows<float>(Matrix<const float>, const float*, std::int64_t, float*,
                               std::int64_t) noexcept;
template void gemv_rows<double>(Matrix<const double>, const double*, std::int64_t, double*,
                                std::int64_t) noexcept;
template void gemv_columns<float>(Matrix<const float>, const float*, std::int64_t, float*) noexcept;
template void gemv_columns<double>(Matrix<const double>, const double*, std::int64_t,
                                   double*) noexcept;
template void solve_strip<float>(Matrix<const float>, bool, Matrix<const float>,
                                 Matrix<float>) noexcept;
template void solve_strip<double>(Matrix<const double>, bool, Matrix<const double>,
                                  Matrix<double>) noexcept;
template std::int64_t cholesky_block<float>(Matrix<const float>, Matrix<float>) noexcept;
template std::int64_t cholesky_block<double>(Matrix<const double>, Matrix<double>) noexcept;

}  // namespace detail
}  // namespace furrow::kernels
#endif
