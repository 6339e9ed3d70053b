// furrow/kernels/elementwise/operations.hpp
//
// Comparisons, logic, bits, rounding, remainders, minima and choices on contiguous memory.
//
//   bool inside[1000];
//   furrow::kernels::less<double>(x, y, inside);           // out[i] = x[i] < y[i]
//   furrow::kernels::where<double>(inside, x, y, z);       // out[i] = inside[i] ? x[i] : y[i]
//
// Shape   all spans have the same length
// Types   as in the table of README.md; T is that of the operands, truth values are bool
// Memory  out may be one of the inputs where it has its type, but not overlap it otherwise;
//         nothing is allocated
// Order   element i depends on the inputs' element i alone: any split gives the same bits
// Error   exact; what integers by 0 and shifts beyond the width give: integer.hpp
// NaN     of minima: select.hpp; of comparisons: compare.hpp
// Shared out by threads: map and map_mixed of parallel.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <furrow/kernels/elementwise/elementwise.hpp>

namespace furrow::kernels {

namespace detail {

template <std::size_t N>
struct KernelName {
  char text[N];
  // NOLINTNEXTLINE(google-explicit-constructor): made of a literal
  constexpr KernelName(const char (&name)[N]) noexcept { std::copy_n(name, N, text); }
};

/// The kernel of that name on spans of these types.
template <KernelName Name, class... In, class Out>
void map_named(std::span<Out> out, std::span<const In>... in) noexcept {
  static const MapFunction function = [] {
    const Dtype dtypes[] = {dtype_of<In>...};
    return find_variant(*find(Name.text), dtypes, dtype_of<Out>)->map;
  }();
  MapCall call{};
  call.out = out.data();
  call.out_stride = 1;
  call.count = out.size();
  std::size_t k = 0;
  ((call.in[k] = in.data(), call.in_stride[k++] = 1), ...);
  function(call);
}

template <class T>
concept Whole = std::integral<T> && Element<T>;
template <class T>
concept WholeNumber = Whole<T> && !std::same_as<T, bool>;
template <class T>
concept RealFloat = Float<T> || std::same_as<T, f16>;
template <class T>
concept MayBeNan = RealFloat<T> || ComplexNumber<T>;
template <class T>
concept Ordered = Real<T> || std::same_as<T, bool>;

}  // namespace detail

#define FURROW_ON_ONE_SPAN(name, Kind, Out)            \
  template <Kind T>                                    \
  void name(Input<T> x, std::span<Out> out) noexcept { \
    detail::map_named<#name, T>(out, x);               \
  }
#define FURROW_ON_TWO_SPANS(name, Kind, Out)                       \
  template <Kind T>                                                \
  void name(Input<T> x, Input<T> y, std::span<Out> out) noexcept { \
    detail::map_named<#name, T, T>(out, x, y);                     \
  }

FURROW_ON_TWO_SPANS(equal, Element, bool)
FURROW_ON_TWO_SPANS(not_equal, Element, bool)
FURROW_ON_TWO_SPANS(less, Element, bool)
FURROW_ON_TWO_SPANS(less_equal, Element, bool)
FURROW_ON_TWO_SPANS(greater, Element, bool)
FURROW_ON_TWO_SPANS(greater_equal, Element, bool)
FURROW_ON_TWO_SPANS(logical_and, Element, bool)
FURROW_ON_TWO_SPANS(logical_or, Element, bool)
FURROW_ON_TWO_SPANS(logical_xor, Element, bool)
FURROW_ON_ONE_SPAN(logical_not, Element, bool)
FURROW_ON_ONE_SPAN(isnan, detail::MayBeNan, bool)
FURROW_ON_ONE_SPAN(isinf, detail::MayBeNan, bool)
FURROW_ON_ONE_SPAN(isfinite, detail::MayBeNan, bool)
FURROW_ON_ONE_SPAN(signbit, detail::RealFloat, bool)

FURROW_ON_TWO_SPANS(bitwise_and, detail::Whole, T)
FURROW_ON_TWO_SPANS(bitwise_or, detail::Whole, T)
FURROW_ON_TWO_SPANS(bitwise_xor, detail::Whole, T)
FURROW_ON_ONE_SPAN(invert, detail::Whole, T)
FURROW_ON_TWO_SPANS(left_shift, detail::WholeNumber, T)
FURROW_ON_TWO_SPANS(right_shift, detail::WholeNumber, T)

FURROW_ON_TWO_SPANS(floor_divide, Real, T)
FURROW_ON_TWO_SPANS(remainder, Real, T)
FURROW_ON_TWO_SPANS(fmod, Real, T)
FURROW_ON_ONE_SPAN(floor, Float, T)
FURROW_ON_ONE_SPAN(ceil, Float, T)
FURROW_ON_ONE_SPAN(trunc, Float, T)
FURROW_ON_ONE_SPAN(rint, Float, T)

FURROW_ON_TWO_SPANS(minimum, detail::Ordered, T)
FURROW_ON_TWO_SPANS(maximum, detail::Ordered, T)
FURROW_ON_TWO_SPANS(fmin, detail::Ordered, T)
FURROW_ON_TWO_SPANS(fmax, detail::Ordered, T)
FURROW_ON_ONE_SPAN(sign, Real, T)
FURROW_ON_TWO_SPANS(copysign, Float, T)

FURROW_ON_ONE_SPAN(conj, ComplexNumber, T)
FURROW_ON_ONE_SPAN(real, ComplexNumber, typename T::value_type)
FURROW_ON_ONE_SPAN(imag, ComplexNumber, typename T::value_type)

#undef FURROW_ON_ONE_SPAN
#undef FURROW_ON_TWO_SPANS

/// out = x where the condition is true, else y
template <Element T>
void where(std::span<const bool> condition, Input<T> x, Input<T> y, std::span<T> out) noexcept {
  detail::map_named<"where", bool, T, T>(out, condition, x, y);
}

}  // namespace furrow::kernels
