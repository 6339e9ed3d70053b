// tests/kernels/random_test.cpp
//
// Philox against the published vectors and against C++26, the mapping from index to element, and
// the distributions. Seeds are fixed: a statistic beyond its bound is a change of the code.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include <furrow/kernels/random/random.hpp>

#include "compare.hpp"
#include "random_statistics.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

// Random123's kat_vectors (Salmon et al.), philox4x32 with 10 rounds.
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
              PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
              PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                         {0xa4093822, 0x299f31d0}) ==
              PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST_CASE("the generator is C++26's std::philox4x32") {
  // [rand.predef]: the 10000th invocation of a default-constructed philox4x32.
  Philox4x32 generator;
  generator.discard(9999);
  CHECK(generator() == 1955073260);
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    std::vector<std::uint32_t> words(10000);
    random_bits<std::uint32_t>(words, {.seed = Philox4x32::default_seed});
    CHECK(words.back() == 1955073260);
    Philox4x32 sequence;
    CHECK(std::all_of(words.begin(), words.end(),
                      [&](std::uint32_t word) { return word == sequence(); }));
  }
  force_target("");
}

TEST_CASE("discard and stepping agree") {
  Philox4x32 stepped(7, 3);
  for (int i = 0; i < 1001; ++i) stepped();
  Philox4x32 jumped(7, 3);
  jumped();
  jumped.discard(1000);
  for (int i = 0; i < 9; ++i) CHECK(stepped() == jumped());
}

template <class T, class Fill>
void check_any_split(Fill fill) {
  const std::size_t count = 5000;
  std::vector<T> whole(count), parts(count);
  fill(std::span<T>(whole), 123456789012345ull);
  Engine engine(base_seed());
  for (int round = 0; round < 20; ++round) {
    std::fill(parts.begin(), parts.end(), T(0));
    for (std::size_t begin = 0; begin < count;) {
      const std::size_t size = std::min<std::size_t>(1 + engine() % 700, count - begin);
      fill(std::span<T>(parts).subspan(begin, size), 123456789012345ull + begin);
      begin += size;
    }
    REQUIRE(std::equal(whole.begin(), whole.end(), parts.begin(), same_bits<T>));
  }
}

TEST_CASE("any cut into tiles gives the same bits") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    check_any_split<std::uint32_t>([](auto out, std::uint64_t at) {
      random_bits(out, {.seed = 9, .stream = 1, .first_index = at});
    });
    check_any_split<double>([](auto out, std::uint64_t at) {
      random_uniform(out, {.seed = 9, .stream = 1, .first_index = at}, -1, 5);
    });
    check_any_split<double>([](auto out, std::uint64_t at) {
      random_normal(out, {.seed = 9, .stream = 1, .first_index = at}, 3, 2);
    });
    check_any_split<float>([](auto out, std::uint64_t at) {
      random_normal(out, {.seed = 9, .stream = 1, .first_index = at});
    });
  }
  force_target("");
}

TEST_CASE("block indices and streams beyond 32 bits count") {
  std::uint32_t low[4], high[4], stream[4];
  random_bits<std::uint32_t>(low, {.seed = 1});
  random_bits<std::uint32_t>(high, {.seed = 1, .first_index = std::uint64_t{1} << 34});
  random_bits<std::uint32_t>(stream, {.seed = 1, .stream = std::uint64_t{1} << 32});
  CHECK(!std::equal(low, low + 4, high));
  CHECK(!std::equal(low, low + 4, stream));
  const PhiloxWords expected = philox_block(1, 0, std::uint64_t{1} << 32);
  CHECK(std::equal(high, high + 4, expected.begin()));
  // Across the carry from the low counter word into the high one.
  std::vector<std::uint32_t> around(64);
  const std::uint64_t first = (std::uint64_t{1} << 34) - 32;
  random_bits<std::uint32_t>(around, {.seed = 1, .first_index = first});
  for (std::size_t i = 0; i < around.size(); ++i) {
    CHECK(around[i] == philox_block(1, 0, (first + i) / 4)[(first + i) % 4]);
  }
}

TEST_CASE("uniforms lie inside the open interval, and 1 - u is one of them") {
  CHECK(open_unit(0) == 0x1p-53);
  CHECK(open_unit(~std::uint64_t{0}) == 1 - 0x1p-53);
  CHECK(open_unit_f32(0) == 0x1p-24f);
  CHECK(open_unit_f32(~std::uint32_t{0}) == 1 - 0x1p-24f);
  CHECK(open_unit_u32(0) == 0x1p-33);
  CHECK(open_unit_u32(~std::uint32_t{0}) == 1 - 0x1p-33);
  Engine engine(base_seed());
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t bits = engine();
    REQUIRE(open_unit(~bits) == 1 - open_unit(bits));
  }
}

