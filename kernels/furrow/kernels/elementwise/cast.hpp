// furrow/kernels/elementwise/cast.hpp
//
// The conversion of one element, for every pair of dtypes and both rules: the specification, and,
// as a loop, the code.
//
// Exact    what the target type holds, converts exactly; reals round to nearest even, once (f64 to
//          f16 not through f32), beyond the greatest number to an infinity
// Integers reals are cut off at the point. Out of range:
//            saturating   the nearest number that the type has; NaN gives 0
//            wrapping     modulo 2^bits, as C converts integers; infinities and NaN give 0
// bool     is it different from 0; NaN is, and so is i
// Complex  from reals with imaginary part 0; to reals and integers the real part
//
// C and NumPy leave reals out of range to the platform.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::kernels {

namespace detail {

/// The integer part of x modulo 2^64; |x| >= 2^63 or not finite.
inline std::uint64_t wrap_large(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;  // of the last digit
  const std::uint64_t digits = (bits & 0xfffffffffffff) | 0x10000000000000;
  const std::uint64_t magnitude = exponent < 64 ? digits << exponent : 0;
  return x < 0 ? 0 - magnitude : magnitude;
}

template <class To, class From>
To wrap_real(From x) noexcept {
  const bool fits = x < From(0x1p63) && x > From(-0x1p63);  // false for NaN
  if (!fits) [[unlikely]]
    return static_cast<To>(wrap_large(static_cast<double>(x)));
  return static_cast<To>(static_cast<std::int64_t>(x));
}

/// No branches, so that the compiler makes vectors of it.
template <class To, class From>
To saturate_real(From x) noexcept {
  using L = std::numeric_limits<To>;
  using Wide = std::conditional_t<
      sizeof(To) == 8, To,
      std::conditional_t<sizeof(To) < 4 || std::is_signed_v<To>, std::int32_t, std::int64_t>>;
  // 2^digits is exact in From, max() need not be: f32 rounds 2^31 - 1 up to 2^31.
  constexpr From end = static_cast<From>(std::uint64_t{1} << (L::digits - 1)) * 2;
  constexpr From begin = std::is_signed_v<To> ? -end : From(0);
  const bool above = x >= end;
  const bool below = x <= begin;
  const From safe = (x < end && x > begin) ? x : From(0);
  auto y = static_cast<To>(static_cast<Wide>(safe));
  y = above ? L::max() : y;
  return below ? L::min() : y;
}

template <class To, class From>
constexpr To saturate_integer(From x) noexcept {
  using L = std::numeric_limits<To>;
  using F = std::numeric_limits<From>;
  if constexpr (std::is_signed_v<From> && !std::is_signed_v<To>) {
    const From positive = x < 0 ? From(0) : x;
    return saturate_integer<To>(static_cast<std::make_unsigned_t<From>>(positive));
  } else {
    if constexpr (F::digits > L::digits) x = x > From(L::max()) ? From(L::max()) : x;
    if constexpr (std::is_signed_v<From> && F::digits > L::digits) {
      x = x < From(L::min()) ? From(L::min()) : x;
    }
    return static_cast<To>(x);
  }
}

/// As static_cast<float>, without a branch, so that the compiler makes it SIMD: the exponent of a
/// finite number is moved by a product, which is exact, denormals included.
inline float widen(f16 x) noexcept {
  const std::uint32_t bits = x.bits();
  const std::uint32_t magnitude = (bits & 0x7fff) << 13;
  constexpr std::uint32_t infinity = 0x1fu << 23;
  const auto finite = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  const std::uint32_t quiet = magnitude > infinity ? 0x400000 : 0;
  const std::uint32_t other = magnitude | 0x7f800000 | quiet;
  return std::bit_cast<float>((bits & 0x8000) << 16 | (magnitude >= infinity ? other : finite));
}

}  // namespace detail

