// furrow/kernels/linalg/gemm.cpp
//
// The inner part of a product: panels in caches, accumulators in registers.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/linalg/gemm.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/linalg/gemm.hpp>

#ifndef FURROW_KERNELS_GEMM_TABLE
#define FURROW_KERNELS_GEMM_TABLE
namespace furrow::kernels {
struct GemmTable {
  void (*f32)(const detail::GemmTask<float>&) noexcept;
  void (*f64)(const detail::GemmTask<double>&) noexcept;
};
}  // namespace furrow::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using detail::GemmTask;
using detail::panel_depth;
using detail::panel_height;
using detail::panel_width;

// Accumulators: vectors x columns, as many as the registers hold beside the operands.
#if HWY_TARGET == HWY_AVX3
constexpr int vectors = 3;
constexpr int columns = 8;
#elif HWY_TARGET == HWY_AVX2
constexpr int vectors = 3;
constexpr int columns = 4;
#else
constexpr int vectors = 2;
constexpr int columns = 4;
#endif

/// to[s * stride + v] (+)= sum over k of wide(k, v) * high(k, s), for a part of a panel: `vectors`
/// registers along v, `columns` along s. One chain of multiply-adds in order of k for each element.
template <bool Adds, class T>
HWY_INLINE void micro(const T* HWY_RESTRICT wide, const T* HWY_RESTRICT high, std::int64_t depth,
                      T* HWY_RESTRICT to, std::int64_t stride) noexcept {
  const hn::ScalableTag<T> d;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<T>());
  hn::Vec<decltype(d)> sum[vectors][columns];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
#pragma GCC unroll 8
    for (int s = 0; s < columns; ++s) sum[v][s] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    hn::Vec<decltype(d)> x[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) x[v] = hn::LoadU(d, wide + v * lanes);
#pragma GCC unroll 8
    for (int s = 0; s < columns; ++s) {
      const auto y = hn::Set(d, high[s]);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sum[v][s] = hn::MulAdd(x[v], y, sum[v][s]);
    }
    wide += panel_width<T>;
    high += panel_height;
  }
#pragma GCC unroll 8
  for (int s = 0; s < columns; ++s) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      T* at = to + s * stride + v * lanes;
      hn::StoreU(Adds ? hn::Add(hn::LoadU(d, at), sum[v][s]) : sum[v][s], d, at);
    }
  }
}

/// What is done with a tile of sums: the first step over k writes, the later ones add, the last
/// one multiplies by alpha and adds beta * c.
template <class T>
struct Finish {
  bool first, last;
  T alpha, beta;

  T operator()(T sum, T before, T c) const noexcept {
    T total = first ? sum : before + sum;
    if (last && alpha != T(1)) total *= alpha;
    return last && beta != T(0) ? total + beta * c : total;
  }
};

template <class T>
void finish_tile(const GemmTask<T>& task, const T* tile, std::int64_t v, std::int64_t s,
                 const Finish<T>& finish) noexcept {
  const std::int64_t rows = std::min(panel_width<T>, task.width - v);
  const std::int64_t count = std::min(panel_height, task.height - s);
  const bool reads_c = finish.last && finish.beta != T(0);
  for (std::int64_t j = 0; j < count; ++j) {
    T* out = &task.out(v, s + j);
    const T* c = reads_c ? &task.c(v, s + j) : nullptr;
    const T* sum = tile + j * panel_width<T>;
    for (std::int64_t i = 0; i < rows; ++i) {
      T& to = out[i * task.out.row_stride];
      to = finish(sum[i], finish.first ? T(0) : to, reads_c ? c[i * task.c.row_stride] : T(0));
    }
  }
}

/// All of a panel's width times a panel's height.
template <bool Adds, class T>
HWY_INLINE void panel(const T* wide, const T* high, std::int64_t depth, T* to,
                      std::int64_t stride) noexcept {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  for (std::int64_t v = 0; v < panel_width<T>; v += vectors * lanes) {
    for (std::int64_t s = 0; s < panel_height; s += columns) {
      micro<Adds>(wide + v, high + s, depth, to + s * stride + v, stride);
    }
  }
}

