// tests/kernels/special_accuracy_test.cpp
//
// The tangent, the inverse trigonometric functions, error functions and the normal distribution
// against MPFR, on every target, over the whole range of f64 and f32, and their special values, as
// C's Annex F has them. The bounds for f64 are those of the descriptors.
#include <cstdlib>

#include "exact.hpp"

namespace furrow::kernels::test {
namespace {

Arguments between(double low, double high) {
  char name[64];
  std::snprintf(name, sizeof name, "[%g, %g]", low, high);
  return {name, [=](Engine& engine) {
            return Point{std::uniform_real_distribution<double>(low, high)(engine), 0};
          }};
}

/// Any finite number's bits; in f32 most of those of f64 would be 0 or infinite, hence F.
template <class F>
double any_finite(Engine& engine) {
  for (;;) {
    using U = std::conditional_t<sizeof(F) == 8, std::uint64_t, std::uint32_t>;
    const F x = std::bit_cast<F>(static_cast<U>(engine()));
    if (std::isfinite(x)) return static_cast<double>(x);
  }
}

template <class F>
Arguments any_bits() {
  return {"any bits", [](Engine& engine) {
            return Point{any_finite<F>(engine), any_finite<F>(engine)};
          }};
}

/// Neighbours of multiples of pi/2, where the tangent has its zeros and poles.
Arguments near_half_pi(double multiples) {
  return {"near multiples of pi/2", [=](Engine& engine) {
            const double power =
                std::uniform_real_distribution<double>(0, std::log2(multiples))(engine);
            double x = std::round(std::exp2(power)) * 1.5707963267948966;
            for (std::uint64_t step = engine() % 4; step != 0; --step) x = std::nextafter(x, 1e300);
            return Point{engine() % 2 != 0 ? x : -x, 0};
          }};
}

/// 1 less a power of two, more or less.
Arguments near_one() {
  return {"near 1", [](Engine& engine) {
            const double off = std::exp2(-std::uniform_real_distribution<double>(1, 53)(engine));
            return Point{engine() % 2 != 0 ? 1 - off : off - 1, 0};
          }};
}

double bound_of(const char* kernel) { return std::strtod(find(kernel)->error.data(), nullptr); }

template <class ExactFunction>
void check_both(const char* kernel, ExactFunction exact, double f32_bound,
                std::vector<Arguments> regions, const std::vector<Arguments>& f64_only = {}) {
  std::vector<Arguments> narrow = regions;
  narrow.push_back(any_bits<float>());
  check_errors<float>(kernel, exact, f32_bound, narrow);
  regions.insert(regions.end(), f64_only.begin(), f64_only.end());
  regions.push_back(any_bits<double>());
  check_errors<double>(kernel, exact, bound_of(kernel), regions);
}

TEST_CASE("tan stays within its error bound for every size of argument") {
  check_both("tan", mpfr_tan, bound_of("tan"),
             {between(-0.8, 0.8), between(-3.2, 3.2), between(-100, 100), between(1e5, 1e6),
              between(1e6, 1e9), near_half_pi(1e3)},
             {between(1e9, 1e15), near_half_pi(1e8), near_half_pi(1e15)});
}

TEST_CASE("asin, acos and atan stay within their error bounds") {
  const std::vector<Arguments> unit = {between(-1, 1),     between(-0.51, 0.51),
                                       between(0.49, 0.6), between(-1e-3, 1e-3),
                                       near_one(),         between(-1e-38, 1e-38)};
  check_errors<double>("asin", mpfr_asin, bound_of("asin"), unit);
  check_errors<double>("acos", mpfr_acos, bound_of("acos"), unit);
  check_errors<float>("asin", mpfr_asin, bound_of("asin"), unit);
  check_errors<float>("acos", mpfr_acos, bound_of("acos"), unit);
  check_both("atan", mpfr_atan, bound_of("atan"),
             {between(-0.5, 0.5), between(0.12, 0.19), between(0.9, 1.1), between(10, 30),
              between(-3, 3), between(-100, 100), between(-1e-38, 1e-38)},
             {between(-1e-307, 1e-307)});
}

TEST_CASE("atan2 stays within its error bound in every direction and at every distance") {
  const auto pair = [](const char* name, auto next) {
    return Arguments{name, [=](Engine& engine) { return Point{next(engine), next(engine)}; }};
  };
  const auto uniform = [](Engine& engine) {
    return std::uniform_real_distribution<double>(-2, 2)(engine);
  };
  const auto tiny = [](Engine& engine) {
    return std::uniform_real_distribution<double>(-1e-38, 1e-38)(engine);
  };
  const auto wide = [](Engine& engine) {
    const double power = std::uniform_real_distribution<double>(-120, 120)(engine);
    return engine() % 2 != 0 ? std::exp2(power) : -std::exp2(power);
  };
  const auto least = [](Engine& engine) {
    return std::uniform_real_distribution<double>(-1e-307, 1e-307)(engine);
  };
  const auto greatest = [](Engine& engine) {
    return std::uniform_real_distribution<double>(-1e308, 1e308)(engine);
  };
  // Of one sixteenth and of one eighth, where the quotient is most of the angle.
  const auto slope = [](double ratio) {
    return Arguments{"slope " + std::to_string(ratio), [=](Engine& engine) {
                       const double x = std::uniform_real_distribution<double>(1, 8)(engine);
                       const double off = std::uniform_real_distribution<double>(-1, 1)(engine);
                       return Point{x * ratio * (1 + off / 16), x};
                     }};
  };
  check_both("atan2", mpfr_atan2, bound_of("atan2"),
             {pair("square", uniform), pair("tiny", tiny), pair("wide", wide), slope(0.0625),
              slope(0.125)},
             {pair("least", least), pair("greatest", greatest)});
}

TEST_CASE("erf, erfc and ndtr stay within their error bounds, tails and denormals included") {
  const auto exact_ndtr = [](mpfr_ptr value, mpfr_srcptr x, mpfr_rnd_t round) {
    mpfr_sqrt_ui(value, 2, round);
    mpfr_div(value, x, value, round);
    mpfr_neg(value, value, round);
    mpfr_erfc(value, value, round);
    return mpfr_div_2ui(value, value, 1, round);
  };
  check_both("erf", mpfr_erf, 0.503,
             {between(-0.01, 0.01), between(-1, 1), between(0.99, 1.01), between(1, 2.3),
              between(2.2, 3.8), between(3.7, 6.1), between(-1e-38, 1e-38)},
             {between(-1e-307, 1e-307)});
  check_both(
      "erfc", mpfr_erfc, 0.51,
      {between(-0.1, 0.1), between(-1, 1), between(-6, 6), between(0, 10.2), between(8.9, 10.2)},
      {between(10, 20), between(20, 27.5), between(26.5, 27.3)});
  check_both("ndtr", static_cast<ExactOne>(exact_ndtr), 0.51,
             {between(-0.1, 0.1), between(-1, 1), between(-6, 6), between(-14.3, 0),
              between(-14.3, -12.8)},
             {between(-20, -10), between(-38.6, -20), between(-38.6, -37.3)});
}

/// Newton's method from the kernel's result in f64: two steps make 200 bits of 50.
int exact_ndtri(mpfr_ptr value, mpfr_srcptr p, mpfr_rnd_t round) {
  mpfr_set_d(value, evaluate_at("ndtri", mpfr_get_d(p, round)), round);
  if (mpfr_number_p(value) == 0) return 0;
  mpfr_t half, excess, slope;
  mpfr_inits2(220, half, excess, slope, nullptr);
  for (int step = 0; step < 2; ++step) {
    mpfr_sqr(slope, value, round);
    mpfr_div_2ui(slope, slope, 1, round);
    mpfr_exp(slope, slope, round);  // sqrt(2 pi) e^(x^2/2) = 1 / density
    mpfr_const_pi(half, round);
    mpfr_mul_2ui(half, half, 1, round);
    mpfr_sqrt(half, half, round);
    mpfr_mul(slope, slope, half, round);
    mpfr_set_d(half, 0.5, round);
    mpfr_sqrt(half, half, round);
    mpfr_mul(excess, value, half, round);
    mpfr_neg(excess, excess, round);
    mpfr_erfc(excess, excess, round);
    mpfr_div_2ui(excess, excess, 1, round);
    mpfr_sub(excess, excess, p, round);
    mpfr_mul(excess, excess, slope, round);
    mpfr_sub(value, value, excess, round);
  }
  mpfr_clears(half, excess, slope, nullptr);
  return 0;
}

TEST_CASE("ndtri stays within its error bound, from denormal probabilities to almost 1") {
  const auto power = [](const char* name, double low, double high, bool of_rest) {
    return Arguments{name, [=](Engine& engine) {
                       const double p =
                           std::exp2(std::uniform_real_distribution<double>(low, high)(engine));
                       return Point{of_rest ? 1 - p : p, 0};
                     }};
  };
  const Arguments half = {"near 1/2", [](Engine& engine) {
                            const double off =
                                std::exp2(-std::uniform_real_distribution<double>(2, 53)(engine));
                            return Point{engine() % 2 != 0 ? 0.5 + off : 0.5 - off, 0};
                          }};
  const std::vector<Arguments> regions = {between(0, 1),
                                          between(0.12, 0.13),
                                          between(0.87, 0.88),
                                          between(0.0015, 0.0025),  // where the tails begin
                                          between(0.9975, 0.9985),
                                          between(0.1, 0.3),
                                          half,
                                          power("tail", -149, -2, false),
                                          power("near 1", -53, -2, true)};
  check_both("ndtri", exact_ndtri, 0.55, regions, {power("far tail", -1074, -100, false)});
}

template <class F>
void check_values_of_one() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity();
  const F nan = L::quiet_NaN();
  const F half_pi = F(1.57079632679489661923);
  const F pi = F(3.14159265358979323846);
  const struct {
    const char* kernel;
    F x, expected;
  } table[] = {
      {"tan", nan, nan},
      {"tan", inf, nan},
      {"tan", -inf, nan},
      {"tan", L::denorm_min(), L::denorm_min()},
      {"tan", -L::min(), -L::min()},
      {"asin", nan, nan},
      {"asin", inf, nan},
      {"asin", F(1) + L::epsilon(), nan},
      {"asin", 1, half_pi},
      {"asin", -1, -half_pi},
      {"asin", -L::denorm_min(), -L::denorm_min()},
      {"acos", nan, nan},
      {"acos", -inf, nan},
      {"acos", F(-1) - L::epsilon(), nan},
      {"acos", 1, 0},
      {"acos", -1, pi},
      {"acos", 0, half_pi},
      {"atan", nan, nan},
      {"atan", inf, half_pi},
      {"atan", -inf, -half_pi},
      {"atan", L::max(), half_pi},
      {"atan", L::denorm_min(), L::denorm_min()},
      {"erf", nan, nan},
      {"erf", inf, 1},
      {"erf", -inf, -1},
      {"erf", L::max(), 1},
      {"erfc", nan, nan},
      {"erfc", inf, 0},
      {"erfc", -inf, 2},
      {"erfc", 0, 1},
      {"erfc", -F(0), 1},
      {"erfc", L::max(), 0},
      {"ndtri", nan, nan},
      {"ndtri", 0, -inf},
      {"ndtri", -F(0), -inf},
      {"ndtri", 1, inf},
      {"ndtri", F(0.5), 0},
      {"ndtri", -L::denorm_min(), nan},
      {"ndtri", 1 + L::epsilon(), nan},
      {"ndtri", inf, nan},
      {"ndtr", nan, nan},
      {"ndtr", inf, 1},
      {"ndtr", -inf, 0},
      {"ndtr", 0, F(0.5)},
      {"ndtr", L::lowest(), 0},
  };
  for (const auto& row : table) {
    const F got = evaluate_at(row.kernel, row.x);
    INFO(row.kernel << "(" << row.x << ") = " << got << " on " << target());
    CHECK(same_bits(got, row.expected));
  }
  for (const char* odd : {"tan", "asin", "atan", "erf"}) {
    INFO(odd << " of a zero on " << target());
    CHECK(same_bits(evaluate_at(odd, F(0)), F(0)));
    CHECK(same_bits(evaluate_at(odd, -F(0)), -F(0)));
  }
}

/// C's F.10.1.4, with the numbers that its words stand for.
template <class F>
void check_values_of_atan2() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity();
  const F nan = L::quiet_NaN();
  const F pi = F(3.14159265358979323846);
  const F half_pi = F(1.57079632679489661923);
  const F quarter = F(0.78539816339744830962);
  const F three_quarters = F(2.35619449019234492885);
  const struct {
    F y, x, expected;
  } table[] = {
      {0, 0, 0},
      {0, -F(0), pi},
      {0, -1, pi},
      {0, 1, 0},
      {1, 0, half_pi},
      {1, -F(0), half_pi},
      {1, -inf, pi},
      {1, inf, 0},
      {inf, 1, half_pi},
      {inf, -1, half_pi},
      {inf, inf, quarter},
      {inf, -inf, three_quarters},
      {0, inf, 0},
      {0, -inf, pi},
      {inf, 0, half_pi},
      {inf, -F(0), half_pi},
      {nan, 1, nan},
      {1, nan, nan},
      {nan, inf, nan},
      {inf, nan, nan},
      {nan, 0, nan},
      {0, nan, nan},
      {L::denorm_min(), L::max(), 0},
      {L::denorm_min(), L::lowest(), pi},
      {L::max(), L::denorm_min(), half_pi},
      {L::denorm_min(), L::denorm_min(), quarter},
      {L::max(), L::max(), quarter},
      {L::min(), 1, L::min()},
  };
  for (const auto& row : table) {
    INFO("atan2(+-" << row.y << ", " << row.x << ") on " << target());
    CHECK(same_bits(evaluate_at("atan2", row.y, row.x), row.expected));
    CHECK(same_bits(evaluate_at("atan2", -row.y, row.x), -row.expected));
  }
}

