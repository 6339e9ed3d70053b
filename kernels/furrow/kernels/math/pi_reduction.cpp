// furrow/kernels/math/pi_reduction.cpp
//
// Integers and separate multiplications and additions only: the same bits on every machine.
#include <furrow/kernels/math/pi_reduction.hpp>

#include <bit>

namespace furrow::kernels {
namespace {

__extension__ using Wide = unsigned __int128;

// 2/pi: a word of zeros, so that every shift below starts inside, then the bits after the point.
constexpr std::uint64_t two_over_pi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
    0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};

constexpr double half_pi_high = 0x1.921fb54442d18p+0;
constexpr double half_pi_low = 0x1.1a62633145c07p-54;

/// 64 bits of the table from bit `at` on.
std::uint64_t bits_from(unsigned at) noexcept {
  const unsigned word = at / 64;
  const unsigned shift = at % 64;
  const std::uint64_t first = two_over_pi[word];
  return shift == 0 ? first : first << shift | two_over_pi[word + 1] >> (64 - shift);
}

/// The exact error of x * y rounded to `product` (Dekker 1971). The operands here are near 1.
double product_error(double x, double y, double product) noexcept {
  constexpr double splitter = 0x1p27 + 1;
  const double xh = splitter * x - (splitter * x - x);
  const double yh = splitter * y - (splitter * y - y);
  const double xl = x - xh;
  const double yl = y - yh;
  return ((xh * yh - product) + xh * yl + xl * yh) + xl * yl;
}

double power_of_two(int exponent) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

/// fraction * pi/2 as a sum of two doubles; fraction = (high:low) / 2^128.
void times_half_pi(std::uint64_t high, std::uint64_t low, double& out_high,
                   double& out_low) noexcept {
  if (high == 0) {  // never for a double: the fraction of none is below 2^-62
    high = low;
    low = 0;
  }
  const int zeros = std::countl_zero(high);
  if (zeros != 0) {
    high = high << zeros | low >> (64 - zeros);
    low <<= zeros;
  }
  const auto leading = static_cast<double>(high >> 11);               // 53 bits, exact
  const auto trailing = static_cast<double>(high << 53 | low >> 11);  // the next 64, rounded
  const double f = leading * 0x1p-53;
  const double rest = trailing * 0x1p-117;
  const double product = f * half_pi_high;
  const double error = product_error(f, half_pi_high, product);
  const double scale = power_of_two(-zeros);
  out_high = product * scale;
  out_low = (error + (f * half_pi_low + rest * half_pi_high)) * scale;
}

}  // namespace

PiReduction reduce_by_pi(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
  const std::uint64_t m = (bits & 0xfffffffffffff) | std::uint64_t{1} << 52;
  // |x| = m * 2^exponent. Bits of 2/pi that make a multiple of 4 are skipped: the 192 bits F that
  // follow give |x| * 2/pi = m * F * 2^-190 modulo 4.
  const auto at = static_cast<unsigned>(exponent + 62);
  const Wide low = Wide{m} * bits_from(at + 128);
  const Wide middle = Wide{m} * bits_from(at + 64) + static_cast<std::uint64_t>(low >> 64);
  const std::uint64_t top = m * bits_from(at) + static_cast<std::uint64_t>(middle >> 64);
  const auto second = static_cast<std::uint64_t>(middle);
  const auto third = static_cast<std::uint64_t>(low);

  std::uint64_t quadrant = top >> 62;
  std::uint64_t high = top << 2 | second >> 62;  // the fraction, 128 bits of it
  std::uint64_t next = second << 2 | third >> 62;
  const bool above_half = high >> 63 != 0;
  if (above_half) {  // round to nearest: the rest is 1 - fraction, negative
    ++quadrant;
    next = ~next + 1;
    high = ~high + (next == 0 ? 1 : 0);
  }
  PiReduction result;
  times_half_pi(high, next, result.high, result.low);
  const bool negative = bits >> 63 != 0;
  if (negative != above_half) {
    result.high = -result.high;
    result.low = -result.low;
  }
  result.quadrant = (negative ? 0 - quadrant : quadrant) & 3;
  return result;
}

}  // namespace furrow::kernels
