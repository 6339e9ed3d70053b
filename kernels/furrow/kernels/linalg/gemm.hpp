// furrow/kernels/linalg/gemm.hpp
//
// Product of matrices.                                  out = alpha * A B + beta * C
//
//   std::vector<double> room(gemm_scratch<double>(m, n, k));
//   gemm<double>(Threads{}, 1, row_major<const double>(a.data(), m, k),
//                row_major<const double>(b.data(), k, n), 0, {}, row_major(c.data(), m, n),
//                room.data());
//
// Shape   A is m x k, B is k x n, C and out are m x n; any strides
// Types   f32, f64
// Order   every element of out is a chain of multiply-adds over 256 of k in order of index; the
//         sums of the chains are added in order: the same bits for any executor, and on every
//         target with fused multiply-add
// Error   |out - exact| <= (min(k, 256) + k/256 + 3) eps (|alpha| |A||B| + |beta C|)
// NaN     as multiplying and adding gives; with beta = 0, C is not read (as in BLAS)
// Memory  out overlaps no operand, but may be C when beta is 0; gemm_scratch elements of scratch
// Source  Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34
//         (2008); Van Zee and van de Geijn, "BLIS", ACM TOMS 41 (2015)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/linalg/matrix.hpp>

namespace furrow::kernels {

/// Which elements of a product are asked for.
enum class Half : std::uint8_t {
  both,
  one,  // the product is symmetric: about half is computed, the rest is its mirror image
};

namespace detail {

/// Panels have one layout whatever the target: `panel_width` elements side by side for each k along
/// the vectors, `panel_height` for each k across. Narrower registers take a panel in parts.
template <class T>
inline constexpr std::int64_t panel_width = 192 / sizeof(T);
inline constexpr std::int64_t panel_height = 8;
inline constexpr std::int64_t panel_depth = 256;
/// Of k, what is packed at a time: bounds the scratch.
inline constexpr std::int64_t pass_depth = 32 * panel_depth;

/// One task of a product: panels [width_begin, width_end) times panels [height_begin, height_end).
/// In terms of the task the result is out(v, s) = sum over k of wide(k, v) * high(k, s), with v
/// along the vectors.
template <class T>
struct GemmTask {
  const T* wide;
  const T* high;
  std::int64_t width, height, depth;  // of the whole product
  std::int64_t width_begin, width_end, height_begin, height_end;
  Matrix<T> out;      // rows are v, columns are s
  Matrix<const T> c;  // the same; read when beta is not 0
  T alpha, beta;
};

void gemm_task(const GemmTask<float>& task) noexcept;
void gemm_task(const GemmTask<double>& task) noexcept;

/// Packs the rows of `from` (v or s; its columns are k), each less its `shift` (null: 0), as the
/// panel of `lanes` rows; the rest of the lanes become 0.
template <class T>
void pack_panel(Matrix<const T> from, const T* shift, std::int64_t lanes, T* to) noexcept;

template <class T>
struct GemmPlan {
  Matrix<const T> wide, high, c;  // wide: v x k, high: s x k
  Matrix<T> out;                  // v x s
  T* wide_panels;
  T* high_panels;
  T alpha, beta;
  Half half;
  const T* wide_shift;  // subtracted from row v of `wide`, of `high`: null for nothing
  const T* high_shift;

