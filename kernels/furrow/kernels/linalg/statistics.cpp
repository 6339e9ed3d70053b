// furrow/kernels/linalg/statistics.cpp
//
// One part of a covariance, and the triangle of one block of rows: the latter with Eigen, under a
// name of our own, since a program that uses Eigen with other options must not get our code or the
// other way round.
#define Eigen furrow_eigen
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 in Eigen's trmv
#endif
#include <Eigen/Core>
#include <Eigen/QR>
#undef Eigen

#include <furrow/kernels/linalg/covariance.hpp>
#include <furrow/kernels/linalg/least_squares.hpp>

namespace furrow::kernels::detail {

void sum_columns(Matrix<const double> x, double* out) noexcept {
  constexpr std::int64_t run = 64;
  const bool along = x.column_stride == 1;
  std::fill_n(out, x.columns, 0.0);
  constexpr std::int64_t strip = 256;
  double sum[strip];
  for (std::int64_t j = 0; j < x.columns; j += strip) {
    const std::int64_t count = std::min(strip, x.columns - j);
    for (std::int64_t i = 0; i < x.rows; i += run) {
      std::fill_n(sum, count, 0.0);
      for (std::int64_t r = i; r < std::min(i + run, x.rows); ++r) {
        const double* row = &x(r, j);
        if (along) {
          for (std::int64_t k = 0; k < count; ++k) sum[k] += row[k];
        } else {
          for (std::int64_t k = 0; k < count; ++k) sum[k] += row[k * x.column_stride];
        }
      }
      for (std::int64_t k = 0; k < count; ++k) out[j + k] += sum[k];
    }
  }
}

void comoment_part(Matrix<const double> x, const double* mean, double* out) noexcept {
  constexpr std::int64_t wide = panel_width<double>;
  constexpr std::int64_t lanes = (covariance_narrow + wide - 1) / wide * wide;
  alignas(64) double wide_panels[lanes * panel_depth];
  alignas(64) double high_panels[lanes * panel_depth];
  const std::int64_t p = x.columns;
  const Matrix<double> to = row_major(out, p, p);
  for (std::int64_t row = 0; row < x.rows; row += panel_depth) {
    const std::int64_t depth = std::min(panel_depth, x.rows - row);
    const Matrix<const double> part = x.block(row, 0, depth, p).transposed();
    const auto pack = [&](std::int64_t width, double* panels) {
      for (std::int64_t v = 0; v < p; v += width) {
        pack_panel<double>(part.block(v, 0, std::min(width, p - v), depth), mean + v, width,
                           panels + v * depth);
      }
    };
    pack(wide, wide_panels);
    pack(panel_height, high_panels);
    gemm_task(GemmTask<double>{wide_panels, high_panels, p, p, depth, 0, divide_up(p, wide), 0,
                               divide_up(p, panel_height), to, to, 1, row == 0 ? 0.0 : 1.0});
  }
}

void triangle_of_block(double* block, std::int64_t rows, std::int64_t w, double* r) noexcept {
  using Columns = furrow_eigen::Matrix<double, furrow_eigen::Dynamic, furrow_eigen::Dynamic>;
  furrow_eigen::Map<Columns> matrix(block, rows, w);
  const furrow_eigen::HouseholderQR<furrow_eigen::Ref<Columns>> qr(matrix);
  for (std::int64_t i = 0; i < w; ++i) {
    for (std::int64_t j = 0; j < w; ++j) r[i * w + j] = i <= j && i < rows ? matrix(i, j) : 0;
  }
}

}  // namespace furrow::kernels::detail
