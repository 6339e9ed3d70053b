// furrow/kernels/expression/form.hpp
//
// Extents of an operand, and NumPy's broadcasting of them. (Arrays of core/ have a Shape; kernels
// know no arrays.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace furrow::kernels::expression {

inline constexpr std::size_t axes_max = 8;

struct Form {
  std::size_t ndim = 0;
  std::int64_t extent[axes_max] = {};

  std::int64_t size() const noexcept {
    std::int64_t size = 1;
    for (std::size_t axis = 0; axis < ndim; ++axis) size *= extent[axis];
    return size;
  }
  friend bool operator==(const Form& a, const Form& b) noexcept {
    if (a.ndim != b.ndim) return false;
    for (std::size_t axis = 0; axis < a.ndim; ++axis) {
      if (a.extent[axis] != b.extent[axis]) return false;
    }
    return true;
  }
};

/// False when the two do not broadcast.
inline bool broadcast(const Form& a, const Form& b, Form& result) noexcept {
  Form joined;
  joined.ndim = a.ndim > b.ndim ? a.ndim : b.ndim;
  for (std::size_t back = 1; back <= joined.ndim; ++back) {
    const std::int64_t x = back <= a.ndim ? a.extent[a.ndim - back] : 1;
    const std::int64_t y = back <= b.ndim ? b.extent[b.ndim - back] : 1;
    if (x != y && x != 1 && y != 1) return false;
    joined.extent[joined.ndim - back] = x == 1 ? y : x;
  }
  result = joined;
  return true;
}

/// "(1860, 4)", "(5,)", "()".
inline std::string to_string(const Form& form) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < form.ndim; ++axis) {
    text += (axis > 0 ? ", " : "") + std::to_string(form.extent[axis]);
  }
  return text + (form.ndim == 1 ? ",)" : ")");
}

}  // namespace furrow::kernels::expression