TEST_CASE("special values of trigonometric and special functions are those of C") {
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    check_values_of_one<double>();
    check_values_of_one<float>();
    check_values_of_atan2<double>();
    check_values_of_atan2<float>();
  }
  force_target("");
}

/// Sixteen results; a slow path taken for one lane must leave the others as they were.
template <class F>
void check_neighbours(const char* kernel, Engine& engine) {
  using L = std::numeric_limits<F>;
  const F intruders[] = {L::max(), L::lowest(), L::denorm_min(), -L::min(),     F(0),
                         F(-1),    F(1e22),     F(-2.5),         L::infinity(), L::quiet_NaN()};
  const Kernel& found = *find(kernel);
  const Dtype dtypes[] = {dtype_of<F>, dtype_of<F>};
  const Variant* variant = find_variant(found, {dtypes, found.input_count}, dtype_of<F>);
  for (int round = 0; round < 200; ++round) {
    F x[16], y[16], alone[16], mixed[16];
    for (F& value : x) value = std::uniform_real_distribution<F>(F(0.01), F(5))(engine);
    for (F& value : y) value = std::uniform_real_distribution<F>(F(-5), F(5))(engine);
    MapCall call{};
    call.out_stride = call.in_stride[0] = call.in_stride[1] = 1;
    call.count = 16;
    call.in[0] = x;
    call.in[1] = y;
    call.out = alone;
    variant->map(call);
    const std::size_t at = engine() % 16;
    (engine() % 2 != 0 ? x : y)[at] = intruders[engine() % std::size(intruders)];
    call.out = mixed;
    variant->map(call);
    mixed[at] = alone[at];
    // NaN beside NaN: for x > 1 asin has none but that.
    bool same = true;
    for (std::size_t i = 0; i < 16; ++i) same = same && same_bits(alone[i], mixed[i]);
    INFO(kernel << " on " << target() << ", FURROW_SEED=" << base_seed());
    REQUIRE(same);
  }
}

TEST_CASE("a lane of trigonometric and special functions does not depend on its neighbours") {
  Engine engine(base_seed());
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const char* kernel :
         {"tan", "asin", "acos", "atan", "atan2", "erf", "erfc", "ndtr", "ndtri"}) {
      check_neighbours<double>(kernel, engine);
      check_neighbours<float>(kernel, engine);
    }
  }
  force_target("");
}

}  // namespace
}  // namespace furrow::kernels::test
