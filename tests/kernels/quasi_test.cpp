// tests/kernels/quasi_test.cpp
//
// Sobol's and Halton's points: as published and as SciPy has them, every target's bits, what a net
// is before and after scrambling, and what scrambling is for: unbiased, N^-1.5. Seeds are fixed.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include <furrow/kernels/quasi/brownian_bridge.hpp>
#include <furrow/kernels/quasi/halton.hpp>
#include <furrow/kernels/quasi/sobol.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {
namespace {

constexpr Scrambling scramblings[] = {Scrambling::none, Scrambling::shift, Scrambling::owen};

double without_half_unit(double u) { return u - 0x1p-53; }

/// The p-value-free form: how many standard deviations a chi-squared statistic is off.
double chi_squared_z(const std::vector<std::uint32_t>& counts) {
  double total = 0;
  for (const std::uint32_t count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::uint32_t count : counts) sum += (count - expected) * (count - expected);
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (sum / expected - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("Sobol's first points are those that Joe and Kuo publish") {
  // The first ten in three dimensions, as their program prints them from new-joe-kuo-6.21201.
  const double published[10][3] = {{0, 0, 0},
                                   {0.5, 0.5, 0.5},
                                   {0.75, 0.25, 0.25},
                                   {0.25, 0.75, 0.75},
                                   {0.375, 0.375, 0.625},
                                   {0.875, 0.875, 0.125},
                                   {0.625, 0.125, 0.875},
                                   {0.125, 0.625, 0.375},
                                   {0.1875, 0.3125, 0.9375},
                                   {0.6875, 0.8125, 0.4375}};
  for (std::size_t n = 0; n < 10; ++n) {
    for (std::size_t d = 0; d < 3; ++d) CHECK(without_half_unit(sobol(n, d)) == published[n][d]);
  }
}

TEST_CASE("Sobol's points of every dimension are SciPy's") {
  const int status = std::system(FURROW_PYTHON " " FURROW_TEST_FOLDER
                                               "/quasi_peer.py quasi_scipy.bin 2> /dev/null");
  if (status == 3 << 8) {
    WARN("no SciPy here");
    return;
  }
  REQUIRE(status == 0);
  constexpr std::size_t points = 48;
  std::vector<double> theirs(2 * points * sobol_dimensions);
  std::ifstream file("quasi_scipy.bin", std::ios::binary);
  file.read(reinterpret_cast<char*>(theirs.data()),
            static_cast<std::streamsize>(theirs.size() * sizeof(double)));
  REQUIRE(file.good());
  std::size_t wrong = 0;
  for (std::size_t run = 0; run < 2; ++run) {
    const std::uint64_t start = run == 0 ? 0 : 1048575;
    for (std::size_t d = 0; d < sobol_dimensions; ++d) {
      std::array<double, points> ours{};
      sobol_uniform(ours, {start, d, Scrambling::none});
      for (std::size_t n = 0; n < points; ++n) {
        const double peer = theirs[(run * points + n) * sobol_dimensions + d];
        const double full = without_half_unit(ours[n]);
        if ((run == 0 ? full : std::floor(full * 0x1p32) * 0x1p-32) != peer) ++wrong;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("runs of quasi-random points have the scalar functions' bits on every target") {
  const std::uint64_t starts[] = {0, 1, 7, 16, 1000003, (1ull << 32) - 5, (1ull << 40) + 3};
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    for (const Scrambling scrambling : scramblings) {
      for (const std::size_t dimension : {0, 1, 2, 100, 3666}) {
        const QuasiRandomisation randomisation{42, 3};
        const QuasiKey key = quasi_key(randomisation, dimension);
        const HaltonDimension prepared = halton_dimension(dimension, scrambling, key);
        for (const std::uint64_t start : starts) {
          for (const std::size_t size : {0, 1, 3, 16, 17, 40}) {
            std::vector<double> u(size + 2, -1), h(size + 2, -1);
            const std::span<double> inside_u(u.data() + 1, size), inside_h(h.data() + 1, size);
            sobol_uniform(inside_u, {start, dimension, scrambling, randomisation});
            halton_uniform(inside_h, {start, dimension, scrambling, randomisation});
            bool same = u.front() == -1 && u.back() == -1 && h.front() == -1 && h.back() == -1;
            for (std::size_t i = 0; i < size; ++i) {
              same &= inside_u[i] == sobol(start + i, dimension, scrambling, key);
              same &= inside_h[i] == halton(start + i, prepared);
              same &= inside_u[i] > 0 && inside_u[i] < 1 && inside_h[i] > 0 && inside_h[i] < 1;
            }
            INFO(name << " dimension " << dimension << " start " << start << " size " << size);
            CHECK(same);
          }
        }
      }
    }
  }
  force_target("");
}

TEST_CASE("normals from Sobol's points are quantiles, on every target") {
  std::vector<double> u(4096), z(4096);
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    sobol_uniform(u, {0, 5, Scrambling::owen, {1, 0}});
    sobol_normal(z, {0, 5, Scrambling::owen, {1, 0}});
    double worst = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
      worst = std::max(worst, std::fabs(std::erfc(-z[i] * std::sqrt(0.5)) / 2 / u[i] - 1));
    }
    CHECK(worst < 1e-14);
  }
  force_target("");
}

TEST_CASE("every elementary interval of a net keeps its one point, scrambled or not") {
  // Dimensions 0 and 1 are a (0, m, 2)-net: each box 2^-a by 2^-b with a + b = m has one point of
  // every aligned run of 2^m. One dimension alone is a (0, m, 1)-net, any of them.
  constexpr unsigned m = 10;
  constexpr std::uint64_t count = 1u << m;
  for (const Scrambling scrambling : scramblings) {
    for (const std::uint64_t run : {0ull, 5ull, 1ull << 33}) {
      std::vector<double> x(count), y(count);
      sobol_uniform(x, {run * count, 0, scrambling, {7, 1}});
      sobol_uniform(y, {run * count, 1, scrambling, {7, 1}});
      for (unsigned a = 0; a <= m; ++a) {
        std::set<std::uint64_t> boxes;
        for (std::size_t i = 0; i < count; ++i) {
          const auto column = static_cast<std::uint64_t>(std::ldexp(x[i], static_cast<int>(a)));
          const auto row = static_cast<std::uint64_t>(std::ldexp(y[i], static_cast<int>(m - a)));
          boxes.insert(column << 32 | row);
        }
        CHECK(boxes.size() == count);
      }
    }
    for (std::size_t dimension = 0; dimension < sobol_dimensions; dimension += 61) {
      std::vector<double> x(count);
      sobol_uniform(x, {3 * count, dimension, scrambling, {7, 1}});
      std::set<std::uint64_t> cells;
      for (const double u : x) cells.insert(static_cast<std::uint64_t>(u * count));
      CHECK(cells.size() == count);
    }
  }
}

TEST_CASE("scrambling is nested: a digit depends on those before it") {
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    const QuasiKey key = quasi_key({trial, 1}, 4);
    const std::uint64_t x = mix64(trial), other = mix64(trial + 1000000);
    const auto shared = static_cast<unsigned>(trial % 63);
    const std::uint64_t mask = (std::uint64_t{2} << shared) - 1;
    const std::uint64_t y = (x & mask) | (other & ~mask);
    CHECK(((scramble_owen(x, key) ^ scramble_owen(y, key)) & mask) == 0);
    // And the next digit is flipped alike for both: different digits stay different.
    const std::uint64_t next = mask + 1;
    const std::uint64_t flipped = scramble_owen(x, key) ^ scramble_owen(x ^ next, key);
    CHECK((flipped & next) == next);
  }
}

TEST_CASE("the flips of three levels are independent, and so are digits after a common prefix") {
  constexpr std::size_t keys = 1 << 17;
  std::vector<std::uint32_t> patterns(128);
  for (std::size_t k = 0; k < keys; ++k) {
    const QuasiKey key = quasi_key({11, k}, 9);
    std::size_t pattern = 0;
    unsigned at = 0;
    for (unsigned level = 0; level < 3; ++level) {
      for (std::uint64_t prefix = 0; prefix < 1u << level; ++prefix, ++at) {
        pattern |= static_cast<std::size_t>(scramble_owen(prefix, key) >> level & 1) << at;
      }
    }
    ++patterns[pattern];
  }
  CHECK(std::fabs(chi_squared_z(patterns)) < 4.5);
  for (unsigned level = 0; level < 20; ++level) {
    std::vector<std::uint32_t> next(256);
    const std::uint64_t x = mix64(level) & 0xffff;
    const std::uint64_t y = x ^ std::uint64_t{1} << level;
    for (std::size_t k = 0; k < keys; ++k) {
      const QuasiKey key = quasi_key({13, k}, level);
      const std::uint64_t difference = scramble_owen(x, key) ^ scramble_owen(y, key);
      ++next[difference >> (level + 1) & 255];
    }
    CHECK(std::fabs(chi_squared_z(next)) < 4.5);
  }
}

TEST_CASE("a scrambled point is uniform, and independent from dimension to dimension") {
  constexpr std::uint64_t randomisations = 1 << 16;
  for (const Scrambling scrambling : {Scrambling::shift, Scrambling::owen}) {
    std::vector<std::uint32_t> cells(32 * 32), halton_cells(32 * 32);
    for (std::uint64_t r = 0; r < randomisations; ++r) {
      const QuasiKey root = quasi_root({5, r});
      const auto cell = [](double u) { return static_cast<std::size_t>(u * 32); };
      const QuasiKey a = dimension_key(root, 0), b = dimension_key(root, 1);
      ++cells[cell(sobol(77, 0, scrambling, a)) * 32 + cell(sobol(77, 1, scrambling, b))];
      if (r % 8 != 0) continue;
      const double x = halton(77, halton_dimension(3, scrambling, a));
      const double y = halton(77, halton_dimension(30, scrambling, b));
      ++halton_cells[cell(x) * 32 + cell(y)];
    }
    CHECK(std::fabs(chi_squared_z(cells)) < 4.5);
    CHECK(std::fabs(chi_squared_z(halton_cells)) < 4.5);
  }
}

TEST_CASE("the variance of a scrambled mean of x is that of Owen's scrambling, 1/(12 N^3)") {
  constexpr std::size_t count = 64;
  constexpr std::size_t randomisations = 4000;
  for (const std::size_t dimension : {0, 3, 17, 2000}) {
    double squares = 0, fourth = 0, sum = 0;
    for (std::uint64_t r = 0; r < randomisations; ++r) {
      std::array<double, count> u{};
      sobol_uniform(u, {0, dimension, Scrambling::owen, {1, r}});
      double mean = 0;
      for (const double x : u) mean += x / count;
      const double e = (mean - 0.5) * std::sqrt(12.0 * count * count * count);
      sum += e;
      squares += e * e;
      fourth += e * e * e * e;
    }
    const double variance = squares / randomisations;
    const double error =
        std::sqrt((fourth / randomisations - variance * variance) / randomisations);
    CHECK(std::fabs(variance - 1) < 5 * error);
    CHECK(std::fabs(sum) < 5 * std::sqrt(static_cast<double>(randomisations)));  // unbiased
  }
}

namespace {

/// ∏ (1 + (e^u - e + 1)/(d + 1)^2) over dimensions d = 0 … 3: smooth, with mean 1.
double smooth(const std::array<std::vector<double>, 4>& u, std::size_t i) {
  double product = 1;
  for (std::size_t d = 0; d < u.size(); ++d) {
    product *= 1 + (std::exp(u[d][i]) - std::exp(1.0) + 1) / static_cast<double>((d + 1) * (d + 1));
  }
  return product;
}

double root_mean_square_error(std::size_t count, Scrambling scrambling) {
  constexpr std::uint64_t randomisations = 48;
  double squares = 0;
  for (std::uint64_t r = 0; r < randomisations; ++r) {
    std::array<std::vector<double>, 4> u;
    for (std::size_t d = 0; d < 4; ++d) {
      u[d].resize(count);
      sobol_uniform(u[d], {0, d, scrambling, {99, r}});
    }
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += smooth(u, i);
    const double error = sum / static_cast<double>(count) - 1;
    squares += error * error;
  }
  return std::sqrt(squares / static_cast<double>(randomisations));
}

/// Warnock's formula for the L2 star discrepancy, squared.
double discrepancy(const std::vector<std::vector<double>>& u, std::size_t count) {
  const auto n = static_cast<double>(count);
  const std::size_t dimensions = u.size();
  double first = std::pow(3.0, -static_cast<double>(dimensions)), second = 0, third = 0;
  for (std::size_t i = 0; i < count; ++i) {
    double product = 1;
    for (const auto& x : u) product *= (1 - x[i] * x[i]) / 2;
    second += product;
    for (std::size_t k = 0; k < count; ++k) {
      double pair = 1;
      for (const auto& x : u) pair *= 1 - std::max(x[i], x[k]);
      third += pair;
    }
  }
  return first - 2 * second / n + third / (n * n);
}

}  // namespace

TEST_CASE("scrambled nets converge like N^-1.5 on a smooth integrand, shifted ones like N^-1") {
  const double owen = std::log2(root_mean_square_error(1 << 6, Scrambling::owen) /
                                root_mean_square_error(1 << 13, Scrambling::owen)) /
                      7;
  const double shift = std::log2(root_mean_square_error(1 << 6, Scrambling::shift) /
                                 root_mean_square_error(1 << 13, Scrambling::shift)) /
                       7;
  CHECK(owen > 1.35);
  CHECK(owen < 1.7);
  CHECK(shift > 0.85);
  CHECK(shift < owen);
}

TEST_CASE("quasi-random points are more even than random ones") {
  constexpr std::size_t count = 1024;
  std::vector<std::vector<double>> random(3), sobol_points(3), scrambled(3), halton_points(3),
      halton_scrambled(3);
  for (std::size_t d = 0; d < 3; ++d) {
    for (auto* set : {&random, &sobol_points, &scrambled, &halton_points, &halton_scrambled}) {
      (*set)[d].resize(count);
    }
    random_uniform<double>(random[d], {.seed = 8, .stream = d});
    sobol_uniform(sobol_points[d], {0, d, Scrambling::none});
    sobol_uniform(scrambled[d], {0, d, Scrambling::owen, {8, 0}});
    halton_uniform(halton_points[d], {0, d, Scrambling::none});
    halton_uniform(halton_scrambled[d], {0, d, Scrambling::owen, {8, 0}});
  }
  const double chance = discrepancy(random, count);
  CHECK(discrepancy(sobol_points, count) < chance / 10);
  CHECK(discrepancy(scrambled, count) < chance / 10);
  CHECK(discrepancy(halton_points, count) < chance / 5);
  CHECK(discrepancy(halton_scrambled, count) < chance / 5);
}

TEST_CASE("Halton's points are mirrored digits, and keep their cells when scrambled") {
  CHECK(halton_base(0) == 2);
  CHECK(halton_base(1) == 3);
  CHECK(halton_base(999) == 7919);
  const HaltonDimension three = halton_dimension(1);
  const double published[] = {0, 1. / 3, 2. / 3, 1. / 9, 4. / 9, 7. / 9, 2. / 9, 5. / 9, 8. / 9};
  for (std::size_t n = 0; n < 9; ++n) CHECK(std::fabs(halton(n, three) - published[n]) < 1e-15);
  for (const Scrambling scrambling : scramblings) {
    for (const std::size_t dimension : {0, 1, 2, 5, 20}) {
      const HaltonDimension at = halton_dimension(dimension, scrambling, quasi_key({3, 3}, 0));
      const std::uint64_t base = halton_base(dimension);
      std::set<std::uint64_t> cells;
      for (std::uint64_t n = 0; n < base * base; ++n) {
        cells.insert(
            static_cast<std::uint64_t>(halton(n + 7 * base * base, at) * at.base * at.base));
      }
      CHECK(cells.size() == base * base);
    }
  }
}

TEST_CASE("Halton's points are the formula that the header states") {
  for (const Scrambling scrambling : scramblings) {
    for (const std::size_t dimension : {0, 1, 2, 30, 3666}) {
      const HaltonDimension at = halton_dimension(dimension, scrambling, quasi_key({6, 1}, 2));
      const std::uint64_t base = halton_base(dimension);
      CHECK(at.cells <= 0x1p52);
      CHECK(at.cells * at.base > 0x1p52);
      std::size_t wrong = 0;
      for (std::uint64_t i = 0; i < 500; ++i) {
        const std::uint64_t n = i < 250 ? i : (mix64(i) >> 13) - i;  // up to 2^51
        std::uint64_t rest = n, mirrored = 0;
        for (std::size_t k = 0; k < at.digits; ++k, rest /= base) {
          const auto factor = static_cast<std::uint64_t>(at.factor[k]);
          const auto shift = static_cast<std::uint64_t>(at.shift[k]);
          mirrored = mirrored * base + (rest % base * factor + shift) % base;
        }
        const double u = (static_cast<double>(mirrored) + 0.5) / at.cells;
        if (halton(n, at) != u) ++wrong;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("a Brownian bridge has the covariance of Brownian motion, its end first") {
  for (const std::size_t count : {1, 2, 3, 7, 16, 33}) {
    std::vector<double> times(count);
    for (std::size_t i = 0; i < count; ++i) {
      times[i] = (i == 0 ? 0.0 : times[i - 1]) + 0.1 + static_cast<double>(i % 3);
    }
    std::vector<BridgeStep> steps(count);
    REQUIRE(brownian_bridge(times, steps));
    CHECK(steps[0].at == count);
    // What each normal adds to each time, one at a time.
    std::vector<std::vector<double>> weight(count, std::vector<double>(count));
    std::vector<std::vector<double>> increment = weight;
    for (std::size_t k = 0; k < count; ++k) {
      std::vector<double> z(count);
      z[k] = 1;
      brownian_path(std::span<const BridgeStep>(steps), z.data(), weight[k].data());
      brownian_increments(std::span<const BridgeStep>(steps), z.data(), increment[k].data());
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        double covariance = 0, of_increments = 0;
        for (std::size_t k = 0; k < count; ++k) {
          covariance += weight[k][i] * weight[k][j];
          of_increments += increment[k][i] * increment[k][j];
        }
        CHECK(covariance == Approx(std::min(times[i], times[j])).epsilon(1e-12));
        const double step = times[i] - (i == 0 ? 0 : times[i - 1]);
        CHECK(of_increments == Approx(i == j ? step : 0.0).margin(1e-11));
      }
    }
  }
  std::vector<BridgeStep> steps(2);
  CHECK_FALSE(brownian_bridge(std::array{0.0, 1.0}, steps));
  CHECK_FALSE(brownian_bridge(std::array{1.0, 1.0}, steps));
  CHECK_FALSE(brownian_bridge(std::array{1.0, std::nan("")}, steps));
  CHECK(brownian_bridge({}, {}));
}

}  // namespace furrow::kernels::test
