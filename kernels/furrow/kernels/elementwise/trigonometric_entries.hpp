// furrow/kernels/elementwise/trigonometric_entries.hpp
//
// Operations: the tangent and the inverse trigonometric functions.
#pragma once

#include <furrow/kernels/elementwise/entries.hpp>

namespace furrow::kernels {

enum class TrigonometricOp : std::uint8_t {
  tan,
  asin,
  acos,
  atan,
  atan2,
  end_of_list,
};

using TrigonometricTable = MapTable<TrigonometricOp>;

const TrigonometricTable* resolve_trigonometric(std::size_t slot) noexcept;

/// The function the registry lists: any strides, the target in use. Null when there is none.
MapFunction elementwise_function(TrigonometricOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
