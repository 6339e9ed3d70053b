// furrow/kernels/elementwise/exponential_descriptors.cpp
//
// What the registry says about exponentials, logarithms, hyperbolic functions, powers and roots.
// The references are libm's functions and plain arithmetic.
#include <cmath>
#include <limits>

#include <furrow/kernels/elementwise/complex.hpp>
#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/elementwise/describe_typed.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/exponential_entries.hpp>
#include <furrow/kernels/elementwise/integer.hpp>
#include <furrow/kernels/elementwise/reference.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<ExponentialTable> exponential{resolve_exponential};
constinit Dispatch<ExponentialTable> hyperbolic{resolve_hyperbolic};
constinit Dispatch<ExponentialTable> power{resolve_power};

/// The product with itself, whatever the type.
template <class T>
void square_packed(const MapCall& call) noexcept {
  MapCall product = call;
  product.in[1] = call.in[0];
  product.in_stride[1] = call.in_stride[0];
  elementwise_function(ElementwiseOp::multiply, dtype_of<T>)(product);
}

struct Exponential {
  using Op = ExponentialOp;
  static constexpr std::size_t input_count(Op op) noexcept { return op >= Op::pow ? 2 : 1; }

  template <Op O, class T>
  static MapFunction packed() noexcept {
    if constexpr (O == Op::square) {
      return &square_packed<T>;
    } else if constexpr (O >= Op::cbrt) {
      return power.table().at(O, dtype_of<T>);
    } else if constexpr (O >= Op::sinh) {
      return hyperbolic.table().at(O, dtype_of<T>);
    } else {
      return exponential.table().at(O, dtype_of<T>);
    }
  }

  template <Op O, class T>
  static T reference(const Scalar*, T x, T y, T) noexcept {
    if constexpr (O == Op::square) return Wrapping<T>::multiply(x, x);
    if constexpr (O == Op::reciprocal) return T(1) / x;
    if constexpr (O == Op::exp2) return std::exp2(x);
    if constexpr (O == Op::expm1) return std::expm1(x);
    if constexpr (O == Op::log2) return std::log2(x);
    if constexpr (O == Op::log10) return std::log10(x);
    if constexpr (O == Op::log1p) return std::log1p(x);
    if constexpr (O == Op::sinh) return std::sinh(x);
    if constexpr (O == Op::cosh) return std::cosh(x);
    if constexpr (O == Op::tanh) return std::tanh(x);
    if constexpr (O == Op::asinh) return std::asinh(x);
    if constexpr (O == Op::acosh) return std::acosh(x);
    if constexpr (O == Op::atanh) return std::atanh(x);
    // glibc's cbrt of f64 is more than 3 ULP off at places.
    if constexpr (O == Op::cbrt) return static_cast<T>(std::cbrt(static_cast<long double>(x)));
    // glibc makes NaN of signalling NaN where C ignores quiet ones; here a NaN is a NaN.
    if constexpr (O == Op::pow) return y == 0 || x == 1 ? T(1) : std::pow(x, y);
    if constexpr (O == Op::hypot) {
      return std::isinf(x) || std::isinf(y) ? std::numeric_limits<T>::infinity() : std::hypot(x, y);
    }
  }
};

using Op = ExponentialOp;
using D = Describe<Exponential>;

constexpr Kernel reciprocal = [] {
  Kernel joined = D::kernel<Op::reciprocal, Floats>({"reciprocal", "One over x.", "out = 1/x",
                                                     "np.reciprocal(x)",
                                                     "correctly rounded; complex: 4 eps*|1/x|"});
  joined.variants = joined_variants<
      Floats::variants<D, Op::reciprocal>,
      Types<c64, c128>::variants<TypedKernels<ComplexNumbers>, ComplexOp::reciprocal>>;
  return joined;
}();

constexpr Kernel pow = [] {
  Kernel joined =
      D::kernel<Op::pow, Floats>({"pow",
                                  "x to the power y, with all special cases of C; integers wrap, "
                                  "their negative powers are cut "
                                  "off.",
                                  "out = x^y", "np.power(x, y)", "1.2 ULP; integers: exact"});
  joined.variants = joined_variants<Floats::variants<D, Op::pow>,
                                    Ints::variants<TypedKernels<Integers>, IntegerOp::power>>;
  return joined;
}();

constexpr Kernel kernels[] = {
    D::kernel<Op::exp2, Floats>({"exp2", "Power of two.", "out = 2^x", "np.exp2(x)", "1.0 ULP"}),
    D::kernel<Op::expm1, Floats>({"expm1", "Exponential less one, exact near 0.", "out = e^x - 1",
                                  "np.expm1(x)", "1.0 ULP"}),
    D::kernel<Op::log2, Floats>({"log2", "Logarithm to base 2; -inf at zero, NaN below.",
                                 "out = log2 x", "np.log2(x)", "1.5 ULP"}),
    D::kernel<Op::log10, Floats>({"log10", "Logarithm to base 10; -inf at zero, NaN below.",
                                  "out = log10 x", "np.log10(x)", "1.5 ULP"}),
    D::kernel<Op::log1p, Floats>({"log1p", "Logarithm of one more, exact near 0; NaN below -1.",
                                  "out = ln(1 + x)", "np.log1p(x)", "1.5 ULP"}),
    D::kernel<Op::sinh, Floats>(
        {"sinh", "Hyperbolic sine.", "out = sinh x", "np.sinh(x)", "1.7 ULP"}),
    D::kernel<Op::cosh, Floats>(
        {"cosh", "Hyperbolic cosine.", "out = cosh x", "np.cosh(x)", "1.3 ULP"}),
    D::kernel<Op::tanh, Floats>(
        {"tanh", "Hyperbolic tangent.", "out = tanh x", "np.tanh(x)", "1.6 ULP"}),
    D::kernel<Op::asinh, Floats>(
        {"asinh", "Inverse hyperbolic sine.", "out = asinh x", "np.arcsinh(x)", "1.2 ULP"}),
    D::kernel<Op::acosh, Floats>({"acosh", "Inverse hyperbolic cosine; NaN below 1.",
                                  "out = acosh x", "np.arccosh(x)", "1.2 ULP"}),
    D::kernel<Op::atanh, Floats>({"atanh", "Inverse hyperbolic tangent; NaN outside of [-1, 1].",
                                  "out = atanh x", "np.arctanh(x)", "1.2 ULP"}),
    D::kernel<Op::cbrt, Floats>(
        {"cbrt", "Cube root, of negative numbers too.", "out = x^(1/3)", "np.cbrt(x)", "1.0 ULP"}),
    reciprocal,
    D::kernel<Op::square, Numbers>({"square", "Product with itself; integers wrap.", "out = x*x",
                                    "np.square(x)", "correctly rounded; complex: 2 eps*|x*x|"}),
    pow,
    D::kernel<Op::hypot, Floats>({"hypot", "Length of (x, y), without overflow in between.",
                                  "out = sqrt(x*x + y*y)", "np.hypot(x, y)", "0.8 ULP"}),
};

}  // namespace

std::span<const Kernel> exponential_kernels() noexcept { return kernels; }

MapFunction elementwise_function(ExponentialOp op, Dtype dtype) noexcept {
  return map_function(kernels[static_cast<std::size_t>(op)], dtype);
}

}  // namespace furrow::kernels
