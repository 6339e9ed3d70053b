// furrow/kernels/elementwise/descriptors.cpp
//
// What the registry says about the basic elementwise kernels, and the functions it points to.
#include <furrow/kernels/elementwise/complex.hpp>
#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/elementwise/describe_typed.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/entries.hpp>
#include <furrow/kernels/elementwise/integer.hpp>
#include <furrow/kernels/elementwise/reference.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<ElementwiseTable> arithmetic{resolve_arithmetic};
constinit Dispatch<ElementwiseTable> plain{resolve_plain};
constinit Dispatch<ElementwiseTable> math{resolve_math};
constinit Dispatch<ComplexTable> complex_numbers{resolve_complex};

struct Basic {
  using Op = ElementwiseOp;
  static constexpr std::size_t input_count(Op op) noexcept { return input_count_of(op); }

  template <Op O, class T>
  static MapFunction packed() noexcept {
    if constexpr (O >= Op::exp) return math.table().at(O, dtype_of<T>);
    if constexpr (!std::is_integral_v<T> && O != Op::fill) {
      return arithmetic.table().at(O, dtype_of<T>);
    }
    return plain.table().at(O, dtype_of<T>);
  }

  template <Op O, class T>
  static T reference(const Scalar* p, T x, T y, T z) noexcept {
    return reference_element<O, T>(p, x, y, z);
  }
};

constexpr Parameter value[] = {{"value", Parameter::Kind::element, false, 0}};
constexpr Parameter a[] = {{"a", Parameter::Kind::element, false, 0}};
constexpr Parameter a_b[] = {{"a", Parameter::Kind::element, false, 0},
                             {"b", Parameter::Kind::element, false, 0}};
constexpr Parameter low_high[] = {{"low", Parameter::Kind::element, false, 0},
                                  {"high", Parameter::Kind::element, false, 0}};

template <ElementwiseOp O, class List>
constexpr Kernel kernel(const Words& words, std::span<const Parameter> parameters = {}) noexcept {
  return Describe<Basic>::kernel<O, List>(words, parameters);
}

/// The variants of a kernel for complex numbers.
template <ComplexOp O>
inline constexpr auto& complex_variants =
    Types<c64, c128>::variants<TypedKernels<ComplexNumbers>, O>;

// Integers are divided as f64.
constexpr Kernel divide = [] {
  Kernel joined = kernel<ElementwiseOp::divide, Floats>(
      {"divide", "Quotient of two arrays; integers give f64.", "out = x/y", "np.divide(x, y)",
       "correctly rounded; integers beyond 2^53 are rounded first; complex: 4 eps*|x/y|"});
  joined.variants = joined_variants<
      joined_variants<Floats::variants<Describe<Basic>, ElementwiseOp::divide>,
                      Ints::variants<TypedKernels<Integers>, IntegerOp::true_divide>>,
      complex_variants<ComplexOp::divide>>;
  return joined;
}();

constexpr Kernel abs_of = [] {
  Kernel joined = kernel<ElementwiseOp::abs, Reals>(
      {"abs", "Absolute value; the most negative integer stays itself.", "out = |x|", "np.abs(x)",
       "exact; complex: 0.8 ULP"});
  joined.variants = joined_variants<Reals::variants<Describe<Basic>, ElementwiseOp::abs>,
                                    complex_variants<ComplexOp::abs>>;
  return joined;
}();

using Op = ElementwiseOp;
constexpr Kernel kernels[] = {
    kernel<Op::fill, All>(
        {"fill", "Every element becomes one value.", "out = value", "out[...] = value", "exact"},
        value),
    kernel<Op::scale, Numbers>({"scale", "Multiplies by a constant; integers wrap.", "out = a*x",
                                "a * x", "correctly rounded; complex: 2 eps*|a*x|"},
                               a),
    kernel<Op::affine, Reals>({"affine", "Multiplies by a constant and adds one; integers wrap.",
                               "out = a*x + b", "a * x + b", "correctly rounded, once"},
                              a_b),
    kernel<Op::axpby, Reals>(
        {"axpby", "Weighted sum of two arrays; integers wrap.", "out = a*x + b*y", "a * x + b * y",
         "b*y rounded, then a*x + that rounded once"},
        a_b),
    kernel<Op::fma, Floats>({"fma", "Fused multiply-add of three arrays.", "out = x*y + z",
                             "x * y + z", "correctly rounded, once"}),
    kernel<Op::add, Numbers>({"add", "Sum of two arrays; integers wrap.", "out = x + y",
                              "np.add(x, y)", "correctly rounded"}),
    kernel<Op::subtract, Numbers>({"subtract", "Difference of two arrays; integers wrap.",
                                   "out = x - y", "np.subtract(x, y)", "correctly rounded"}),
    kernel<Op::multiply, Numbers>({"multiply", "Product of two arrays; integers wrap.", "out = x*y",
                                   "np.multiply(x, y)", "correctly rounded; complex: 2 eps*|x*y|"}),
    divide,
    kernel<Op::negate, Numbers>(
        {"negate", "Changes the sign; integers wrap.", "out = -x", "np.negative(x)", "exact"}),
    abs_of,
    kernel<Op::clip, Reals>({"clip", "Limits to [low, high]; NaN stays, a NaN bound gives NaN.",
                             "out = min(max(x, low), high)", "np.clip(x, low, high)", "exact"},
                            low_high),
    kernel<Op::sqrt, Floats>({"sqrt", "Square root; NaN below zero.", "out = sqrt(x)", "np.sqrt(x)",
                              "correctly rounded"}),
    kernel<Op::exp, Floats>({"exp", "Exponential.", "out = e^x", "np.exp(x)", "1.1 ULP"}),
    kernel<Op::log, Floats>({"log", "Natural logarithm; -inf at zero, NaN below.", "out = ln x",
                             "np.log(x)", "1.0 ULP"}),
    kernel<Op::sin, Floats>(
        {"sin", "Sine of radians, of any size.", "out = sin x", "np.sin(x)", "1.2 ULP"}),
    kernel<Op::cos, Floats>(
        {"cos", "Cosine of radians, of any size.", "out = cos x", "np.cos(x)", "1.2 ULP"}),
};

}  // namespace

std::span<const Kernel> elementwise_kernels() noexcept { return kernels; }

MapFunction complex_packed(ComplexOp op, Dtype dtype) noexcept {
  return complex_numbers.table().at(op, dtype);
}

MapFunction elementwise_function(ElementwiseOp op, Dtype dtype) noexcept {
  return map_function(kernels[static_cast<std::size_t>(op)], dtype);
}

}  // namespace furrow::kernels