  std::int64_t wide_count() const noexcept { return divide_up(out.rows, panel_width<T>); }
  std::int64_t high_count() const noexcept { return divide_up(out.columns, panel_height); }
  std::int64_t depth_count() const noexcept { return divide_up(wide.columns, panel_depth); }
};

/// Panels task % parts of all parts, at step task / parts of k.
template <class T>
void pack_part(Matrix<const T> from, const T* shift, std::int64_t lanes, T* to, std::int64_t task,
               std::int64_t parts) noexcept {
  const std::int64_t panels = divide_up(from.rows, lanes);
  const std::int64_t k = task / parts * panel_depth;
  const std::int64_t depth = std::min(panel_depth, from.columns - k);
  const std::int64_t per_part = divide_up(panels, parts);
  const std::int64_t begin = task % parts * per_part;
  for (std::int64_t p = begin; p < std::min(begin + per_part, panels); ++p) {
    const std::int64_t rows = std::min(lanes, from.rows - p * lanes);
    pack_panel<T>(from.block(p * lanes, k, rows, depth),
                  shift == nullptr ? nullptr : shift + p * lanes, lanes,
                  to + (k * panels + p * depth) * lanes);
  }
}

template <class T, class Each>
void gemm_pack(const Each& each, const GemmPlan<T>& plan) {
  const std::int64_t wide_parts = divide_up(plan.wide_count(), 16);
  const std::int64_t high_parts = divide_up(plan.high_count(), 48);
  const std::int64_t wide_tasks = wide_parts * plan.depth_count();
  each(wide_tasks + high_parts * plan.depth_count(), [plan, wide_parts, high_parts,
                                                      wide_tasks](std::int64_t task) {
    if (task < wide_tasks) {
      pack_part(plan.wide, plan.wide_shift, panel_width<T>, plan.wide_panels, task, wide_parts);
    } else {
      pack_part(plan.high, plan.high_shift, panel_height, plan.high_panels, task - wide_tasks,
                high_parts);
    }
  });
}

/// Tasks of about 192 x 384 elements, smaller ones for small matrices: from the shape alone.
template <class T, class Each>
void gemm_multiply(const Each& each, const GemmPlan<T>& plan) {
  std::int64_t width = 8;
  std::int64_t height = 48;
  const auto tasks = [&] {
    return divide_up(plan.wide_count(), width) * divide_up(plan.high_count(), height);
  };
  while (height > 6 && tasks() < 64) height /= 2;
  while (width > 2 && tasks() < 64) width /= 2;
  const std::int64_t across = divide_up(plan.high_count(), height);
  each(tasks(), [plan, width, height, across](std::int64_t task) {
    const std::int64_t w = task / across * width;
    const std::int64_t h = task % across * height;
    const std::int64_t w_end = std::min(w + width, plan.wide_count());
    // Above the diagonal: mirror_half copies it.
    if (plan.half == Half::one && w_end * panel_width<T> <= h * panel_height) return;
    gemm_task(GemmTask<T>{plan.wide_panels, plan.high_panels, plan.out.rows, plan.out.columns,
                          plan.wide.columns, w, w_end, h, std::min(h + height, plan.high_count()),
                          plan.out, plan.c, plan.alpha, plan.beta});
  });
}

/// What lies above the diagonal becomes what lies below it.
template <class T, class Each>
void mirror_half(const Each& each, Matrix<T> out) {
  constexpr std::int64_t side = 64;
  each(divide_up(out.rows, side), [out](std::int64_t task) {
    const std::int64_t end = std::min((task + 1) * side, out.rows);
    for (std::int64_t j = 0; j < end; j += side) {
      for (std::int64_t v = task * side; v < end; ++v) {
        for (std::int64_t s = j; s < std::min(j + side, v); ++s) out(s, v) = out(v, s);
      }
    }
  });
}

}  // namespace detail

/// Elements of scratch that gemm needs.
template <class T>
std::size_t gemm_scratch(std::int64_t m, std::int64_t n, std::int64_t k) noexcept {
  constexpr std::int64_t wide = detail::panel_width<T>;
  const std::int64_t depth = std::clamp<std::int64_t>(k, 1, detail::pass_depth);
  const std::int64_t panels = (m + n + 2 * wide) * depth;
  const std::int64_t padding = 64 / sizeof(T);  // panels begin at a line
  return static_cast<std::size_t>(panels + padding + (k > detail::pass_depth ? m * n : 0));
}

/// With `row_shift` (m values) and `column_shift` (n), row i of A counts as A[i] - row_shift[i],
/// and column j of B likewise: covariances need no centred copy.
template <class T, class Each>
void gemm(const Each& each, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
          Matrix<const T> c, Matrix<T> out, T* scratch, Half half = Half::both,
          const T* row_shift = nullptr, const T* column_shift = nullptr) {
  using namespace detail;  // NOLINT: the names above
  if (out.rows == 0 || out.columns == 0) return;
  // Vectors run along the rows of `out` when these are contiguous, else along its columns.
  if (out.column_stride == 1 && out.row_stride != 1) {
    return gemm(each, alpha, b.transposed(), a.transposed(), beta, c.transposed(), out.transposed(),
                scratch, half, column_shift, row_shift);
  }
  // A pass reads what the one before it wrote, and writes the other of two places: so it can be run
  // again. The last one writes `out`.
  const std::int64_t k = a.columns;
  const std::int64_t passes = std::max<std::int64_t>(1, divide_up(k, pass_depth));
  Matrix<T> other{scratch, out.rows, out.columns, 1, out.rows};
  if (passes > 1) scratch += out.rows * out.columns;
  scratch += (64 - reinterpret_cast<std::uintptr_t>(scratch) % 64) % 64 / sizeof(T);
  Matrix<const T> before = c;
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    const std::int64_t at = pass * pass_depth;
    const std::int64_t depth = std::min(pass_depth, k - at);
    const Matrix<T> to = (passes - pass) % 2 == 1 ? out : other;
    GemmPlan<T> plan{};
    plan.wide = a.block(0, at, a.rows, depth);
    plan.high = b.block(at, 0, depth, b.columns).transposed();
    plan.c = before;
    plan.out = to;
    plan.alpha = alpha;
    plan.beta = pass == 0 ? beta : T(1);
    plan.half = half;
    plan.wide_shift = row_shift;
    plan.high_shift = column_shift;
    plan.wide_panels = scratch;
    plan.high_panels = scratch + plan.wide_count() * panel_width<T> * depth;
    gemm_pack(each, plan);
    gemm_multiply(each, plan);
    before = to;
  }
  if (half == Half::one) mirror_half(each, out);
}

}  // namespace furrow::kernels
