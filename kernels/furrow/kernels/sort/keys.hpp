// furrow/kernels/sort/keys.hpp
//
// The order of a sort, as unsigned integers: element -> key, such that keys compare as elements do.
//
// Order   ascending: -inf … -0 +0 … +inf NaN; descending: +inf … +0 -0 … -inf NaN. NaN is last both
//         ways. The order is total, so that a sorted array is a function of the elements alone: no
//         algorithm, target or number of workers can change a bit of it
// Zeros   -0 stands before +0 in a sort of values; where positions are sorted they are equal, as in
//         NumPy, and keep their order (`zeros_equal`)
// NaN     sign and payload are not kept: all NaNs become one key, and one NaN again
// Types   bool, i8, u8 -> u16; i16, u16, f16 -> u16; i32, u32, f32 -> u32; i64, u64, f64 -> u64.
//         Bytes take two, since there is no vector sort for one
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <furrow/kernels/dtype.hpp>

namespace furrow::kernels {

struct KeyOrder {
  bool descending = false;
  bool zeros_equal = false;
};

namespace detail {
template <std::size_t Bytes>
using UnsignedOfBytes = std::conditional_t<
    Bytes == 8, std::uint64_t,
    std::conditional_t<Bytes == 4, std::uint32_t,
                       std::conditional_t<Bytes == 2, std::uint16_t, std::uint8_t>>>;

/// Quiet NaN, positive, no payload; 0 for integers.
template <class T>
constexpr auto nan_bits() noexcept {
  using Bits = UnsignedOfBytes<sizeof(T)>;
  constexpr Dtype d = dtype_of<T>;
  if constexpr (d == Dtype::f64) return Bits(0x7ff8000000000000u);
  if constexpr (d == Dtype::f32) return Bits(0x7fc00000u);
  if constexpr (d == Dtype::f16) return Bits(0x7e00u);
  return Bits(0);
}

/// The bits of infinity: a magnitude above them is a NaN.
template <class T>
constexpr auto infinity_bits() noexcept {
  using Bits = UnsignedOfBytes<sizeof(T)>;
  constexpr Dtype d = dtype_of<T>;
  if constexpr (d == Dtype::f64) return Bits(0x7ff0000000000000u);
  if constexpr (d == Dtype::f32) return Bits(0x7f800000u);
  if constexpr (d == Dtype::f16) return Bits(0x7c00u);
  return Bits(0);
}
}  // namespace detail

/// Dtypes that have an order.
constexpr bool is_sortable(Dtype d) noexcept { return d >= Dtype::bool_ && d <= Dtype::f64; }

template <class T>
using KeyOf = detail::UnsignedOfBytes<(sizeof(T) < 2 ? 2 : sizeof(T))>;

constexpr std::size_t key_bytes(Dtype d) noexcept { return item_bytes(d) < 2 ? 2 : item_bytes(d); }

/// The key of the NaNs; no other element has it.
template <class T>
inline constexpr KeyOf<T> nan_key = static_cast<KeyOf<T>>(
    is_real_float(dtype_of<T>)
        ? (detail::nan_bits<T>() | (KeyOf<T>(1) << (8 * sizeof(KeyOf<T>) - 1)))
        : 0);

template <class T>
inline KeyOf<T> to_key(T x, KeyOrder order) noexcept {
  using Bits = detail::UnsignedOfBytes<sizeof(T)>;
  constexpr Bits sign = static_cast<Bits>(Bits(1) << (8 * sizeof(T) - 1));
  constexpr Bits ones = static_cast<Bits>(~Bits(0));
  Bits bits;
  std::memcpy(&bits, &x, sizeof bits);
  if constexpr (is_real_float(dtype_of<T>)) {
    const bool is_nan = static_cast<Bits>(bits & ~sign) > detail::infinity_bits<T>();
    bits = order.zeros_equal && bits == sign ? Bits(0) : bits;
    Bits key = static_cast<Bits>(bits ^ ((bits & sign) != 0 ? ones : sign));
    key = order.descending ? static_cast<Bits>(~key) : key;
    return is_nan ? nan_key<T> : key;
  } else {
    if constexpr (std::is_same_v<T, bool>) bits = bits != 0;
    if constexpr (std::is_signed_v<T> && !std::is_same_v<T, bool>) bits ^= sign;
    return static_cast<KeyOf<T>>(static_cast<Bits>(order.descending ? ~bits : bits));
  }
}

/// The element of a key: the inverse but for the sign and payload of a NaN.
template <class T>
inline T from_key(KeyOf<T> wide, bool descending) noexcept {
  using Bits = detail::UnsignedOfBytes<sizeof(T)>;
  constexpr Bits sign = static_cast<Bits>(Bits(1) << (8 * sizeof(T) - 1));
  constexpr Bits ones = static_cast<Bits>(~Bits(0));
  Bits bits = static_cast<Bits>(wide);
  if constexpr (is_real_float(dtype_of<T>)) {
    const bool is_nan = bits == nan_key<T>;
    bits = descending ? static_cast<Bits>(~bits) : bits;
    bits = static_cast<Bits>(bits ^ ((bits & sign) != 0 ? sign : ones));
    bits = is_nan ? detail::nan_bits<T>() : bits;
  } else {
    bits = descending ? static_cast<Bits>(~bits) : bits;
    if constexpr (std::is_same_v<T, bool>) bits &= 1;
    if constexpr (std::is_signed_v<T> && !std::is_same_v<T, bool>) bits ^= sign;
  }
  T x;
  std::memcpy(static_cast<void*>(&x), &bits, sizeof x);
  return x;
}

}  // namespace furrow::kernels
