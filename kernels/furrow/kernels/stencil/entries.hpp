// furrow/kernels/stencil/entries.hpp
//
// What is compiled for each SIMD target: some rows of neighbours, weighted and added.
#pragma once

#include <cstddef>
#include <cstdint>

namespace furrow::kernels {

/// A row of x and the weights that it meets.
template <class T>
struct StencilRow {
  const T* data;     // the first output's first tap
  const T* weights;  // in the order of use
};

/// to[i] = start[i] + Σ over rows, then taps: weights[t * weight_step] * data[i + t * tap_step]
template <class T>
struct StencilRows {
  const StencilRow<T>* rows;
  std::int64_t row_count;
  std::int64_t taps;
  std::int64_t tap_step;
  std::int64_t weight_step;
  const T* start;  // null: +0. Not `to`, whose last elements may be written twice
  T* to;
  std::int64_t count;
};

struct StencilTable {
  void (*f32)(const StencilRows<float>&);
  void (*f64)(const StencilRows<double>&);
  void (*u32)(const StencilRows<std::uint32_t>&);
  void (*u64)(const StencilRows<std::uint64_t>&);
};

const StencilTable* resolve_stencil(std::size_t slot) noexcept;

}  // namespace furrow::kernels
