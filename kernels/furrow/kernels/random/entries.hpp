// furrow/kernels/random/entries.hpp
//
// The random fills, and the tables in which each SIMD target lists its functions.
#pragma once

#include <array>
#include <cstddef>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

enum class RandomOp : std::uint8_t {
  bits,
  bits_threefry,
  integers,
  bernoulli,
  uniform,
  uniform_half_open,
  normal,
  lognormal,
  exponential,
  weibull,
  rayleigh,
  pareto,
  laplace,
  logistic,
  gumbel,
  cauchy,
  gamma,
  chisquare,
  beta,
  student_t,
  geometric,
  poisson,
  binomial,
  end_of_list
};

/// Parameters, by position.
inline constexpr std::size_t random_seed = 0;
inline constexpr std::size_t random_stream = 1;
inline constexpr std::size_t random_first_real = 2;   // low, mean, shape, …
inline constexpr std::size_t random_second_real = 3;  // high, std, scale, …

/// The step word of draw `purpose` (0..7) of attempt k, for distributions that need several draws
/// or attempts for an element. Streams below 2^48 leave these bits of the word to it.
constexpr std::uint32_t random_step(std::uint32_t attempt, std::uint32_t purpose) noexcept {
  return (attempt * 8 + purpose) << 16;
}

/// No distribution rejects with more than 1/2: an element never comes to so many attempts.
inline constexpr std::uint32_t random_attempts_max = 1000;

/// Below this mean Poisson and binomial numbers are looked up in a table of their cumulative
/// probabilities, which has ended (1 - 2^-53 is reached) before its last entry.
inline constexpr double table_mean_max = 32;
inline constexpr std::size_t table_entries = 160;

struct RandomTable {
  static constexpr std::size_t dtypes = 15;
  std::array<MapFunction, static_cast<std::size_t>(RandomOp::end_of_list) * dtypes> packed{};

  constexpr MapFunction& at(RandomOp op, Dtype dtype) noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
  constexpr MapFunction at(RandomOp op, Dtype dtype) const noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
};

// Each SIMD file fills in its own.
const RandomTable* resolve_random(std::size_t slot) noexcept;
const RandomTable* resolve_random_bits(std::size_t slot) noexcept;
const RandomTable* resolve_random_inverse(std::size_t slot) noexcept;
const RandomTable* resolve_random_gamma(std::size_t slot) noexcept;
const RandomTable* resolve_random_discrete(std::size_t slot) noexcept;

/// What the registry lists: any strides, the target in use. Null when there is none.
MapFunction random_function(RandomOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