/// One pair of panels at one step over k. Whole tiles go straight to `out`, the others and those
/// with factors through a buffer.
template <class T>
HWY_INLINE void pair(const GemmTask<T>& task, const T* wide, const T* high, std::int64_t depth,
                     std::int64_t v, std::int64_t s, const Finish<T>& finish) noexcept {
  const bool whole = v + panel_width<T> <= task.width && s + panel_height <= task.height;
  const bool plain = !finish.last || (finish.alpha == T(1) && finish.beta == T(0));
  if (whole && plain && task.out.row_stride == 1) {
    T* to = &task.out(v, s);
    if (finish.first) return panel<false>(wide, high, depth, to, task.out.column_stride);
    return panel<true>(wide, high, depth, to, task.out.column_stride);
  }
  alignas(64) T tile[panel_height * panel_width<T>];
  panel<false>(wide, high, depth, tile, panel_width<T>);
  finish_tile(task, tile, v, s, finish);
}

template <class T>
void run(const GemmTask<T>& task) noexcept {
  const std::int64_t wide_lanes = detail::divide_up(task.width, panel_width<T>) * panel_width<T>;
  const std::int64_t high_lanes = detail::divide_up(task.height, panel_height) * panel_height;
  for (std::int64_t k = 0; k == 0 || k < task.depth; k += panel_depth) {
    const std::int64_t depth = std::min(panel_depth, task.depth - k);
    const Finish<T> finish{k == 0, k + panel_depth >= task.depth, task.alpha, task.beta};
    for (std::int64_t h = task.height_begin; h < task.height_end; ++h) {
      const T* high = task.high + k * high_lanes + h * panel_height * depth;
      for (std::int64_t w = task.width_begin; w < task.width_end; ++w) {
        const T* wide = task.wide + k * wide_lanes + w * panel_width<T> * depth;
        pair(task, wide, high, depth, w * panel_width<T>, h * panel_height, finish);
      }
    }
  }
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const GemmTable* gemm_table() {
  static constexpr GemmTable table{&run<float>, &run<double>};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(gemm_table);

namespace {
const GemmTable* resolve_gemm(std::size_t slot) noexcept {
  return FURROW_DISPATCH(gemm_table, slot);
}
constinit Dispatch<GemmTable> gemm_dispatch{resolve_gemm};
}  // namespace

namespace detail {

void gemm_task(const GemmTask<float>& task) noexcept { gemm_dispatch.table().f32(task); }
void gemm_task(const GemmTask<double>& task) noexcept { gemm_dispatch.table().f64(task); }

template <class T>
void pack_panel(Matrix<const T> from, const T* shift, std::int64_t lanes, T* to) noexcept {
  constexpr std::int64_t run = 32;  // of k: what a panel's lines in L1 allow
  for (std::int64_t k = 0; k < from.columns; k += run) {
    const std::int64_t end = std::min(k + run, from.columns);
    for (std::int64_t v = 0; v < from.rows && from.row_stride != 1; ++v) {
      const T* row = &from(v, 0);
      for (std::int64_t j = k; j < end; ++j) to[j * lanes + v] = row[j * from.column_stride];
    }
    for (std::int64_t j = k; j < end; ++j) {
      T* column = to + j * lanes;
      if (from.row_stride == 1) std::copy_n(&from(0, j), from.rows, column);
      for (std::int64_t v = 0; v < from.rows && shift != nullptr; ++v) column[v] -= shift[v];
      std::fill(column + from.rows, column + lanes, T(0));
    }
  }
}
template void pack_panel<float>(Matrix<const float>, const float*, std::int64_t, float*) noexcept;
template void pack_panel<double>(Matrix<const double>, const double*, std::int64_t,
                                 double*) noexcept;

}  // namespace detail
}  // namespace furrow::kernels
#endif
