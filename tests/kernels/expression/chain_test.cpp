// Chains of cheap operations: which are found, and their bits beside the operations one by one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/expression/expression.hpp>
#include <limits>
#include <random>
#include <vector>

using namespace furrow;                       // NOLINT
using namespace furrow::kernels;              // NOLINT
using namespace furrow::kernels::expression;  // NOLINT

namespace {

Compiled compiled(const std::string& text, const std::vector<Source>& sources) {
  Compiled result = compile(text, sources);
  INFO(text);
  if (result.error) FAIL(to_string(*result.error, text));
  return result;
}

/// How many results never reach memory.
std::size_t chained_in(const Program& program) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < program.instruction_count; ++i) {
    count += program.instructions[i].out == chained ? 1 : 0;
  }
  return count;
}

// Normal numbers, with zeros, infinities, a NaN and denormals among them.
template <class T>
std::vector<T> values(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> x(count);
  for (T& value : x) value = static_cast<T>(normal(random));
  using Limits = std::numeric_limits<T>;
  const T odd[] = {T(0),
                   T(-0.0),
                   Limits::infinity(),
                   -Limits::infinity(),
                   Limits::quiet_NaN(),
                   Limits::denorm_min()};
  for (std::size_t i = 0; i < std::size(odd) && 7 * i + 3 < count; ++i) x[7 * i + 3] = odd[i];
  return x;
}

template <class T>
struct Case {
  const char* text;
  std::size_t chained;
  T (*right)(T x, T y);
};

// Equal, where NaN equals NaN of any payload and 0 does not equal -0.
template <class T>
bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

template <class T>
std::vector<Case<T>> cases() {
  return {
      {"x + y", 0, [](T x, T y) { return x + y; }},
      {"(x + y)*x", 1, [](T x, T y) { return (x + y) * x; }},
      {"y - (x - y)", 1, [](T x, T y) { return y - (x - y); }},
      {"y/(x*y)", 1, [](T x, T y) { return y / (x * y); }},
      {"(x/y)/y", 1, [](T x, T y) { return (x / y) / y; }},
      {"-abs(x - y)", 2, [](T x, T y) { return -std::abs(x - y); }},
      {"sqrt(abs(x*y))", 2, [](T x, T y) { return std::sqrt(std::abs(x * y)); }},
      {"(x - y)**2", 1, [](T x, T y) { return (x - y) * (x - y); }},
      {"3*(x*y)", 1, [](T x, T y) { return T(3) * (x * y); }},
      {"1/(x + y)", 1, [](T x, T y) { return T(1) / (x + y); }},
      {"((x/2 + y)*x - y)*x + 2*y", 5,
       [](T x, T y) { return ((x / T(2) + y) * x - y) * x + T(2) * y; }},
      // Read twice by others: computed once, into memory.
      {"(x + y)*(x + y + 1)", 1, [](T x, T y) { return (x + y) * (x + y + T(1)); }},
      {"(x - y) + (x - y)", 0, [](T x, T y) { return (x - y) + (x - y); }},
      // A kernel that is no link ends a chain, and the next one begins after it.
      {"floor(x*y + x)*y - x", 2, [](T x, T y) { return std::floor(x * y + x) * y - x; }},
  };
}

template <class T>
void check_all() {
  for (const Case<T>& each : cases<T>()) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{64},
                                    std::size_t{131}, std::size_t{1500}}) {
      for (const std::size_t shift : {0, 1}) {
        CAPTURE(each.text, count, shift, target());
        const std::vector<T> x = values<T>(count + 1, 1);
        const std::vector<T> y = values<T>(count + 1, 2);
        Compiled c = compiled(each.text, {array<T>("x", std::span(x).subspan(shift, count)),
                                          array<T>("y", std::span(y).subspan(1 - shift, count))});
        CHECK(chained_in(c.program) == each.chained);
        for (const std::uint8_t streaming : {0, 1}) {
          c.program.streaming = streaming;
          std::vector<T> out(count + 2, T(77));
          run_tile(c.program, out.data() + 1, 0, count);
          CHECK(out.front() == T(77));
          CHECK(out.back() == T(77));
          for (std::size_t i = 0; i < count; ++i) {
            const T right = each.right(x[i + shift], y[i + 1 - shift]);
            if (!same(out[i + 1], right)) FAIL("element " << i << ": " << out[i + 1]);
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("chains have the bits of their operations one by one, on every target") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    check_all<float>();
    check_all<double>();
  }
  force_target("");
}

TEST_CASE("a chain may write over what it reads") {
  std::vector<double> x = values<double>(5'000, 3);
  const std::vector<double> before = x;
  const std::span<const double> in(x);
  const Compiled c = compiled("x = ((x - 1)*x + x)/x", {array<double>("x", in)});
  CHECK(chained_in(c.program) == 3);
  run(c, x.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = before[i];
    if (!same(x[i], ((v - 1) * v + v) / v)) FAIL("element " << i);
  }
}

TEST_CASE("integers and complex numbers are no chains") {
  const std::vector<int> i(100, 3);
  const std::vector<c128> z(100, c128(1, 2));
  CHECK(chained_in(compiled("(i + i)*i - i", {array<int>("i", i)}).program) == 0);
  CHECK(chained_in(compiled("(z + z)*z - z", {array<c128>("z", z)}).program) == 0);
}
