// tests/kernels/random_laws_test.cpp
//
// The distributions: against their exact distribution functions, at the edges of their parameters,
// and cut in any way. Seeds are fixed: a statistic beyond its bound is a change of the code.
#include <catch2/catch.hpp>

#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>

#include <furrow/kernels/random/random.hpp>
#include <furrow/kernels/random/threefry.hpp>

#include "compare.hpp"
#include "random_statistics.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

// Random123's kat_vectors (Salmon et al.), threefry4x64 with 20 rounds.
static_assert(threefry4x64({0, 0, 0, 0}, {0, 0, 0, 0}) ==
              ThreefryWords{0x09218ebde6c85537, 0x55941f5266d86105, 0x4bd25e16282434dc,
                            0xee29ec846bd2e40b});
static_assert(threefry4x64({~0ull, ~0ull, ~0ull, ~0ull}, {~0ull, ~0ull, ~0ull, ~0ull}) ==
              ThreefryWords{0x29c24097942bba1b, 0x0371bbfb0f6f4e11, 0x3c231ffa33f83a1c,
                            0xcd29113fde32d168});
static_assert(
    threefry4x64({0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
                 {0x452821e638d01377, 0xbe5466cf34e90c6c, 0xbe5466cf34e90c6c,
                  0xc0ac29b7c97c50dd}) ==
    ThreefryWords{0xa7e8fde591651bd9, 0xbaafd0c30138319b, 0x84a5c1a729e685b9, 0x901d406ccebc1ba4});

TEST_CASE("fills with Threefry are its sequence on every target") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    std::vector<std::uint64_t> words(1000);
    random_bits_threefry<std::uint64_t>(words, {.seed = 5, .stream = 1ull << 40});
    Threefry4x64 sequence(5, 1ull << 40);
    CHECK(std::all_of(words.begin(), words.end(),
                      [&](std::uint64_t word) { return word == sequence(); }));
    Threefry4x64 jumped(5, 1ull << 40);
    jumped();
    jumped.discard(997);
    CHECK(jumped() == words[998]);
    CHECK(jumped() == words[999]);
  }
  force_target("");
}

constexpr std::size_t many = 1 << 18;

template <class Fill>
std::vector<double> drawn(Fill fill) {
  std::vector<double> x(many);
  fill(std::span<double>(x), RandomAt{.seed = 20111115, .stream = 3});
  return x;
}

using Fill = std::function<void(std::span<double>, const RandomAt&)>;
using Cdf = std::function<double(double)>;
struct Law {
  std::string name;
  Fill fill;
  Cdf cdf;
};

#define FURROW_FILL(...) [](std::span<double> out, const RandomAt& at) { __VA_ARGS__; }

std::vector<Law> continuous_laws() {
  const double pi = std::acos(-1.0);
  std::vector<Law> laws = {
      {"half open", FURROW_FILL(random_uniform_half_open(out, at)), [](double x) { return x; }},
      {"lognormal", FURROW_FILL(random_lognormal(out, at, 1, 0.5)),
       [](double x) { return normal_cdf((std::log(x) - 1) / 0.5); }},
      {"exponential", FURROW_FILL(random_exponential(out, at, 3)),
       [](double x) { return -std::expm1(-x / 3); }},
      {"weibull", FURROW_FILL(random_weibull(out, at, 1.7, 2)),
       [](double x) { return -std::expm1(-std::pow(x / 2, 1.7)); }},
      {"rayleigh", FURROW_FILL(random_rayleigh(out, at, 2)),
       [](double x) { return -std::expm1(-x * x / 8); }},
      {"pareto", FURROW_FILL(random_pareto(out, at, 3, 2)),
       [](double x) { return 1 - std::pow(2 / x, 3); }},
      {"laplace", FURROW_FILL(random_laplace(out, at, 1, 2)),
       [](double x) {
         return x < 1 ? 0.5 * std::exp((x - 1) / 2) : 1 - 0.5 * std::exp((1 - x) / 2);
       }},
      {"logistic", FURROW_FILL(random_logistic(out, at, 1, 2)),
       [](double x) { return 1 / (1 + std::exp((1 - x) / 2)); }},
      {"gumbel", FURROW_FILL(random_gumbel(out, at, 1, 2)),
       [](double x) { return std::exp(-std::exp((1 - x) / 2)); }},
      {"cauchy", FURROW_FILL(random_cauchy(out, at, 1, 2)),
       [pi](double x) { return 0.5 + std::atan((x - 1) / 2) / pi; }}};
  for (const double shape : {0.05, 0.5, 1.0, 1.5, 20.0, 1000.0}) {
    laws.push_back(
        {"gamma " + std::to_string(shape),
         [=](std::span<double> out, const RandomAt& at) { random_gamma(out, at, shape, 2.0); },
         [=](double x) { return gamma_cdf(shape, x / 2); }});
    laws.push_back(
        {"chisquare " + std::to_string(shape),
         [=](std::span<double> out, const RandomAt& at) { random_chisquare(out, at, shape); },
         [=](double x) { return gamma_cdf(shape / 2, x / 2); }});
    laws.push_back(
        {"student " + std::to_string(shape),
         [=](std::span<double> out, const RandomAt& at) { random_student_t(out, at, shape); },
         [=](double x) { return student_cdf(shape, x); }});
    for (const double other : {0.2, 1.0, 7.0}) {
      laws.push_back(
          {"beta " + std::to_string(shape) + " " + std::to_string(other),
           [=](std::span<double> out, const RandomAt& at) { random_beta(out, at, shape, other); },
           [=](double x) { return beta_cdf(shape, other, x); }});
    }
  }
  return laws;
}

