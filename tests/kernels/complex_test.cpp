// tests/kernels/complex_test.cpp
//
// Quotients and magnitudes of complex numbers: their error against 64 bits of mantissa, where the
// plain formulas overflow, on every target; all bits against NumPy's in numpy_test.cpp.
#include <catch2/catch.hpp>

#include <complex>
#include <limits>
#include <vector>

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/elementwise/math.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

using Wide = std::complex<long double>;

/// Numbers whose parts have a wide range, but leave room for quotients.
template <class P>
std::vector<std::complex<P>> numbers(Engine& engine, std::size_t count) {
  const int range = std::is_same_v<P, float> ? 25 : 200;
  std::uniform_real_distribution<P> part(-1, 1);
  std::uniform_int_distribution<int> exponent(-range, range);
  std::vector<std::complex<P>> values(count);
  for (auto& value : values) {
    const int both = exponent(engine);
    value = {std::ldexp(part(engine), both),
             std::ldexp(part(engine), engine() % 2 == 0 ? both : exponent(engine))};
  }
  return values;
}

/// The same value: x/y by the plain formula in long double, whose exponents are wide enough.
template <class P>
Wide exact_quotient(std::complex<P> x, std::complex<P> y) {
  const Wide a = x;
  const Wide b = y;
  const long double squares = std::norm(b);
  return {(a.real() * b.real() + a.imag() * b.imag()) / squares,
          (a.imag() * b.real() - a.real() * b.imag()) / squares};
}

template <class P>
double error_of(std::complex<P> got, Wide exact) {
  const long double difference = std::abs(Wide(got) - exact);
  return static_cast<double>(difference / std::abs(exact)) / std::numeric_limits<P>::epsilon();
}

template <class P>
void check_errors() {
  using T = std::complex<P>;
  constexpr std::size_t count = 20'003;
  Engine engine(base_seed());
  const std::vector<T> x = numbers<P>(engine, count);
  const std::vector<T> y = numbers<P>(engine, count);
  std::vector<T> quotients(count);
  std::vector<T> reciprocals(count);
  std::vector<P> magnitudes(count);
  divide<T>(x, y, quotients);
  reciprocal<T>(y, reciprocals);
  abs<P>(x, magnitudes);
  double worst[3] = {};
  for (std::size_t i = 0; i < count; ++i) {
    worst[0] = std::max(worst[0], error_of(quotients[i], exact_quotient(x[i], y[i])));
    worst[1] = std::max(worst[1], error_of(reciprocals[i], exact_quotient(T(1), y[i])));
    worst[2] = std::max(worst[2], error_of(T(magnitudes[i]), std::abs(Wide(x[i]))));
  }
  INFO("FURROW_SEED=" << base_seed() << " " << worst[0] << " " << worst[1] << " " << worst[2]);
  CHECK(worst[0] < 4);
  CHECK(worst[1] < 4);
  CHECK(worst[2] < 1);
}

struct RestoreTarget {
  ~RestoreTarget() { force_target(""); }
};

}  // namespace

TEST_CASE("complex quotients, reciprocals and magnitudes stay within their bounds") {
  const RestoreTarget restore;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    INFO(name);
    check_errors<float>();
    check_errors<double>();
  }
}

TEST_CASE("complex quotients do not overflow on the way, and of zero are as NumPy's") {
  const double infinity = std::numeric_limits<double>::infinity();
  const RestoreTarget restore;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    const std::vector<c128> x = {{1e300, 1e300}, {3, 4}, {-3, 0}, {1, 2}, {6, 8}};
    const std::vector<c128> y = {{1e300, 1e300}, {3, 4}, {0, 0}, {0, 2}, {2, 0}};
    std::vector<c128> out = x;
    divide<c128>(out, y, out);  // in place
    CHECK(out[0] == c128(1, 0));
    CHECK(out[1] == c128(1, 0));
    CHECK(out[2].real() == -infinity);
    CHECK(std::isnan(out[2].imag()));
    CHECK(out[3] == c128(1, -0.5));
    CHECK(out[4] == c128(3, 4));
    negate<c128>(out, out);
    CHECK(out[4] == c128(-3, -4));
    std::vector<double> lengths(x.size());
    abs<double>(x, lengths);
    CHECK(lengths[1] == 5);
    CHECK(lengths[0] == Approx(std::sqrt(2.0) * 1e300).epsilon(1e-15));
  }
}

}  // namespace furrow::kernels::test
