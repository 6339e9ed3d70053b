// furrow/kernels/elementwise/trigonometric_descriptors.cpp
//
// What the registry says about the tangent and the inverse trigonometric functions. The references
// are libm's functions.
#include <cmath>

#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/trigonometric_entries.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<TrigonometricTable> trigonometric{resolve_trigonometric};

struct Trigonometric {
  using Op = TrigonometricOp;
  static constexpr std::size_t input_count(Op op) noexcept { return op == Op::atan2 ? 2 : 1; }

  template <Op O, class T>
  static MapFunction packed() noexcept {
    return trigonometric.table().at(O, dtype_of<T>);
  }

  template <Op O, class T>
  static T reference(const Scalar*, T x, T y, T) noexcept {
    if constexpr (O == Op::tan) return std::tan(x);
    if constexpr (O == Op::asin) return std::asin(x);
    if constexpr (O == Op::acos) return std::acos(x);
    if constexpr (O == Op::atan) return std::atan(x);
    if constexpr (O == Op::atan2) return std::atan2(x, y);
  }
};

constexpr Kernel kernels[] = {
    Describe<Trigonometric>::kernel<TrigonometricOp::tan, Floats>(
        {"tan", "Tangent of radians, of any size.", "out = tan x", "np.tan(x)", "1.3 ULP"}),
    Describe<Trigonometric>::kernel<TrigonometricOp::asin, Floats>(
        {"asin", "Angle of a sine, in [-pi/2, pi/2]; NaN outside [-1, 1].", "out = arcsin x",
         "np.arcsin(x)", "1.2 ULP"}),
    Describe<Trigonometric>::kernel<TrigonometricOp::acos, Floats>(
        {"acos", "Angle of a cosine, in [0, pi]; NaN outside [-1, 1].", "out = arccos x",
         "np.arccos(x)", "1.2 ULP"}),
    Describe<Trigonometric>::kernel<TrigonometricOp::atan, Floats>(
        {"atan", "Angle of a tangent, in [-pi/2, pi/2].", "out = arctan x", "np.arctan(x)",
         "1.2 ULP"}),
    Describe<Trigonometric>::kernel<TrigonometricOp::atan2, Floats>(
        {"atan2", "Angle of the point (second, first), in [-pi, pi].", "out = arg(y + i*x)",
         "np.arctan2(x, y)", "1.2 ULP"}),
};

}  // namespace

std::span<const Kernel> trigonometric_kernels() noexcept { return kernels; }

MapFunction elementwise_function(TrigonometricOp op, Dtype dtype) noexcept {
  return map_function(kernels[static_cast<std::size_t>(op)], dtype);
}

}  // namespace furrow::kernels