template <bool Saturates, class To, class From>
To convert(From x) noexcept {
  constexpr bool from_integer = std::is_integral_v<From> && !std::is_same_v<From, bool>;
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (is_complex(dtype_of<To>) && is_complex(dtype_of<From>)) {
    using Part = typename To::value_type;
    return {static_cast<Part>(x.real()), static_cast<Part>(x.imag())};
  } else if constexpr (std::is_same_v<To, bool> && is_complex(dtype_of<From>)) {
    return x.real() != 0 || x.imag() != 0;
  } else if constexpr (is_complex(dtype_of<To>)) {
    return {convert<Saturates, typename To::value_type>(x), 0};
  } else if constexpr (is_complex(dtype_of<From>)) {
    return convert<Saturates, To>(x.real());
  } else if constexpr (std::is_same_v<From, f16>) {
    return convert<Saturates, To>(detail::widen(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (is_real_float(dtype_of<From>) && std::is_integral_v<To>) {
    return Saturates ? detail::saturate_real<To>(x) : detail::wrap_real<To>(x);
  } else if constexpr (from_integer && std::is_integral_v<To> && Saturates) {
    return detail::saturate_integer<To>(x);
  } else if constexpr (std::is_same_v<To, f16> && std::is_integral_v<From>) {
    // Every integer that binary16 holds, and every tie between two, is exact in a double. A larger
    // one is infinity, and rounding it to a double first does not bring it back.
    return f16(static_cast<double>(x));
  } else {
    return static_cast<To>(x);
  }
}

template <bool Saturates, class From, class To>
struct CastSpec {
  static To of(From x) noexcept { return convert<Saturates, To>(x); }
};

/// Do the two rules differ? Otherwise only the wrapping one is listed.
template <class From, class To>
inline constexpr bool rules_differ = std::is_integral_v<To> && !std::is_same_v<To, bool> &&
                                     !std::is_same_v<From, bool> && !std::is_same_v<From, To>;

/// Functions for packed operands by rule and dtypes.
struct CastTable {
  static constexpr std::size_t dtypes = 15;
  MapFunction packed[2][dtypes][dtypes] = {};

  template <bool Saturates, class From, class To>
  constexpr MapFunction& at() noexcept {
    return packed[Saturates && rules_differ<From, To> ? 1 : 0]
                 [static_cast<std::size_t>(dtype_of<From>)][static_cast<std::size_t>(dtype_of<To>)];
  }
  template <bool Saturates, class From, class To>
  constexpr MapFunction at() const noexcept {
    return const_cast<CastTable*>(this)->at<Saturates, From, To>();
  }
};

const CastTable* resolve_cast(std::size_t slot) noexcept;

/// The kernels cast, cast_saturate and cast_wrap.
enum class CastRule : std::uint8_t { standard, saturate, wrap };

/// The function the registry lists: any strides, the target in use. Null when there is none.
MapFunction cast_function(CastRule rule, Dtype from, Dtype to) noexcept;

namespace detail {
template <CastRule R, class From, class To>
void cast_span(std::span<const From> x, std::span<To> out) noexcept {
  MapCall call{};
  call.out = out.data();
  call.in[0] = x.data();
  call.out_stride = call.in_stride[0] = 1;
  call.count = out.size();
  cast_function(R, dtype_of<From>, dtype_of<To>)(call);
}
}  // namespace detail

/// Spans of one length; `out` may be `x` where the elements have one size. Integers wrap, reals
/// saturate.
template <Element From, Element To>
requires(!is_complex(dtype_of<From>) || is_complex(dtype_of<To>))  //
    void cast(std::span<const From> x, std::span<To> out) noexcept {
  detail::cast_span<CastRule::standard>(x, out);
}
/// The same; integers saturate too.
template <Element From, Element To>
requires(!is_complex(dtype_of<From>) || is_complex(dtype_of<To>))  //
    void cast_saturate(std::span<const From> x, std::span<To> out) noexcept {
  detail::cast_span<CastRule::saturate>(x, out);
}
/// The same; reals wrap too, complex numbers lose their imaginary part.
template <Element From, Element To>
void cast_wrap(std::span<const From> x, std::span<To> out) noexcept {
  detail::cast_span<CastRule::wrap>(x, out);
}

}  // namespace furrow::kernels
