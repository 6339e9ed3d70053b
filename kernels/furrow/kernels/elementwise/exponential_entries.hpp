// furrow/kernels/elementwise/exponential_entries.hpp
//
// Operations around the exponential: logarithms, hyperbolic functions, powers and roots.
#pragma once

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class ExponentialOp : std::uint8_t {
  exp2,
  expm1,
  log2,
  log10,
  log1p,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  cbrt,
  reciprocal,
  square,
  pow,
  hypot,
  end_of_list,
};

using ExponentialTable = MapTable<ExponentialOp>;

/// One per SIMD file.
const ExponentialTable* resolve_exponential(std::size_t slot) noexcept;
const ExponentialTable* resolve_hyperbolic(std::size_t slot) noexcept;
const ExponentialTable* resolve_power(std::size_t slot) noexcept;

/// The function the registry lists: any strides, the target in use. Null when there is none.
MapFunction elementwise_function(ExponentialOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