TEST_CASE("continuous distributions are what they are called") {
  for (const Law& law : continuous_laws()) {
    INFO(law.name);
    const std::vector<double> x = drawn(law.fill);
    // 36 laws: the largest of so many is beyond 1.95 now and then, beyond 2.3 next to never.
    CHECK(kolmogorov_smirnov(x, law.cdf) < 2.3);
    // A copy of the distribution with the other elements of the sequence is independent of it.
    double sum = 0;
    for (std::size_t i = 0; i + 1 < x.size(); i += 2) {
      sum += (law.cdf(x[i]) - 0.5) * (law.cdf(x[i + 1]) - 0.5) * 12;
    }
    CHECK(std::fabs(sum / std::sqrt(static_cast<double>(many) / 2)) < 4);
  }
}

TEST_CASE("Poisson numbers are Poisson's") {
  for (const double lam : {0.01, 1.0, 9.5, 31.9, 32.0, 100.0, 1e4}) {
    INFO("lam " << lam);
    const auto x = drawn([=](auto out, const RandomAt& at) { random_poisson(out, at, lam); });
    const double reach = 8 * std::sqrt(lam) + 20;
    const double score =
        chi_squared_score(x, std::max(0.0, std::floor(lam - reach)), std::ceil(lam + reach),
                          [=](double k) { return poisson_probability(lam, k); });
    CHECK(std::fabs(score) < 4);
  }
  // So large that they are normal: mean and variance.
  for (const double lam : {1e9, 1e15}) {
    const auto x = drawn([=](auto out, const RandomAt& at) { random_poisson(out, at, lam); });
    CHECK(kolmogorov_smirnov(
              x, [=](double k) { return normal_cdf((k + 0.5 - lam) / std::sqrt(lam)); }) < 2.3);
  }
}

TEST_CASE("binomial numbers are binomial") {
  struct Case {
    double n, p;
  };
  for (const auto& [n, p] : {Case{1, 0.3},
                             {10, 0.5},
                             {10, 0.99},
                             {1000, 0.001},
                             {64, 0.5},
                             {63, 0.5},
                             {200, 0.3},
                             {200, 0.9},
                             {1e5, 0.01},
                             {1e6, 0.5}}) {
    INFO("n " << n << ", p " << p);
    const double size = n;
    const double chance = p;
    const auto x =
        drawn([=](auto out, const RandomAt& at) { random_binomial(out, at, size, chance); });
    const double reach = 8 * std::sqrt(n * p * (1 - p)) + 20;
    const double score = chi_squared_score(
        x, std::max(0.0, std::floor(n * p - reach)), std::min(n, std::ceil(n * p + reach)),
        [=](double k) { return binomial_probability(size, chance, k); });
    CHECK(std::fabs(score) < 4);
  }
  const auto x = drawn([](auto out, const RandomAt& at) { random_binomial(out, at, 0x1p52, 0.5); });
  CHECK(kolmogorov_smirnov(x, [](double k) { return normal_cdf((k - 0x1p51) / 0x1p25); }) < 2.3);
}

