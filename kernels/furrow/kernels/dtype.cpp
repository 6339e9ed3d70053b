// furrow/kernels/dtype.cpp
//
// Names of dtypes, and binary16 conversion in integer arithmetic alone, so that its bits depend
// neither on F16C nor on the rounding mode.
#include <furrow/kernels/dtype.hpp>

#include <array>

namespace furrow {
namespace {

struct Name {
  Dtype dtype;
  std::string_view furrow;
  std::string_view numpy;
};

constexpr std::array<Name, 14> names = {{
    {Dtype::bool_, "bool", "bool"},
    {Dtype::i8, "i8", "int8"},
    {Dtype::i16, "i16", "int16"},
    {Dtype::i32, "i32", "int32"},
    {Dtype::i64, "i64", "int64"},
    {Dtype::u8, "u8", "uint8"},
    {Dtype::u16, "u16", "uint16"},
    {Dtype::u32, "u32", "uint32"},
    {Dtype::u64, "u64", "uint64"},
    {Dtype::f16, "f16", "float16"},
    {Dtype::f32, "f32", "float32"},
    {Dtype::f64, "f64", "float64"},
    {Dtype::c64, "c64", "complex64"},
    {Dtype::c128, "c128", "complex128"},
}};

constexpr std::uint16_t f16_infinity = 0x7c00;

/// Rounds a finite value 1.fraction * 2^exponent to binary16, nearest even.
/// `significand` has its leading one at bit 52, so that a double passes through unchanged.
std::uint16_t round_to_f16(std::uint16_t sign, int exponent, std::uint64_t significand) noexcept {
  if (exponent > 15) return sign | f16_infinity;
  if (exponent < -25) return sign;  // below half of the least subnormal
  // Normal numbers keep 10 fraction bits of the 52; a subnormal keeps one less per step down.
  const bool normal = exponent >= -14;
  const int dropped = 42 + (normal ? 0 : -14 - exponent);
  std::uint64_t kept = significand >> dropped;
  const std::uint64_t rest = significand & ((std::uint64_t{1} << dropped) - 1);
  const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  // The leading one of a normal number adds 1 to the exponent field, as does a carry out of the
  // fraction: into the next binade, from subnormal to normal, or from the largest to infinity.
  const auto biased = static_cast<std::uint64_t>(normal ? exponent + 14 : 0);
  return static_cast<std::uint16_t>(sign | ((biased << 10) + kept));
}

}  // namespace

std::string_view dtype_name(Dtype dtype) noexcept {
  for (const Name& name : names) {
    if (name.dtype == dtype) return name.furrow;
  }
  return "none";
}

Dtype dtype_of_name(std::string_view text) noexcept {
  for (const Name& name : names) {
    if (name.furrow == text || name.numpy == text) return name.dtype;
  }
  return Dtype::none;
}

std::uint16_t f16::from_double(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 48) & 0x8000);
  const auto exponent_field = static_cast<int>((bits >> 52) & 0x7ff);
  const std::uint64_t fraction = bits & 0xfffffffffffff;
  if (exponent_field == 0x7ff) {
    if (fraction == 0) return sign | f16_infinity;
    // Keep the payload's top bits and make the NaN quiet, as F16C does.
    return static_cast<std::uint16_t>(sign | f16_infinity | 0x200 | (fraction >> 42));
  }
  if (exponent_field == 0) return sign;  // zero, or far below binary16's range
  return round_to_f16(sign, exponent_field - 1023, fraction | (std::uint64_t{1} << 52));
}

std::uint16_t f16::from_float(float value) noexcept {
  // Exact: float to double changes no value, so there is one rounding, and a NaN keeps its bits.
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return static_cast<std::uint16_t>(((bits >> 16) & 0x8000) | f16_infinity | 0x200 |
                                      ((bits >> 13) & 0x3ff));
  }
  return from_double(static_cast<double>(value));
}

float f16::to_float(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1f;
  const std::uint32_t fraction = bits & 0x3ff;
  if (exponent == 0x1f) {
    const std::uint32_t quiet = fraction != 0 ? 0x400000 : 0;
    return std::bit_cast<float>(sign | 0x7f800000 | quiet | (fraction << 13));
  }
  if (exponent == 0) {
    // fraction * 2^-24 is exact in binary32, zero included.
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

}  // namespace furrow
