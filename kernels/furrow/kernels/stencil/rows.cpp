// furrow/kernels/stencil/rows.cpp
//
// The inner part of a stencil: outputs side by side in registers, each a chain of multiply-adds.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/stencil/rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/stencil/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// Registers of outputs: enough chains for two multiply-adds a cycle.
constexpr int vectors = 8;

template <int count, class D, class T = hn::TFromD<D>>
HWY_INLINE void block(D d, const StencilRows<T>& call, std::int64_t at) {
  constexpr std::size_t lanes = hn::MaxLanes(D());
  hn::Vec<D> sum[count];
#pragma GCC unroll 8
  for (int v = 0; v < count; ++v) {
    sum[v] = call.start == nullptr ? hn::Zero(d) : hn::LoadU(d, call.start + at + v * lanes);
  }
  for (std::int64_t r = 0; r < call.row_count; ++r) {
    const T* x = call.rows[r].data + at;
    const T* weight = call.rows[r].weights;
    for (std::int64_t t = 0; t < call.taps; ++t) {
      const auto w = hn::Set(d, *weight);
#pragma GCC unroll 8
      for (int v = 0; v < count; ++v) {
        sum[v] = hn::MulAdd(w, hn::LoadU(d, x + v * lanes), sum[v]);
      }
      x += call.tap_step;
      weight += call.weight_step;
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < count; ++v) hn::StoreU(sum[v], d, call.to + at + v * lanes);
}

template <class T>
void floating(const StencilRows<T>& call) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  std::int64_t i = 0;
  for (; i + vectors * lanes <= call.count; i += vectors * lanes) block<vectors>(d, call, i);
  if (i + vectors / 2 * lanes <= call.count) {
    block<vectors / 2>(d, call, i);
    i += vectors / 2 * lanes;
  }
  if (i + vectors / 4 * lanes <= call.count) {
    block<vectors / 4>(d, call, i);
    i += vectors / 4 * lanes;
  }
  for (; i + lanes <= call.count; i += lanes) block<1>(d, call, i);
  if (i == call.count) return;
  if (call.count >= lanes) return block<1>(d, call, call.count - lanes);  // some outputs again
  for (; i < call.count; ++i) block<1>(hn::CappedTag<T, 1>(), call, i);
}

/// Vectorised by the compiler.
template <class T>
void whole(const StencilRows<T>& call) {
  constexpr std::int64_t width = 128;
  for (std::int64_t at = 0; at < call.count; at += width) {
    const std::int64_t count = std::min(width, call.count - at);
    T sum[width] = {};
    if (call.start != nullptr) std::copy_n(call.start + at, count, sum);
    for (std::int64_t r = 0; r < call.row_count; ++r) {
      for (std::int64_t t = 0; t < call.taps; ++t) {
        const T* x = call.rows[r].data + at + t * call.tap_step;
        const T w = call.rows[r].weights[t * call.weight_step];
        for (std::int64_t i = 0; i < count; ++i) sum[i] += w * x[i];
      }
    }
    std::copy_n(sum, count, call.to + at);
  }
}

const StencilTable* stencil_table() {
  static constexpr StencilTable table = {&floating<float>, &floating<double>, &whole<std::uint32_t>,
                                         &whole<std::uint64_t>};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {
FURROW_EXPORT_TABLE(StencilTable, stencil);
}  // namespace furrow::kernels
#endif
