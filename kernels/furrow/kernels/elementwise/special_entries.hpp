// furrow/kernels/elementwise/special_entries.hpp
//
// Operations: error functions, the normal distribution, the gamma function.
#pragma once

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class SpecialOp : std::uint8_t {
  erf,
  erfc,
  ndtr,
  ndtri,
  tgamma,
  lgamma,
  end_of_list,
};

using SpecialTable = MapTable<SpecialOp>;

const SpecialTable* resolve_special(std::size_t slot) noexcept;

/// The function the registry lists: any strides, the target in use. Null when there is none.
MapFunction elementwise_function(SpecialOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