/// Standardised sample moments 1 to 4 of standard normals: each is about N(0, 1).
std::array<double, 4> moment_scores(const std::vector<double>& z) {
  const auto n = static_cast<double>(z.size());
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (const double x : z) {
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
  }
  const double root = std::sqrt(n);
  return {m1 / root, (m2 / n - 1) * root / std::sqrt(2.0), m3 / n * root / std::sqrt(15.0),
          (m4 / n - 3) * root / std::sqrt(96.0)};
}

TEST_CASE("normals are normal") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    std::vector<double> z(1 << 20);
    random_normal<double>(z, {.seed = seed});
    for (const double score : moment_scores(z)) CHECK(std::fabs(score) < 4);
    CHECK(kolmogorov_smirnov(z, normal_cdf) < 1.95);
    // The two of a pair are independent, and so are neighbours.
    double within = 0;
    double between = 0;
    for (std::size_t i = 0; i + 2 < z.size(); i += 2) {
      within += z[i] * z[i + 1];
      between += z[i + 1] * z[i + 2];
    }
    const double root = std::sqrt(static_cast<double>(z.size()) / 2);
    CHECK(std::fabs(within / root) < 4);
    CHECK(std::fabs(between / root) < 4);
    std::vector<float> narrow(1 << 18);
    random_normal<float>(narrow, {.seed = seed});
    const std::vector<double> wide(narrow.begin(), narrow.end());
    for (const double score : moment_scores(wide)) CHECK(std::fabs(score) < 4);
    CHECK(kolmogorov_smirnov(wide, normal_cdf) < 1.95);
  }
}

TEST_CASE("normals of f32 beyond its greatest number are infinite on every target") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    std::vector<float> normals(100);
    random_normal(std::span<float>(normals), {.seed = 5}, -1e39, 1);
    CHECK(std::all_of(normals.begin(), normals.end(),
                      [](float x) { return x == -std::numeric_limits<float>::infinity(); }));
  }
  force_target("");
}

TEST_CASE("uniforms are uniform, bits are fair") {
  std::vector<double> u(1 << 20);
  random_uniform<double>(u, {.seed = 11});
  CHECK(kolmogorov_smirnov(u, [](double x) { return x; }) < 1.95);
  std::vector<float> narrow(1 << 18);
  random_uniform<float>(narrow, {.seed = 11});
  CHECK(kolmogorov_smirnov({narrow.begin(), narrow.end()}, [](double x) { return x; }) < 1.95);
  std::vector<std::uint32_t> words(1 << 18);
  random_bits<std::uint32_t>(words, {.seed = 12});
  for (int bit = 0; bit < 32; ++bit) {
    double ones = 0;
    for (const std::uint32_t word : words) ones += (word >> bit) & 1;
    const auto n = static_cast<double>(words.size());
    CHECK(std::fabs(ones - n / 2) / std::sqrt(n / 4) < 4.5);
  }
  // Chi-squared over 256 values of a byte: mean 255, deviation 22.6.
  std::array<double, 256> seen{};
  for (const std::uint32_t word : words) seen[word >> 24] += 1;
  double chi2 = 0;
  const double expected = static_cast<double>(words.size()) / 256;
  for (const double count : seen) chi2 += (count - expected) * (count - expected) / expected;
  CHECK(std::fabs(chi2 - 255) < 4.5 * std::sqrt(2 * 255.0));
}

TEST_CASE("streams and seeds are independent of each other") {
  const std::size_t count = 1 << 18;
  std::vector<double> x(count), y(count);
  const RandomAt pairs[][2] = {{{.seed = 1}, {.seed = 2}},
                               {{.seed = 1}, {.seed = 1, .stream = 1}},
                               {{.seed = 1, .stream = 1}, {.seed = 1, .stream = 2}},
                               {{.seed = 0}, {.seed = 1ull << 32}}};
  for (const auto& pair : pairs) {
    random_normal<double>(x, pair[0]);
    random_normal<double>(y, pair[1]);
    const double product = std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    CHECK(std::fabs(product / std::sqrt(static_cast<double>(count))) < 4);
  }
}

}  // namespace
}  // namespace furrow::kernels::test
