// tests/kernels/accuracy_test.cpp
//
// exp, log, sin and cos against MPFR with 200 bits, on every target, over the whole range of f64
// and f32; and their special values, as C's Annex F has them.
#include <algorithm>
#include <span>

#include <furrow/kernels/random/random.hpp>

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

Arguments any_bits(bool negative_too) {
  return {"any bits", [=](Engine& engine) {
            const std::uint64_t mask = negative_too ? ~0ull : ~0ull >> 1;
            return Point{std::bit_cast<double>(static_cast<std::uint64_t>(engine()) & mask), 0};
          }};
}

/// Neighbours of multiples of pi/2: where a sloppy reduction shows.
Arguments near_half_pi(double multiples) {
  return {"near multiples of pi/2", [=](Engine& engine) {
            const double k = std::round(
                std::exp2(std::uniform_real_distribution<double>(0, std::log2(multiples))(engine)));
            double x = k * 1.5707963267948966;
            for (std::uint64_t step = engine() % 4; step != 0; --step) x = std::nextafter(x, 1e300);
            return Point{engine() % 2 != 0 ? x : -x, 0};
          }};
}

TEST_CASE("exp stays within its error bound") {
  check_errors<double>(
      "exp", mpfr_exp, 1.1,
      {between(-0.35, 0.35), between(-1, 1), between(-20, 20), between(-708, 709.78),
       between(-746, -708), between(709, 711), any_bits(true)});
  check_errors<float>("exp", mpfr_exp, 1.1,
                      {between(-0.35, 0.35), between(-1, 1), between(-20, 20), between(-87, 88.7),
                       between(-104, -87), between(88, 89)});
}

TEST_CASE("log stays within its error bound") {
  const std::vector<Arguments> regions = {
      between(0, 1),      between(0.7, 1.42), between(0.99, 1.01), between(1, 100),
      between(0, 1e-300), between(0, 1e-307), between(0, 1e-38),   any_bits(false)};
  check_errors<double>("log", mpfr_log, 0.9, regions);
  check_errors<float>("log", mpfr_log, 0.9, regions);
}

TEST_CASE("sin and cos stay within their error bound for every size of argument") {
  const std::vector<Arguments> regions = {
      between(-0.8, 0.8), between(-3.2, 3.2), between(-100, 100),  between(1e5, 1e6),
      between(1e6, 1e9),  between(1e9, 1e15), between(1e15, 1e30), near_half_pi(1e3),
      near_half_pi(1e8),  near_half_pi(1e15), any_bits(true)};
  check_errors<double>("sin", mpfr_sin, 1.2, regions);
  check_errors<double>("cos", mpfr_cos, 1.2, regions);
  check_errors<float>("sin", mpfr_sin, 1.2, regions);
  check_errors<float>("cos", mpfr_cos, 1.2, regions);
}

TEST_CASE("the double nearest to a multiple of pi/2 is reduced with all its bits") {
  // 6381956970095103 * 2^797: the worst case of binary64 (Muller, "Elementary Functions", ch. 11).
  const Arguments worst = {"worst case", [](Engine&) {
                             return Point{6381956970095103.0 * 0x1p797, 0};
                           }};
  check_errors<double>("cos", mpfr_cos, 0.9, {worst});
  check_errors<double>("sin", mpfr_sin, 0.9, {worst});
}

/// sqrt(-2 ln u) * cos or sin of 2 pi v, of a Philox block, with 200 bits.
class ExactNormal {
 public:
  ExactNormal() { mpfr_inits2(200, radius_, angle_, z_, nullptr); }
  ~ExactNormal() { mpfr_clears(radius_, angle_, z_, nullptr); }
  ExactNormal(const ExactNormal&) = delete;
  ExactNormal& operator=(const ExactNormal&) = delete;

  /// |got - exact| in units of the last place of `got`.
  template <class F>
  double error_ulp(double u, double v, bool odd, F got) {
    mpfr_set_d(radius_, u, MPFR_RNDN);
    mpfr_log(radius_, radius_, MPFR_RNDN);
    mpfr_mul_si(radius_, radius_, -2, MPFR_RNDN);
    mpfr_sqrt(radius_, radius_, MPFR_RNDN);
    mpfr_const_pi(angle_, MPFR_RNDN);
    mpfr_mul_2ui(angle_, angle_, 1, MPFR_RNDN);
    mpfr_mul_d(angle_, angle_, v, MPFR_RNDN);
    (odd ? mpfr_sin : mpfr_cos)(z_, angle_, MPFR_RNDN);
    mpfr_mul(z_, z_, radius_, MPFR_RNDN);
    const long last = mpfr_get_exp(z_) - std::numeric_limits<F>::digits;
    mpfr_sub_d(z_, z_, static_cast<double>(got), MPFR_RNDN);
    mpfr_mul_2si(z_, z_, -last, MPFR_RNDN);
    return std::fabs(mpfr_get_d(z_, MPFR_RNDN));
  }

 private:
  mpfr_t radius_, angle_, z_;
};

