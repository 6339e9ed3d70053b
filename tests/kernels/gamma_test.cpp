// tests/kernels/gamma_test.cpp
//
// The gamma function and its logarithm against MPFR, on every target, over the whole range: near
// the poles, near the logarithm's roots, into overflow and denormal results; and the special values
// of C's Annex F.
#include "exact.hpp"

namespace furrow::kernels::test {
namespace {

int exact_lgamma(mpfr_ptr value, mpfr_srcptr x, mpfr_rnd_t round) {
  int sign = 0;
  return mpfr_lgamma(value, &sign, x, round);
}

Arguments between(double low, double high) {
  char name[64];
  std::snprintf(name, sizeof name, "[%g, %g]", low, high);
  return {name, [=](Engine& engine) {
            return Point{std::uniform_real_distribution<double>(low, high)(engine), 0};
          }};
}

/// Powers of two, both signs.
Arguments sizes(double low, double high) {
  char name[64];
  std::snprintf(name, sizeof name, "+-2^[%g, %g]", low, high);
  return {name, [=](Engine& engine) {
            const double x = std::exp2(std::uniform_real_distribution<double>(low, high)(engine));
            return Point{engine() % 2 != 0 ? x : -x, 0};
          }};
}

/// Neighbours, near and far, of the whole numbers from `low` to `high`.
template <class F>
Arguments near_whole(int low, int high) {
  return {"near whole numbers", [=](Engine& engine) {
            const auto whole =
                static_cast<F>(std::uniform_int_distribution<int>(low, high)(engine));
            const double off = std::exp2(-std::uniform_real_distribution<double>(1, 60)(engine));
            F x = whole + static_cast<F>(engine() % 2 != 0 ? off : -off);
            const F infinity = std::numeric_limits<F>::infinity();
            if (x == whole) x = std::nextafter(x, engine() % 2 != 0 ? infinity : -infinity);
            return Point{static_cast<double>(x), 0};
          }};
}

TEST_CASE("tgamma stays within its error bound, near its poles and as a denormal number too") {
  const double bound = std::strtod(find("tgamma")->error.data(), nullptr);
  check_errors<double>(
      "tgamma", mpfr_gamma, bound,
      {between(0, 1), between(0.9, 3), between(1, 8), between(7.9, 8.1), between(8, 30),
       between(30, 171), between(170, 172), between(-1, 0), between(-8.1, 0), between(-30, -7.9),
       between(-170, -30), between(-186, -168), near_whole<double>(-186, 171), sizes(-60, -40),
       sizes(-1074, 1023)});
  check_errors<float>(
      "tgamma", mpfr_gamma, 0.502,
      {between(0, 1), between(1, 8), between(7.9, 8.1), between(8, 35.1), between(-8.1, 0),
       between(-43, -7.9), near_whole<float>(-43, 35), sizes(-149, 127)});
}

TEST_CASE("lgamma stays within its error bound above -2") {
  const double bound = std::strtod(find("lgamma")->error.data(), nullptr);
  check_errors<double>("lgamma", exact_lgamma, bound,
                       {between(0, 1),
                        between(0.85, 0.9),
                        between(0.87, 2.26),
                        between(2.2, 2.3),
                        between(1, 8),
                        between(7.9, 8.1),
                        between(8, 100),
                        near_whole<double>(1, 2),
                        between(-1, 0),
                        between(-2, -1),
                        near_whole<double>(-1, 20),
                        sizes(-1074, -1),
                        between(1e15, 1e16),
                        between(1e300, 2.56e305),
                        {"large", [](Engine& engine) {
                           const double power =
                               std::uniform_real_distribution<double>(3, 1024)(engine);
                           return Point{std::exp2(power), 0};
                         }}});
}

TEST_CASE("lgamma is accurate below -2, around its roots within an absolute bound") {
  check_errors<double>(
      "lgamma", exact_lgamma, 2.0,
      {between(-3, -2), between(-2.46, -2.45), between(-2.75, -2.74), between(-4, -3),
       between(-8.1, -4), between(-20, -8), between(-200, -20), between(-1e6, -200),
       near_whole<double>(-30, -2), near_whole<double>(-100000, -2), sizes(1.1, 60)},
      0x1p-54);
}

TEST_CASE("lgamma of f32 stays within its error bound, around the roots too") {
  check_errors<float>("lgamma", exact_lgamma, 0.6,
                      {between(0, 1), between(0.87, 2.26), between(1, 8), between(7.9, 8.1),
                       between(8, 100), near_whole<float>(1, 2), between(-2, 0), between(-3, -2),
                       between(-2.46, -2.45), between(-2.75, -2.74), between(-20, -3),
                       between(-1e5, -20), near_whole<float>(-20, 3), sizes(-149, 127)});
}

template <class F>
void check_values() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity();
  const F nan = L::quiet_NaN();
  const struct {
    const char* kernel;
    F x, expected;
  } table[] = {
      {"tgamma", nan, nan},
      {"tgamma", inf, inf},
      {"tgamma", -inf, nan},
      {"tgamma", 0, inf},
      {"tgamma", -F(0), -inf},
      {"tgamma", L::denorm_min(), inf},
      {"tgamma", -L::denorm_min(), -inf},
      {"tgamma", -1, nan},
      {"tgamma", -2, nan},
      {"tgamma", -171, nan},
      {"tgamma", -1 / L::epsilon(), nan},
      {"tgamma", L::lowest(), nan},
      {"tgamma", L::max(), inf},
      {"tgamma", F(-1000.5), -F(0)},
      {"tgamma", F(-1001.5), 0},
      {"lgamma", nan, nan},
      {"lgamma", inf, inf},
      {"lgamma", -inf, inf},
      {"lgamma", 0, inf},
      {"lgamma", -F(0), inf},
      {"lgamma", -1, inf},
      {"lgamma", -12, inf},
      {"lgamma", L::lowest(), inf},
      {"lgamma", L::max(), inf},
      {"lgamma", 1, 0},
      {"lgamma", 2, 0},
  };
  for (const auto& row : table) {
    const F got = evaluate_at(row.kernel, row.x);
    INFO(row.kernel << "(" << row.x << ") = " << got << " on " << target());
    CHECK(same_bits(got, row.expected));
  }
  // The factorials that F holds.
  F factorial = 1;
  for (int n = 1; n <= (sizeof(F) == 8 ? 23 : 14); ++n) {
    INFO("tgamma(" << n << ") on " << target());
    CHECK(same_bits(evaluate_at("tgamma", static_cast<F>(n)), factorial));
    factorial *= static_cast<F>(n);
  }
}

/// Each lane alone has the bits that it has beside others.
template <class F>
void check_neighbours(const char* kernel, Engine& engine) {
  const F others[] = {F(0.5), F(1.5),  F(9), F(-2.5), F(-1), F(0), std::numeric_limits<F>::min(),
                      F(40),  F(-9.25)};
  const Dtype dtypes[] = {dtype_of<F>};
  const Variant* variant = find_variant(*find(kernel), dtypes, dtype_of<F>);
  for (int round = 0; round < 200; ++round) {
    F x[16], out[16];
    for (F& value : x) {
      value = others[engine() % std::size(others)];
      if (engine() % 2 != 0) value += std::uniform_real_distribution<F>(0, 1)(engine);
    }
    MapCall call{};
    call.out = out;
    call.in[0] = x;
    call.out_stride = call.in_stride[0] = 1;
    call.count = 16;
    variant->map(call);
    for (std::size_t i = 0; i < 16; ++i) {
      INFO(kernel << "(" << x[i] << ") on " << target() << ", FURROW_SEED=" << base_seed());
      REQUIRE(same_bits(out[i], evaluate_at(kernel, x[i])));
    }
  }
}

TEST_CASE("tgamma and lgamma have C's special values, factorials are exact, lanes independent") {
  Engine engine(base_seed());
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    check_values<double>();
    check_values<float>();
    for (const char* kernel : {"tgamma", "lgamma"}) {
      check_neighbours<double>(kernel, engine);
      check_neighbours<float>(kernel, engine);
    }
  }
  force_target("");
}

}  // namespace
}  // namespace furrow::kernels::test
