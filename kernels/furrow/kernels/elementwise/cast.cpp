// furrow/kernels/elementwise/cast.cpp
//
// copy and cast. Conversions, where NumPy's astype leaves them to the platform, are defined here:
//   real -> integer     truncates; out of range saturates; NaN gives 0
//   integer -> integer  wraps
//   anything -> bool    is it different from 0; NaN is
//   f64 -> f16          one rounding, nearest even (not through f32)
//   real -> complex     imaginary part 0; complex -> real does not exist
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/packed.hpp>

#include <array>
#include <limits>

namespace furrow::kernels {
namespace {

template <class T>
constexpr bool is_complex_type = is_complex(dtype_of<T>);
template <class T>
constexpr bool is_float_type = is_real_float(dtype_of<T>);

template <class To, class From>
To real_to_integer(From x) noexcept {
  // 2^digits is exact in From, max() need not be: f32 rounds 2^31 - 1 up to 2^31.
  constexpr From end =
      static_cast<From>(std::uint64_t{1} << (std::numeric_limits<To>::digits - 1)) * 2;
  constexpr From begin = std::is_signed_v<To> ? -end : From(0);
  if (x >= end) return std::numeric_limits<To>::max();
  if (x <= begin) return std::numeric_limits<To>::min();
  return x == x ? static_cast<To>(x) : To(0);
}

template <class To, class From>
To convert(From x) noexcept {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (is_complex_type<To> && is_complex_type<From>) {
    using Part = typename To::value_type;
    return {static_cast<Part>(x.real()), static_cast<Part>(x.imag())};
  } else if constexpr (is_complex_type<To>) {
    return {convert<typename To::value_type>(x), 0};
  } else if constexpr (std::is_same_v<From, f16> && !std::is_same_v<To, double>) {
    return convert<To>(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (is_float_type<From> && std::is_integral_v<To>) {
    return real_to_integer<To>(x);
  } else if constexpr (std::is_same_v<To, f16> && std::is_integral_v<From>) {
    // Every integer that binary16 holds, and every tie between two, is exact in a double. A larger
    // one is infinity, and rounding it to a double first does not bring it back.
    return f16(static_cast<double>(x));
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void cast_packed(const MapCall& call) noexcept {
  auto* out = static_cast<To*>(call.out);
  const auto* in = static_cast<const From*>(call.in[0]);
  if constexpr (std::is_same_v<From, To>) {
    if (out != in && call.count != 0) std::memcpy(out, in, call.count * sizeof(To));
  } else {
    for (std::size_t i = 0; i < call.count; ++i) out[i] = convert<To>(in[i]);
  }
}

template <class From, class To>
void cast_any(const MapCall& call) noexcept {
  if (is_packed(call, 1)) return cast_packed<From, To>(call);
  map_strided(call, &cast_packed<From, To>, {sizeof(To), sizeof(From), 1});
}

template <class From, class To>
void cast_reference(const MapCall& call) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    static_cast<To*>(call.out)[at * call.out_stride] =
        convert<To>(static_cast<const From*>(call.in[0])[at * call.in_stride[0]]);
  }
}

template <class From, class To>
constexpr Variant variant_of() noexcept {
  Variant variant{};
  variant.in[0] = dtype_of<From>;
  variant.out = dtype_of<To>;
  variant.map = &cast_any<From, To>;
  variant.map_reference = &cast_reference<From, To>;
  return variant;
}

template <class... Ts>
struct Types {
  template <class From>
  static constexpr std::array<Variant, sizeof...(Ts)> from = {variant_of<From, Ts>()...};
  static constexpr std::array<Variant, sizeof...(Ts)> copies = {variant_of<Ts, Ts>()...};
};

using All = Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double, c64, c128>;
using Complex = Types<c64, c128>;

constexpr std::size_t real_types = 12;
constexpr std::size_t all_types = 14;

template <class... Reals>
constexpr auto make_casts() noexcept {
  std::array<Variant, real_types * all_types + 4> casts{};
  std::size_t next = 0;
  const auto append = [&](const auto& variants) {
    for (const Variant& variant : variants) casts[next++] = variant;
  };
  (append(All::from<Reals>), ...);
  append(Complex::from<c64>);
  append(Complex::from<c128>);
  return casts;
}

constexpr auto casts =
    make_casts<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
               std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double>();

constexpr Kernel kernels[] = {
    {"copy",
     Family::elementwise,
     "Copies, bit by bit.",
     "out = x",
     "x.copy()",
     "exact",
     1,
     {},
     All::copies,
     false},
    {"cast",
     Family::elementwise,
     "Converts to another dtype; reals to integers truncate and saturate, NaN gives 0.",
     "out = (dtype)x",
     "x.astype(dtype)",
     "correctly rounded",
     1,
     {},
     casts,
     false},
};

}  // namespace

std::span<const Kernel> cast_kernels() noexcept { return kernels; }

}  // namespace furrow::kernels
