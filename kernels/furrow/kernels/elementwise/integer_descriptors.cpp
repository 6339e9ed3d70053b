// furrow/kernels/elementwise/integer_descriptors.cpp
//
// What the registry says about rounding, division with remainder, and bits.
#include <furrow/kernels/elementwise/describe_typed.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/integer.hpp>
#include <furrow/kernels/elementwise/rounding.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<IntegerTable> integer{resolve_integer};
constinit Dispatch<RoundingTable> rounding{resolve_rounding};

struct Roundings {
  using Op = RoundingOp;
  template <Op O, class T>
  using Spec = RoundingSpec<O, T>;
  template <Op O, class T>
  static MapFunction packed() noexcept {
    return rounding.table().at(O, dtype_of<T>);
  }
};

using BoolAndInts = Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                          std::uint16_t, std::uint32_t, std::uint64_t>;

/// One kernel for integers and reals, of two groups.
template <IntegerOp I, RoundingOp R>
constexpr Kernel division(std::string_view name, std::string_view summary, std::string_view formula,
                          std::string_view numpy, std::string_view error) noexcept {
  Kernel kernel = TypedKernels<Integers>::kernel<I, Ints>({name, summary, formula, numpy, error});
  kernel.variants = joined_variants<Ints::variants<TypedKernels<Integers>, I>,
                                    Floats::variants<TypedKernels<Roundings>, R>>;
  return kernel;
}

template <IntegerOp O, class List>
constexpr Kernel bits(std::string_view name, std::string_view summary, std::string_view formula,
                      std::string_view numpy) noexcept {
  return TypedKernels<Integers>::kernel<O, List>({name, summary, formula, numpy, "exact"});
}

template <RoundingOp O>
constexpr Kernel to_integer(std::string_view name, std::string_view summary,
                            std::string_view formula, std::string_view numpy) noexcept {
  return TypedKernels<Roundings>::kernel<O, Floats>({name, summary, formula, numpy, "exact"});
}

using Int = IntegerOp;
using Round = RoundingOp;
constexpr Kernel kernels[] = {
    division<Int::floor_divide, Round::floor_divide>(
        "floor_divide", "Quotient rounded down; integers by 0 give 0, and the lowest by -1 itself.",
        "out = floor(x/y)", "np.floor_divide(x, y)", "exact; reals as NumPy's, from the remainder"),
    division<Int::remainder, Round::remainder>(
        "remainder", "Rest with the sign of y, Python's %; integers by 0 give 0.",
        "out = x - y*floor(x/y)", "np.remainder(x, y)",
        "exact; reals of unlike signs: correctly rounded"),
    division<Int::fmod, Round::fmod>("fmod",
                                     "Rest with the sign of x, C's %; integers by 0 give 0.",
                                     "out = x - y*trunc(x/y)", "np.fmod(x, y)", "exact"),
    to_integer<Round::floor>("floor", "Rounds down to an integer.", "out = floor(x)",
                             "np.floor(x)"),
    to_integer<Round::ceil>("ceil", "Rounds up to an integer.", "out = ceil(x)", "np.ceil(x)"),
    to_integer<Round::trunc>("trunc", "Rounds towards zero to an integer.", "out = trunc(x)",
                             "np.trunc(x)"),
    to_integer<Round::rint>("rint", "Rounds to the nearest integer, ties to even.", "out = rint(x)",
                            "np.rint(x)"),
    bits<Int::bitwise_and, BoolAndInts>("bitwise_and", "Bits set in both.", "out = x & y",
                                        "np.bitwise_and(x, y)"),
    bits<Int::bitwise_or, BoolAndInts>("bitwise_or", "Bits set in one or both.", "out = x | y",
                                       "np.bitwise_or(x, y)"),
    bits<Int::bitwise_xor, BoolAndInts>("bitwise_xor", "Bits set in exactly one.", "out = x ^ y",
                                        "np.bitwise_xor(x, y)"),
    bits<Int::invert, BoolAndInts>("invert", "All bits the other way round; of bool its negation.",
                                   "out = ~x", "np.invert(x)"),
    bits<Int::left_shift, Ints>("left_shift",
                                "Shifts to the left; 0 for counts beyond the width or below 0.",
                                "out = x << y", "np.left_shift(x, y)"),
    bits<Int::right_shift, Ints>(
        "right_shift",
        "Shifts to the right, keeping the sign; counts beyond the width or below 0 "
        "leave only the sign.",
        "out = x >> y", "np.right_shift(x, y)"),
};

}  // namespace

MapFunction integer_packed(IntegerOp op, Dtype dtype) noexcept {
  return integer.table().at(op, dtype);
}

std::span<const Kernel> integer_kernels() noexcept { return kernels; }

}  // namespace furrow::kernels
