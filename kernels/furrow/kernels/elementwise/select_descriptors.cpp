// furrow/kernels/elementwise/select_descriptors.cpp
//
// What the registry says about minima, choices, signs and parts of complex numbers.
#include <furrow/kernels/elementwise/describe_typed.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/select.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<SelectTable> select{resolve_select};

struct Selections {
  using Op = SelectOp;
  template <Op O, class T>
  using Spec = SelectSpec<O, T>;
  template <Op O, class T>
  static MapFunction packed() noexcept {
    return select.table().at(O, dtype_of<T>);
  }
};

using Op = SelectOp;
using BoolAndReals =
    Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
          std::uint32_t, std::uint64_t, float, double>;
using Complex = Types<c64, c128>;

template <Op O, class List>
constexpr Kernel entry(std::string_view name, std::string_view summary, std::string_view formula,
                       std::string_view numpy) noexcept {
  return TypedKernels<Selections>::kernel<O, List>({name, summary, formula, numpy, "exact"});
}

constexpr Kernel kernels[] = {
    entry<Op::minimum, BoolAndReals>("minimum", "The smaller one; NaN where one of them is.",
                                     "out = min(x, y)", "np.minimum(x, y)"),
    entry<Op::maximum, BoolAndReals>("maximum", "The larger one; NaN where one of them is.",
                                     "out = max(x, y)", "np.maximum(x, y)"),
    entry<Op::fmin, BoolAndReals>("fmin", "The smaller one; a NaN gives way to the other.",
                                  "out = min(x, y)", "np.fmin(x, y)"),
    entry<Op::fmax, BoolAndReals>("fmax", "The larger one; a NaN gives way to the other.",
                                  "out = max(x, y)", "np.fmax(x, y)"),
    entry<Op::sign, Reals>("sign", "1, 0 or -1; NaN stays.", "out = (x > 0) - (x < 0)",
                           "np.sign(x)"),
    entry<Op::copysign, Floats>("copysign", "The magnitude of x with the sign of y.",
                                "out = |x|*sign(y)", "np.copysign(x, y)"),
    entry<Op::where, All>("where", "Takes y where the condition x is true, else z.",
                          "out = x ? y : z", "np.where(x, y, z)"),
    entry<Op::real, Complex>("real", "Real part.", "out = real(x)", "np.real(x)"),
    entry<Op::imag, Complex>("imag", "Imaginary part.", "out = imag(x)", "np.imag(x)"),
    entry<Op::conj, Complex>("conj", "Complex conjugate.", "out = real(x) - i*imag(x)",
                             "np.conj(x)"),
};

}  // namespace

std::span<const Kernel> select_kernels() noexcept { return kernels; }

}  // namespace furrow::kernels
