// furrow/kernels/elementwise/integer.cpp
//
// Division, bits and powers of integers: plain loops, vectorised by the compiler.
//
// No instruction set divides vectors of integers, so quotients are found in floating point,
// exactly:
//
//   8, 16 bits   trunc(x / y) in f32
//   i32          trunc(x / y) in f64
//   others       magnitudes below 2^51: round((x - (y-1)/2) / y) in f64. The exact value lies
//   1/(2y)
//                or more off a tie, the computed one is wrong by at most 2^51/y * 2^-53. Rounding
//                is an addition of 1.5 * 2^52. 64-bit numbers beyond are divided one by one
//
// Why trunc(x / y) is exact: with |x|, |y| < 2^m for m mantissa bits, a quotient below an integer n
// is below it by 1/y at least, more than half a unit in the last place of n, so it is not rounded
// up to n.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/integer.cpp"
#include <hwy/foreach_target.h>
//
#include <algorithm>

#include <furrow/kernels/elementwise/loop-inl.h>
#include <furrow/kernels/elementwise/integer.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

constexpr std::uint64_t exact_max = std::uint64_t{1} << 51;

/// |x| as a 64-bit number; of the most negative one its bits.
template <class T>
HWY_INLINE std::uint64_t magnitude(T x) noexcept {
  if constexpr (std::is_signed_v<T>) {
    const auto wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
    return x < 0 ? 0 - wide : wide;
  } else {
    return x;
  }
}

/// An integer below 2^52 as a double, by its bits: AVX2 has no such conversion.
HWY_INLINE double to_double(std::uint64_t x) noexcept {
  return std::bit_cast<double>(x | 0x4330000000000000U) - 0x1p52;
}

/// trunc(x / y); y is not 0, nor -1 where x / -1 does not fit.
template <class T>
HWY_INLINE T exact_quotient(T x, T y) noexcept {
  if constexpr (sizeof(T) <= 2) {
    return static_cast<T>(static_cast<std::int32_t>(static_cast<float>(x) / static_cast<float>(y)));
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return static_cast<T>(static_cast<double>(x) / static_cast<double>(y));
  } else {
    const double a = to_double(magnitude(x));
    const double b = to_double(magnitude(y));
    const double rounded = (a - 0.5 * (b - 1)) / b + 0x1.8p52;
    const std::uint64_t q = std::bit_cast<std::uint64_t>(rounded) - 0x4338000000000000U;
    if constexpr (std::is_signed_v<T>) {
      return static_cast<T>((x ^ y) < 0 ? 0 - q : q);
    } else {
      return static_cast<T>(q);
    }
  }
}

template <IntegerOp O, class T>
struct Divide {
  static T of(T x, T y) noexcept {
    using W = WrappingType<T>;
    const bool by_zero = y == 0;
    const T divisor = by_zero ? T(1) : y;
    T q = 0;
    if constexpr (std::is_signed_v<T>) {
      const bool negates = y == T(-1);
      q = exact_quotient<T>(x, negates ? T(1) : divisor);
      q = negates ? static_cast<T>(W(0) - static_cast<W>(x)) : q;
    } else {
      q = exact_quotient<T>(x, divisor);
    }
    const T r = static_cast<T>(static_cast<W>(x) - static_cast<W>(q) * static_cast<W>(divisor));
    const bool down = std::is_signed_v<T> && (r != 0) & ((r < 0) != (y < 0));
    T result = r;
    if constexpr (O == IntegerOp::floor_divide) {
      result = static_cast<T>(static_cast<W>(q) - static_cast<W>(down));
    } else if constexpr (O == IntegerOp::remainder) {
      result = static_cast<T>(static_cast<W>(r) + (down ? static_cast<W>(y) : W(0)));
    }
    return by_zero ? T(0) : result;
  }
};

/// 64-bit numbers, in chunks: where all of a chunk are small, as above.
template <IntegerOp O, class T>
void divide_wide(const MapCall& call) noexcept {
  constexpr std::size_t chunk = 256;
  MapCall part = call;
  for (std::size_t begin = 0; begin < call.count; begin += chunk) {
    part.count = std::min(chunk, call.count - begin);
    const auto* x = static_cast<const T*>(call.in[0]) + begin;
    const auto* y = static_cast<const T*>(call.in[1]) + begin;
    part.in[0] = x;
    part.in[1] = y;
    part.out = static_cast<T*>(call.out) + begin;
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < part.count; ++i) all |= magnitude(x[i]) | magnitude(y[i]);
    if (all < exact_max) {
      Loop<Divide<O, T>>::run(part);
    } else {
      Loop<IntegerSpec<O, T>>::run(part);
    }
  }
}

template <IntegerOp O, class T>
constexpr void put_division(IntegerTable& table) noexcept {
  if constexpr (sizeof(T) == 8) {
    table.at(O, dtype_of<T>) = &divide_wide<O, T>;
  } else {
    table.at(O, dtype_of<T>) = &Loop<Divide<O, T>>::run;
  }
}

template <IntegerOp O, class T>
constexpr void put(IntegerTable& table) noexcept {
  table.at(O, dtype_of<T>) = &Loop<IntegerSpec<O, T>>::run;
}

template <class T>
constexpr void put_bits(IntegerTable& table) noexcept {
  put<IntegerOp::bitwise_and, T>(table);
  put<IntegerOp::bitwise_or, T>(table);
  put<IntegerOp::bitwise_xor, T>(table);
  put<IntegerOp::invert, T>(table);
}

template <class... Ts>
constexpr void put_integers(IntegerTable& table) noexcept {
  (put_division<IntegerOp::floor_divide, Ts>(table), ...);
  (put_division<IntegerOp::remainder, Ts>(table), ...);
  (put_division<IntegerOp::fmod, Ts>(table), ...);
  (put_bits<Ts>(table), ...);
  (put<IntegerOp::left_shift, Ts>(table), ...);
  (put<IntegerOp::right_shift, Ts>(table), ...);
  (put<IntegerOp::true_divide, Ts>(table), ...);
  (put<IntegerOp::power, Ts>(table), ...);
}

constexpr IntegerTable make_integer() noexcept {
  IntegerTable table;
  put_integers<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
               std::uint32_t, std::uint64_t>(table);
  put_bits<bool>(table);
  return table;
}

const IntegerTable* integer_table() {
  static constexpr IntegerTable table = make_integer();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(IntegerTable, integer);

}  // namespace furrow::kernels
#endif
