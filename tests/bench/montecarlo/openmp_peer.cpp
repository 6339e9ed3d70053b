// What a careful programmer writes by hand with OpenMP, compiled for this machine with -ffast-math:
// std::mt19937_64 with the standard library's distributions, a generator for each thread; and
// Philox4x32-10 by counter, in a loop that the compiler turns into SIMD, libmvec's functions
// included.
#include "montecarlo/case.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace bench {
namespace {

constexpr double pi_value = 3.14159265358979323846;

template <class Path>
Outcome with_twister(int workers, std::uint64_t seed, std::int64_t paths, Path path) {
  double sum = 0;
#pragma omp parallel num_threads(workers) reduction(+ : sum)
  {
    std::mt19937_64 generator(seed * 1000 + static_cast<std::uint64_t>(omp_get_thread_num()));
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < paths; ++i) {
      sum += path([&] { return normal(generator); }, [&] { return uniform(generator); });
    }
  }
  return {sum / static_cast<double>(paths), paths};
}

struct Words {
  std::uint32_t a, b, c, d;
};

#pragma omp declare simd uniform(key, step) notinbranch
inline __attribute__((always_inline)) Words philox(std::uint64_t block, std::uint32_t step,
                                                   std::uint64_t key) {
  auto c0 = static_cast<std::uint32_t>(block);
  auto c1 = static_cast<std::uint32_t>(block >> 32);
  std::uint32_t c2 = step;
  std::uint32_t c3 = 0;
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {c0, c1, c2, c3};
}

/// 52 bits of two words, in (0, 1).
inline __attribute__((always_inline)) double unit(std::uint32_t low, std::uint32_t high) {
  const std::uint64_t bits = std::uint64_t{high} << 32 | low;
  return (static_cast<double>(static_cast<std::int64_t>(bits >> 12)) + 0.5) * 0x1p-52;
}