TEST_CASE("geometric numbers, coins and integers are fair") {
  for (const double p : {0.001, 0.3, 0.9, 1.0}) {
    INFO("p " << p);
    const auto x = drawn([=](auto out, const RandomAt& at) { random_geometric(out, at, p); });
    if (p == 1) {
      CHECK(std::all_of(x.begin(), x.end(), [](double k) { return k == 1; }));
      continue;
    }
    const double score =
        chi_squared_score(x, 1, 100 / p, [=](double k) { return p * std::pow(1 - p, k - 1); });
    CHECK(std::fabs(score) < 4);
    const auto coins = std::make_unique<bool[]>(many);
    random_bernoulli({coins.get(), many}, {.seed = 4}, p);
    const auto heads = static_cast<double>(std::count(coins.get(), coins.get() + many, true));
    CHECK(std::fabs(heads - many * p) < 4 * std::sqrt(many * p * (1 - p)));
  }
  std::vector<std::int8_t> bytes(many);
  random_integers<std::int8_t>(bytes, {.seed = 6}, -100, 99);
  CHECK(std::fabs(chi_squared_score({bytes.begin(), bytes.end()}, -100, 99,
                                    [](double) { return 1.0 / 200; })) < 4);
}

TEST_CASE("ranges of integers are whole, and rejection leaves no bias") {
  // A width of 3/4 of all words: one in four words is rejected, and each third is as likely.
  const std::uint32_t width = 3u << 30;
  std::vector<std::uint32_t> narrow(many);
  random_integers<std::uint32_t>(narrow, {.seed = 7}, 0, width - 1);
  std::vector<std::uint64_t> wide(many);
  random_integers<std::uint64_t>(wide, {.seed = 8}, 5, (3ull << 62) + 4);
  std::vector<double> thirds;
  std::vector<double> wide_thirds;
  for (const std::uint32_t x : narrow) thirds.push_back(x >> 30);
  for (const std::uint64_t x : wide) wide_thirds.push_back(static_cast<double>((x - 5) >> 62));
  CHECK(std::fabs(chi_squared_score(thirds, 0, 2, [](double) { return 1.0 / 3; })) < 4);
  CHECK(std::fabs(chi_squared_score(wide_thirds, 0, 2, [](double) { return 1.0 / 3; })) < 4);
  // One value; all values.
  std::vector<std::int64_t> x(100);
  random_integers<std::int64_t>(x, {.seed = 9}, -7, -7);
  CHECK(std::all_of(x.begin(), x.end(), [](std::int64_t value) { return value == -7; }));
  using L = std::numeric_limits<std::int64_t>;
  random_integers<std::int64_t>(x, {.seed = 9}, L::min(), L::max());
  std::vector<std::uint64_t> bits(100);
  random_bits<std::uint64_t>(bits, {.seed = 9});
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(static_cast<std::uint64_t>(x[i]) == bits[i] + (1ull << 63));
  }
  std::vector<std::uint8_t> bytes(1 << 16);
  random_integers<std::uint8_t>(bytes, {.seed = 9}, 0, 255);
  CHECK(std::fabs(chi_squared_score({bytes.begin(), bytes.end()}, 0, 255,
                                    [](double) { return 1.0 / 256; })) < 4);
}

TEST_CASE("the edges of parameters have defined answers") {
  const auto all_are = [](const Fill& fill, double expected) {
    std::vector<double> x(100, 12345);
    fill(x, {.seed = 1});
    return std::all_of(x.begin(), x.end(), [=](double v) { return same_bits(v, expected); });
  };
  CHECK(all_are(FURROW_FILL(random_poisson(out, at, 0)), 0));
  CHECK(all_are(FURROW_FILL(random_binomial(out, at, 0, 0.5)), 0));
  CHECK(all_are(FURROW_FILL(random_binomial(out, at, 1e6, 0)), 0));
  CHECK(all_are(FURROW_FILL(random_binomial(out, at, 1e6, 1)), 1e6));
  CHECK(all_are(FURROW_FILL(random_gamma(out, at, 0)), 0));
  CHECK(all_are(FURROW_FILL(random_gamma(out, at, 2, 0)), 0));
  CHECK(all_are(FURROW_FILL(random_exponential(out, at, 0)), 0));
  CHECK(all_are(FURROW_FILL(random_geometric(out, at, 1)), 1));
  const auto extremes = drawn(FURROW_FILL(random_beta(out, at, 1e-300, 1e-300)));
  for (const double x : extremes) REQUIRE((x == 0 || x == 1));
  CHECK(std::fabs(std::accumulate(extremes.begin(), extremes.end(), 0.0) - many / 2.0) <
        4 * std::sqrt(many / 4.0));
  for (const double x : drawn(FURROW_FILL(random_gamma(out, at, 1e300)))) {
    REQUIRE(std::fabs(x / 1e300 - 1) < 1e-10);
  }
  for (const double x : drawn(FURROW_FILL(random_geometric(out, at, 1e-300)))) {
    REQUIRE(x == 0x1p62);
  }
}

