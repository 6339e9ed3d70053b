// furrow/kernels/elementwise/compare_descriptors.cpp
//
// What the registry says about comparisons, logic and classes.
#include <furrow/kernels/elementwise/compare.hpp>
#include <furrow/kernels/elementwise/describe_typed.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<CompareTable> compare{resolve_compare};

struct Comparisons {
  using Op = CompareOp;
  template <Op O, class T>
  using Spec = CompareSpec<O, T>;
  template <Op O, class T>
  static MapFunction packed() noexcept {
    return compare.table().at(O, dtype_of<T>);
  }
};

using Op = CompareOp;
using FloatsAndComplex = Types<f16, float, double, c64, c128>;
using SignedFloats = Types<f16, float, double>;

template <Op O, class List = All>
constexpr Kernel entry(std::string_view name, std::string_view summary, std::string_view formula,
                       std::string_view numpy) noexcept {
  return TypedKernels<Comparisons>::kernel<O, List>({name, summary, formula, numpy, "exact"});
}

constexpr Kernel kernels[] = {
    entry<Op::equal>("equal", "Are elements equal? NaN equals nothing.", "out = x == y",
                     "np.equal(x, y)"),
    entry<Op::not_equal>("not_equal", "Do elements differ? NaN differs from everything.",
                         "out = x != y", "np.not_equal(x, y)"),
    entry<Op::less>("less", "Is x below y? Complex by real, then imaginary part.", "out = x < y",
                    "np.less(x, y)"),
    entry<Op::less_equal>("less_equal", "Is x below or equal to y?", "out = x <= y",
                          "np.less_equal(x, y)"),
    entry<Op::greater>("greater", "Is x above y?", "out = x > y", "np.greater(x, y)"),
    entry<Op::greater_equal>("greater_equal", "Is x above or equal to y?", "out = x >= y",
                             "np.greater_equal(x, y)"),
    entry<Op::logical_and>("logical_and", "Are both different from zero?",
                           "out = x != 0 and y != 0", "np.logical_and(x, y)"),
    entry<Op::logical_or>("logical_or", "Is one different from zero?", "out = x != 0 or y != 0",
                          "np.logical_or(x, y)"),
    entry<Op::logical_xor>("logical_xor", "Is exactly one different from zero?",
                           "out = (x != 0) != (y != 0)", "np.logical_xor(x, y)"),
    entry<Op::logical_not>("logical_not", "Is it zero?", "out = x == 0", "np.logical_not(x)"),
    entry<Op::isnan, FloatsAndComplex>("isnan", "Is it NaN, or a part of it?", "out = isnan(x)",
                                       "np.isnan(x)"),
    entry<Op::isinf, FloatsAndComplex>("isinf", "Is it infinite, or a part of it?",
                                       "out = isinf(x)", "np.isinf(x)"),
    entry<Op::isfinite, FloatsAndComplex>("isfinite", "Is it neither infinite nor NaN?",
                                          "out = isfinite(x)", "np.isfinite(x)"),
    entry<Op::signbit, SignedFloats>("signbit", "Is the sign bit set? True for -0.",
                                     "out = signbit(x)", "np.signbit(x)"),
};

}  // namespace

std::span<const Kernel> compare_kernels() noexcept { return kernels; }

}  // namespace furrow::kernels
