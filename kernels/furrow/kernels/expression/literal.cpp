// furrow/kernels/expression/literal.cpp
//
// In 128 bits, which hold every sum of two integers of 64; products, powers and shifts are checked.
#include <furrow/kernels/expression/literal.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <furrow/kernels/expression/operations.hpp>

namespace furrow::kernels::expression {
namespace {

__extension__ using Wide = __int128;

constexpr Wide least = std::numeric_limits<std::int64_t>::min();
constexpr Wide most = std::numeric_limits<std::uint64_t>::max();

Wide wide_of(const Vertex& constant) noexcept {
  if (is_signed_integer(constant.dtype)) return constant.value.i64;
  return static_cast<Wide>(constant.value.u64);
}

Literal literal(Wide value) noexcept {
  Literal result;
  if (value < least || value > most) {
    result.kind = Literal::Kind::large;
    return result;
  }
  result.kind = Literal::Kind::value;
  result.dtype = value > std::numeric_limits<std::int64_t>::max() ? Dtype::u64 : Dtype::i64;
  result.value.u64 = static_cast<std::uint64_t>(value);
  return result;
}

Literal large() noexcept { return {Literal::Kind::large, Dtype::none, {}}; }

Literal product(Wide a, Wide b) noexcept {
  Wide result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return large();
  return literal(result);
}

// To minus infinity, as Python divides; what is left has the divisor's sign.
Wide floor_quotient(Wide a, Wide b) noexcept {
  const Wide quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Literal power(Wide base, Wide exponent) noexcept {
  if (exponent < 0) return {};  // a real number
  if (base == 0 || base == 1) return literal(exponent == 0 ? 1 : base);
  if (base == -1) return literal(exponent % 2 == 0 ? 1 : -1);
  if (exponent > 64) return large();
  Wide result = 1;
  for (Wide left = exponent; left > 0; --left) {
    if (__builtin_mul_overflow(result, base, &result)) return large();
  }
  return literal(result);
}

// By a negative number of places nothing is shifted here.
Literal shift(Wide value, Wide places, bool to_the_left) noexcept {
  if (places < 0) return {};
  if (!to_the_left) return literal(places > 64 ? (value < 0 ? -1 : 0) : value >> places);
  if (value != 0 && places > 64) return large();
  return value == 0 ? literal(0) : product(value, Wide{1} << places);
}

Literal of_one(std::string_view name, Wide x) noexcept {
  if (name == "positive") return literal(x);
  if (is_synonym(name, "negative")) return literal(-x);
  if (is_synonym(name, "invert")) return literal(-x - 1);
  if (is_synonym(name, "abs")) return literal(x < 0 ? -x : x);
  return name == "square" ? product(x, x) : Literal{};
}

Literal of_two(std::string_view name, Wide x, Wide y) noexcept {
  if (name == "add") return literal(x + y);
  if (name == "subtract") return literal(x - y);
  if (name == "multiply") return product(x, y);
  if (name == "bitwise_and") return literal(x & y);
  if (name == "bitwise_or") return literal(x | y);
  if (name == "bitwise_xor") return literal(x ^ y);
  if (is_synonym(name, "pow")) return power(x, y);
  if (is_synonym(name, "left_shift")) return shift(x, y, true);
  if (is_synonym(name, "right_shift")) return shift(x, y, false);
  if (y == 0) return {};
  if (name == "floor_divide") return literal(floor_quotient(x, y));
  if (is_synonym(name, "remainder")) return literal(x - y * floor_quotient(x, y));
  return {};
}

// A real or complex number's part as an element of so many bytes.
bool holds_part(std::size_t bytes, double value) noexcept {
  if (!std::isfinite(value) || bytes == 8) return true;
  return std::isfinite(bytes == 4 ? static_cast<float>(value)
                                  : static_cast<float>(static_cast<f16>(value)));
}

}  // namespace

Literal literal_of(std::string_view function, std::span<const Vertex> operands) noexcept {
  const std::string_view name = bare_name(function);
  if (operands.size() == 1) return of_one(name, wide_of(operands[0]));
  if (operands.size() != 2) return {};
  return of_two(name, wide_of(operands[0]), wide_of(operands[1]));
}

bool holds_value(Dtype to, const Vertex& constant) noexcept {
  const Dtype from = constant.dtype;
  const Scalar& value = constant.value;
  if (is_complex(from)) {
    return is_complex(to) && holds_part(item_bytes(to) / 2, value.c128[0]) &&
           holds_part(item_bytes(to) / 2, value.c128[1]);
  }
  const bool whole = !is_real_float(from);
  if (is_complex(to) || is_real_float(to)) {
    const double real = whole ? static_cast<double>(wide_of(constant)) : value.f64;
    return holds_part(is_complex(to) ? item_bytes(to) / 2 : item_bytes(to), real);
  }
  // Beyond this no integer of 64 bits is; a NaN is not within either.
  if (!whole && !(std::fabs(value.f64) <= 0x1p64 && std::trunc(value.f64) == value.f64)) {
    return false;
  }
  const Wide integer = whole ? wide_of(constant) : static_cast<Wide>(value.f64);
  return visit_dtype(to, [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>) {
      return integer >= static_cast<Wide>(std::numeric_limits<T>::min()) &&
             integer <= static_cast<Wide>(std::numeric_limits<T>::max());
    } else {
      return true;
    }
  });
}

}  // namespace furrow::kernels::expression