TEST_CASE("parameters without an answer give NaN, and 0 for integers") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Kernel& kernel : all()) {
    if (kernel.family != Family::random || kernel.parameters.size() == 2) continue;
    for (const Variant& variant : kernel.variants) {
      for (const double wrong : {-1.0, nan, inf, -inf}) {
        MapCall call{};
        call.parameters[random_first_real].f64 = wrong;
        call.parameters[random_second_real].f64 = wrong;
        if (variant.refusal(call.parameters) == nullptr) continue;
        alignas(8) std::array<unsigned char, 80> memory{};
        memory.fill(0x77);
        call.out = memory.data();
        call.out_stride = 1;
        call.count = 10;
        variant.map(call);
        INFO(kernel.name << " " << dtype_name(variant.out) << " of " << wrong);
        if (variant.out == Dtype::f64) {
          double x;
          std::memcpy(&x, memory.data() + 72, sizeof x);
          CHECK(std::isnan(x));
        } else if (variant.out == Dtype::f32) {
          float x;
          std::memcpy(&x, memory.data() + 36, sizeof x);
          CHECK(std::isnan(x));
        } else {
          CHECK(memory[10 * item_bytes(variant.out) - 1] == 0);
        }
      }
    }
  }
  std::int32_t x[3] = {1, 2, 3};
  random_integers<std::int32_t>(x, {.seed = 1}, 5, 4);
  CHECK((x[0] == 0 && x[2] == 0));
}

TEST_CASE("every distribution is cut anywhere, and f32 is f64 rounded") {
  constexpr std::size_t count = 2000;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    for (const Kernel& kernel : all()) {
      if (kernel.family != Family::random) continue;
      for (const Variant& variant : kernel.variants) {
        const std::size_t item = item_bytes(variant.out);
        std::vector<unsigned char> whole(count * item), parts(count * item);
        MapCall call{};
        ::furrow::kernels::test::Engine engine(base_seed());
        sample_parameters(kernel, variant.out, engine, call.parameters);
        call.out_stride = 1;
        const std::uint64_t first = (std::uint64_t{1} << 33) - 1000;  // block index beyond 32 bits
        call.out = whole.data();
        call.count = count;
        call.first_index = first;
        variant.map(call);
        for (std::size_t at = 0; at < count; at += call.count) {
          call.out = parts.data() + at * item;
          call.count = std::min<std::size_t>(1 + engine() % 300, count - at);
          call.first_index = first + at;
          variant.map(call);
        }
        INFO(kernel.name << " " << dtype_name(variant.out) << " on " << name);
        CHECK(whole == parts);
      }
    }
  }
  force_target("");
  std::vector<double> wide(count);
  std::vector<float> narrow(count);
  random_gamma<double>(wide, {.seed = 3}, 0.7);
  random_gamma<float>(narrow, {.seed = 3}, 0.7);
  for (std::size_t i = 0; i < count; ++i) REQUIRE(narrow[i] == static_cast<float>(wide[i]));
}

TEST_CASE("inversion is increasing in the uniform of the same element") {
  const auto u = drawn(FURROW_FILL(random_uniform(out, at)));
  std::vector<std::size_t> order(many);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return u[i] < u[j]; });
  for (const Fill& fill :
       {Fill(FURROW_FILL(random_exponential(out, at))), Fill(FURROW_FILL(random_gumbel(out, at))),
        Fill(FURROW_FILL(random_cauchy(out, at))), Fill(FURROW_FILL(random_poisson(out, at, 5))),
        Fill(FURROW_FILL(random_geometric(out, at, 0.1)))}) {
    const auto x = drawn(fill);
    for (std::size_t i = 1; i < many; ++i) REQUIRE(x[order[i - 1]] <= x[order[i]]);
  }
}

TEST_CASE("attempts of streams below 2^48 are apart") {
  // Attempt 1 of stream 0 must not be attempt 0 of another stream.
  const PhiloxWords again = philox_block(1, 0, 0, random_step(1, 0));
  CHECK(again == philox_block(1, std::uint64_t{8} << 48, 0));
  CHECK(random_step(random_attempts_max, 7) >> 16 == random_attempts_max * 8 + 7);
}

}  // namespace
}  // namespace furrow::kernels::test