/// Two normals of a block, one for each of two paths.
struct Normals {
  double first, second;
};
inline __attribute__((always_inline)) Normals normals_of(std::uint64_t block, std::uint32_t step,
                                                         std::uint64_t seed) {
  const Words w = philox(block, step, seed);
  const double radius = std::sqrt(-2 * std::log(unit(w.a, w.b)));
  const double angle = 2 * pi_value * unit(w.c, w.d);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

Outcome normals_philox(int workers, std::uint64_t seed) {
  constexpr std::int64_t pairs = 10'000'000;
  double sum = 0;
#pragma omp parallel for simd num_threads(workers) reduction(+ : sum) schedule(static)
  for (std::int64_t i = 0; i < pairs; ++i) {
    const Normals z = normals_of(static_cast<std::uint64_t>(i), 0, seed);
    sum += z.first + z.second;
  }
  return {sum / (2.0 * pairs), 2 * pairs};
}

Outcome uniforms_philox(int workers, std::uint64_t seed) {
  constexpr std::int64_t pairs = 20'000'000;
  double sum = 0;
#pragma omp parallel for simd num_threads(workers) reduction(+ : sum) schedule(static)
  for (std::int64_t i = 0; i < pairs; ++i) {
    const Words w = philox(static_cast<std::uint64_t>(i), 0, seed);
    sum += unit(w.a, w.b) + unit(w.c, w.d);
  }
  return {sum / (2.0 * pairs), 2 * pairs};
}

Outcome pi_philox(int workers, std::uint64_t seed) {
  constexpr std::int64_t paths = 40'000'000;
  double sum = 0;
#pragma omp parallel for simd num_threads(workers) reduction(+ : sum) schedule(static)
  for (std::int64_t i = 0; i < paths; ++i) {
    const Words w = philox(static_cast<std::uint64_t>(i), 0, seed);
    const double x = unit(w.a, w.b);
    const double y = unit(w.c, w.d);
    sum += x * x + y * y < 1 ? 4.0 : 0.0;
  }
  return {sum / paths, paths};
}

double payoff(double z) {
  const double price = spot * std::exp((rate - sigma * sigma / 2) * maturity + sigma * z);
  return std::exp(-rate * maturity) * std::max(price - strike, 0.0);
}

Outcome european_philox(int workers, std::uint64_t seed) {
  constexpr std::int64_t pairs = 10'000'000;
  double sum = 0;
#pragma omp parallel for simd num_threads(workers) reduction(+ : sum) schedule(static)
  for (std::int64_t i = 0; i < pairs; ++i) {
    const Normals z = normals_of(static_cast<std::uint64_t>(i), 0, seed);
    const double up = spot * std::exp(0.03 + sigma * z.first);
    const double down = spot * std::exp(0.03 + sigma * z.second);
    sum +=
        0.951229424500714 * ((up > strike ? up - strike : 0) + (down > strike ? down - strike : 0));
  }
  return {sum / (2.0 * pairs), 2 * pairs};
}

Outcome asian_philox(int workers, std::uint64_t seed) {
  constexpr std::int64_t pairs = 50'000;
  const double drift = (rate - sigma * sigma / 2) / asian_steps;
  const double scale = sigma * std::sqrt(1.0 / asian_steps);
  double sum = 0;
#pragma omp parallel for simd num_threads(workers) reduction(+ : sum) schedule(static)
  for (std::int64_t i = 0; i < pairs; ++i) {
    double x = 0, y = 0, xs = 0, ys = 0;
    for (std::uint32_t s = 0; s < asian_steps; ++s) {
      const Normals z = normals_of(static_cast<std::uint64_t>(i), s, seed);
      x += drift + scale * z.first;
      y += drift + scale * z.second;
      xs += std::exp(x);
      ys += std::exp(y);
    }
    const double up = spot / asian_steps * xs - strike;
    const double down = spot / asian_steps * ys - strike;
    sum += 0.951229424500714 * ((up > 0 ? up : 0) + (down > 0 ? down : 0));
  }
  return {sum / (2.0 * pairs), 2 * pairs};
}

Outcome uniforms_twister(int workers, std::uint64_t seed) {
  return with_twister(workers, seed, 10'000'000, [](auto, auto uniform) { return uniform(); });
}
Outcome normals_twister(int workers, std::uint64_t seed) {
  return with_twister(workers, seed, 4'000'000, [](auto normal, auto) { return normal(); });
}
Outcome pi_twister(int workers, std::uint64_t seed) {
  return with_twister(workers, seed, 5'000'000, [](auto, auto uniform) {
    const double x = uniform();
    const double y = uniform();
    return x * x + y * y < 1 ? 4.0 : 0.0;
  });
}
Outcome european_twister(int workers, std::uint64_t seed) {
  return with_twister(workers, seed, 4'000'000, [](auto normal, auto) { return payoff(normal()); });
}
Outcome asian_twister(int workers, std::uint64_t seed) {
  const double drift = (rate - sigma * sigma / 2) / asian_steps;
  const double scale = sigma * std::sqrt(1.0 / asian_steps);
  return with_twister(workers, seed, 20'000, [=](auto normal, auto) {
    double x = 0;
    double all = 0;
    for (int s = 0; s < asian_steps; ++s) {
      x += drift + scale * normal();
      all += std::exp(x);
    }
    return std::exp(-rate) * std::max(spot / asian_steps * all - strike, 0.0);
  });
}

constexpr Case cases[] = {
    {"uniform", "OpenMP Philox", uniforms_philox},
    {"uniform", "OpenMP mt19937", uniforms_twister},
    {"normal", "OpenMP Philox", normals_philox},
    {"normal", "OpenMP mt19937", normals_twister},
    {"pi", "OpenMP Philox", pi_philox},
    {"pi", "OpenMP mt19937", pi_twister},
    {"european", "OpenMP Philox", european_philox},
    {"european", "OpenMP mt19937", european_twister},
    {"plain", "OpenMP mt19937", european_twister},
    {"asian", "OpenMP Philox", asian_philox},
    {"asian", "OpenMP mt19937", asian_twister},
};

}  // namespace

std::span<const Case> openmp_cases() { return cases; }

}  // namespace bench