TEST_CASE("normals stay within their error bound") {
  const std::uint64_t seed = base_seed();
  std::vector<double> z(20000);
  std::vector<float> narrow(20000);
  ExactNormal exact;
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    random_normal<double>(z, {.seed = seed});
    random_normal<float>(narrow, {.seed = seed});
    double worst = 0;
    double worst_narrow = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const PhiloxWords words = philox_block(seed, 0, i / 2);
      const double u = open_unit(philox_u64(words, 0));
      const double v = open_unit(philox_u64(words, 1));
      worst = std::max(worst, exact.error_ulp(u, v, i % 2 != 0, z[i]));
      const PhiloxWords quarter = philox_block(seed, 0, i / 4);
      const double s = open_unit_u32(quarter[i & 2]);
      const double t = open_unit_u32(quarter[(i & 2) + 1]);
      worst_narrow = std::max(worst_narrow, exact.error_ulp(s, t, i % 2 != 0, narrow[i]));
    }
    INFO(target_name << ": " << worst << " ULP, f32 " << worst_narrow << ", seed " << seed);
    CHECK(worst <= 3);
    CHECK(worst_narrow <= 0.501);
    if (std::getenv("FURROW_SHOW_ULP") != nullptr) {
      WARN("normals " << target_name << ": " << worst << " ULP, f32 " << worst_narrow);
    }
  }
  force_target("");
}

template <class F>
F evaluate(const char* kernel, F x) {
  const Dtype dtype = dtype_of<F>;
  F y = 0;
  MapCall call{};
  call.out = &y;
  call.out_stride = 1;
  call.in[0] = &x;
  call.in_stride[0] = 1;
  call.count = 1;
  find_variant(*find(kernel), {&dtype, 1}, dtype)->map(call);
  return y;
}

template <class F>
void check_special_values() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity();
  const F nan = L::quiet_NaN();
  const struct {
    const char* kernel;
    F x, expected;
  } table[] = {
      {"exp", nan, nan},
      {"exp", inf, inf},
      {"exp", -inf, 0},
      {"exp", 0, 1},
      {"exp", -F(0), 1},
      {"exp", L::denorm_min(), 1},
      {"exp", L::max(), inf},
      {"exp", L::lowest(), 0},
      {"log", nan, nan},
      {"log", inf, inf},
      {"log", 0, -inf},
      {"log", -F(0), -inf},
      {"log", -1, nan},
      {"log", -inf, nan},
      {"log", -L::denorm_min(), nan},
      {"log", 1, 0},
      {"sin", F(0), F(0)},
      {"sin", -F(0), -F(0)},
      {"sin", inf, nan},
      {"sin", -inf, nan},
      {"sin", nan, nan},
      {"cos", F(0), 1},
      {"cos", -F(0), 1},
      {"cos", inf, nan},
      {"cos", -inf, nan},
      {"cos", nan, nan},
      {"sin", L::min(), L::min()},
      {"sin", L::denorm_min(), L::denorm_min()},
      {"cos", L::denorm_min(), 1},
      {"sin", -L::denorm_min(), -L::denorm_min()},
      {"sqrt", -F(0), -F(0)},
      {"sqrt", -1, nan},
      {"sqrt", inf, inf},
  };
  for (const auto& row : table) {
    const F got = evaluate(row.kernel, row.x);
    INFO(row.kernel << "(" << row.x << ") = " << got << " on " << target());
    CHECK(same_bits(got, row.expected));
  }
}

TEST_CASE("special values are those of C") {
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    check_special_values<double>();
    check_special_values<float>();
  }
  force_target("");
}

template <class F>
void check_neighbours() {
  // A slow path taken for one lane (huge, denormal, special) must leave the others as they were.
  Engine engine(base_seed());
  const Dtype dtype = dtype_of<F>;
  using L = std::numeric_limits<F>;
  const F intruders[] = {F(1e30), F(-1e22),      L::denorm_min(), F(0),
                         F(-1),   L::infinity(), L::quiet_NaN()};
  constexpr std::size_t count = 256 / sizeof(F);
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const char* kernel : {"exp", "log", "sin", "cos", "tanh", "atan"}) {
      for (int round = 0; round < 200; ++round) {
        F x[count], alone[count], mixed[count];
        for (F& value : x) value = std::uniform_real_distribution<F>(F(0.01), 50)(engine);
        MapCall call{};
        call.out_stride = call.in_stride[0] = 1;
        call.count = count;
        call.in[0] = x;
        call.out = alone;
        const Variant* variant = find_variant(*find(kernel), {&dtype, 1}, dtype);
        variant->map(call);
        const std::size_t at = engine() % count;
        x[at] = intruders[engine() % std::size(intruders)];
        call.out = mixed;
        variant->map(call);
        mixed[at] = alone[at];
        INFO(kernel << " on " << target_name << ", FURROW_SEED=" << base_seed());
        REQUIRE(
            std::ranges::equal(std::as_bytes(std::span(alone)), std::as_bytes(std::span(mixed))));
      }
    }
  }
  force_target("");
}

TEST_CASE("a lane's bits do not depend on its neighbours") {
  check_neighbours<double>();
  check_neighbours<float>();
}

}  // namespace
}  // namespace furrow::kernels::test
