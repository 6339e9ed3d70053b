// tests/kernels/compare.hpp
//
// When two elements count as equal. NaN equals NaN: its sign and payload are no part of the
// contract (x86's fused multiply-add takes them from whichever operand the compiler put first).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {

/// Distance in representable numbers; 0 for two NaN, huge for one.
template <class F>
double ulp_distance(F x, F y) {
  using I = std::conditional_t<sizeof(F) == 8, std::int64_t, std::int32_t>;
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y) ? 0 : 1e300;
  // Differences of the numbers' positions, in integers: a double would lose the last bits.
  const auto order = [](F value) {
    const I bits = std::bit_cast<I>(value);
    return bits < 0 ? std::numeric_limits<I>::min() - bits : bits;
  };
  using U = std::make_unsigned_t<I>;
  const I a = order(x);
  const I b = order(y);
  const U distance =
      a > b ? static_cast<U>(a) - static_cast<U>(b) : static_cast<U>(b) - static_cast<U>(a);
  return static_cast<double>(distance);
}

/// Same bits, or both NaN.
template <class F>
bool same_bits(F x, F y) {
  return (std::isnan(x) && std::isnan(y)) || std::memcmp(&x, &y, sizeof x) == 0;
}

/// Same bits of an element of any dtype, but for NaN.
inline bool same_element(Dtype dtype, const void* x, const void* y) {
  const auto pair = [&](auto zero, std::size_t parts) {
    using T = decltype(zero);
    for (std::size_t k = 0; k < parts; ++k) {
      T a, b;
      std::memcpy(&a, static_cast<const char*>(x) + k * sizeof(T), sizeof(T));
      std::memcpy(&b, static_cast<const char*>(y) + k * sizeof(T), sizeof(T));
      if (!same_bits(a, b)) return false;
    }
    return true;
  };
  switch (dtype) {
    case Dtype::f32: return pair(float{}, 1);
    case Dtype::f64: return pair(double{}, 1);
    case Dtype::c64: return pair(float{}, 2);
    case Dtype::c128: return pair(double{}, 2);
    default: return std::memcmp(x, y, item_bytes(dtype)) == 0;
  }
}

}  // namespace furrow::kernels::test
