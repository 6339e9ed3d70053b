// tests/kernels/math_accuracy_test.cpp
//
// Exponentials, logarithms, hyperbolic functions, powers and roots against MPFR, on every target,
// over the whole range of f64 and f32. The bounds are those of the descriptors.
#include <cstdlib>

#include "exact.hpp"

namespace furrow::kernels::test {
namespace {

double uniform(Engine& engine, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(engine);
}

Arguments between(double low, double high) {
  char name[64];
  std::snprintf(name, sizeof name, "[%g, %g]", low, high);
  return {name, [=](Engine& engine) { return Point{uniform(engine, low, high), 0}; }};
}

/// Any finite number's bits; in f32 most of them would be 0 or infinite, hence `f32`.
double any_finite(Engine& engine, bool f32) {
  for (;;) {
    const std::uint64_t bits = engine();
    const double x =
        f32 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
            : std::bit_cast<double>(bits);
    if (std::isfinite(x)) return x;
  }
}

template <class F>
Arguments any_bits() {
  return {"any bits", [](Engine& engine) {
            return Point{any_finite(engine, sizeof(F) == 4), any_finite(engine, sizeof(F) == 4)};
          }};
}

/// Numbers around +-1 times powers of two between 2^low and 2^high, close on both sides.
Arguments near_powers(int low, int high) {
  return {"near powers of 2", [=](Engine& engine) {
            const int k = static_cast<int>(uniform(engine, low, high + 1));
            const double off = std::ldexp(uniform(engine, -1, 1), -static_cast<int>(engine() % 50));
            return Point{std::ldexp(1 + off / 8, k), 0};
          }};
}

/// The descriptor's bound.
double bound_of(const char* kernel) { return std::strtod(find(kernel)->error.data(), nullptr); }

void check_both(const char* kernel, ExactOne exact, std::vector<Arguments> regions,
                const std::vector<Arguments>& f64_only = {}) {
  std::vector<Arguments> narrow = regions;
  narrow.push_back(any_bits<float>());
  check_errors<float>(kernel, exact, bound_of(kernel), narrow);
  regions.insert(regions.end(), f64_only.begin(), f64_only.end());
  regions.push_back(any_bits<double>());
  check_errors<double>(kernel, exact, bound_of(kernel), regions);
}

TEST_CASE("exp2 stays within its error bound") {
  check_both("exp2", mpfr_exp2,
             {between(-0.5, 0.5), between(-2, 2), between(-130, 130), between(-151, -125)},
             {between(-1024, 1024), between(-1080, -1015)});
}

TEST_CASE("expm1 stays within its error bound") {
  check_both("expm1", mpfr_expm1,
             {between(-0.35, 0.35), between(-2, 2), between(0.3, 1.1), between(-0.71, -0.34),
              between(-45, 90), between(36, 39), between(15, 19), between(-1e-3, 1e-3)},
             {between(-40, 710)});
}

TEST_CASE("log2, log10 and log1p stay within their error bounds") {
  const std::vector<Arguments> regions = {between(0, 1),       between(0.7, 1.42),
                                          between(0.99, 1.01), between(1, 100),
                                          between(0, 1e-38),   near_powers(-120, 120)};
  const std::vector<Arguments> wide = {between(0, 1e-300), between(0, 1e-307),
                                       near_powers(-1000, 1000)};
  check_both("log2", mpfr_log2, regions, wide);
  check_both("log10", mpfr_log10, regions, wide);
  check_both("log1p", mpfr_log1p,
             {between(-1, 1), between(-0.3, 0.42), between(0.4, 3), between(-1, -0.9),
              between(-1e-3, 1e-3), between(1, 1000), near_powers(-120, 120)},
             {near_powers(-1000, 1000), between(1e300, 1.7e308)});
}

TEST_CASE("hyperbolic functions stay within their error bounds") {
  const std::vector<Arguments> regions = {between(-0.35, 0.35), between(-2, 2),   between(-1, 1),
                                          between(0.34, 1.05),  between(-20, 20), between(-90, 90),
                                          between(88, 90)};
  const std::vector<Arguments> wide = {between(-711, 711), between(709, 711)};
  check_both("sinh", mpfr_sinh, regions, wide);
  check_both("cosh", mpfr_cosh, regions, wide);
  check_both("tanh", mpfr_tanh, regions, {between(17, 22)});
}

TEST_CASE("inverse hyperbolic functions stay within their error bounds") {
  check_both("asinh", mpfr_asinh,
             {between(-0.5, 0.5), between(-3, 3), between(-1e-3, 1e-3), between(-1e6, 1e6),
              near_powers(-120, 120)},
             {near_powers(-1000, 1000)});
  check_both(
      "acosh", mpfr_acosh,
      {between(1, 1.001), between(1, 1.5), between(1, 4), between(1, 100), near_powers(0, 120)},
      {near_powers(0, 1020)});
  check_both("atanh", mpfr_atanh,
             {between(-1, 1), between(-0.2, 0.2), between(0.99, 1), between(-1e-3, 1e-3),
              near_powers(-120, -1)},
             {near_powers(-1000, -1)});
}

TEST_CASE("cbrt stays within its error bound") {
  check_both("cbrt", mpfr_cbrt,
             {between(-10, 10), between(0.9, 1.1), between(1.9, 2.1), between(3.9, 4.1),
              between(0, 1e-38), near_powers(-120, 120)},
             {between(0, 1e-307)});
}

TEST_CASE("hypot stays within its error bound") {
  const auto pair = [](double high) {
    return Arguments{"[0, " + std::to_string(high) + "]^2", [=](Engine& engine) {
                       return Point{uniform(engine, 0, high), uniform(engine, 0, high)};
                     }};
  };
  /// Around 2^k, the second up to 2^60 smaller.
  const auto scaled = [](int k) {
    return Arguments{
        "2^" + std::to_string(k), [=](Engine& engine) {
          const double x = std::ldexp(uniform(engine, 0.5, 1), k);
          return Point{x, std::ldexp(uniform(engine, -1, 1) * x, -static_cast<int>(engine() % 60))};
        }};
  };
  check_errors<float>(
      "hypot", mpfr_hypot, bound_of("hypot"),
      {pair(1), scaled(0), scaled(128), scaled(-126), scaled(-140), any_bits<float>()});
  check_errors<double>("hypot", mpfr_hypot, bound_of("hypot"),
                       {pair(1), scaled(0), scaled(1023), scaled(500), scaled(-449), scaled(-450),
                        scaled(-1022), scaled(-1060), any_bits<double>()});
}

/// x between low and high, y such that the power is 2^e, |e| < exponent.
Arguments power(double low, double high, double exponent) {
  char name[64];
  std::snprintf(name, sizeof name, "[%g, %g]^y to 2^%g", low, high, exponent);
  return {name, [=](Engine& engine) {
            const double x = uniform(engine, low, high);
            return Point{x, uniform(engine, -exponent, exponent) / std::log2(x)};
          }};
}

TEST_CASE("pow stays within its error bound") {
  const auto box = Arguments{"[0, 100]^[-10, 10]", [](Engine& engine) {
                               return Point{uniform(engine, 0, 100), uniform(engine, -10, 10)};
                             }};
  const auto whole =
      Arguments{"negative bases", [](Engine& engine) {
                  return Point{uniform(engine, -10, 0), std::floor(uniform(engine, -40, 40))};
                }};
  const auto of_one = Arguments{
      "near 1", [](Engine& engine) {
        const double off = std::ldexp(uniform(engine, -1, 1), -static_cast<int>(engine() % 52));
        const double y = uniform(engine, -1080, 1030) / (std::fabs(off) + 1e-300);
        return Point{1 + off, y};
      }};
  check_errors<double>("pow", mpfr_pow, bound_of("pow"),
                       {box, whole, of_one, power(0.7, 1.42, 1080), power(1.38, 1.43, 1080),
                        power(0.69, 0.72, 1080), power(0, 1, 1080), power(1, 3, 1080),
                        power(0, 1e-300, 1080), power(0, 1e-308, 1080), power(1e300, 1.7e308, 1080),
                        power(0.999, 1.001, 1080), power(1.026, 1.04, 1080), any_bits<double>()});
  check_errors<float>(
      "pow", mpfr_pow, bound_of("pow"),
      {box, whole, of_one, power(0.7, 1.42, 150), power(0, 1, 150), power(1, 3, 150),
       power(0, 1e-38, 150), power(0.999, 1.001, 150), any_bits<float>()});
}

}  // namespace
}  // namespace furrow::kernels::test
