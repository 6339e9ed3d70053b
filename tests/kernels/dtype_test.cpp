// tests/kernels/dtype_test.cpp
//
// Names of dtypes, and every binary16 against its definition.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <furrow/kernels/dtype.hpp>

namespace furrow {
namespace {

TEST_CASE("dtype names are unique and lead back") {
  std::set<std::string> names;
  for (std::uint32_t number = 1; number <= 14; ++number) {
    const auto dtype = static_cast<Dtype>(number);
    const std::string name(dtype_name(dtype));
    CHECK(names.insert(name).second);
    CHECK(dtype_of_name(name) == dtype);
    CHECK(item_bytes(dtype) == visit_dtype(dtype, [](auto zero) { return sizeof zero; }));
  }
  CHECK(dtype_of_name("float64") == Dtype::f64);
  CHECK(dtype_of_name("complex64") == Dtype::c64);
  CHECK(dtype_of_name("f63") == Dtype::none);
  CHECK(dtype_of_name("") == Dtype::none);
  CHECK(dtype_name(Dtype::none) == "none");
  CHECK(dtype_name(static_cast<Dtype>(77)) == "none");
  CHECK(item_bytes(static_cast<Dtype>(77)) == 0);
}

/// The value of a finite binary16, by IEEE 754's definition.
double value_of(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST_CASE("every binary16 has its value and comes back") {
  for (std::uint32_t pattern = 0; pattern < 65536; ++pattern) {
    const auto bits = static_cast<std::uint16_t>(pattern);
    const f16 half = f16::from_bits(bits);
    const bool special = (bits & 0x7c00) == 0x7c00;
    bool good = false;
    if (special && (bits & 0x3ff) != 0) {
      // A NaN stays a NaN with its sign and payload, made quiet.
      const auto quiet = static_cast<std::uint16_t>(bits | 0x200);
      good = std::isnan(static_cast<float>(half)) &&
             f16(static_cast<float>(half)).bits() == quiet &&
             f16(static_cast<double>(half)).bits() == quiet;
    } else {
      const double value = special ? std::copysign(std::numeric_limits<double>::infinity(),
                                                   (bits & 0x8000) != 0 ? -1.0 : 1.0)
                                   : value_of(bits);
      good = static_cast<double>(half) == value && f16(value).bits() == bits &&
             f16(static_cast<float>(value)).bits() == bits;
    }
    if (!good) {
      CAPTURE(bits);
      REQUIRE(good);
    }
  }
}

TEST_CASE("between two binary16 numbers the nearer wins, and the even one of a tie") {
  for (std::uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const double low = value_of(bits);
    const double high = value_of(static_cast<std::uint16_t>(bits + 1));
    const double middle = (low + high) / 2;
    const std::uint16_t even = (bits & 1) == 0 ? bits : static_cast<std::uint16_t>(bits + 1);
    const bool good =
        f16(middle).bits() == even && f16(std::nextafter(middle, low)).bits() == bits &&
        f16(std::nextafter(middle, high)).bits() == bits + 1 &&
        f16(static_cast<float>(middle)).bits() == even && f16(-middle).bits() == (even | 0x8000);
    if (!good) {
      CAPTURE(bits);
      REQUIRE(good);
    }
  }
  CHECK(f16(65519.99).bits() == 0x7bff);
  CHECK(f16(65520.0).bits() == 0x7c00);
  CHECK(f16(1e300).bits() == 0x7c00);
  CHECK(f16(-1e300).bits() == 0xfc00);
  CHECK(f16(5e-324).bits() == 0);
  CHECK(f16(-5e-324).bits() == 0x8000);
}

}  // namespace
}  // namespace furrow
